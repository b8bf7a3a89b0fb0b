"""A bounded sample of live searches, and what share of the nearest entries the indexes find for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.models import SearchSample
from app.knowledge.types import Filters, Hit

KEPT = 500
"""Samples a project keeps, the newest."""
FILTERS = TypeAdapter(Filters)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A search as it was asked, by whose project."""

    project_id: UUID
    query: str
    filters: Filters


async def keep_sample(session: AsyncSession, sample: Sample) -> None:
    """Store a search in place of its project's oldest."""
    filters = FILTERS.dump_python(sample.filters, mode="json")
    await session.execute(
        insert(SearchSample).values(project_id=sample.project_id, query=sample.query, filters=filters)
    )
    newest = select(SearchSample.id).where(SearchSample.project_id == sample.project_id)
    old = newest.order_by(SearchSample.id.desc()).offset(KEPT)
    await session.execute(delete(SearchSample).where(SearchSample.id.in_(old)))


async def list_samples(session: AsyncSession, *, limit: int) -> list[Sample]:
    """Return the newest samples of all projects."""
    rows = await session.scalars(select(SearchSample).order_by(SearchSample.id.desc()).limit(limit))
    return [
        Sample(project_id=row.project_id, query=row.query, filters=FILTERS.validate_python(row.filters)) for row in rows
    ]


def recall(found: Sequence[Hit], nearest: Sequence[Hit]) -> float:
    """Return the share of the nearest that was found, 1 where there is none."""
    wanted = {hit.entry.id for hit in nearest}
    return len(wanted & {hit.entry.id for hit in found}) / len(wanted) if wanted else 1.0
