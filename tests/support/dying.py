"""Agents whose process dies at a step of their graph, once a step: after its work, before the work is saved."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import Runnable
from langgraph.graph import StateGraph

from app.agents.base import Agent, Context

Step = Runnable[Any, Any]


def dig_graves(agent: Agent[Any, Any], folder: Path) -> Path:
    """Make a folder with a file for each step of an agent's graph; return it."""
    folder.mkdir()
    for node in agent.build().nodes:
        (folder / node).touch()
    return folder


def make_deadly(agent: Agent[Any, Any], graves: Path) -> Agent[Any, Any]:
    """Return the agent with a graph that kills its process at each step which still has a file among the graves."""

    def build() -> StateGraph[Any, Context, Any, Any]:
        graph = agent.build()
        for name, spec in graph.nodes.items():
            graph.nodes[name] = replace(spec, runnable=cast(Step, spec.runnable) | die_at(graves / name))
        return graph

    return replace(agent, build=build)


def die_at(grave: Path) -> Callable[[Any], Any]:
    """Return a step that passes its input on, but kills the process while the grave is there, and closes it."""

    def die(update: Any) -> Any:
        if grave.exists():
            grave.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return update

    return die
