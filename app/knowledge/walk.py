"""Walking from entries to others: along what they were made from, in their document, to the like, along names.

A name links the entries that mention it to those that open with it. One that many entries open with tells little and
is not followed. Nothing here asks a model.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TypeVar
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.entries import list_entries
from app.knowledge.names import Gram, choose_names, list_grams
from app.knowledge.scope import Scope
from app.knowledge.search import Query, vector_text
from app.knowledge.types import EntryView, Hit, Step, Via

Key = TypeVar("Key")
MAX_BEARERS = 20
"""A name that more entries open with is not followed."""
MAX_STARTS = 16
SIMILAR_STARTS = 4
SIMILAR = 5
RANK_CONSTANT = 60

TRAIL = """
select t.via, t.start_id, t.id from (
    select 'source' as via, entry_id as start_id, source_id as id from entry_sources where entry_id = any(:starts)
    union all
    select 'dependant', source_id, entry_id from entry_sources where source_id = any(:starts)
    union all
    select distinct 'sibling', mine.entry_id, other.entry_id
    from entry_sources mine join entry_sources other using (source_id)
    where mine.entry_id = any(:starts) and other.entry_id <> mine.entry_id
    union all
    select 'document', s.id, e.id from entries s join entries e using (document_id)
    where s.id = any(:starts) and e.level in ('abstract', 'concept') and e.id <> s.id
) t join entries e using (id) join entries s on s.id = t.start_id
where e.project_id = :project and s.project_id = :project and (t.via <> 'sibling' or e.level = s.level)
      and e.grounding <> 'ungrounded'
order by array_position(:starts, t.start_id), abs(e.position - s.position), e.id
limit 1000
"""

NAMED = """
select a.name, e.id,
       case when e.embedding_model_id = {model_id}
            then e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension})) else 2 end as distance
from unnest(:names) as a (name) cross join lateral (
    select e.id, e.embedding, e.embedding_model_id, count(*) over () as bearers from (
        select e.id, e.embedding, e.embedding_model_id from entries e
        where e.project_id = :project and e.name = a.name and e.name <> '' and e.level = any(:levels) {entry_filter}
        limit {most} + 1
    ) e
) e
where e.bearers <= {most}
order by distance, e.id
"""

LIKE = """
select e.id from entries e
where e.project_id = :project and e.level = '{level}' and e.embedding_model_id = {model_id}
      and e.document_id is distinct from cast(:document_id as uuid) {entry_filter}
order by e.embedding::halfvec({dimension}) <=>
         (select s.embedding::halfvec({dimension}) from entries s where s.id = :start_id)
limit {limit}
"""


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry that opens with a name some text mentions; `distance` is from the question."""

    name: str
    entry_id: UUID
    distance: float


async def walk(
    session: AsyncSession, scope: Scope, starts: Sequence[EntryView], *, vector: np.ndarray, limit: int
) -> list[Step]:
    """Return up to `limit` steps from these entries, each way of going in turn, no entry twice."""
    chosen = starts[:MAX_STARTS]
    ways = [
        *await _follow_trail(session, scope, chosen),
        await _follow_names(session, scope, chosen, vector),
        await _find_similar(session, scope, chosen[:SIMILAR_STARTS]),
    ]
    left: dict[UUID, _Way] = {}
    for way in _in_turn(ways):
        if way.entry_id not in {start.id for start in starts}:
            left.setdefault(way.entry_id, way)
    picked = list(left.values())[:limit]
    views = {view.id: view for view in await list_entries(session, scope.project_id, [way.entry_id for way in picked])}
    return [Step(via=way.via, start_id=way.start_id, entry=views[way.entry_id], name=way.name) for way in picked]


@dataclass(frozen=True, kw_only=True)
class _Way:
    via: Via
    start_id: UUID
    entry_id: UUID
    name: str = ""


def _in_turn(ways: Iterable[Sequence[_Way]]) -> list[_Way]:
    return [way for turn in zip_longest(*ways) for way in turn if way is not None]


async def _follow_trail(session: AsyncSession, scope: Scope, starts: Sequence[EntryView]) -> list[list[_Way]]:
    rows = await session.execute(*scope.bind(TRAIL, {"starts": [start.id for start in starts]}))
    ways: dict[Via, list[_Way]] = {"source": [], "dependant": [], "sibling": [], "document": []}
    for via, start_id, entry_id in rows:
        ways[via].append(_Way(via=via, start_id=start_id, entry_id=entry_id))
    return list(ways.values())


