"""`symposium up` as a process of its own, as a person starts it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

SECONDS = 120
DROPPED = ("DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL")


class Up:
    """One `symposium up` on a free port."""

    def __init__(self, data_dir: Path, port: int, **settings: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        own = {"SYMPOSIUM_DATA_DIR": str(data_dir), "SYMPOSIUM_PORT": str(port), "SYMPOSIUM_ENGINE": "offline"}
        self.url = f"http://127.0.0.1:{port}"
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"], env=kept | own | settings, stdout=self.output, stderr=self.output
        )

    def said(self) -> str:
        """Return what it wrote so far."""
        return os.pread(self.output.fileno(), 1_000_000, 0).decode()

    def wait_for(self, sign: str) -> str:
        """Return the output once it holds the sign."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if sign in (said := self.said()):
                return said
            time.sleep(0.05)
        pytest.fail(f"it ended, or took too long: {self.said()}")

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Return exit code and output, after a signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        with self.output:
            return code, self.said()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
