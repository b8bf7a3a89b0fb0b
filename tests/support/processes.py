"""Workers and API processes as processes of their own, started, killed and stopped by tests."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from app.settings import Settings
from tests.support.waiting import wait_until
from tests.support.worker import work_in_child

ROOT = Path(__file__).parents[2]
START_SECONDS = 90.0

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([work_in_child.__module__])


class WorkerProcess:
    """A worker, forked from a server that has imported everything so that it starts at once."""

    def __init__(self, settings: Settings, log: Path, graves: Path | None = None) -> None:
        self.log = log
        self._process: BaseProcess = FORKS.Process(target=work_in_child, args=(settings, log, graves))
        self._process.start()

    @property
    def pid(self) -> int | None:
        """The process's id."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def says(self, words: str) -> bool:
        """Whether its log has these words; fails when it has ended without them."""
        if self.log.exists() and words in self.log.read_text():
            return True
        assert self._process.is_alive(), self.log.read_text()
        return False

    def kill(self) -> None:
        """Send SIGKILL and wait."""
        self._process.kill()
        self._process.join()

    def signal_end(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def wait(self, seconds: float = 30) -> int | None:
        """Wait for the end and return the exit code."""
        self._process.join(seconds)
        return self._process.exitcode


@contextmanager
def running_worker(settings: Settings, folder: Path) -> Iterator[WorkerProcess]:
    """Run a worker with the real agents and those of the tests, ready for work."""
    worker = WorkerProcess(settings, folder / f"worker-{len(list(folder.glob('worker-*')))}.log")
    try:
        wait_until(lambda: worker.says("worker_ready"), seconds=START_SECONDS)
        yield worker
    finally:
        worker.kill()


@contextmanager
def running_command(settings: Settings, log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python command of the project with these settings in its environment."""
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment(settings), stdout=file, stderr=file
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that makes these settings in a subprocess."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SYMPOSIUM_")}
    given = settings.model_dump(mode="json", include=settings.model_fields_set, exclude_none=True)
    return inherited | {f"SYMPOSIUM_{name.upper()}": _written(value) for name, value in given.items()}


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, kw_only=True)
class ApiProcess:
    """An API process, where it answers and where it logs."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path


@contextmanager
def running_api_process(settings: Settings, folder: Path) -> Iterator[ApiProcess]:
    """Run an API process with the tests' agents, ready for requests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / f"api-{port}.log"
    with running_command(settings, log, "-m", "tests.support.api", str(port)) as process:
        wait_until(lambda: "Uvicorn running" in log.read_text(), seconds=START_SECONDS)
        yield ApiProcess(process=process, address=f"http://127.0.0.1:{port}", log=log)


@contextmanager
def running_api(settings: Settings, folder: Path) -> Iterator[str]:
    """Run an API process with the tests' agents and return its address."""
    with running_api_process(settings, folder) as api:
        yield api.address


def run_command(settings: Settings, *command: str) -> str:
    """Run a Python command of the project with these settings to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment(settings), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
