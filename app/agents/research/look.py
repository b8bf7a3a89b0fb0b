"""The search step: one order, carried out in the store, brought home as findings."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from langgraph.runtime import Runtime
from pydantic import TypeAdapter

from app.agents.base import Context
from app.agents.research.documents import Known
from app.agents.research.questions import Reading, read_question
from app.agents.research.schemas import Finding, PlanStep
from app.agents.research.searches import best_passage, finding_of, ranked_findings
from app.agents.research.slots import find_slots, list_terms, measure_fit
from app.agents.research.state import SearchOrder, SearchWork
from app.agents.research.thread import Turn, known_entries
from app.db import Json
from app.errors import BudgetExceeded
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import EntryView, Filters, Level

KNOWN = TypeAdapter(list[Known])
INSIGHTS, PER_DOCUMENT, CONCEPTS, PAGES, OVERVIEW, FACTS = 20, 8, 3, 4, 12, 60
WALKED, SIBLINGS, RECOLLECTIONS = 6, 200, 4


@dataclass(frozen=True, kw_only=True)
class Hunt:
    """What a search has to go by."""

    order: SearchOrder
    step: PlanStep
    reading: Reading
    knowledge: Knowledge
    documents: Mapping[UUID, Known]
    collection_ids: tuple[UUID, ...]
    known: tuple[UUID, ...]
    """What the thread has found before."""
    emit: Callable[..., None]

    @property
    def within(self) -> tuple[UUID, ...]:
        """The documents the order is limited to, none for all."""
        return tuple(UUID(i) for i in self.order["document_ids"])

    async def ask(self, level: Level, limit: int, within: tuple[UUID, ...] | None = None) -> list[EntryView]:
        """Return the entries of one level nearest to the order's query."""
        filters = Filters(
            collection_ids=self.collection_ids, document_ids=self.within if within is None else within, levels=(level,)
        )
        return [hit.entry for hit in await self.knowledge.search(self.order["query"], filters=filters, limit=limit)]

    def rank(self, entries: list[EntryView]) -> list[Finding]:
        """Return entries as findings of the order's sub-question."""
        return ranked_findings(entries, step=self.step.id, reading=self.reading, documents=self.documents)


async def search(state: SearchWork, runtime: Runtime[Context]) -> Json:
    """Carry out one search and note what it finds."""
    documents = KNOWN.validate_python(state["documents"])
    step = PlanStep.model_validate(state["step"])
    hunt = Hunt(
        order=state["order"],
        step=step,
        reading=read_question(step.question, documents),
        knowledge=runtime.context.knowledge,
        documents={d.id: d for d in documents},
        collection_ids=tuple(UUID(i) for i in state["collection_ids"]),
        known=tuple(known_entries([Turn.model_validate(t) for t in state["turns"]])),
        emit=runtime.context.emit,
    )
    try:
        findings = await KINDS[hunt.order["kind"]](hunt)
    except BudgetExceeded:
        findings = []
    _tell(runtime.context, hunt.order, findings)
    return {
        "findings": {str(f.entry_id): f.model_dump(mode="json") for f in findings},
        "searched": {hunt.order["key"]: {"kind": hunt.order["kind"], "found": len(findings)}},
    }


async def find_by_slot(hunt: Hunt) -> list[Finding]:
    """Return the facts whose measure is asked, those of the right entity and period first."""
    found: dict[UUID, EntryView] = {}
    for terms in list_terms(hunt.reading):
        filters = Filters(collection_ids=hunt.collection_ids, document_ids=hunt.within, levels=("insight",))
        views = await hunt.knowledge.find_facts(filters=filters, measure_terms=terms, limit=1500)
        found.update({view.id: view for view in views})
    return _measured(hunt, found.values())


async def find_in_thread(hunt: Hunt) -> list[Finding]:
    """Return what the thread has found before and still stands, and the facts beside it that are asked for now."""
    here = [e for e in await hunt.knowledge.list_entries(hunt.known) if _is_within(hunt, e)]
    beside: dict[UUID, EntryView] = {e.id: e for e in here}
    for entry in here[:WALKED]:
        beside.update({e.id: e for e in await hunt.knowledge.list_linked(entry.id, "siblings", limit=SIBLINGS)})
    measured = _measured(hunt, (e for e in beside.values() if e.grounding != "ungrounded"))
    taken = {f.entry_id for f in measured}
    return [*measured, *(f for f in hunt.rank(here) if f.entry_id not in taken)]


