"""The finished pyramid as entries of the store, each naming what it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.agents.pyramid.schemas import Abstract, Card, Concept, Insight
from app.db import Json
from app.knowledge.types import NewEntry

METADATA = ("issuer", "form", "period_end", "fiscal_year", "fiscal_period")


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The insights of some neighbouring pages, with their keys, and the concepts found among them."""

    keys: Sequence[str]
    insights: Sequence[Insight]
    concepts: Sequence[Concept]


def key_insights(insights: Sequence[Insight]) -> list[str]:
    """Return a key for each insight: its page and its number there."""
    count: dict[int, int] = {}
    keys = []
    for insight in insights:
        count[insight.page] = count.get(insight.page, 0) + 1
        keys.append(f"i{insight.page}.{count[insight.page]}")
    return keys


def make_entries(chunks: Sequence[Chunk], abstract: Abstract) -> list[NewEntry]:
    """Return insights, concepts and the abstract, each with the keys of its sources."""
    entries: list[NewEntry] = []
    concepts: list[NewEntry] = []
    for number, chunk in enumerate(chunks, start=1):
        entries.extend(map(_insight_entry, chunk.keys, chunk.insights))
        found = [_concept_entry(f"c{number}.{n}", c, chunk) for n, c in enumerate(chunk.concepts, start=1)]
        concepts.extend(entry for entry in found if entry.sources)
    rests_on = tuple(entry.key for entry in concepts or entries)
    pages = tuple(sorted({page for entry in concepts or entries for page in entry.pages}))
    top = (
        [NewEntry(key="a", level="abstract", text=abstract.text, pages=pages, sources=rests_on)]
        if abstract.text
        else []
    )
    return [*entries, *concepts, *top]


def document_metadata(card: Card) -> Json:
    """Return what searches filter and route by; only what is known."""
    return {name: value for name in METADATA if (value := getattr(card, name))}


def _insight_entry(key: str, insight: Insight) -> NewEntry:
    return NewEntry(
        key=key,
        level="insight",
        text=insight.text,
        pages=(insight.page,),
        sources=(f"p{insight.page}",),
        facts=insight.facts,
        evidence=insight.evidence,
        grounding=insight.grounding,
        metadata={"topic": insight.topic} if insight.topic else {},
    )


def _concept_entry(key: str, concept: Concept, chunk: Chunk) -> NewEntry:
    numbers = [n - 1 for n in dict.fromkeys(concept.numbers) if 0 < n <= len(chunk.keys)]
    return NewEntry(
        key=key,
        level="concept",
        text=concept.text,
        pages=tuple(sorted({chunk.insights[n].page for n in numbers})),
        sources=tuple(chunk.keys[n] for n in numbers),
    )
