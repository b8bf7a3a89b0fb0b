"""Documents read into pyramids in a test, without a server or a queue; what was emitted is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

from langgraph.checkpoint.memory import InMemorySaver

from app.agents.base import Context
from app.agents.pyramid import AGENT
from app.agents.pyramid.schemas import PyramidInput, PyramidOutput
from app.convert.document import Converted
from app.convert.registry import find_family
from app.db import DEFAULT_PROJECT, Json, Sessions
from app.knowledge import collections, documents
from app.knowledge.knowledge import Knowledge
from app.llm.embedding import Embedder
from app.llm.task import I, O, OfflineFunction, OnDelta, Task


class PlainConverter:
    """Converts in this process: the guard has tests of its own."""

    async def convert(self, content: bytes, *, filename: str, media_type: str = "") -> Converted:
        return find_family(content, filename, media_type).read(content, max_pages=100)


class CountedModels:
    """The offline functions, or others in their place; keeps which tasks were asked and dies where told to."""

    engine: Any = "offline"

    def __init__(self, functions: Mapping[str, OfflineFunction] | None = None, *, die_at: int = 0) -> None:
        self._functions = {**AGENT.offline, **(functions or {})}
        self.asked: list[tuple[str, Any]] = []
        self.die_at = die_at

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        if self.die_at and len(self.asked) + 1 == self.die_at:
            raise ConnectionError("the worker died")
        self.asked.append((task.name, input))
        output = self._functions[task.name](input)
        assert isinstance(output, task.output)
        return output

    def count(self, name: str) -> int:
        """Return how often a task was asked."""
        return sum(asked == f"pyramid.{name}" for asked, _ in self.asked)


@dataclass(kw_only=True)
class Desk:
    """Where documents are read: the store, and the models that read."""

    sessions: Sessions
    embedder: Embedder
    models: Any = field(default_factory=CountedModels)
    events: list[Json] = field(default_factory=list)

    @property
    def knowledge(self) -> Knowledge:
        return Knowledge(self.sessions, self.embedder, DEFAULT_PROJECT)

    async def add(self, filename: str, content: str | bytes) -> UUID:
        """Store a document to be read."""
        given = content.encode() if isinstance(content, str) else content
        async with self.sessions.begin() as session:
            found = await collections.get_collection(session, DEFAULT_PROJECT, "default")
            made = await documents.create_document(
                session, DEFAULT_PROJECT, found.id, filename=filename, media_type="", content=given
            )
            return made.id

    async def replace(self, document_id: UUID, filename: str, content: str) -> None:
        """Store a new version of a document."""
        async with self.sessions.begin() as session:
            found = await documents.lock_document(session, DEFAULT_PROJECT, document_id)
            await documents.replace_content(session, found, filename=filename, media_type="", content=content.encode())

    async def read(self, document_id: UUID, *, version: int = 1, segments: int = 1) -> PyramidOutput:
        """Run the agent's graph on a document."""
        return await self.go_on(self.start(document_id, version=version), segments=segments)

    def start(self, document_id: UUID, *, version: int = 1) -> "Reading":
        """Return a run that can be gone on with after it died."""
        return Reading(input=PyramidInput(document_id=document_id, version=version))

    async def go_on(self, reading: "Reading", *, segments: int = 1) -> PyramidOutput:
        """Take the run's steps from the last finished one to the end."""
        context = Context(
            project_id=DEFAULT_PROJECT,
            run_id=reading.run_id,
            thread_id=reading.run_id,
            knowledge=self.knowledge,
            models=self.models,
            converter=PlainConverter(),
            options={"window_segments": segments},
        )
        graph = AGENT.build().compile(checkpointer=reading.saver)
        config: Any = {"configurable": {"thread_id": str(reading.run_id)}, "recursion_limit": 500}
        entry = None if reading.begun else {"input": reading.input.model_dump(mode="json")}
        reading.begun = True
        parts = graph.astream(entry, config, context=context, stream_mode=["custom"], version="v2", durability="sync")
        async for part in parts:
            self.events.append(cast(Json, part["data"]))
        state = await graph.aget_state(config)
        return PyramidOutput.model_validate(state.values["output"])


@dataclass(kw_only=True)
class Reading:
    """One run: its input and its checkpoints."""

    input: PyramidInput
    run_id: UUID = field(default_factory=uuid4)
    saver: InMemorySaver = field(default_factory=InMemorySaver)
    begun: bool = False
