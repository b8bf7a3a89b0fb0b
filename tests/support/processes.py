"""Workers and API processes as real subprocesses, started and stopped by tests."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.settings import Settings
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
PASSED_ON = (
    "heartbeat_seconds",
    "redelivery_seconds",
    "upkeep_seconds",
    "drain_seconds",
    "max_attempts",
    "engine",
    "embedder",
    "data_dir",
    "database_url",
    "redis_url",
)


class Process:
    """A subprocess whose stderr goes to a file."""

    def __init__(self, command: Sequence[str], settings: Settings, log: Path) -> None:
        self.log = log
        self._file = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment(settings), stdout=self._file, stderr=self._file
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def says(self, words: str) -> bool:
        """Whether its log has these words; fails when it has ended without them."""
        if words in self.log.read_text():
            return True
        assert not self.has_ended, self.log.read_text()
        return False

    def kill(self) -> None:
        """Send SIGKILL and wait."""
        self._process.kill()
        self._process.wait()

    def terminate(self, seconds: float = 30) -> int:
        """Send SIGTERM and return the exit code."""
        self._process.terminate()
        return self._process.wait(seconds)

    def wait(self, seconds: float = 30) -> int:
        """Wait for the end and return the exit code."""
        return self._process.wait(seconds)

    def close(self) -> None:
        """Kill what is left of it."""
        if not self.has_ended:
            self.kill()
        self._file.close()


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that makes these settings in a subprocess."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SYMPOSIUM_")},
        **{f"SYMPOSIUM_{name.upper()}": str(getattr(settings, name)) for name in PASSED_ON},
    }


@contextmanager
def running_worker(settings: Settings, folder: Path, module: str = "tests.support.worker") -> Iterator[Process]:
    """Run a worker with the tests' agents, ready for work."""
    log = folder / f"worker-{len(list(folder.glob('worker-*')))}.log"
    process = Process(["-m", module], settings, log)
    try:
        wait_until(lambda: process.says("worker_ready"), seconds=START_SECONDS)
        yield process
    finally:
        process.close()


@contextmanager
def running_api(settings: Settings, folder: Path) -> Iterator[str]:
    """Run an API process with the tests' agents and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "uvicorn", "--factory", "tests.support.api:create", "--port", str(port)]
    process = Process(command, settings, folder / f"api-{port}.log")
    try:
        wait_until(lambda: process.says("Uvicorn running"), seconds=START_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.close()
