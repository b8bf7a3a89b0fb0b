"""Single entries, with what they were made from and what was made from them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.deps import KnowledgeDep
from app.api.errors import problems
from app.errors import Invalid, NotFound
from app.knowledge.types import EntryView

router = APIRouter(prefix="/v1/entries", tags=["search"])

NearLimit = Annotated[int, Query(ge=1, le=200, description="At most so many in each direction.")]


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
        sources=await knowledge.walk(entry_id, "sources", limit),
        dependants=await knowledge.walk(entry_id, "dependants", limit),
        siblings=await knowledge.walk(entry_id, "siblings", limit),
    )
