"""A small library of filings, and research run on it without a server or a queue."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

from app.agents.base import Context, Models
from app.agents.research import AGENT
from app.agents.research.schemas import ResearchInput, ResearchOutput
from app.convert.document import Converted, Page
from app.db import DEFAULT_PROJECT, Json, Sessions
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import Evidence, Fact, NewEntry
from app.llm.embedding import Embedder
from app.llm.task import I, O, OfflineFunction, OnDelta, Task
from tests.support.library import add_document


class ScriptedModels:
    """Answers tasks with functions, those of the offline engine by default; keeps what it was asked."""

    engine: Any = "offline"

    def __init__(self, functions: Mapping[str, OfflineFunction] | None = None) -> None:
        self._functions = {**AGENT.offline, **(functions or {})}
        self.asked: list[tuple[str, Any]] = []

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        self.asked.append((task.name, input))
        output = self._functions[task.name](input)
        assert isinstance(output, task.output)
        if on_delta and task.prose_field:
            on_delta(str(getattr(output, task.prose_field)))
        return output


class NoConverter:
    """Research converts nothing."""

    async def convert(self, content: bytes, *, filename: str, media_type: str = "") -> Converted:
        raise NotImplementedError


def figure(
    page: int, text: str, *, entity: str = "", measure: str = "", shown: str = "", value: str = "0", period: str = ""
) -> NewEntry:
    """Return an insight, with a fact where a measure is given."""
    fact = Fact(entity=entity, measure=measure, value=Decimal(value), unit="USD", period=period, shown=shown)
    return NewEntry(
        key=f"i{uuid4().hex[:8]}",
        level="insight",
        text=text,
        pages=(page,),
        sources=(f"p{page}",),
        facts=(fact,) if measure else (),
        evidence=(Evidence(page=page, start=0, end=len(text), text=text),),
    )


def sales(entity: str, page: int, millions: int, period: str, words: str, measure: str = "total net sales") -> NewEntry:
    """Return an insight about sales in millions."""
    return figure(
        page,
        f"{entity}'s {measure} were ${millions:,} million in {words}.",
        entity=entity,
        measure=measure,
        shown=f"${millions:,} million",
        value=str(millions * 10**6),
        period=period,
    )


async def publish_filing(
    sessions: Sessions,
    embedder: Embedder,
    filename: str,
    card: Json,
    entries: list[NewEntry],
    *,
    pages: int = 4,
    collection: str = "default",
) -> UUID:
    """Store a filing with these insights, a concept over all of them and an abstract."""
    knowledge = Knowledge(sessions, embedder, DEFAULT_PROJECT)
    document_id = await add_document(sessions, filename, collection=collection)
    reading = await knowledge.begin_reading(document_id)
    texts = {n: "\n\n".join(e.text for e in entries if n in e.pages) or f"Page {n}." for n in range(1, pages + 1)}
    converted = Converted(media_type="text/plain", pages=tuple(Page(number=n, markdown=t) for n, t in texts.items()))
    await knowledge.save_pages(document_id, reading.version, converted)
    keys = tuple(e.key for e in entries)
    above = [
        NewEntry(key="c1", level="concept", text=f"{card['short_name']} reports", pages=(1,), sources=keys),
        NewEntry(key="a", level="abstract", text=f"{card['title']} by {card['issuer']}.", pages=(1,), sources=("c1",)),
    ]
    await knowledge.publish(
        document_id,
        reading.version,
        [*entries, *above],
        title=card["title"],
        card=card,
        metadata={},
        quality={},
        page_quality={},
    )
    return document_id


def apple_card(quarter: int, year: int, end: str) -> Json:
    """Return the card of one of Apple's quarterly reports."""
    return {
        "title": f"Apple Inc. quarterly report, Q{quarter} {year}",
        "issuer": "Apple Inc.",
        "short_name": "Apple",
        "form": "10-Q",
        "period_end": end,
        "fiscal_year": str(year),
        "fiscal_period": f"Q{quarter}",
    }


MICROSOFT_CARD = {
    "title": "Microsoft Corporation quarterly report, Q3 2023",
    "issuer": "Microsoft Corporation",
    "short_name": "Microsoft",
    "form": "10-Q",
    "period_end": "2023-03-31",
    "fiscal_year": "2023",
    "fiscal_period": "Q3",
}


async def publish_library(sessions: Sessions, embedder: Embedder) -> dict[str, UUID]:
    """Store three quarterly reports: two of Apple, one of Microsoft."""
    newer = [
        sales("Apple", 4, 81797, "3m:2023-07-01", "the three months ended July 1, 2023"),
        sales("Apple", 4, 82959, "3m:2022-06-25", "the three months ended June 25, 2022"),
        sales("Apple", 4, 293787, "9m:2023-07-01", "the nine months ended July 1, 2023"),
        sales("Apple", 4, 39669, "3m:2023-07-01", "the three months ended July 1, 2023", "iPhone net sales"),
        figure(2, "Apple is subject to legal proceedings that have not been fully resolved."),
        figure(
            3, "Weakness in foreign currencies relative to the U.S. dollar had an unfavorable impact on Apple's sales."
        ),
    ]
    older = [
        sales("Apple", 3, 94836, "3m:2023-04-01", "the three months ended April 1, 2023"),
        sales("Apple", 3, 51334, "3m:2023-04-01", "the three months ended April 1, 2023", "iPhone net sales"),
        figure(2, "Epic Games appealed the ruling in its legal proceedings against Apple."),
    ]
    other = [
        sales("Microsoft", 3, 52857, "3m:2023-03-31", "the three months ended March 31, 2023", "total revenue"),
        figure(4, "Microsoft is a defendant in legal proceedings over patents."),
    ]
    return {
        name: await publish_filing(sessions, embedder, name, card, entries)
        for name, card, entries in (
            ("2023 Q3 AAPL.pdf", apple_card(3, 2023, "2023-07-01"), newer),
            ("2023 Q2 AAPL.pdf", apple_card(2, 2023, "2023-04-01"), older),
            ("2023 Q3 MSFT.pdf", MICROSOFT_CARD, other),
        )
    }


def build_context(sessions: Sessions, embedder: Embedder, models: Models, *, earlier: Sequence[Json] = ()) -> Context:
    """Return what the graph's nodes are given; `earlier` are outputs of the thread."""

    async def list_earlier() -> Sequence[Json]:
        return earlier

    return Context(
        project_id=DEFAULT_PROJECT,
        run_id=uuid4(),
        thread_id=uuid4(),
        knowledge=Knowledge(sessions, embedder, DEFAULT_PROJECT),
        models=models,
        converter=NoConverter(),
        list_earlier=list_earlier,
    )


async def research(
    sessions: Sessions,
    embedder: Embedder,
    question: str,
    *,
    models: Models | None = None,
    earlier: Sequence[Json] = (),
    **options: Any,
) -> tuple[ResearchOutput, list[Json]]:
    """Run research on a question; return its output and what it said on the way."""
    asked = ResearchInput.model_validate({"question": question, **options})
    context = build_context(sessions, embedder, models or ScriptedModels(), earlier=earlier)
    config: Any = {"recursion_limit": AGENT.recursion_limit(asked)}
    said: list[Json] = []
    output: Json = {}
    stream = (
        AGENT.build()
        .compile()
        .astream({"input": asked.model_dump(mode="json")}, config, context=context, stream_mode=["custom", "values"])
    )
    async for part in stream:
        mode, value = cast(tuple[str, Json], part)
        if mode == "custom":
            said.append(value)
        else:
            output = value.get("output", output)
    return ResearchOutput.model_validate(output), said
