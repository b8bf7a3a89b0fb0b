"""Hybrid search in Postgres: a BM25 leg over the postings, a vector leg, and their fusion, in one statement.

BM25 after Robertson and Zaragoza (2009), with statistics per project and level; scores of different levels are
compared as shares of what the query could reach there. The rarest lexemes find the candidates, within a budget of
postings; the frequent ones only score them, so a frequent word never costs a scan. Fusion by convex combination
(Bruch, Gai and Ingber 2023): each leg's score as a share of its best, whatever entry either leg found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.rows import entry_view
from app.knowledge.scope import Scope
from app.knowledge.types import LEVELS, Hit, Level


@dataclass(frozen=True, kw_only=True)
class SearchWeights:
    """How much a leg and a level count, and BM25's k1 (saturation) and b (length)."""

    lexical: float = 1.0
    vector: float = 1.0
    levels: Mapping[Level, float] = field(default_factory=lambda: dict.fromkeys(LEVELS, 1.0))
    k1: float = 1.5
    b: float = 0.75


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far a search looks: rows a leg gives, candidates scored, postings read, lexemes used, HNSW's width.

    At or below `exact_below` matching entries all of them are compared.
    """

    depth: int = 100
    candidates: int = 300
    postings: int = 20_000
    lexemes: int = 24
    ef_search: int = 120
    exact_below: int = 5_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """What is looked for: a text, its lexemes, its vector."""

    text: str
    lexemes: Sequence[str]
    vector: np.ndarray


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
    select t.id, t.level, t.entries as df, s.average,
           ln(1 + (s.n - t.entries + 0.5) / (t.entries + 0.5)) as idf,
           row_number() over (partition by t.level order by t.entries, t.id) as rarity
    from terms t join stats s using (level)
    where t.project_id = :project and t.level = any(:levels) and t.lexeme = any(:lexemes) and t.entries > 0
),
reach as materialized (
    select s.level, greatest(coalesce(sum(k.idf), 0)
           + (:word_count - count(k.id)) * ln(1 + (s.n + 0.5) / 0.5), 1e-9) as highest
    from stats s left join known k using (level) group by s.level, s.n
),
query as materialized (
    select k.id, k.level, k.idf / r.highest as gain, :k1 * :b / k.average as slope,
           :exact or k.df <= 2 * :postings
               and (k.rarity = 1 or sum(k.df) over (partition by k.level order by k.rarity) <= :postings) as finds
    from known k join reach r using (level) where k.rarity <= :max_lexemes
)"""

FOUND = """
found as {how} (
    select number, sum(gain * count / (count + :base + slope * length)) as share
    from (
        select q.gain, q.slope, unnest(p.numbers) as number, unnest(p.counts) as count, unnest(p.lengths) as length
        from query q join postings p on p.term_id = q.id {block_filter} where q.finds
    ) x group by number
)"""

CANDIDATES = """
candidates as materialized (
    select e.id, e.level, e.length, e.term_ids || '{{}}' as term_ids, e.term_counts || '{{}}' as term_counts, f.share
    from (select number, share from found order by share desc, number limit :candidates) f
    join entries e using (number)
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
    select m.id, m.level, m.length, cast(null as integer[]) as term_ids, cast(null as integer[]) as term_counts, f.share
    from found f join matching m using (number)
)"""

LEXICAL = """
lexical as (
    select c.id, c.share + s.share as share, row_number() over (order by c.share + s.share desc, c.id) as rank
    from candidates c
    cross join lateral (
        select coalesce(sum(q.gain * q.count / (q.count + :base + q.slope * c.length)), 0) as share
        from (
            select q.gain, q.slope, c.term_counts[array_position(c.term_ids, q.id)] as count
            from query q where q.level = c.level and not q.finds offset 0
        ) q where q.count is not null
    ) s
    where c.share + s.share > 0
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

NO_LEXICAL = """
lexical as (select cast(null as uuid) as id, cast(null as float8) as share, cast(null as bigint) as rank where false)"""
NO_VECTORS = """
nearest as (select cast(null as uuid) as id, cast(null as float8) as distance where false)"""

FUSED = """
vectors as (
    select id, row_number() over (order by distance, id) as rank from nearest order by rank limit :depth
),
fused as (
    select e.id, l.rank as lexical_rank, v.rank as vector_rank, coalesce(l.share, 0) as share,
           coalesce(cast(cast(:level_weights as jsonb) ->> e.level as float8), 1) as weight,
           case when e.embedding_model_id = {model_id}
                then greatest(1 - (e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension}))), 0)
                else 0 end as likeness
    from lexical l full join vectors v using (id) join entries e using (id)
),
best as (
    select id, lexical_rank, vector_rank,
           weight * (:lexical_weight * share / greatest(max(share) over (), 1e-9)
                     + :vector_weight * likeness / greatest(max(likeness) over (), 1e-9)) as score
    from fused order by score desc, id limit :limit
)
select e.id, e.level, e.text, e.document_id, e.collection_id, e.pages, e.grounding, e.facts, e.evidence,
       e.metadata as meta, d.filename, b.lexical_rank, b.vector_rank, b.score
