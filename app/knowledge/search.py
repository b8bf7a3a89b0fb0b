"""Hybrid search in Postgres: a BM25 leg over the postings, a vector leg, and their fusion, in one statement.

BM25 after Robertson and Zaragoza (2009), with statistics per project and level; scores of different levels are
compared as shares of what the query could reach there. The rarest lexemes find the candidates, within a budget of
postings; the frequent ones only score them, so a frequent word never costs a scan. Fusion by reciprocal rank after
Cormack, Clarke and Büttcher (2009).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB, TEXT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from app.knowledge.rows import entry_view
from app.knowledge.types import LEVELS, Filters, Hit, Level


@dataclass(frozen=True, kw_only=True)
class SearchWeights:
    """How much a leg and a level count, and BM25's k1 (saturation) and b (length)."""

    lexical: float = 1.0
    vector: float = 1.0
    levels: Mapping[Level, float] = field(default_factory=lambda: dict.fromkeys(LEVELS, 1.0))
    k1: float = 1.5
    b: float = 0.75
    rank_constant: int = 60


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far a search looks: rows a leg gives, candidates scored, postings read, lexemes used, HNSW's width.

    At or below `exact_below` matching entries all of them are compared.
    """

    depth: int = 100
    candidates: int = 1_000
    postings: int = 30_000
    lexemes: int = 24
    ef_search: int = 200
    exact_below: int = 5_000


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a search runs over: project, model, levels, limits, and how many entries that leaves by level."""

    project_id: UUID
    model_id: int
    dimension: int
    levels: tuple[Level, ...]
    filters: Filters
    document_ids: tuple[UUID, ...] | None
    counts: Mapping[Level, int]

    @property
    def matching(self) -> int:
        """How many entries match at most."""
        return sum(self.counts.values())


SETTINGS = text("""
select set_config('hnsw.ef_search', :ef_search, true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('hnsw.max_scan_tuples', '200000', true), set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('jit', 'off', true), set_config('work_mem', '32MB', true)
""")

QUERY = """
stats as materialized (
    select level, entries::float8 as n, greatest(occurrences::float8 / entries, 1) as average
    from terms where project_id = :project and lexeme = '' and level = any(:levels) and entries > 0
),
known as materialized (
    select t.id, t.level, t.entries as df, s.n, s.average,
           ln(1 + (s.n - t.entries + 0.5) / (t.entries + 0.5)) as idf,
           row_number() over (partition by t.level order by t.entries, t.id) as rarity
    from terms t join stats s using (level)
    where t.project_id = :project and t.level = any(:levels) and t.lexeme = any(:lexemes) and t.entries > 0
),
reach as materialized (
    select s.level, greatest(coalesce(sum(k.idf), 0)
           + (:words - count(k.id)) * ln(1 + (s.n + 0.5) / 0.5), 1e-9) * (:k1 + 1) as highest
    from stats s left join known k using (level) group by s.level, s.n
),
query as materialized (
    select id, level, average, idf,
           :exact or sum(df) over (partition by level order by rarity) - df < :postings as finds
    from known where rarity <= :max_lexemes
)"""

FOUND = """
found as (
    select q.level, x.number,
           sum(q.idf * x.count * (:k1 + 1) / (x.count + :k1 * (1 - :b + :b * x.length / q.average))) as score
    from query q
    join postings p on p.term_id = q.id {block_filter}
    cross join lateral unnest(p.numbers, p.counts, p.lengths) as x (number, count, length)
    where q.finds group by q.level, x.number
)"""

CANDIDATES = """
candidates as materialized (
    select e.id, e.level, e.length, e.term_ids, e.term_counts, f.score
    from (
        select f.number, f.score from found f join reach r using (level)
        order by f.score / r.highest desc, f.number limit :candidates
    ) f join entries e on e.number = f.number
    where e.project_id = :project {entry_filter}
)"""

MATCHING = """
matching as materialized (
    select e.id, e.number, e.document_id, e.level, e.length,
           case when e.embedding_model_id = {model_id}
                then e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension})) end as distance
    from entries e where e.project_id = :project and e.level = any(:levels) {entry_filter}
)"""

IN_MATCHING = """and (p.document_id = any(array(select distinct document_id from matching))
                     or p.entry_id = any(array(select id from matching where document_id is null)))"""

