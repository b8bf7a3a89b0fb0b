"""A reader in one step: every page becomes one insight, its first line."""

from typing import Any, TypedDict
from uuid import UUID

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.agents.base import Agent, Context
from app.db import Json
from app.knowledge.documents import fail_document
from app.knowledge.types import NewEntry
from app.llm.budget import Budgeted


class ReaderInput(Budgeted):
    """What to read."""

    document_id: UUID
    version: int = 1


class ReaderOutput(BaseModel):
    """How many pages were read."""

    engine: str
    pages: int


class State(TypedDict, total=False):
    input: Json
    output: Json


async def read(state: State, runtime: Runtime[Context]) -> State:
    context = runtime.context
    reading = await context.knowledge.begin_reading(UUID(state["input"]["document_id"]))
    converted = await context.converter.convert(
        reading.content, filename=reading.filename, media_type=reading.media_type
    )
    await context.knowledge.save_pages(reading.document_id, reading.version, converted)
    entries = [_insight(page.number, page.markdown.splitlines()[0]) for page in converted.pages]
    entries.append(NewEntry(key="c1", level="concept", text="First lines", pages=(1,), sources=("i1",)))
    entries.append(NewEntry(key="a", level="abstract", text="Lines.", pages=(1,), sources=("c1",)))
    await context.knowledge.publish(
        reading.document_id,
        reading.version,
        entries,
        title=converted.title,
        card={},
        metadata={},
        quality={"coverage": 1},
        page_quality={1: {"coverage": 1}},
    )
    return {"output": {"engine": "offline", "pages": len(converted.pages)}}


def _insight(page: int, text: str) -> NewEntry:
    return NewEntry(key=f"i{page}", level="insight", text=text, pages=(page,), sources=(f"p{page}",))


async def settle(session: AsyncSession, input: Json, status: str, problem: Json | None) -> None:
    if status != "succeeded":
        await fail_document(session, UUID(input["document_id"]), problem or {"code": status})


def build() -> StateGraph[Any, Context, Any, Any]:
    graph: StateGraph[Any, Context, Any, Any] = StateGraph(State, context_schema=Context)
    graph.add_node(read)
    graph.add_edge(START, "read")
    graph.add_edge("read", END)
    return graph


AGENT = Agent(
    name="pyramid",
    summary="Read first lines",
    input=ReaderInput,
    output=ReaderOutput,
    example={"document_id": "00000000-0000-7000-8000-000000000001"},
    build=build,
    offline={},
    queue="bulk",
    settle=settle,
)
