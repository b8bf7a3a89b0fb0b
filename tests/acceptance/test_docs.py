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
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.docs import blocks_of
from tests.support.processes import ROOT
from tests.support.up import Up, free_port

DOCUMENTED = "http://127.0.0.1:8000"
RUNNERS = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable], "js": ["node", "--input-type=module"]}
CLIENT_VARIABLES = {"SERVER", "API_KEY", "CONFIG"}
PAGES = ["api-tour.md"]
REFUSAL = re.compile(r'"status":\s*5\d\d|Traceback|command not found')


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


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_setting_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"SYMPOSIUM_([A-Z_]+[A-Z])", page.read_text()))
    assert named - {name.upper() for name in Settings.model_fields} - CLIENT_VARIABLES == set()


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", page.read_text())]
    assert [link for link in links if link and not (page.parent / link).exists()] == []
