"""A worker process with the agents of the tests."""

import os
from pathlib import Path

import uvloop

import tests.support.agents
from app.agents.registry import discover
from app.log import configure_logging
from app.settings import Settings
from app.worker import run_worker
from tests.support.dying import make_deadly


def work_in_child(settings: Settings, log: Path, graves: Path | None) -> None:
    """Be a worker, with stdout and stderr in a file; with `graves`, one that dies at the steps they name."""
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    configure_logging("json", settings.log_level)
    agents = {**discover(), **discover(tests.support.agents)}
    if graves is not None:
        agents = {name: make_deadly(agent, graves) for name, agent in agents.items()}
    uvloop.run(run_worker(settings, agents))
