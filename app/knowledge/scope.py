"""What a search runs over: the filters as SQL, and how many entries they leave."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB, TEXT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Date, Uuid

from app.knowledge.effort import SETTINGS, Effort
from app.knowledge.types import LEVELS, Filters, Level

TYPES: dict[str, Any] = {
    "project": Uuid(),
    "levels": ARRAY(TEXT),
    "lexemes": ARRAY(TEXT),
    "names": ARRAY(TEXT),
    "words": ARRAY(TEXT),
    "starts": ARRAY(Uuid()),
    "start_id": Uuid(),
    "document_id": Uuid(),
    "document_ids": ARRAY(Uuid()),
    "collection_ids": ARRAY(Uuid()),
    "numbers": ARRAY(BIGINT),
    "level_weights": JSONB(),
    "metadata": JSONB(),
    "dated_from": Date(),
    "dated_to": Date(),
}
DOCUMENT_DATE = """coalesce(
    case when d.metadata ->> 'period_end' ~ '^\\d{4}-\\d\\d-\\d\\d$' then (d.metadata ->> 'period_end')::date end,
    (d.created_at at time zone 'utc')::date)"""
"""The day a document is about (the end of its period), or the day it came where that is not known."""

OPENED = f"""
select s.model_id, c.level, c.entries
from (select (select id from embedding_models where is_current) as model_id, {SETTINGS}) s
left join ({{counts}}) c on true
"""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a search runs over: project, model, levels, limits, and how many entries that leaves by level.

    `current_model_id` is the model whose vectors searches read now.
    """

    project_id: UUID
    model_id: int
    dimension: int
    levels: tuple[Level, ...]
    filters: Filters
    document_ids: tuple[UUID, ...] | None
    counts: Mapping[Level, int]
    current_model_id: int | None = None

    @property
    def matching(self) -> int:
        """How many entries match at most."""
        return sum(self.counts.values())

    @property
    def entry_filter(self) -> str:
        """The limits as SQL on `e`, an entry, each begun with "and"."""
        filters = self.filters
        parts = []
        if self.document_ids is not None:
            parts.append("e.document_id = any(:document_ids)")
        if filters.collection_ids:
            parts.append("e.collection_id = any(:collection_ids)")
        if filters.page_from is not None:
            parts.append("e.pages[array_upper(e.pages, 1)] >= :page_from")
        if filters.page_to is not None:
            parts.append("e.pages[1] <= :page_to")
        if not filters.include_ungrounded:
            parts.append("e.grounding <> 'ungrounded'")
        return "".join(f" and {part}" for part in parts)

    @property
    def block_filter(self) -> str:
        """The limits that postings know as SQL on `p`, a row of them."""
        if self.document_ids is not None:
            return "and p.document_id = any(:document_ids)"
        return "and p.collection_id = any(:collection_ids)" if self.filters.collection_ids else ""

    @property
    def document_filter(self) -> str:
        """The limits that documents know as SQL on `d`, a document."""
        if self.document_ids is not None:
            return "and d.id = any(:document_ids)"
        return "and d.collection_id = any(:collection_ids)" if self.filters.collection_ids else ""

    def bind(self, sql: str, values: Mapping[str, Any]) -> tuple[TextClause, dict[str, Any]]:
        """Return a statement with its types and the values it names: the scope's own and those given."""
        own = {
            "project": self.project_id,
            "levels": list(self.levels),
            "document_ids": list(self.document_ids or ()),
            "collection_ids": list(self.filters.collection_ids),
            "page_from": self.filters.page_from,
            "page_to": self.filters.page_to,
        }
        return bind(sql, {**own, **values})


def bind(sql: str, values: Mapping[str, Any]) -> tuple[TextClause, dict[str, Any]]:
    """Return a statement with the types of its parameters and the values it names."""
    statement, names = _read(sql)
    return statement, {name: values[name] for name in names}


@lru_cache(maxsize=1_000)
def _read(sql: str) -> tuple[TextClause, frozenset[str]]:
    statement = text(sql)
    names = frozenset(statement.compile().params)
    types = [bindparam(name, type_=TYPES[name]) for name in sorted(names & TYPES.keys())]
    return statement.bindparams(*types), names


async def open_scope(
    session: AsyncSession, project_id: UUID, filters: Filters, *, model_id: int, dimension: int, effort: Effort
) -> Scope:
    """Make this transaction's settings those of a search; return what the filters leave to search.

    Where that must be counted one by one, it is counted as far as tells whether to compare everything.
    """
    scope = Scope(
        project_id=project_id,
        model_id=model_id,
        dimension=dimension,
        levels=tuple(level for level in LEVELS if not filters.levels or level in filters.levels),
        filters=filters,
        document_ids=await _list_documents(session, project_id, filters),
        counts={},
    )
    values = {"count_to": 2 * effort.exact_below, "ef_search": str(effort.ef_search)}
    rows = (await session.execute(*scope.bind(OPENED.format(counts=_count(scope)), values))).all()
    return replace(
        scope,
        counts={row.level: int(row.entries) for row in rows if row.level is not None},
        current_model_id=rows[0].model_id,
    )


async def _list_documents(session: AsyncSession, project_id: UUID, filters: Filters) -> tuple[UUID, ...] | None:
    """Return the documents that the filters leave, None where they don't tell documents apart."""
    dated = filters.dated_from is not None or filters.dated_to is not None
    if not filters.metadata and not dated:
        return filters.document_ids or None
    wanted = ["d.project_id = :project"]
    if filters.metadata:
        wanted.append("d.metadata @> :metadata")
    if filters.document_ids:
        wanted.append("d.id = any(:document_ids)")
    if dated:
        wanted.append(f"{DOCUMENT_DATE} between :dated_from and :dated_to")
    values = {
        "project": project_id,
        "metadata": filters.metadata,
        "document_ids": list(filters.document_ids),
        "dated_from": filters.dated_from or date.min,
        "dated_to": filters.dated_to or date.max,
    }
    return tuple(await session.scalars(*bind(f"select d.id from documents d where {' and '.join(wanted)}", values)))


def _count(scope: Scope) -> str:
    """Return SQL for how many entries match by level: from the sums kept, or counted when pages are limited."""
    if scope.filters.page_from is not None or scope.filters.page_to is not None:
        return (
            "select level, count(*) as entries from (select e.level from entries e where e.project_id = :project "
            f"and e.level = any(:levels) {scope.entry_filter} limit :count_to) e group by level"
        )
    if scope.block_filter:
        return (
            "select t.level, sum(p.entries) as entries from terms t join postings p on p.term_id = t.id "
            f"where t.project_id = :project and t.lexeme = '' and t.level = any(:levels) {scope.block_filter} "
            "group by t.level"
        )
    return "select level, entries from terms where project_id = :project and lexeme = '' and level = any(:levels)"
