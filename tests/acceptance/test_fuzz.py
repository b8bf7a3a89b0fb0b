"""The running service against its own OpenAPI document: schemathesis with all of its checks.

A short form, always the same; `make fuzz` is the long one, another each time unless it is given a `SEED`.
"""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from app.settings import Settings
from tests.acceptance.test_keys import symposium
from tests.support.processes import ROOT, running_api

SECONDS = int(os.environ.get("SYMPOSIUM_FUZZ_SECONDS", "40"))
SEED = os.environ.get("SYMPOSIUM_FUZZ_SEED", "1")
PHASES = "examples,fuzzing" if SECONDS < 300 else "examples,coverage,fuzzing,stateful"


@pytest.mark.timeout(SECONDS * 4 + 300)
def test_schemathesis_finds_nothing(settings: Settings, tmp_path: Path) -> None:
    made = symposium(settings, "key", "create", "--project", "default", "--scope", "admin")
    with psycopg.connect(str(settings.database_url), autocommit=True) as connection:
        connection.execute("update api_keys set requests_per_minute = 1000000")
    with running_api(settings, tmp_path) as address:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "--config-file",
                "tests/acceptance/schemathesis.toml",
                *("run", f"{address}/openapi.json", "--checks", "all", "--phases", PHASES),
                *("--max-time", str(SECONDS), "--max-examples", str(max(2, SECONDS // 20))),
                *("--seed", SEED, "--continue-on-failure", "--no-color", "--generation-database", "none"),
            ],
            cwd=ROOT,
            env=os.environ | {"SYMPOSIUM_API_KEY": made.stdout.strip()},
            capture_output=True,
            text=True,
            check=False,
        )
    told = "\n".join(line[:500] for line in done.stdout.splitlines())
    assert done.returncode == 0, told[-20_000:] + done.stderr[-2_000:]
