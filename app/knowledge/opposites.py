"""Sentences of different documents that may exclude each other: near in meaning, of the same words, yet not the same.

Found among insights without facts: rows of tables are compared by their slots or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.claims.compare import find_subject
from app.knowledge.claims.words import find_names, is_negated
from app.knowledge.figures import normal_forms
from app.knowledge.number_words import write_digits
from app.knowledge.periods import find_periods
from app.knowledge.sameness import say_the_same

LOOKED_AT = 400
NEIGHBOURS = 3
NEAR = 0.2
SHARED_WORDS = 0.6
SAME_WORDS = 0.85
LEAST_WORDS = 3
MOST_PAIRS = 40

NEAREST = """
select mine.id as mine_id, mine.text as mine, theirs.id as theirs_id, theirs.text as theirs,
       theirs.document_id as other_id
from (
    select id, text, collection_id, embedding from entries
    where document_id = :document and project_id = :project and level = 'insight' and facts = '[]'
      and embedding_model_id = {model_id} order by position limit :looked_at
) mine
cross join lateral (
    select e.id, e.text, e.document_id, e.embedding::halfvec({dimension}) <=> mine.embedding::halfvec({dimension})
           as distance
    from entries e
    where e.level = 'insight' and e.embedding_model_id = {model_id} and e.collection_id = mine.collection_id
      and e.document_id <> :document and e.facts = '[]'
    order by e.embedding::halfvec({dimension}) <=> mine.embedding::halfvec({dimension}) limit :neighbours
) theirs
where theirs.distance < :near order by theirs.distance, mine.id
"""


@dataclass(frozen=True, kw_only=True)
class Statements:
    """Two sentences of different documents that may exclude each other; `mine` is of the document just read."""

    mine_id: UUID
    mine: str
    other_id: UUID
    other: str
    other_document_id: UUID


async def list_near_statements(
    session: AsyncSession, project_id: UUID, document_id: UUID, *, model_id: int, dimension: int
) -> list[Statements]:
    """Return pairs of a document's sentences with other documents' of its collection, nearest first."""
    query = text(NEAREST.format(model_id=int(model_id), dimension=int(dimension)))
    values = {"document": document_id, "project": project_id, "looked_at": LOOKED_AT, "neighbours": NEIGHBOURS}
    rows = await session.execute(query, {**values, "near": NEAR})
    pairs = [
        Statements(
            mine_id=row.mine_id, mine=row.mine, other_id=row.theirs_id, other=row.theirs, other_document_id=row.other_id
        )
        for row in rows
        if row.mine.lower() != row.theirs.lower()
    ]
    return [pair for pair in pairs if _speak_of_the_same(pair.mine, pair.other)][:MOST_PAIRS]


def exclude_each_other(one: str, other: str, document: Mapping[str, Any], beside: Mapping[str, Any]) -> str:
    """Return why two sentences of the same words exclude each other, "" when they don't or it is not certain.

    Certain is only: the same words and names, and exactly one difference, be it a "not", one figure or one date. What
    documents of different periods say without naming a period may both be true.
    """
    one, other = write_digits(one), write_digits(other)
    mine, theirs = find_subject(one), find_subject(other)
    if min(len(mine), len(theirs)) < LEAST_WORDS or len(mine & theirs) < SAME_WORDS * len(mine | theirs):
        return ""
    if find_names(_strip_periods(one)) != find_names(_strip_periods(other)):
        return ""
    periods = [[period.form for _, _, period in find_periods(each)] for each in (one, other)]
    timeless = not (periods[0] and periods[1]) or periods[0] != periods[1]
    if timeless and document.get("period_end") != beside.get("period_end"):
        return ""
    differences = [
        reason
        for reason, differs in (
            ("One denies what the other says.", is_negated(one) != is_negated(other)),
            ("They give different figures.", _one_differs(normal_forms(one), normal_forms(other))),
            ("They give different dates.", _one_differs(*periods)),
        )
        if differs
    ]
    more = sorted(map(len, (normal_forms(one), periods[0]))) != sorted(map(len, (normal_forms(other), periods[1])))
    return differences[0] if len(differences) == 1 and not more else ""


def _strip_periods(said: str) -> str:
    for start, end, _ in reversed(find_periods(said)):
        said = said[:start] + "it" + said[end:]
    return said


def _one_differs(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _speak_of_the_same(one: str, other: str) -> bool:
    mine, theirs = find_subject(write_digits(one)), find_subject(write_digits(other))
    near = len(mine & theirs) >= SHARED_WORDS * max(len(mine | theirs), 1)
    return near and len(mine) >= LEAST_WORDS and not say_the_same(one, other)
