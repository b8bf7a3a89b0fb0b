"""Findings that say different things about the same slot, side by side."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from app.agents.research.documents import Known, age_key
from app.agents.research.schemas import Contradiction, Finding, Side, SlotValue
from app.agents.research.words import core_name, list_stems
from app.knowledge.figures import find_figures, match_figure
from app.knowledge.types import DiscrepancyView, EntryView

Slot = tuple[str, tuple[str, ...], str, str]


def find_contradictions(findings: Iterable[Finding], documents: Mapping[UUID, Known]) -> list[Contradiction]:
    """Return slots with values that do not agree at the stated precision, newest document first."""
    slots: dict[Slot, list[tuple[Finding, SlotValue]]] = {}
    for finding in findings:
        for value in finding.facts:
            slots.setdefault(_slot(value), []).append((finding, value))
    found = (_contradiction(sides, documents) for sides in slots.values())
    return [contradiction for contradiction in found if contradiction]


def add_open(
    found: Iterable[Contradiction], known: Iterable[DiscrepancyView], findings: Iterable[Finding]
) -> list[Contradiction]:
    """Return contradictions with the collection's open discrepancies that touch findings and are not among them."""
    short = {f.entry_id: f.id for f in findings}
    merged = list(found)
    for discrepancy in known:
        sides = [_told(entry, shown, short) for entry, shown in _sides(discrepancy)]
        if not any({s.shown for s in sides} <= {s.shown for s in c.sides} for c in merged):
            merged.append(_open(discrepancy, sides))
    return merged


def touches(contradiction: Contradiction, cited: set[str]) -> bool:
    """Tell whether one of the sides is cited."""
    return any(side.finding in cited for side in contradiction.sides)


def _open(discrepancy: DiscrepancyView, sides: list[Side]) -> Contradiction:
    detail = discrepancy.detail
    measure = " ".join(filter(None, (detail.get("scope"), detail.get("measure"))))
    return Contradiction(
        entity=detail.get("entity", ""),
        measure=measure,
        period=detail.get("period", ""),
        sides=sides,
        kind=discrepancy.kind,
    )


def _sides(discrepancy: DiscrepancyView) -> list[tuple[EntryView, str]]:
    """Return both entries with what they show, the newer first."""
    both = [(getattr(discrepancy, name), _shown(discrepancy.detail.get(name))) for name in ("entry", "other")]
    return sorted(both, key=lambda side: side[0].id != discrepancy.newer_entry_id)


def _shown(said: object) -> str:
    return str(said.get("shown", "")) if isinstance(said, dict) else ""


def _told(entry: EntryView, shown: str, short: Mapping[UUID, str]) -> Side:
    return Side(
        finding=short.get(entry.id, ""),
        filename=entry.filename,
        pages=sorted(entry.pages),
        shown=shown or entry.text,
        text=entry.text,
    )


def _slot(value: SlotValue) -> Slot:
    return (
        core_name(value.entity),
        tuple(sorted(set(list_stems(f"{value.scope} {value.measure}")))),
        value.period,
        value.unit,
    )


def _contradiction(sides: list[tuple[Finding, SlotValue]], documents: Mapping[UUID, Known]) -> Contradiction | None:
    newest = sorted(sides, key=lambda side: _age(side[0], documents), reverse=True)
    kept: list[tuple[Finding, SlotValue]] = []
    for finding, value in newest:
        if not any(_agree(value, other) or finding.document_id == f.document_id for f, other in kept):
            kept.append((finding, value))
    if len(kept) < 2:
        return None
    first = kept[0][1]
    return Contradiction(
        entity=first.entity,
        measure=" ".join(filter(None, (first.scope, first.measure))),
        period=first.period,
        sides=[Side(finding=f.id, filename=f.filename, pages=f.pages, shown=v.shown, text=f.text) for f, v in kept],
    )


def _age(finding: Finding, documents: Mapping[UUID, Known]) -> tuple[str, str]:
    document = documents.get(finding.document_id) if finding.document_id else None
    return age_key(document) if document else ("", finding.filename)


def _agree(one: SlotValue, other: SlotValue) -> bool:
    if one.value == other.value:
        return True
    first, second = find_figures(one.shown), find_figures(other.shown)
    return any(match_figure(f, second) or match_figure(s, first) for f in first[:1] for s in second[:1])
