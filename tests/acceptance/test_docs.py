"""Every code block of the docs runs as it stands, in order, against a fresh service.

A block under `<!-- not run: why -->` is left out; `not run` blocks are counted below, so that none slips in unseen.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.up import Up, free_port

DOCUMENTED = "http://127.0.0.1:8000"
BLOCK = re.compile(r"(?P<skip><!-- not run: [^>]+-->\n+)?```(?P<language>\w+)\n(?P<code>.*?)^```", re.M | re.S)
RUNNERS = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable], "js": ["node", "--input-type=module"]}
PAGES = ["api-tour.md"]
REFUSAL = re.compile(r'"status":\s*5\d\d|Traceback|command not found')


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of code of a page."""

    language: str
    code: str
    skipped: bool


def blocks_of(page: Path) -> list[Block]:
    return [
        Block(language=found["language"], code=found["code"], skipped=found["skip"] is not None)
        for found in BLOCK.finditer(page.read_text())
    ]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="symposium-docs-") as name:
        up = Up(Path(name), port := free_port())
        up.wait_for("Symposium is ready.")
        yield f"http://127.0.0.1:{port}"
        up.end(signal.SIGTERM)


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_the_page_runs(name: str, server: str, tmp_path: Path) -> None:
    blocks = [block for block in blocks_of(ROOT / "docs" / name) if not block.skipped]
    assert blocks
    script = tmp_path / "so-far.sh"
    script.touch()
    for block in blocks:
        if shutil.which(RUNNERS[block.language][0]) is None:
            pytest.skip(f"There is no {RUNNERS[block.language][0]} on the PATH.")
        code = block.code.replace(DOCUMENTED, server)
        if block.language == "sh":
            code = f"source {script}\n{code}\ndeclare -p RUN 2>/dev/null > {script} || true\n"
        done = subprocess.run(
            RUNNERS[block.language], input=code, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, f"{block.code}\n{done.stdout}\n{done.stderr}"
        assert not REFUSAL.search(done.stdout + done.stderr), f"{block.code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_python_and_json_of_every_page_parse(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "python":
            compile(block.code, page.name, "exec")
