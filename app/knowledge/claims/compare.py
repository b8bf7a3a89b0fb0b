"""The figures of a claim against the figures of evidence: by value, unit and period, in code."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from app.knowledge.claims.measures import find_measure
from app.knowledge.claims.types import Passage, Slot
from app.knowledge.claims.words import find_stems, share
from app.knowledge.figures import Figure, derive_figure, find_figures, match_figure
from app.knowledge.periods import Period, find_periods

SAME_SUBJECT = 0.5
SAME_STATEMENT = 0.8

Outcome = Literal["same", "other", "missing"]
Sameness = Literal["same", "unsure", "other"]


@dataclass(frozen=True, kw_only=True)
class FigureFinding:
    """What the evidence says of one figure of a claim; `passage` and `shown` where it says something."""

    figure: Figure
    outcome: Outcome
    passage: Passage | None = None
    shown: str = ""


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A figure of the evidence and how near its slot is to the claim's."""

    figure: Figure
    passage: Passage
    shown: str
    rival: bool


def compare_figures(claim: str, passages: Sequence[Passage]) -> list[FigureFinding]:
    """Return a finding for each figure of a claim.

    "same": it stands in evidence on the same subject and period, or follows from two figures of it. "other": the
    evidence gives another value for the same measure, subject and period. "missing": neither.
    """
    asked = _Asked.of(claim)
    return [_compare(figure, asked, passages) for figure in asked.figures]


def compare_periods(claimed: Sequence[Period], stated: Sequence[Period]) -> Sameness:
    """Tell whether two statements speak of one period: "unsure" where one names none or the forms do not compare."""
    if not claimed or not stated:
        return "unsure"
    kinds = {_same_period(mine, theirs) for mine in claimed for theirs in stated}
    if "same" in kinds:
        return "same"
    return "unsure" if "unsure" in kinds else "other"


def parse_period(form: str) -> Period:
    """Return the period of a stored form."""
    head, _, day = form.partition(":")
    words = {"at": f"as of {day}", "fy": f"year ended {day}" if "-" in day else f"fiscal year {day}"}
    text = words.get(head, f"{head.removesuffix('m')} months ended {day}" if day else form)
    found = find_periods(text)
    return found[0][2] if found else Period(form=form)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    figures: tuple[Figure, ...]
    periods: tuple[Period, ...]
    measure: str | None
    stems: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "_Asked":
        return cls(
            figures=tuple(figure for figure in find_figures(text) if figure.kind != "year"),
            periods=tuple(period for _, _, period in find_periods(text)),
            measure=find_measure(text),
            stems=find_subject(text),
        )


def find_subject(text: str) -> frozenset[str]:
    """Return the stems of a text without its figures and periods."""
    plain = _blank(strip_figures(text), [(start, end) for start, end, _ in find_periods(text)])
    return frozenset(word for word in find_stems(plain) if not re.fullmatch(r"[\d.,]+|month|end|year|quarter", word))


def strip_figures(text: str) -> str:
    """Return the text with its figures, other than years, blanked out; places stay what they were."""
    return _blank(text, [(figure.start, figure.end) for figure in find_figures(text) if figure.kind != "year"])