from best b join entries e using (id) left join documents d on d.id = e.document_id
order by b.score desc, e.id
"""


async def prepare(session: AsyncSession, effort: Effort) -> None:
    """Make this transaction's settings those of a search."""
    await session.execute(SETTINGS, {"ef_search": str(effort.ef_search)})


async def search(
    session: AsyncSession,
    scope: Scope,
    query: Query,
    *,
    limit: int,
    weights: SearchWeights,
    effort: Effort,
) -> list[Hit]:
    """Return the best `limit` entries of the scope, always min(limit, matching) of them; ties by id."""
    values = {
        "lexemes": list(dict.fromkeys(query.lexemes)),
        "word_count": len(set(query.lexemes)),
        "vector": vector_text(query.vector),
        "limit": limit,
        "k1": float(weights.k1),
        "b": float(weights.b),
        "base": float(weights.k1 * (1 - weights.b)),
        "lexical_weight": float(weights.lexical),
        "vector_weight": float(weights.vector),
        "level_weights": dict(weights.levels),
        "depth": max(effort.depth, limit),
        "candidates": effort.candidates,
        "postings": effort.postings,
        "max_lexemes": effort.lexemes,
    }
    await prepare(session, effort)
    exact = scope.matching <= effort.exact_below
    hits = await _run(session, scope, values, exact=exact)
    if not exact and len(hits) < min(limit, scope.matching):
        hits = await _run(session, scope, values, exact=True)
    return hits


async def _run(session: AsyncSession, scope: Scope, values: Mapping[str, Any], *, exact: bool) -> list[Hit]:
    statement = _build_exact(scope) if exact else _build_indexed(scope, values)
    rows = await session.execute(*scope.bind(statement, {**values, "exact": exact}))
    return [
        Hit(
            entry=entry_view(row, row.filename),
            score=float(row.score),
            lexical_rank=row.lexical_rank,
            vector_rank=row.vector_rank,
        )
        for row in rows
    ]


def vector_text(vector: np.ndarray) -> str:
    """Return a vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"


def _build_exact(scope: Scope) -> str:
    """Return the statement that compares every matching entry."""
    names = {"dimension": scope.dimension, "model_id": scope.model_id}
    matching = MATCHING.format(entry_filter=scope.entry_filter, **names)
    found = FOUND.format(block_filter=IN_MATCHING, how="materialized")
    return _with(matching, QUERY, found, MATCHING_CANDIDATES, LEXICAL, EXACT_VECTORS, FUSED.format(**names))


def _build_indexed(scope: Scope, values: Mapping[str, Any]) -> str:
    """Return the statement that finds entries by the indexes; a leg that weighs nothing is left out."""
    names = {"dimension": scope.dimension, "model_id": scope.model_id}
    found = FOUND.format(block_filter=scope.block_filter, how="not materialized")
    lexical = (QUERY, found, CANDIDATES.format(entry_filter=scope.entry_filter), LEXICAL)
    return _with(
        *(lexical if values["lexical_weight"] else (NO_LEXICAL,)),
        _nearest(scope) if values["vector_weight"] else NO_VECTORS,
        FUSED.format(**names),
    )


def _nearest(scope: Scope) -> str:
    parts = [
        LEVEL_VECTORS.format(
            level=level, entry_filter=scope.entry_filter, dimension=scope.dimension, model_id=scope.model_id
        )
        for level in scope.levels
        if scope.counts.get(level)
    ]
    return "\nnearest as materialized (" + " union all ".join(parts) + ")"


def _with(*parts: str) -> str:
    return "with" + ",".join(parts)
