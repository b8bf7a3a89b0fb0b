"""Hybrid search in Postgres: a BM25 leg over the postings, a vector leg, and their fusion.

Few matching entries are all compared, in one statement. Many are found by the indexes: both legs and the fusion in one
statement while the process is busy, else both legs at the same time on two connections and the fusion after them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from app.db import Sessions
from app.knowledge.effort import Effort
from app.knowledge.rows import entry_view
from app.knowledge.scope import Scope
from app.knowledge.statements import Legs, build_exact, build_fused, build_indexed, build_lexical, build_vectors
from app.knowledge.types import LEVELS, Hit, Level


@dataclass(frozen=True, kw_only=True)
class SearchWeights:
    """How much a leg and a level count, and BM25's k1 (saturation) and b (length)."""

    lexical: float = 1.0
    vector: float = 1.0
    levels: Mapping[Level, float] = field(default_factory=lambda: dict.fromkeys(LEVELS, 1.0))
    k1: float = 1.5
    b: float = 0.75


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """What is looked for: a text, its lexemes, its vector."""

    text: str
    lexemes: Sequence[str]
    vector: np.ndarray


async def search(
    session: AsyncSession,
    scope: Scope,
    query: Query,
    *,
    limit: int,
    weights: SearchWeights,
    effort: Effort,
    beside: Sessions | None = None,
) -> list[Hit]:
    """Return the best `limit` entries of the scope, always min(limit, matching) of them; ties by id.

    A leg may run in a session from `beside` at the same time as the other.
    """
    values = _list_values(query, limit, weights, effort)
    if scope.matching <= effort.exact_below:
        return await _search_exactly(session, scope, values)
    legs = Legs(lexical=weights.lexical > 0, vector=weights.vector > 0)
    if beside is not None and legs.both and _is_idle(beside, effort):
        values |= await _find_side_by_side(session, beside, scope, values)
        hits = await _read_hits(session, scope, build_fused(scope), values)
    else:
        hits = await _read_hits(session, scope, build_indexed(scope, legs), values)
    if len(hits) < min(limit, scope.matching):
        return await _search_exactly(session, scope, values)
    return hits


def _list_values(query: Query, limit: int, weights: SearchWeights, effort: Effort) -> dict[str, Any]:
    return {
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
        "rarest": effort.rarest,
        "max_lexemes": effort.lexemes,
        "exact": False,
    }


def _is_idle(sessions: Sessions, effort: Effort) -> bool:
    """Tell whether so few connections are in use that each search may take one more and none waits for another."""
    pool = sessions.kw["bind"].pool
    return isinstance(pool, QueuePool) and pool.checkedout() <= min(effort.side_by_side, pool.size() // 2)


async def _find_side_by_side(
    session: AsyncSession, beside: Sessions, scope: Scope, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what both legs found, run at the same time, as values of the fusion."""
    words = asyncio.create_task(_find_by_words(beside, scope, values), name="words")
    try:
        near = await session.scalars(*scope.bind(build_vectors(scope), values))
        return {**await words, "vector_ids": list(near)}
    finally:
        words.cancel()
        await asyncio.gather(words, return_exceptions=True)


async def _find_by_words(beside: Sessions, scope: Scope, values: Mapping[str, Any]) -> dict[str, Any]:
    """Run the lexical leg; a statement of its own needs no transaction around it, nor the settings of a search."""
    async with beside() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        found = (await session.execute(*scope.bind(build_lexical(scope), values))).all()
    return {"lexical_ids": [row.id for row in found], "shares": [row.share for row in found]}


async def _search_exactly(session: AsyncSession, scope: Scope, values: Mapping[str, Any]) -> list[Hit]:
    return await _read_hits(session, scope, build_exact(scope), {**values, "exact": True})


async def _read_hits(session: AsyncSession, scope: Scope, statement: str, values: Mapping[str, Any]) -> list[Hit]:
    return [
        Hit(
            entry=entry_view(row, row.filename),
            score=float(row.score),
            lexical_rank=row.lexical_rank,
            vector_rank=row.vector_rank,
        )
        for row in await session.execute(*scope.bind(statement, values))
    ]


def vector_text(vector: np.ndarray) -> str:
    """Return a vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
