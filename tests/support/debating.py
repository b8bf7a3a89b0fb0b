"""Debates held in a test: the real graph on a scripted model, evidence from texts sent along."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command
from pydantic import BaseModel

from app.agents.base import Context
from app.agents.debate import AGENT
from app.agents.debate.schemas import DebateInput, DebateOutput
from app.db import Json
from app.llm.task import I, O, OnDelta, Task

Script = Callable[[Any], BaseModel | Exception]

TOPIC = "Harbour storms grow worse"
SOURCES = [
    {"title": "log.txt", "text": "The storm closed the northern harbour for two days. Ferries ran late all week."},
    {"title": "stats.txt", "text": "Harbour traffic increased 8% in 2023. Repairs to the pier cost $4.2 million."},
]


class ScriptedModels:
    """Answers tasks from a script by task name, else with the agent's offline function; keeps what it was asked."""

    engine = "openai"

    def __init__(self, script: dict[str, Script] | None = None) -> None:
        self.script = script or {}
        self.asked: list[tuple[Task[Any, Any], Any]] = []

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        self.asked.append((task, input))
        answer = self.script[task.name](input) if task.name in self.script else AGENT.offline[task.name](input)
        if isinstance(answer, Exception):
            raise answer
        return cast(O, answer)

    def prompts(self, name: str) -> list[str]:
        """Return what was put to the model for a task, as the model would read it."""
        return [task.render(input) for task, input in self.asked if task.name == name]

    def inputs(self, name: str) -> list[Any]:
        """Return the inputs of a task in the order asked."""
        return [input for task, input in self.asked if task.name == name]


def build_input(**options: Any) -> DebateInput:
    """Return a debate without a collection on the harbour."""
    return DebateInput.model_validate({"topic": TOPIC, "collection": None, "sources": SOURCES, "judges": 1} | options)


def build_context(models: ScriptedModels, *, web_search: bool = False) -> Context:
    """Return a context without a store: a debate without a collection never touches it."""
    nowhere = UUID(int=0)
    return Context(
        project_id=nowhere,
        run_id=nowhere,
        thread_id=nowhere,
        knowledge=cast(Any, None),
        models=cast(Any, models),
        converter=cast(Any, None),
        options={"web_search": web_search},
    )


class Table:
    """One debate in progress, answered by the test where a person is asked."""

    def __init__(self, models: ScriptedModels, *, web_search: bool = False, **options: Any) -> None:
        self.models = models
        self.context = build_context(models, web_search=web_search)
        self.input = build_input(**options)
        self.events: list[Json] = []
        self.graph: CompiledStateGraph[Any, Context, Any, Any] = AGENT.build().compile(checkpointer=InMemorySaver())
        self.config: Any = {
            "configurable": {"thread_id": "1"},
            "recursion_limit": AGENT.recursion_limit(self.input),
        }

    async def hold(self, entry: Any = None) -> Any:
        """Run on, from the start or with a person's answer; return the question asked, or the output."""
        given: Any = {"input": self.input.model_dump(mode="json")} if entry is None else Command(resume=entry)
        stream = self.graph.astream(given, self.config, context=self.context, stream_mode=["custom"], version="v2")
        async for part in stream:
            self.events.append(cast(Json, part["data"]))
        state = await self.graph.aget_state(self.config)
        if state.interrupts:
            return state.interrupts[0].value
        return DebateOutput.model_validate(state.values["output"])

    def named(self, type: str) -> list[Json]:
        """Return the data of the events of a type."""
        return [event["data"] for event in self.events if event["type"] == type]


async def hold_debate(models: ScriptedModels, **options: Any) -> DebateOutput:
    """Hold a whole debate and return its record."""
    output = await Table(models, **options).hold()
    assert isinstance(output, DebateOutput)
    return output
