"""A newcomer's first minutes in the terminal: a kept server address, and the demo as the README shows it.

`SYMPOSIUM_RENEW=1 .venv/bin/pytest tests/acceptance/test_demo.py` writes what the demo prints into the README.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.up import Up, free_port

DOCUMENTED = "http://127.0.0.1:8000"
README = ROOT / "README.md"
PRINTED = re.compile(r"(?<=What the demo prints</summary>\n\n```text\n).*?(?=^```$)", re.M | re.S)


def symposium(*arguments: str, config: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SYMPOSIUM_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment | {"SYMPOSIUM_CONFIG": str(config), "COLUMNS": "110"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_demo_prints_at_the_kept_server_what_the_readme_shows(data_dir: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    up = Up(data_dir, free_port())
    up.wait_for("Symposium is ready.")
    assert symposium("config", "set", "server", up.url, config=config).returncode == 0
    done = symposium("demo", config=config)
    assert done.returncode == 0, done.stderr
    printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.replace(up.url, DOCUMENTED).splitlines())
    told = README.read_text()
    if "SYMPOSIUM_RENEW" in os.environ:
        README.write_text(PRINTED.sub(lambda _: printed, told, count=1))
    else:
        shown = PRINTED.search(told)
        assert shown is not None
        assert printed == shown[0]
    assert up.end(signal.SIGINT)[0] == 0


def test_a_kept_key_is_for_its_owner_alone_and_never_shown_whole(tmp_path: Path) -> None:
    config = tmp_path / "folder" / "config.json"
    key = "sym_0123456789abcdef0123456789abcdef"
    assert symposium("config", "set", "key", key, config=config).returncode == 0
    assert config.stat().st_mode & 0o777 == 0o600
    shown = symposium("config", "show", config=config).stdout
    assert key[:12] in shown
    assert key not in shown
    assert symposium("config", "unset", "key", config=config).returncode == 0
    assert "key: not set" in symposium("config", "show", config=config).stdout


@pytest.mark.parametrize("text", ["{", '{"color": "blue"}', "[]"])
def test_a_config_that_makes_no_sense_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)
    refused = symposium("ask", "What?", config=config)
    assert refused.returncode == 1
    assert "does not make sense" in refused.stderr
    assert "Traceback" not in refused.stderr
