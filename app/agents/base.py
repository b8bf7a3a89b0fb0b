"""What an agent is and what it receives. A folder in `agents/` with an `AGENT` in its `__init__` is an agent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from langgraph.config import get_stream_writer
from langgraph.graph import StateGraph
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.convert.document import Converted
from app.db import Json
from app.knowledge.knowledge import Knowledge
from app.llm.budget import Budgeted
from app.llm.task import I, O, OfflineFunctions, OnDelta, Task

In = TypeVar("In", bound=Budgeted)
Out = TypeVar("Out", bound=BaseModel)


class Models(Protocol):
    """Runs tasks for one run: engine, budget, retries, ledger."""

    @property
    def engine(self) -> Literal["openai", "offline"]: ...

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O: ...


class Converter(Protocol):
    """Reads a file in a guarded child process."""

    async def convert(self, content: bytes, *, filename: str, media_type: str = "") -> Converted: ...


async def list_none() -> Sequence[Json]:
    """Return no outputs: the run is the first of its thread."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a graph's nodes receive through `Runtime[Context]`."""

    project_id: UUID
    run_id: UUID
    thread_id: UUID
    knowledge: Knowledge
    models: Models
    converter: Converter
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings an agent may read: `window_segments`, `web_search` (whether tasks may search the web)."""
    list_earlier: Callable[[], Awaitable[Sequence[Json]]] = list_none
    """Returns the outputs of the thread's earlier runs of the same agent, oldest first."""
    sink: Callable[[Json], None] | None = None
    """Where emitted events go; without one, to the graph's stream writer."""

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        """Run a task and return its validated output. Raises ModelFailed and its kinds."""
        return await self.models.run(task, input, on_delta=on_delta)

    def emit(self, type: str, *, key: str | None = None, **data: Any) -> None:
        """Append an event to the run's log; a second event of the same `key` (after a crash) is dropped."""
        (self.sink or get_stream_writer())({"type": type, "key": key, "data": data})

    def progress(self, stage: str, *, done: int, total: int, unit: str) -> None:
        """Say how far the run is."""
        self.emit("run.progressed", stage=stage, done=done, total=total, unit=unit)

    def delta(self, text: str, **where: Any) -> None:
        """Send a piece of streamed prose to those who listen now; never stored."""
        (self.sink or get_stream_writer())({"type": "delta", "data": {**where, "text": text}})


Settle = Callable[[AsyncSession, Json, str, Json | None], Awaitable[None]]
"""(session, run input, final status, problem): what must change with a run's end, in the same transaction."""


@dataclass(frozen=True, kw_only=True)
class Agent(Generic[In, Out]):
    """An agent's contract.

    `build` returns the uncompiled graph; it is fed `{"input": <input as JSON dict>}` and its final state has
    `output`: a JSON dict valid for the `output` model. `path` is the route under `/v1` (`POST /v1/{path}`); None when
    the agent is started by another route. `recursion_limit` bounds supersteps for an input. `renderers` give other
    media types of the output (`text/markdown`, `text/html`).
    """

    name: str
    summary: str
    input: type[In]
    output: type[Out]
    example: Json
    build: Callable[[], StateGraph[Any, Context, Any, Any]]
    offline: OfflineFunctions
    path: str | None = None
    queue: Literal["interactive", "bulk"] = "interactive"
    recursion_limit: Callable[[In], int] = lambda _: 200
    renderers: Mapping[str, Callable[[Out], str]] = field(default_factory=dict)
    settle: Settle | None = None
