"""Single entries, with what they were made from and what was made from them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.deps import KnowledgeDep
from app.api.errors import problems
from app.errors import Invalid, NotFound, Unavailable
from app.knowledge.types import EntryView, Via

router = APIRouter(prefix="/v1/entries", tags=["search"])

NearLimit = Annotated[int, Query(ge=1, le=200, description="At most so many in each direction.")]


class WalkStep(BaseModel):
    """An entry one step away, and the way there; `name` is the name both share where that is the way."""

    via: Via
    name: str
    entry: EntryView


class Walk(BaseModel):
    """Where one can go from an entry, each way of going in turn."""

    steps: list[WalkStep]


class EntryTrail(BaseModel):
    """An entry, what it was made from, what was made from it, and what shares a source with it."""

    entry: EntryView
    sources: list[EntryView]
    dependants: list[EntryView]
    siblings: list[EntryView]


@router.get(
    "/{entry_id}",
    operation_id="get_entry",
    summary="Get an entry with its sources and dependants",
    responses=problems(NotFound, Invalid),
)
async def get_one(knowledge: KnowledgeDep, entry_id: UUID, limit: NearLimit = 50) -> EntryTrail:
    entry = await knowledge.get_entry(entry_id)
    return EntryTrail(
        entry=entry,
        sources=await knowledge.list_linked(entry_id, "sources", limit),
        dependants=await knowledge.list_linked(entry_id, "dependants", limit),
        siblings=await knowledge.list_linked(entry_id, "siblings", limit),
    )


@router.get(
    "/{entry_id}/walk",
    operation_id="walk_from_entry",
    summary="List what an entry leads to: sources, dependants, siblings, its document, shared names, similar entries",
    responses=problems(NotFound, Invalid, Unavailable),
)
async def walk(
    knowledge: KnowledgeDep,
    entry_id: UUID,
    query: Annotated[str, Query(max_length=2_000, description="Orders what names lead to by its meaning.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Walk:
    await knowledge.get_entry(entry_id)
    steps = await knowledge.walk([entry_id], query=query, limit=limit)
    return Walk(steps=[WalkStep(via=step.via, name=step.name, entry=step.entry) for step in steps])