MATCHING_CANDIDATES = """
candidates as (
    select m.id, m.level, m.length, cast(null as integer[]) as term_ids, cast(null as integer[]) as term_counts, f.score
    from found f join matching m using (number)
)"""

LEXICAL = """
lexical as (
    select c.id, row_number() over (order by (c.score + s.score) / r.highest desc, c.id) as rank
    from candidates c
    join reach r using (level)
    cross join lateral (
        select coalesce(sum(q.idf * q.count * (:k1 + 1)
               / (q.count + :k1 * (1 - :b + :b * c.length / q.average))), 0) as score
        from (
            select q.idf, q.average, c.term_counts[array_position(c.term_ids, q.id)] as count
            from query q where q.level = c.level and not q.finds
        ) q where q.count is not null
    ) s
    where c.score + s.score > 0
    order by rank limit :depth
)"""

EXACT_VECTORS = """
nearest as (select id, distance from matching where distance is not null order by distance, id limit :depth)"""

LEVEL_VECTORS = """(
    select e.id, (e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension}))) + 0 as distance
    from entries e
    where e.level = '{level}' and e.embedding_model_id = {model_id} and e.project_id = :project {entry_filter}
    order by e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension})) limit :depth
)"""

FUSED = """
vectors as (
    select id, row_number() over (order by distance, id) as rank from nearest order by rank limit :depth
),
fused as (
    select id, l.rank as lexical_rank, v.rank as vector_rank,
           coalesce(:lexical_weight / (:rank_constant + l.rank), 0)
           + coalesce(:vector_weight / (:rank_constant + v.rank), 0) as score
    from lexical l full join vectors v using (id)
)
select e.id, e.level, e.text, e.document_id, e.collection_id, e.pages, e.grounding, e.facts, e.evidence,
       e.metadata as meta, d.filename, f.lexical_rank, f.vector_rank,
       f.score * coalesce(cast(cast(:level_weights as jsonb) ->> e.level as float8), 1) as score
from fused f join entries e using (id) left join documents d on d.id = e.document_id
order by score desc, e.id limit :limit
"""


async def find_scope(
    session: AsyncSession, project_id: UUID, filters: Filters, *, model_id: int, dimension: int, effort: Effort
) -> Scope:
    """Return what the filters leave to search, with the search's settings made for this transaction."""
    await session.execute(SETTINGS, {"ef_search": str(effort.ef_search)})
    levels = tuple(level for level in LEVELS if not filters.levels or level in filters.levels)
    document_ids = await _list_documents(session, project_id, filters)
    scope = Scope(
        project_id=project_id,
        model_id=model_id,
        dimension=dimension,
        levels=levels,
        filters=filters,
        document_ids=document_ids,
        counts={},
    )
    return replace(scope, counts=await _count(session, scope, effort))


async def search(
    session: AsyncSession,
    scope: Scope,
    *,
    lexemes: Sequence[str],
    vector: np.ndarray,
    limit: int,
    weights: SearchWeights,
    effort: Effort,
) -> list[Hit]:
    """Return the best `limit` entries of the scope, always min(limit, matching) of them; ties by id."""
    values = {
        "lexemes": list(dict.fromkeys(lexemes)),
        "words": len(set(lexemes)),
        "vector": "[" + ",".join(f"{value:.6g}" for value in vector) + "]",
        "limit": limit,
        "k1": float(weights.k1),
        "b": float(weights.b),
        "lexical_weight": float(weights.lexical),
        "vector_weight": float(weights.vector),
        "rank_constant": weights.rank_constant,
        "level_weights": dict(weights.levels),
        "depth": max(effort.depth, limit),
        "candidates": effort.candidates,
        "postings": effort.postings,
        "max_lexemes": effort.lexemes,
    }
    exact = scope.matching <= effort.exact_below
    hits = await _run(session, scope, values, exact=exact)
    if not exact and len(hits) < min(limit, scope.matching):
        hits = await _run(session, scope, values, exact=True)
    return hits


async def _run(session: AsyncSession, scope: Scope, values: Mapping[str, Any], *, exact: bool) -> list[Hit]:
    statement = text(build_statement(scope, exact=exact))
    bound = {**_scope_values(scope), **values, "exact": exact}
    types = [bindparam(name, type_=kind) for name, kind in TYPES.items() if f":{name}" in statement.text]
    names = set(statement.compile().params)
    rows = await session.execute(statement.bindparams(*types), {k: v for k, v in bound.items() if k in names})
    return [
        Hit(
            entry=entry_view(row, row.filename),
            score=float(row.score),
            lexical_rank=row.lexical_rank,
            vector_rank=row.vector_rank,
        )
        for row in rows
    ]


