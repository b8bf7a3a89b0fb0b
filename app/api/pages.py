"""Lists in pages, stable under inserts: `?limit=&after=` → `{data, has_more, next_cursor}`."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

Row = TypeVar("Row")
View = TypeVar("View")

LimitQuery = Annotated[int, Query(ge=1, le=200, description="At most so many.")]
AfterQuery = Annotated[UUID | None, Query(description="The `next_cursor` of the page before.")]


class Page(BaseModel, Generic[View]):
    """A part of a list; `next_cursor` is null on the last one."""

    data: list[View]
    has_more: bool
    next_cursor: str | None


def build_page(
    rows: Sequence[Row], *, limit: int, view: Callable[[Row], View], cursor: Callable[[Row], object]
) -> Page[View]:
    """Return a page from up to `limit` + 1 rows; the one too many tells that there is more."""
    shown = rows[:limit]
    has_more = len(rows) > limit
    return Page(
        data=[view(row) for row in shown],
        has_more=has_more,
        next_cursor=str(cursor(shown[-1])) if has_more else None,
    )


async def list_page(
    session: AsyncSession,
    query: Select[Row],
    *,
    key: InstrumentedAttribute[UUID],
    view: Callable[[Row], View],
    limit: int,
    after: UUID | None,
) -> Page[View]:
    """Run a query newest first by its UUIDv7 `key` and return the page after a cursor."""
    if after is not None:
        query = query.where(key < after)
    rows: Sequence[Any] = (await session.scalars(query.order_by(key.desc()).limit(limit + 1))).all()
    return build_page(rows, limit=limit, view=view, cursor=lambda row: getattr(row, key.key))
