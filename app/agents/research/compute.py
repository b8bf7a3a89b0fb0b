"""Sentences whose numbers are computed in code: a figure, its change over periods, two entities side by side."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from app.agents.research.arithmetic import evaluate, list_names, round_half_up, scales, show_expression
from app.agents.research.sentences import end_sentence
from app.agents.research.slots import Slot
from app.agents.research.words import list_stems
from app.knowledge.figures import Figure, find_figures
from app.knowledge.names import possessive
from app.knowledge.periods import Period

SCALE_POWERS = (("trillion", 12), ("billion", 9), ("million", 6), ("thousand", 3))
SCALES = tuple((word, Decimal(10**power)) for word, power in SCALE_POWERS)
PERCENT = re.compile(r"%|percent|share|proportion|fraction|margin|compare|measure up|return on", re.IGNORECASE)
OUTLAYS = frozenset(list_stems("capital expenditures repurchases dividends paid payments purchases expense cost"))
SPANS = {3: "the three months", 6: "the six months", 9: "the nine months", 12: "the year"}


def say_figures(slots: Sequence[Slot]) -> list[str]:
    """Return sentences with `[F…]` marks: each figure as its source says it and what changed between them.

    Of two figures the change comes first: it is what was asked. Slots must carry findings with short ids, be of one
    measure, and stand oldest first within an entity.
    """
    said = list(dict.fromkeys(f"{end_sentence(slot.finding.text)} [{slot.finding.id}]" for slot in slots))
    by_entity: dict[str, list[Slot]] = {}
    for slot in slots:
        by_entity.setdefault(slot.entity, []).append(slot)
    changes = [line for mine in by_entity.values() for line in _changes(mine)]
    compared = [*changes, *_between(list(by_entity.values()))]
    return [*compared, *said] if len(slots) == 2 else [*said, *compared]


def say_formula(question: str, formula: str, slots: Mapping[str, Sequence[Slot]]) -> list[str]:
    """Return the result of a formula of sub-questions, the arithmetic shown, then each figure as its source says it.

    Once for every entity and period that all terms have, or once of single figures; empty where a figure is missing.
    """
    names = list_names(formula)
    if not names or any(not slots.get(name) for name in names):
        return []
    single = all(len(slots[name]) == 1 for name in names)
    rows = [{name: slots[name][0] for name in names}] if single else _aligned(names, slots)
    said = [line for row in rows if (line := _say_result(question, formula, row))]
    used = {slot.finding.id: slot for row in rows for slot in row.values()}
    return [*said, *(f"{end_sentence(slot.finding.text)} [{id}]" for id, slot in used.items())] if said else []


def _aligned(names: Sequence[str], slots: Mapping[str, Sequence[Slot]]) -> list[dict[str, Slot]]:
    """Return a figure for each name, for each entity and period that all of them have."""
    by_key = [{(slot.entity, slot.period.form): slot for slot in slots[name]} for name in names]
    return [
        {name: mine[key] for name, mine in zip(names, by_key, strict=True)}
        for key in by_key[0]
        if all(key in mine for mine in by_key)
    ]


def _say_result(question: str, formula: str, row: Mapping[str, Slot]) -> str:
    figures = {name: figure for name, slot in row.items() if (figure := read_figure(slot))}
    if len(figures) < len(row):
        return ""
    plain = {name: _outlay(row[name], figure) for name, figure in figures.items()}
    value = evaluate(formula, {name: figure.value for name, figure in plain.items()})
    if value is None:
        return ""
    result = _show_result(question, value, plain, money=scales(formula, plain))
    shown = show_expression(formula, {name: figure.text for name, figure in plain.items()})
    periods = {show_period(slot.period): None for slot in row.values()}
    when = f"In {next(iter(periods))}" if len(periods) == 1 else "Computed"
    ids = dict.fromkeys(slot.finding.id for slot in row.values())
    return f"{when}: {result} = {shown} [{', '.join(ids)}]."


def _outlay(slot: Slot, figure: Figure) -> Figure:
    """Return what was paid out as a positive figure: statements often have it below zero."""
    if figure.value >= 0 or not OUTLAYS & set(list_stems(slot.value.measure)):
        return figure
    bare = figure.text.replace("(", "").replace(")", "").lstrip("-−– ")
    return replace(figure, value=-figure.value, text=bare)


def _show_result(question: str, value: Decimal, figures: Mapping[str, Figure], *, money: bool) -> str:
    if money:
        return _like(value, next(iter(figures.values())))
    if PERCENT.search(question):
        return f"{round_half_up(value * 100, Decimal('0.1'))}%"
    return f"{round_half_up(value, Decimal('0.01')):,}"


def show_period(period: Period) -> str:
    """Return a period as a reader says it: "the three months ended July 1, 2023"."""
    if period.end is None or ":" not in period.form:
        shown = period.form.replace("fy:", "fiscal ")
        return f"Q{shown[5:]} {shown[:4]}" if re.fullmatch(r"\d{4}q[1-4]", shown) else shown
    day = f"{period.end:%B} {period.end.day}, {period.end.year}"
    return f"{SPANS[period.months]} ended {day}" if period.months in SPANS else day


def _when(period: Period) -> str:
    return f"as of {show_period(period)}" if period.form.startswith("at:") else f"in {show_period(period)}"


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
    spans = dict.fromkeys(slot.period.months for slot in slots)
    for old, new in (pair for months in spans for pair in pairwise(s for s in slots if s.period.months == months)):
        before, after = read_figure(old), read_figure(new)
        if before and after and old.value.unit == new.value.unit:
            before, after = _outlay(old, before), _outlay(new, after)
            moved = f"from {before.text} {_when(old.period)} to {after.text} {_when(new.period)}"
            said = f"{name_slot(new)} {show_difference(before, after)}, {moved}"
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
    first, second = (f"{name_slot(s)} ({f.text} {_when(s.period)})" for s, f in ((more, high), (less, low)))
    return [f"{first} exceeded {second} by {gap} [{more.finding.id}, {less.finding.id}]."]


def name_slot(slot: Slot) -> str:
    """Return what a figure is of: "Apple's total net sales"."""
    value = slot.value
    scope = f"{value.scope} " if value.scope and value.scope.lower() not in value.measure.lower() else ""
    name = f"{possessive(value.entity.strip())} " if value.entity.strip() else ""
    said = f"{name}{scope}{value.measure}"
    return said[:1].upper() + said[1:]


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
