"""Which searches a sub-question is worth, and what they bring home as findings."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from app.agents.research.documents import Known
from app.agents.research.packing import estimate_tokens
from app.agents.research.questions import Reading
from app.agents.research.relevance import gives_reason, relevance, states_figure
from app.agents.research.schemas import Finding, PlanStep, SlotValue
from app.agents.research.sentences import Piece, split_pieces
from app.agents.research.state import SearchOrder
from app.agents.research.words import covered
from app.knowledge.assertions import read_assertions
from app.knowledge.types import EntryView

SPREAD_DOCUMENTS = 12
PASSAGE_TOKENS = 120
TELLING = 0.2
"""What a stated figure adds to the score of a sentence where figures are asked for, and a reason where reasons are."""


def first_orders(step: PlanStep, reading: Reading) -> list[SearchOrder]:
    """Return the searches of a sub-question's first round: facts by slot, documents one by one or routed, concepts."""
    chosen = [str(i) for i in reading.document_ids]
    if reading.kind == "collection":
        return [_order(step, "overview", reading.text, chosen)]
    query = " ".join([step.question, *step.terms])
    orders = [_order(step, "facts", step.question, chosen)] if reading.measure else []
    spread = 1 < len(chosen) <= SPREAD_DOCUMENTS and (reading.spread or bool(reading.issuers))
    if spread:
        orders += [_order(step, "insights", query, [document]) for document in chosen]
    else:
        orders.append(_order(step, "insights", query, chosen))
    if len(chosen) > SPREAD_DOCUMENTS:
        orders.append(_order(step, "routed", query, chosen))
    return [*orders, _order(step, "concepts", query, chosen), _order(step, "recollections", query)]


def thread_order(step: PlanStep) -> SearchOrder:
    """Return the search of a sub-question among what its thread has found, and beside it."""
    return _order(step, "thread", step.question)


def further_orders(step: PlanStep, reading: Reading, terms: Sequence[str]) -> list[SearchOrder]:
    """Return the searches of a later round: new terms everywhere, then pages themselves."""
    chosen = [str(i) for i in reading.document_ids]
    asked = [_order(step, "insights", term) for term in dict.fromkeys(t.strip() for t in terms) if term]
    return [*asked, _order(step, "pages", step.question, chosen)]


def finding_of(entry: EntryView, *, step: str, score: float, text: str | None = None) -> Finding:
    """Return an entry as a finding of a sub-question; without stored facts, with those its sentence states."""
    said = " ".join((text or entry.text).split())
    told = entry.facts or (read_assertions(said) if len(split_pieces(said)) == 1 else ())
    return Finding(
        entry_id=entry.id,
        level=entry.level,
        document_id=entry.document_id,
        filename=entry.filename,
        pages=_pages(entry),
        text=said,
        score=round(score, 4),
        sub_questions=[step],
        facts=[] if text else [SlotValue(**vars(fact)) for fact in told],
        quote=text or " … ".join(e.text for e in entry.evidence),
    )


def ranked_findings(
    entries: Iterable[EntryView], *, step: str, reading: Reading, documents: Mapping[UUID, Known]
) -> list[Finding]:
    """Return entries as findings; half the score is what they share with the question, half their rank.

    Where figures or reasons are asked for, a sentence that has one comes before one that does not.
    """
    found = []
    for rank, entry in enumerate(entries):
        finding = finding_of(entry, step=step, score=0.0)
        near = relevance(reading, finding, documents.get(entry.document_id) if entry.document_id else None)
        told = TELLING * (
            (reading.quantified and states_figure(finding.text)) + (reading.causal and gives_reason(finding.text))
        )
        found.append(finding.model_copy(update={"score": round(0.5 * near + 0.5 / (1 + rank / 8) + told, 4)}))
    return found


def best_passage(page: EntryView, reading: Reading) -> str | None:
    """Return the sentence of a page with most of the question's words and what follows it, None where none has any.

    Tables are left to what was read from their rows: cells run together tell nobody anything.
    """
    pieces = split_pieces(page.text)
    scored = [(covered(reading.measure, p.text), -n) for n, p in enumerate(pieces) if _is_prose(p)]
    if not scored or not reading.measure or max(scored)[0] == 0:
        return None
    best = -max(scored)[1]
    end = best + 1
    while end < len(pieces) and _is_prose(pieces[end]):
        if estimate_tokens(page.text[pieces[best].start : pieces[end].end]) >= PASSAGE_TOKENS:
            break
        end += 1
    return page.text[pieces[best].start : pieces[end - 1].end]


def _is_prose(piece: Piece) -> bool:
    """Tell whether a piece is a sentence, no row and no heading, which a page may have as a line in bold."""
    return piece.kind == "sentence" and not re.fullmatch(r"\*\*[^*]+\*\*", piece.text)


def _order(step: PlanStep, kind: str, query: str, document_ids: Sequence[str] = ()) -> SearchOrder:
    words = " ".join(sorted(set(query.lower().split())))
    digest = hashlib.sha256(f"{kind}|{words}|{','.join(sorted(document_ids))}".encode()).hexdigest()[:16]
    return SearchOrder(key=f"{step.id}:{digest}", step=step.id, query=query, kind=kind, document_ids=list(document_ids))


def _pages(entry: EntryView) -> list[int]:
    shown = sorted({e.page for e in entry.evidence})
    return shown if len(shown) == 1 else sorted(set(entry.pages))