async def _follow_names(
    session: AsyncSession, scope: Scope, starts: Sequence[EntryView], vector: np.ndarray
) -> list[_Way]:
    links = await find_named(session, scope, {start.id: list_grams(start.text) for start in starts}, vector)
    return [
        _Way(via="name", start_id=start_id, entry_id=link.entry_id, name=link.name)
        for start_id, mine in links.items()
        for link in mine
        if link.entry_id != start_id
    ]


async def _find_similar(session: AsyncSession, scope: Scope, starts: Sequence[EntryView]) -> list[_Way]:
    found = []
    for start in starts:
        sql = LIKE.format(
            level=start.level,
            model_id=scope.model_id,
            dimension=scope.dimension,
            entry_filter=scope.entry_filter,
            limit=SIMILAR,
        )
        statement, values = scope.bind(sql, {"document_id": start.document_id, "start_id": start.id})
        for entry_id in await session.scalars(statement, values):
            found.append(_Way(via="similar", start_id=start.id, entry_id=entry_id))
    return found


async def find_named(
    session: AsyncSession, scope: Scope, grams: Mapping[Key, Sequence[Gram]], vector: np.ndarray
) -> dict[Key, list[Link]]:
    """Return for each text, given as its grams, the entries that open with a name in it, nearest to `vector` first."""
    asked = sorted({name for mine in grams.values() for name, _, _ in mine})
    sql = NAMED.format(
        model_id=scope.model_id, dimension=scope.dimension, entry_filter=scope.entry_filter, most=MAX_BEARERS
    )
    rows = await session.execute(*scope.bind(sql, {"names": asked, "vector": vector_text(vector)}))
    links = [Link(name=name, entry_id=entry_id, distance=distance) for name, entry_id, distance in rows]
    known = {link.name for link in links}
    chosen = {key: set(choose_names(mine, known)) for key, mine in grams.items()}
    return {key: [link for link in links if link.name in names] for key, names in chosen.items()}


async def rank_with_walk(session: AsyncSession, scope: Scope, query: Query, hits: Sequence[Hit]) -> list[Hit]:
    """Return hits ranked anew with the entries that the question's names, and the names in those, lead to.

    First what the question names, then what that mentions; this ranking and the hits' are fused by reciprocal rank
    (Cormack, Clarke and Büttcher 2009), each counting the same.
    """
    places = {hit.entry.id: rank for rank, hit in enumerate(hits, 1)}
    asked = {"question": list_grams(query.text, cased=False)}
    named = (await find_named(session, scope, asked, query.vector))["question"]
    anchors = sorted(
        dict.fromkeys(link.entry_id for link in named), key=lambda entry_id: places.get(entry_id, len(hits) + 1)
    )
    if not anchors:
        return list(hits)
    anchored = await list_entries(session, scope.project_id, anchors[:MAX_STARTS])
    links = await find_named(session, scope, {entry.id: list_grams(entry.text) for entry in anchored}, query.vector)
    return await _fuse(session, scope, hits, list(dict.fromkeys([*anchors, *_reached(anchored, links)])))


def _reached(entries: Iterable[EntryView], links: Mapping[UUID, Sequence[Link]]) -> list[UUID]:
    found = {link.entry_id: link for entry in entries for link in links[entry.id] if link.entry_id != entry.id}
    return sorted(found, key=lambda entry_id: (found[entry_id].distance, entry_id))


async def _fuse(session: AsyncSession, scope: Scope, hits: Sequence[Hit], walked: Sequence[UUID]) -> list[Hit]:
    known = {hit.entry.id: hit for hit in hits}
    new = await list_entries(session, scope.project_id, [entry_id for entry_id in walked if entry_id not in known])
    known |= {entry.id: Hit(entry=entry, score=0, lexical_rank=None, vector_rank=None) for entry in new}
    scores = {hit.entry.id: 1 / (RANK_CONSTANT + rank) for rank, hit in enumerate(hits, 1)}
    ranks = {entry_id: rank for rank, entry_id in enumerate(walked, 1)}
    for entry_id, rank in ranks.items():
        scores[entry_id] = scores.get(entry_id, 0) + 1 / (RANK_CONSTANT + rank)
    best = sorted(scores, key=lambda entry_id: (-scores[entry_id], entry_id))
    return [replace(known[entry_id], score=scores[entry_id], walk_rank=ranks.get(entry_id)) for entry_id in best]
