"""An agent that counts: one node a step, each leaving a line in a file, with gates and accidents where asked for."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import BaseModel, StrictInt

from app.agents.base import Agent, Context
from app.errors import Invalid
from app.llm.budget import Budgeted


class StepsInput(Budgeted):
    """`trace` gets a line a step; the step `gate_at` waits for the file `gate`; `accident` happens at `accident_at`."""

    steps: StrictInt = 3
    trace: Path | None = None
    gate: Path | None = None
    gate_at: StrictInt = 0
    accident: Literal["refuse", "bug", "kill"] | None = None
    accident_at: StrictInt = 0


class StepsOutput(BaseModel):
    """How far it counted."""

    engine: str
    counted: int


class State(TypedDict, total=False):
    input: dict[str, Any]
    done: int
    output: dict[str, Any]


async def count(state: State, runtime: Runtime[Context]) -> State:
    given, number = StepsInput.model_validate(state["input"]), state.get("done", 0) + 1
    leave_line(given, f"begin {number}")
    runtime.context.emit("steps.counted", key=f"step {number}", number=number)
    runtime.context.delta(f"{number} ", section="count")
    if number == given.accident_at:
        have_accident(given)
    while number == given.gate_at and given.gate is not None and not given.gate.exists():
        await asyncio.sleep(0.02)
    runtime.context.progress("counting", done=number, total=given.steps, unit="steps")
    leave_line(given, f"end {number}")
    return {"done": number}


async def conclude(state: State, runtime: Runtime[Context]) -> State:
    return {"output": {"engine": runtime.context.models.engine, "counted": state["done"]}}


def leave_line(given: StepsInput, line: str) -> None:
    if given.trace is not None:
        with given.trace.open("a") as file:
            file.write(f"{line} {os.getpid()}\n")


def have_accident(given: StepsInput) -> None:
    if given.accident == "refuse":
        raise Invalid("This number is not for counting.")
    if given.accident == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if given.accident == "bug":
        raise ZeroDivisionError("a secret of the house")


def choose_next(state: State) -> Literal["count", "conclude"]:
    return "count" if state["done"] < StepsInput.model_validate(state["input"]).steps else "conclude"


def build() -> StateGraph[Any, Context, Any, Any]:
    graph: StateGraph[Any, Context, Any, Any] = StateGraph(State, context_schema=Context)
    graph.add_node(count)
    graph.add_node(conclude)
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", choose_next)
    graph.add_edge("conclude", END)
    return graph


AGENT = Agent(
    name="steps",
    summary="Count some steps",
    input=StepsInput,
    output=StepsOutput,
    example={"steps": 2},
    build=build,
    offline={},
    path="steps",
    recursion_limit=lambda given: given.steps + 5,
    renderers={"text/markdown": lambda output: f"Counted to **{output.counted}**."},
)
