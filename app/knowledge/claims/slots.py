"""A stored figure's slot against what a claim says: entity, measure, period, value."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from app.knowledge.claims.measures import find_measure, strip_measure
from app.knowledge.claims.periods import compare_periods, parse_period
from app.knowledge.claims.types import Slot
from app.knowledge.claims.words import find_stems, list_words, share
from app.knowledge.figures import CODES, Figure, find_figures
from app.knowledge.periods import Period, find_periods

SAME_MEASURE = 0.8

_LEGAL = frozenset({"inc", "co", "corp", "corpor", "compani", "ltd", "plc", "llc", "group", "hold", "ag", "sa", "n.v"})
_NEUTRAL = find_stems(
    "total net consolidated amount reported company provision expense benefit ended attributable basis"
    " continuing operations gaap ending balance"
)
_HEADINGS = find_stems(
    "current noncurrent non assets expense expenses operating other income costs cash flows activities"
)
"""Words of headings that a row's name may carry and that narrow nothing."""
_NON_CURRENT = find_stems("non-current liabilities")


def measures_it(claim: str, slot: Slot) -> bool:
    """Tell whether a claim speaks of the slot's measure, by any of its names."""
    asked, named = find_measure(claim), find_measure(slot.measure)
    if asked and named:
        return asked == named
    wanted = find_stems(slot.measure)
    return bool(wanted) and share(wanted, find_stems(claim)) >= SAME_MEASURE


def is_exactly(claim: str, slot: Slot, periods: Sequence[Period]) -> bool:
    """Tell whether a claim speaks of this slot and no other: its entity, scope, period, and no narrower measure."""
    asked = find_stems(claim) | _NEUTRAL | find_stems(slot.entity)
    narrower = find_stems(strip_measure(_drop_heading(slot.measure), find_measure(claim)))
    narrower |= find_stems(slot.scope) - find_stems(slot.measure)
    same_period = compare_periods(periods, [parse_period(slot.period)] if slot.period else []) == "same"
    return same_period and names_entity(claim, slot.entity) and narrower <= asked


def names_entity(text: str, entity: str) -> bool:
    """Tell whether a text names an entity: by a word of its name that is not its legal form, or by its initials."""
    return bool(_entity_words(text, entity))


def list_entity_terms(text: str) -> list[str]:
    """Return what an entity may be found by: each capitalised word of a text, and the initials of a row of them."""
    words = [word for word in list_words(re.sub(r"['’]s\b", "", text)) if word[0].isupper() and len(word) > 2]
    return list(dict.fromkeys([*words, *_initials(text)]))


def strip_slot(text: str, slot: Slot) -> str:
    """Return what a text says beyond the slot: without the slot's entity, its measure and any period."""
    for start, end, _ in reversed(find_periods(text)):
        text = text[:start] + " " * (end - start) + text[end:]
    if measures_it(text, slot):
        text = strip_measure(text, find_measure(text))
    for word in _entity_words(text, slot.entity):
        text = re.sub(rf"\b{re.escape(word)}(?:['’]s)?(?!\w)", " ", text)
    return text


def read_slot(slot: Slot) -> Figure:
    """Return the slot's value as a figure, as precise as its source shows it."""
    shown = [figure for figure in find_figures(slot.shown) if figure.kind != "year"]
    precision = Decimal(1)
    if len(shown) == 1 and shown[0].value:
        precision = abs(shown[0].precision * slot.value / shown[0].value)
    kind, unit = _kind(slot.unit)
    return Figure(
        start=0, end=0, text=slot.shown, value=slot.value, kind=kind, unit=unit, precision=precision, scaled=True
    )


def _drop_heading(measure: str) -> str:
    """Return a row's own name where what stands before it is only a general heading ("Current assets, Inventories")."""
    heading, _, own = measure.replace(":", ",").rpartition(",")
    same = find_measure(own) is not None and find_measure(own) == find_measure(measure)
    words = find_stems(heading)
    return own if same and (words <= _HEADINGS or words == _NON_CURRENT) else measure


def _kind(unit: str) -> tuple[Literal["currency", "percent", "count"], str]:
    if unit in ("percent", "%"):
        return "percent", "percent"
    code = re.match(rf"(?:{CODES})\b", unit.upper())
    return ("currency", code.group()) if code else ("count", "")


def _entity_words(text: str, entity: str) -> list[str]:
    """Return the words of a text that name the entity."""
    own = find_stems(entity) - _LEGAL
    named = [word for word in list_words(text) if find_stems(word) & own]
    runs = [run for run in _runs(text) if _short(run) in list_words(entity)]
    return named + [word for run in runs for word in run]


def _initials(text: str) -> list[str]:
    return [_short(run) for run in _runs(text) if len(run) > 1]


def _runs(text: str) -> list[list[str]]:
    return [run.split() for run in re.findall(r"(?:\b[A-Z][\w&-]*\s+)+[A-Z][\w&-]*", text)]


def _short(run: Sequence[str]) -> str:
    return "".join(word[0] for word in run)