TYPES: dict[str, Any] = {
    "project": Uuid(),
    "levels": ARRAY(TEXT),
    "lexemes": ARRAY(TEXT),
    "document_ids": ARRAY(Uuid()),
    "collection_ids": ARRAY(Uuid()),
    "level_weights": JSONB(),
    "numbers": ARRAY(BIGINT),
}


def build_statement(scope: Scope, *, exact: bool) -> str:
    """Return the one statement of a search."""
    names = {"dimension": scope.dimension, "model_id": scope.model_id}
    entry_filter = _entry_filter(scope)
    if exact:
        matching = MATCHING.format(entry_filter=entry_filter, **names)
        found = FOUND.format(block_filter=IN_MATCHING)
        return _with(matching, QUERY, found, MATCHING_CANDIDATES, LEXICAL, EXACT_VECTORS, FUSED)
    found = FOUND.format(block_filter=_block_filter(scope))
    candidates = CANDIDATES.format(entry_filter=entry_filter)
    parts = [
        LEVEL_VECTORS.format(level=level, entry_filter=entry_filter, **names)
        for level in scope.levels
        if scope.counts.get(level)
    ]
    nearest = "\nnearest as materialized (" + " union all ".join(parts) + ")"
    return _with(QUERY, found, candidates, LEXICAL, nearest, FUSED)


def _with(*parts: str) -> str:
    return "with" + ",".join(parts)


def _block_filter(scope: Scope) -> str:
    if scope.document_ids is not None:
        return "and p.document_id = any(:document_ids)"
    return "and p.collection_id = any(:collection_ids)" if scope.filters.collection_ids else ""


def _entry_filter(scope: Scope) -> str:
    filters = scope.filters
    parts = []
    if scope.document_ids is not None:
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


def _scope_values(scope: Scope) -> dict[str, Any]:
    return {
        "project": scope.project_id,
        "levels": list(scope.levels),
        "document_ids": list(scope.document_ids or ()),
        "collection_ids": list(scope.filters.collection_ids),
        "page_from": scope.filters.page_from,
        "page_to": scope.filters.page_to,
    }


async def _list_documents(session: AsyncSession, project_id: UUID, filters: Filters) -> tuple[UUID, ...] | None:
    if not filters.document_ids and not filters.metadata:
        return None
    if not filters.metadata:
        return filters.document_ids
    conditions = "project_id = :project and metadata @> :metadata"
    if filters.document_ids:
        conditions += " and id = any(:document_ids)"
    statement = text(f"select id from documents where {conditions}").bindparams(
        bindparam("project", type_=Uuid()), bindparam("metadata", type_=JSONB())
    )
    values: dict[str, Any] = {"project": project_id, "metadata": filters.metadata}
    if filters.document_ids:
        statement = statement.bindparams(bindparam("document_ids", type_=ARRAY(Uuid())))
        values["document_ids"] = list(filters.document_ids)
    return tuple(await session.scalars(statement, values))


async def _count(session: AsyncSession, scope: Scope, effort: Effort) -> dict[Level, int]:
    """Return how many entries match by level: from the sums kept, or counted when pages are limited."""
    filters = scope.filters
    if filters.page_from is not None or filters.page_to is not None:
        statement = (
            "select level, count(*) from (select e.level from entries e where e.project_id = :project "
            f"and e.level = any(:levels) {_entry_filter(scope)} limit {2 * effort.exact_below}) e group by level"
        )
    elif block_filter := _block_filter(scope):
        statement = (
            "select t.level, sum(p.entries)::bigint from terms t join postings p on p.term_id = t.id "
            f"where t.project_id = :project and t.lexeme = '' and t.level = any(:levels) {block_filter} "
            "group by t.level"
        )
    else:
        statement = (
            "select level, entries from terms where project_id = :project and lexeme = '' and level = any(:levels)"
        )
    query = text(statement)
    types = [bindparam(name, type_=kind) for name, kind in TYPES.items() if f":{name}" in statement]
    names = set(query.compile().params)
    values = {name: value for name, value in _scope_values(scope).items() if name in names}
    return {level: int(count) for level, count in await session.execute(query.bindparams(*types), values)}
