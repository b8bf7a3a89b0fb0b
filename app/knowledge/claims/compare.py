"""The figures of a claim against the figures of evidence: by value, unit and period, in code."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from app.knowledge.claims.measures import find_measure
from app.knowledge.claims.periods import compare_periods, parse_period, settle_quarters
from app.knowledge.claims.slots import is_exactly, measures_it, read_slot
from app.knowledge.claims.types import Passage, Slot
from app.knowledge.claims.words import find_stems, share
from app.knowledge.figures import Figure, derive_figure, find_figures, match_figure
from app.knowledge.periods import Period, find_periods

SAME_SUBJECT = 0.5
SAME_STATEMENT = 0.8
FAR = 20

Outcome = Literal["same", "other", "missing"]


@dataclass(frozen=True, kw_only=True)
class FigureFinding:
    """What the evidence says of one figure of a claim; `slot` where exactly this slot is stored."""

    figure: Figure
    outcome: Outcome
    passage: Passage | None = None
    shown: str = ""
    slot: Slot | None = None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A figure of the evidence; `rival` when it stands where the claim's figure would have to stand."""

    figure: Figure
    passage: Passage
    shown: str
    rival: bool
    slot: Slot | None = None


@dataclass(frozen=True, kw_only=True)
class _Told:
    """A text as read for its figures."""

    text: str
    figures: tuple[Figure, ...]
    periods: tuple[Period, ...]
    measure: str | None
    stems: frozenset[str]

    @classmethod
    def by(cls, text: str) -> "_Told":
        """Read a text."""
        return cls(
            text=text,
            figures=tuple(figure for figure in find_figures(text) if figure.kind != "year"),
            periods=tuple(period for _, _, period in find_periods(text)),
            measure=find_measure(text),
            stems=find_subject(text),
        )


def compare_figures(claim: str, passages: Sequence[Passage]) -> list[FigureFinding]:
    """Return a finding for each figure of a claim.

    "same": it stands in evidence on the same subject and period, or follows from two figures of it. "other": the
    evidence gives another value for the same measure, subject and period. "missing": neither.
    """
    asked = _Told.by(claim)
    return [_compare(figure, asked, passages) for figure in asked.figures]


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


def _compare(figure: Figure, asked: _Told, passages: Sequence[Passage]) -> FigureFinding:
    seen = [item for passage in passages for item in _look(figure, asked, passage)]
    same = [item for item in seen if match_figure(figure, [item.figure])]
    if same:
        best = max(same, key=lambda item: item.rival)
        return _conclude(figure, "same", best)
    if derived := _derive(figure, asked, passages):
        return derived
    rival = next((item for item in seen if item.rival and _conflicts(figure, item.figure)), None)
    return _conclude(figure, "other", rival) if rival else FigureFinding(figure=figure, outcome="missing")


def _conflicts(claimed: Figure, stated: Figure) -> bool:
    """Tell whether two figures exclude each other; far apart they measure different things."""
    near = abs(claimed.value) <= FAR * abs(stated.value) and abs(stated.value) <= FAR * abs(claimed.value)
    return near and match_figure(stated, [claimed]) is None


def _conclude(figure: Figure, outcome: Outcome, seen: _Seen) -> FigureFinding:
    slot = seen.slot if seen.rival else None
    return FigureFinding(figure=figure, outcome=outcome, passage=seen.passage, shown=seen.shown, slot=slot)


def _look(figure: Figure, asked: _Told, passage: Passage) -> Iterator[_Seen]:
    yield from _look_at_slots(figure, asked, passage)
    told = _Told.by(passage.text)
    near = share(asked.stems, told.stems | find_stems(passage.context))
    claimed = settle_quarters(asked.periods, told.periods, passage.document)
    same_period = compare_periods(claimed, settle_quarters(told.periods, asked.periods, passage.document))
    same_measure = asked.measure is not None and asked.measure == told.measure
    if same_period == "other" or (near < SAME_SUBJECT and not same_measure):
        return
    alike = [item for item in told.figures if _same_kind(figure, item)]
    clear = same_period == "same" or not (asked.periods or told.periods)
    whole = near >= SAME_STATEMENT and share(told.stems, asked.stems) >= SAME_STATEMENT
    rival = clear and whole and len(alike) == 1 and len(told.periods) <= 1
    for item in alike:
        same_thing = rival and _counts_same(asked.text, figure, told.text, item)
        yield _Seen(figure=item, passage=passage, shown=item.text, rival=same_thing)


def _counts_same(claim: str, claimed: Figure, text: str, stated: Figure) -> bool:
    """Tell whether two figures count the same thing: amounts and percentages do, bare numbers if one noun follows."""
    if "count" not in (claimed.kind, stated.kind):
        return True
    counted = [find_stems(" ".join(line[end:].split()[:2])) for line, end in ((claim, claimed.end), (text, stated.end))]
    return bool(counted[0] & counted[1])


def _look_at_slots(figure: Figure, asked: _Told, passage: Passage) -> Iterator[_Seen]:
    for slot in passage.slots:
        stated = [parse_period(slot.period)] if slot.period else []
        claimed = settle_quarters(asked.periods, stated, passage.document)
        if compare_periods(claimed, stated) == "other" or not measures_it(asked.text, slot):
            continue
        read = read_slot(slot)
        if _same_kind(figure, read):
            rival = is_exactly(asked.text, slot, claimed)
            yield _Seen(figure=read, passage=passage, shown=slot.shown or str(slot.value), rival=rival, slot=slot)


def _same_kind(mine: Figure, theirs: Figure) -> bool:
    kinds = {mine.kind, theirs.kind}
    if kinds == {"currency"}:
        return not (mine.unit and theirs.unit) or mine.unit == theirs.unit
    return len(kinds) == 1 or kinds in ({"currency", "count"}, {"percent", "basis_points"})


def _derive(figure: Figure, asked: _Told, passages: Sequence[Passage]) -> FigureFinding | None:
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
