"""What a question names and nothing was found for: periods and companies."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.agents.research.compute import show_period
from app.agents.research.documents import Known
from app.agents.research.questions import Reading
from app.agents.research.slots import Slot, period_fit
from app.agents.research.words import core_name
from app.knowledge.periods import Period


def list_gaps(reading: Reading, slots: Sequence[Slot], documents: Mapping[UUID, Known]) -> list[str]:
    """Return the periods and companies asked for that no figure is of, as a reader says them; none without figures."""
    if not slots or reading.kind not in ("figure", "change"):
        return []
    named = {d.id: d.names for d in documents.values()}
    periods = [show_period(p) for p in reading.periods if not any(_is_of(p, s, documents) for s in slots)]
    told = {name for s in slots if s.finding.document_id in named for name in named[s.finding.document_id]}
    told |= {core_name(s.value.entity) for s in slots}
    return [*periods, *(name.title() for name in reading.issuers if name not in told)]


def _is_of(period: Period, slot: Slot, documents: Mapping[UUID, Known]) -> bool:
    document = documents.get(slot.finding.document_id) if slot.finding.document_id else None
    return period_fit(period, slot.period, document) > 0
