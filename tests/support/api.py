"""An API process with the agents of the tests."""

from fastapi import FastAPI

import tests.support.agents
from app.agents.registry import discover
from app.main import create_app
from app.settings import Settings


def create() -> FastAPI:
    return create_app(Settings(_env_file=None), {**discover(), **discover(tests.support.agents)})
