"""A worker process with the agents of the tests."""

import asyncio
import os
from pathlib import Path

import tests.support.agents
from app.agents.registry import discover
from app.log import configure_logging
from app.settings import Settings
from app.worker import run_worker


def work_in_child(settings: Settings, log: Path) -> None:
    """Be a worker, with stdout and stderr in a file."""
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    configure_logging("json", settings.log_level)
    asyncio.run(run_worker(settings, {**discover(), **discover(tests.support.agents)}))