async def find_insights(hunt: Hunt) -> list[Finding]:
    """Return the insights nearest to the query."""
    return hunt.rank(await hunt.ask("insight", PER_DOCUMENT if len(hunt.within) == 1 else INSIGHTS))


async def find_routed(hunt: Hunt) -> list[Finding]:
    """Find documents by their abstracts and by what is remembered, then insights in them."""
    told = [*await hunt.ask("abstract", 6), *await hunt.ask("recollection", 4, ())]
    chosen = tuple(dict.fromkeys(e.document_id for e in told if e.document_id))
    return hunt.rank(await hunt.ask("insight", INSIGHTS, chosen)) if chosen else []


async def find_around_concepts(hunt: Hunt) -> list[Finding]:
    """Find concepts and walk down to the insights they were made from."""
    below: dict[UUID, EntryView] = {}
    for concept in await hunt.ask("concept", CONCEPTS):
        sources = await hunt.knowledge.list_linked(concept.id, "sources", limit=PER_DOCUMENT)
        below.update({e.id: e for e in sources if e.level == "insight" and e.grounding != "ungrounded"})
    return hunt.rank(list(below.values()))


async def find_by_recollections(hunt: Hunt) -> list[Finding]:
    """Look at what is remembered and walk to what it rests on; only that can be cited."""
    remembered = await hunt.ask("recollection", RECOLLECTIONS, ())
    below: dict[UUID, EntryView] = {}
    for entry in remembered:
        sources = await hunt.knowledge.list_linked(entry.id, "sources", limit=PER_DOCUMENT)
        below.update({e.id: e for e in sources if _is_within(hunt, e)})
    if remembered:
        texts = [entry.text for entry in remembered]
        hunt.emit("research.reminded", key=f"reminded:{hunt.order['key']}", step=hunt.step.id, recollections=texts)
    measured = _measured(hunt, below.values())
    taken = {f.entry_id for f in measured}
    return [*measured, *(f for f in hunt.rank(list(below.values())) if f.entry_id not in taken)]


async def find_on_pages(hunt: Hunt) -> list[Finding]:
    """Read the nearest pages themselves and take the passage that has most of the question."""
    found = []
    for rank, page in enumerate(await hunt.ask("page", PAGES)):
        passage = best_passage(page, hunt.reading)
        if passage:
            found.append(finding_of(page, step=hunt.step.id, score=0.4 / (1 + rank), text=passage))
    return found


async def find_overview(hunt: Hunt) -> list[Finding]:
    """Return what the documents of the collection are, by their abstracts."""
    entries = await hunt.ask("abstract", OVERVIEW)
    return [finding_of(e, step=hunt.step.id, score=1 / (1 + rank)) for rank, e in enumerate(entries)]


KINDS: dict[str, Callable[[Hunt], Awaitable[list[Finding]]]] = {
    "facts": find_by_slot,
    "insights": find_insights,
    "routed": find_routed,
    "concepts": find_around_concepts,
    "pages": find_on_pages,
    "overview": find_overview,
    "thread": find_in_thread,
    "recollections": find_by_recollections,
}


def _measured(hunt: Hunt, entries: Iterable[EntryView]) -> list[Finding]:
    """Return the entries with a figure that is asked for as findings, best fitting first."""
    findings = [_only_measured(hunt, finding_of(entry, step=hunt.step.id, score=0.0)) for entry in entries]
    slots = find_slots(hunt.reading, [f for f in findings if f.facts], hunt.documents)
    best = {s.finding.entry_id: s.finding.model_copy(update={"score": round(1 + s.fit, 4)}) for s in reversed(slots)}
    return sorted(best.values(), key=lambda f: (-f.score, str(f.entry_id)))[:FACTS]


def _is_within(hunt: Hunt, entry: EntryView) -> bool:
    return entry.document_id in hunt.documents and entry.grounding != "ungrounded"


def _only_measured(hunt: Hunt, finding: Finding) -> Finding:
    return finding.model_copy(update={"facts": [f for f in finding.facts if measure_fit(hunt.reading, f) > 0]})


def _tell(context: Context, order: SearchOrder, findings: list[Finding]) -> None:
    context.emit(
        "research.searched",
        key=f"searched:{order['key']}",
        step=order["step"],
        kind=order["kind"],
        query=order["query"],
        found=len(findings),
    )
    if findings:
        best = [{"text": f.text, "filename": f.filename, "pages": f.pages} for f in findings[:3]]
        context.emit("research.found", key=f"found:{order['key']}", step=order["step"], findings=best)
