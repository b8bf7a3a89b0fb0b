"""Sentences whose numbers are computed in code: a figure, its change over periods, two entities side by side."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from app.agents.research.slots import Slot
from app.knowledge.figures import Figure, find_figures
from app.knowledge.periods import Period

SCALE_POWERS = (("trillion", 12), ("billion", 9), ("million", 6), ("thousand", 3))
SCALES = tuple((word, Decimal(10**power)) for word, power in SCALE_POWERS)
SPANS = {3: "the three months", 6: "the six months", 9: "the nine months", 12: "the year"}


def say_figures(slots: Sequence[Slot]) -> list[str]:
    """Return sentences with `[F…]` marks: each figure as its source says it and what changed between them.

    Of two figures the change comes first: it is what was asked. Slots must carry findings with short ids, be of one
    measure, and stand oldest first within an entity.
    """
    said = list(dict.fromkeys(f"{_sentence(slot.finding.text)} [{slot.finding.id}]" for slot in slots))
    by_entity: dict[str, list[Slot]] = {}
    for slot in slots:
        by_entity.setdefault(slot.entity, []).append(slot)
    changes = [line for mine in by_entity.values() for line in _changes(mine)]
    compared = [*changes, *_between(list(by_entity.values()))]
    return [*compared, *said] if len(slots) == 2 else [*said, *compared]


def show_period(period: Period) -> str:
    """Return a period as a reader says it: "the three months ended July 1, 2023"."""
    if period.end is None or ":" not in period.form:
        shown = period.form.replace("fy:", "fiscal ")
        return f"Q{shown[5:]} {shown[:4]}" if re.fullmatch(r"\d{4}q[1-4]", shown) else shown
    day = f"{period.end:%B} {period.end.day}, {period.end.year}"
    return f"{SPANS[period.months]} ended {day}" if period.months in SPANS else day


def show_difference(old: Figure, new: Figure) -> str:
    """Return "fell by $1,162 million (1.4%)" for two figures of one unit, or "did not change"."""
    change = new.value - old.value
    if not change:
        return "did not change"
    return f"{'rose' if change > 0 else 'fell'} by {_like(abs(change), new)}{_percent(old, change)}"


def read_figure(slot: Slot) -> Figure | None:
    """Return the slot's figure as its sentence says it, None where the sentence does not have it."""
    found = find_figures(slot.finding.text)
    return next((f for f in found if abs(f.value) == abs(slot.value.value)), None)


def _changes(slots: Sequence[Slot]) -> list[str]:
    found = []
    for old, new in pairwise(slots):
        before, after = read_figure(old), read_figure(new)
        if before and after and old.value.unit == new.value.unit:
            spans = f"from {before.text} in {show_period(old.period)} to {after.text} in {show_period(new.period)}"
            said = f"{name_slot(new)} {show_difference(before, after)}, {spans}"
            found.append(f"{said} [{old.finding.id}, {new.finding.id}].")
    return found


def _between(groups: Sequence[Sequence[Slot]]) -> list[str]:
    if len(groups) != 2:
        return []
    pair = [(slot, figure) for group in groups for slot in group[-1:] if (figure := read_figure(slot))]
    if len(pair) != 2 or pair[0][0].value.unit != pair[1][0].value.unit or pair[0][1].value == pair[1][1].value:
        return []
    (more, high), (less, low) = sorted(pair, key=lambda p: p[1].value, reverse=True)
    gap = _like(high.value - low.value, high)
    first, second = (f"{name_slot(s)} ({f.text} in {show_period(s.period)})" for s, f in ((more, high), (less, low)))
    return [f"{first} exceeded {second} by {gap} [{more.finding.id}, {less.finding.id}]."]


def name_slot(slot: Slot) -> str:
    """Return what a figure is of: "Apple's total net sales"."""
    value = slot.value
    scope = f"{value.scope} " if value.scope and value.scope.lower() not in value.measure.lower() else ""
    name = f"{value.entity.strip()}'s " if value.entity.strip() else ""
    said = f"{name}{scope}{value.measure}"
    return said[:1].upper() + said[1:]


def _sentence(text: str) -> str:
    bare = text.strip()
    return bare if bare.endswith((".", "!", "?")) else f"{bare}."


def _percent(first: Figure, change: Decimal) -> str:
    if first.kind == "percent" or first.value <= 0:
        return ""
    share = (abs(change) / first.value * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f" ({share}%)"


def _like(value: Decimal, model: Figure) -> str:
    """Show a value in the scale, precision and unit of a figure."""
    word, factor = next(((w, f) for w, f in SCALES if w in model.text.lower()), ("", Decimal(1)))
    digits = f"{(value / factor).quantize(model.precision / factor):,f}"
    if model.kind == "percent":
        return f"{digits} percentage points"
    symbol = re.match(r"[^\d.]*", model.text.lstrip("(-−– "))
    mark = symbol[0].strip() if symbol and model.kind == "currency" else ""
    return " ".join(filter(None, (f"{mark}{digits}", word)))
