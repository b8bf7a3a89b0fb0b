"""The plain client says what the asyncio one says."""

import runpy
import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).parents[3] / "app" / "sdk"


def test_the_plain_client_is_what_the_mirror_makes_of_the_asyncio_one() -> None:
    mirror = runpy.run_path(str(SDK / "mirror.py"))["mirror"]
    made = mirror((SDK / "symposium" / "_async.py").read_text())
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "-", "--stdin-filename", str(SDK / "symposium" / "_sync.py")],
        input=made,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert formatted == (SDK / "symposium" / "_sync.py").read_text()
    assert "await" not in formatted
