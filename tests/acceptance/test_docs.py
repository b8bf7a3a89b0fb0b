"""Every code block of the README and the docs runs as it stands, a page's blocks in order, against one fresh service.

What can't run here stands in `NOT_RUN` with the reason and is parsed instead, as are prices and manifests.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from app.settings import Settings
from tests.support.docs import Block, blocks_of
from tests.support.processes import ROOT
from tests.support.up import Up, free_port

DOCUMENTED = "http://127.0.0.1:8000"
SAMPLES = ROOT / "app" / "samples"
CLIENT_VARIABLES = {"SERVER", "API_KEY", "CONFIG"}
REFUSAL = re.compile(r'"code":\s*"\w+"|Traceback|command not found')
SHOWS_A_REFUSAL = '"format": "poem"'
RUNNERS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
RUNNERS |= {"bash": RUNNERS["sh"], "js": ["node", "--input-type=module", "-e"]}
SHELLS = {"sh", "bash"}
SHOWN = {"text", "http", "mermaid", "html"}
"""What is looked at: outputs, messages, drawings; the page of the README is opened by the test of a front end."""
PARSED: dict[str, Callable[[str], object]] = {
    "yaml": lambda code: list(yaml.safe_load_all(code)),
    "toml": tomllib.loads,
    "sh": lambda code: subprocess.run(["bash", "-n", "-c", code], check=True),
    "python": lambda code: compile(code, "block", "exec"),
}
NOT_RUN = {
    "make run": "installs, and serves until it is stopped: the acceptance tests of `up` start it",
    "symposium demo": "its output is compared with the README by the test of the demo",
    "OPENAI_API_KEY=…": "wants a model server",
    "docker compose": "wants Docker: docker/prove.py builds and starts the image",
    "class GlossaryInput": "a package, put in its place and run by the test of adding an agent",
}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"), key=lambda page: page.name == "operations.md")]
"""Operations come last: they make a key, which closes the service to callers without one."""


class Desk:
    """Where a reader types a page's blocks: a folder, a service, and the shell's variables from block to block."""

    def __init__(self, folder: Path, server: str, data_dir: Path) -> None:
        self._server = server
        self._folder = folder
        self._variables = folder / "variables.sh"
        self._variables.touch()
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": programs, "HOME": str(folder), "COLUMNS": "120"}
        own |= {"SYMPOSIUM_SERVER": server, "SYMPOSIUM_DATA_DIR": str(data_dir)}
        self._environment = os.environ | own | {"SYMPOSIUM_CONFIG": str(folder / "config.json")}

    def type(self, block: Block) -> None:
        """Run a block as it stands, at this service; a person asked for a speech gives the turn up."""
        code = block.code.replace(DOCUMENTED, self._server).replace(".venv/bin/", "")
        for name in set(re.findall("RUN_ID|BATCH_ID", code)):
            code = code.replace(name, self._newest(name))
        if block.language in SHELLS:
            code = f"set -a; source {self._variables}\n{code}\nexport -p > {self._variables}"
        done = subprocess.run(
            [*RUNNERS[block.language], code],
            input=".\n" * 20,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"{block.code}\n{done.stdout}\n{done.stderr}"
        refused = REFUSAL.search(done.stdout + done.stderr)
        assert not refused or SHOWS_A_REFUSAL in code, f"{block.code}\n{done.stdout}\n{done.stderr}"

    def _newest(self, name: str) -> str:
        path = {"RUN_ID": "/v1/runs", "BATCH_ID": "/v1/batches"}[name]
        return str(httpx2.get(f"{self._server}{path}").json()["data"][0]["id"])


@pytest.fixture(scope="module")
def up() -> Iterator[tuple[str, Path]]:
    """The address and the data folder of a service that has read its samples."""
    with tempfile.TemporaryDirectory(prefix="symposium-docs-") as name:
        up = Up(Path(name), port := free_port())
        up.wait_for("Symposium is ready.")
        yield f"http://127.0.0.1:{port}", Path(name)
        up.end(signal.SIGTERM)


@pytest.fixture
def desk(up: tuple[str, Path]) -> Iterator[Desk]:
    """A folder with the files that pages speak of: a PDF of one's own, a folder of filings."""
    server, data_dir = up
    with tempfile.TemporaryDirectory(prefix="symposium-reader-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "path" / "to").mkdir(parents=True)
        pdf = next(SAMPLES.glob("*.pdf")).read_bytes()
        (folder / "path" / "to" / "your.pdf").write_bytes(pdf + b"\n% mine\n")
        (folder / "filings").mkdir()
        for town in ("Leeds", "York"):
            (folder / "filings" / f"{town}.md").write_text(
                f"# Letter\n\nTarn Foods opened a plant in {town} on May 1, 2024."
            )
        yield Desk(folder, server, data_dir)


def is_run(block: Block) -> bool:
    return block.language in RUNNERS and not any(sign in block.code for sign in NOT_RUN)


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_run, blocks_of(page)))], ids=lambda p: p.name)
def test_every_block_of_the_page_runs(page: Path, desk: Desk) -> None:
    blocks = [block for block in blocks_of(page) if is_run(block)]
    if any(shutil.which(RUNNERS[block.language][0]) is None for block in blocks):
        pytest.skip("The page has a block for node, which is not on the PATH.")
    for block in blocks:
        desk.type(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_that_is_not_run_is_parsed(page: Path) -> None:
    for block in blocks_of(page):
        if not is_run(block) and block.language not in SHOWN:
            PARSED[block.language](block.code)


def test_no_reason_for_leaving_a_block_out_has_become_idle() -> None:
    blocks = [block.code for page in PAGES for block in blocks_of(page)]
    assert [sign for sign in NOT_RUN if not any(sign in code for code in blocks)] == []


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
