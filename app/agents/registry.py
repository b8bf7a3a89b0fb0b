"""Finding the agents: every sub-package of `app.agents` with an `AGENT` is one."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

from pydantic import ValidationError

import app.agents
from app.agents.base import Agent
from app.llm.budget import Budgeted


class BadAgent(Exception):
    """A folder among the agents does not hold a usable agent."""


def discover(package: ModuleType = app.agents) -> dict[str, Agent[Any, Any]]:
    """Import every sub-package and return its agents by name. Raises BadAgent with the folder and what is wrong."""
    agents: dict[str, Agent[Any, Any]] = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not module.ispkg:
            continue
        agent = _load(module.name)
        if agent.name in agents:
            raise BadAgent(f"{module.name}: there are two agents named {agent.name!r}.")
        if agent.path and agent.path in {other.path for other in agents.values()}:
            raise BadAgent(f"{module.name}: there are two agents at /v1/{agent.path}.")
        agents[agent.name] = agent
    return agents


def _load(module: str) -> Agent[Any, Any]:
    agent = getattr(importlib.import_module(module), "AGENT", None)
    if not isinstance(agent, Agent):
        raise BadAgent(f"{module}: its __init__ must have an AGENT that is an app.agents.base.Agent.")
    if not agent.name.isidentifier():
        raise BadAgent(f"{module}: the name {agent.name!r} is not an identifier.")
    if not issubclass(agent.input, Budgeted):
        raise BadAgent(f"{module}: its input must be an app.llm.budget.Budgeted.")
    try:
        agent.input.model_validate(agent.example)
    except ValidationError as error:
        raise BadAgent(f"{module}: its example does not fit its input: {error}") from error
    return agent
