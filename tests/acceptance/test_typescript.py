"""Types generated from the OpenAPI document by a stock generator compile, together with a program that uses them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.main import create_app
from app.settings import Settings

PACKAGES = ["openapi-typescript@7", "openapi-fetch@0.14", "typescript@5"]
PROGRAM = """
import createClient from "openapi-fetch";
import type { paths } from "./symposium";

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });

export async function ask(question: string): Promise<string> {
  const { data, error } = await client.POST("/v1/research", { body: { question } });
  if (error) throw new Error(error.detail);
  const run = await client.GET("/v1/runs/{run_id}", { params: { path: { run_id: data.id } } });
  return run.data?.status ?? "";
}
"""


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("There is no npm on the PATH.")
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "package.json").write_text('{"private": true}')
    done = run("npm", "install", "--no-audit", "--no-fund", "--fetch-retries=1", *PACKAGES, folder=folder)
    if done.returncode != 0:
        pytest.skip(f"npm could not install the generator: {done.stderr.strip().splitlines()[-1:]}")
    return folder


def test_generated_types_compile_with_a_program_that_uses_them(folder: Path) -> None:
    settings = Settings(_env_file=None, database_url="postgresql://none", redis_url="redis://none")
    (folder / "openapi.json").write_text(json.dumps(create_app(settings).openapi()))
    generate = ["openapi-typescript", "openapi.json", "--default-non-nullable", "false", "-o", "symposium.d.ts"]
    made = run("npx", "--no-install", *generate, folder=folder)
    assert made.returncode == 0, made.stdout + made.stderr
    (folder / "program.ts").write_text(PROGRAM)
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "false"]
    compiled = run("npx", "--no-install", "tsc", *options, "program.ts", folder=folder)
    assert compiled.returncode == 0, compiled.stdout
    assert os.path.getsize(folder / "symposium.d.ts") > 10_000