def _blank(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _compare(figure: Figure, asked: _Asked, passages: Sequence[Passage]) -> FigureFinding:
    seen = [item for passage in passages for item in _look(figure, asked, passage)]
    for item in seen:
        if match_figure(figure, [item.figure]):
            return FigureFinding(figure=figure, outcome="same", passage=item.passage, shown=item.shown)
    if derived := _derive(figure, asked, passages):
        return derived
    rival = next((item for item in seen if item.rival and _conflicts(figure, item.figure)), None)
    if rival is None:
        return FigureFinding(figure=figure, outcome="missing")
    return FigureFinding(figure=figure, outcome="other", passage=rival.passage, shown=rival.shown)


def _look(figure: Figure, asked: _Asked, passage: Passage) -> Iterator[_Seen]:
    yield from _look_at_slots(figure, asked, passage)
    told = _Asked.of(passage.text)
    near = share(asked.stems, told.stems | find_stems(passage.context))
    same_period = compare_periods(asked.periods, told.periods)
    if same_period == "other" or (near < SAME_SUBJECT and not _same_measure(asked, told)):
        return
    alike = [item for item in told.figures if _same_kind(figure, item)]
    clear = same_period == "same" or not (asked.periods or told.periods)
    rival = clear and len(alike) == 1 and len(told.periods) <= 1 and near >= SAME_STATEMENT
    for item in alike:
        yield _Seen(figure=item, passage=passage, shown=item.text, rival=rival)


def _look_at_slots(figure: Figure, asked: _Asked, passage: Passage) -> Iterator[_Seen]:
    for slot in passage.slots:
        sameness = compare_periods(asked.periods, [parse_period(slot.period)] if slot.period else [])
        if sameness == "other" or not _measures(asked, slot):
            continue
        read = _read_slot(slot)
        if _same_kind(figure, read):
            rival = sameness == "same" and _is_of(asked, slot)
            yield _Seen(figure=read, passage=passage, shown=slot.shown or str(slot.value), rival=rival)


def _measures(asked: _Asked, slot: Slot) -> bool:
    named = find_measure(slot.measure)
    if asked.measure and named:
        return asked.measure == named
    wanted = find_stems(slot.measure)
    return bool(wanted) and share(wanted, asked.stems) >= SAME_STATEMENT


def _is_of(asked: _Asked, slot: Slot) -> bool:
    scoped = find_stems(slot.scope)
    entity = find_stems(slot.entity)
    return bool(entity & asked.stems) and share(scoped, asked.stems) == 1.0


def _same_measure(asked: _Asked, told: _Asked) -> bool:
    return asked.measure is not None and asked.measure == told.measure


def _same_kind(mine: Figure, theirs: Figure) -> bool:
    kinds = {mine.kind, theirs.kind}
    if kinds == {"currency"}:
        return not (mine.unit and theirs.unit) or mine.unit == theirs.unit
    return len(kinds) == 1 or kinds in ({"currency", "count"}, {"percent", "basis_points"})


def _conflicts(mine: Figure, theirs: Figure) -> bool:
    return match_figure(theirs, [mine]) is None


def _derive(figure: Figure, asked: _Asked, passages: Sequence[Passage]) -> FigureFinding | None:
    """Look for a percent or ratio of the only two amounts of a passage on the subject."""
    if figure.kind not in ("percent", "ratio"):
        return None
    for passage in passages:
        sources = [item for item in find_figures(passage.text) if item.kind in ("currency", "count")]
        if len(sources) != 2 or share(asked.stems, find_subject(passage.text)) < SAME_SUBJECT:
            continue
        if derivation := derive_figure(figure, sources):
            return FigureFinding(figure=figure, outcome="same", passage=passage, shown=derivation.formula)
    return None


def _read_slot(slot: Slot) -> Figure:
    shown = [figure for figure in find_figures(slot.shown) if figure.kind != "year"]
    precision = Decimal(1)
    if len(shown) == 1 and shown[0].value:
        precision = abs(shown[0].precision * slot.value / shown[0].value)
    kind: Literal["currency", "percent", "count"] = "count"
    if slot.unit in ("percent", "%"):
        kind = "percent"
    elif re.match(r"[A-Z]{3}\b", slot.unit.upper()) and slot.unit.upper()[:3] in _CURRENCIES:
        kind = "currency"
    unit = slot.unit.upper()[:3] if kind == "currency" else slot.unit
    figure = Figure(start=0, end=0, text=slot.shown, value=slot.value, kind=kind, unit=unit, precision=precision)
    return replace(figure, scaled=True)


_CURRENCIES = frozenset({"USD", "EUR", "GBP", "JPY", "INR", "CAD", "AUD", "HKD", "CHF", "CNY", "SEK", "NOK", "DKK"})


def _same_period(mine: Period, theirs: Period) -> Sameness:
    if mine.form == theirs.form:
        return "same"
    if mine.months and theirs.months and mine.months != theirs.months:
        return "other"
    if mine.end and theirs.end:
        return _same_end(
            mine.end, theirs.end, both=mine.months == theirs.months, years=12 in (mine.months, theirs.months)
        )
    years = _year_of(mine), _year_of(theirs)
    if None in years:
        return "unsure"
    if mine.months == theirs.months == 12 and years[0] == years[1]:
        return "same"
    return "unsure" if abs(int(years[0] or 0) - int(years[1] or 0)) <= 1 and mine.months != 12 else "other"


def _same_end(mine: date, theirs: date, *, both: bool, years: bool) -> Sameness:
    """Compare last days; `both` tells that the lengths are known and equal, `years` that one of them is a year."""
    if mine == theirs:
        return "same" if both else "unsure"
    return "unsure" if years and not both and mine.year == theirs.year else "other"


def _year_of(period: Period) -> int | None:
    if period.end is not None:
        return period.end.year
    found = re.search(r"(?:19|20)\d{2}", period.form)
    return int(found.group()) if found else None
