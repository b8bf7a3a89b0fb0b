"""Whether something found is about what was asked; the ground on which the collection "does not have it"."""

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from app.agents.research.documents import Known
from app.agents.research.questions import Reading
from app.agents.research.schemas import Finding
from app.agents.research.words import covered, list_stems
from app.knowledge.figures import find_figures
from app.knowledge.periods import Period, find_periods

ENOUGH = 0.5
REASONS = frozenset(
    list_stems("due driven because offset partially primarily reflecting attributable resulting impact")
)
CELLS = re.compile(r" \| |: [^;:]+; [^;:]+: ")


def relevance(reading: Reading, finding: Finding, document: Known | None) -> float:
    """Return how much of the question's own words a finding has, 0 to 1; 0 when its names or years are missing."""
    context = document.context if document else finding.filename
    around = f"{finding.text} {context}"
    if reading.issuers and not _of_issuer(reading, around, document):
        return 0.0
    if reading.names and not any(_has(name, around) for name in reading.names):
        return 0.0
    if reading.years and not any(year in _dated_text(finding, around) for year in reading.years):
        return 0.0
    if reading.periods and not any(_of_period(p, finding, document) for p in reading.periods):
        return 0.0
    return covered(reading.measure, around) if reading.measure else (0.6 if reading.issuers or reading.names else 0.0)


def states_figure(text: str) -> bool:
    """Tell whether a text is a sentence with an amount or a percentage, not the cells of a table run together."""
    return not CELLS.search(text) and any(f.kind != "year" and (f.unit or f.scaled) for f in find_figures(text))


def gives_reason(text: str) -> bool:
    """Tell whether a text says what something came from or led to."""
    return bool(REASONS & set(list_stems(text)))


def missing_names(reading: Reading, findings: Iterable[Finding], documents: Mapping[UUID, Known]) -> list[str]:
    """Return the names of a question that no finding has."""
    around = [f"{f.text} {_context(f, documents)}" for f in findings]
    return [name for name in reading.names if not any(_has(name, text) for text in around)]


def _has(name: str, text: str) -> bool:
    return set(name.split()) <= set(list_stems(text))


def _of_issuer(reading: Reading, around: str, document: Known | None) -> bool:
    if document and document.names & set(reading.issuers):
        return True
    lowered = around.lower()
    return any(name in lowered for name in reading.issuers)


def _of_period(wanted: Period, finding: Finding, document: Known | None) -> bool:
    """Tell whether a finding or its document is of a dated period; of years only the number is asked."""
    if wanted.end is None or ":" not in wanted.form:
        return True
    if document and (wanted.end == document.end or any(wanted.end.isoformat() in label for label in document.labels)):
        return True
    told = (p.end for _, _, p in find_periods(finding.text))
    return wanted.end in told or any(wanted.end.isoformat() in fact.period for fact in finding.facts)


def _dated_text(finding: Finding, around: str) -> str:
    return f"{around} {' '.join(fact.period for fact in finding.facts)}"


def _context(finding: Finding, documents: Mapping[UUID, Known]) -> str:
    document = documents.get(finding.document_id) if finding.document_id else None
    return document.context if document else finding.filename
