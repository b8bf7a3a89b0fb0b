"""Figures that a sentence asserts, as facts: of whom, what is measured, when, how much.

Only the plainest wordings are read, each to its end: what a measure was, at which figure, in which period. A figure
that is hedged, bounded, planned or compared with something else is left to the sentence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.knowledge.figures import Figure, find_figures
from app.knowledge.periods import Period, find_periods
from app.knowledge.types import Fact

PER_SHARE = re.compile(r"\bper[\s-]+(?:[\w-]+\s+){0,2}(?:share|unit|ads)\b", re.IGNORECASE)
AMOUNT = r"[^\s]*\d[^\s]*(?:\s(?:thousand|million|billion|trillion|percent))?"
STATED = re.compile(
    r"(?P<subject>.+?)\s+(?:was|were|is|are|totall?ed|amounted\s+to|came\s+to|stood\s+at|reached"
    r"|(?:increased|decreased|rose|grew|fell|declined|improved|dropped)"
    rf"(?:\s+(?:by\s+)?{AMOUNT})?(?:,?\s+or\s+{AMOUNT},)?\s+to)\s+(?:only\s+)?"
)
HELD = re.compile(
    r"(?P<holder>.+?)\s+(?:today\s+)?(?:announced|reported|had|posted|generated|held)\s+(?P<subject>.+?)\s+of\s+"
)
WHOLE = r"(?:(?:full|whole|calendar|financial)\s+)?(?:year\s+)?"
LEAD = re.compile(rf"(?:as\s+(?:of|at)|at|on|in|for|during)?\s*(?:the\s+)?{WHOLE}", re.IGNORECASE)
BEFORE_PERIOD = re.compile(rf",?\s*(?:in|for|during|over|at|as\s+of|as\s+at|on)?\s*(?:the\s+)?{WHOLE}", re.IGNORECASE)
BESIDE = re.compile(
    r",?\s*(?:(?:as\s+)?(?:compared|versus|against)\s*(?:with|to)?|(?:up\s+|down\s+)?from|and)\s*", re.IGNORECASE
)
OTHERWISE = re.compile(
    r"\s*(?:higher|lower|more|less|fewer|greater|of\s|per\s|to\s|or\s+(?:more|less|higher|lower)|[-–—]|above|below|over\s+the)",
    re.IGNORECASE,
)
PER = re.compile(r"\s*(?:per|a)\s+(?:(?:diluted|basic|common|ordinary)\s+)?share\b", re.IGNORECASE)
NO_SUBJECT = re.compile(
    r"[;:“”\"()\d]|\b(?:which|that|who|whose|while|because|if|when|where|would|could|may|might|will|not|approximately|about"
    r"|there|such|these|this|those|was|were|is|are|has|have|had|expects?|estimated|they|it|he|she)\b",
    re.IGNORECASE,
)
OWNER = re.compile(r"(?P<owner>(?:[A-Z][\w&.-]*\s)*[A-Z][\w&.-]*)(?:['’]s|(?<=s)['’])\s+(?P<rest>.+)")
ARTICLE = re.compile(r"^(?:the|our|its|their|an?)\s+", re.IGNORECASE)
SELF = ("We", "Company", "The Company", "The company")
LONGEST_SUBJECT = 12


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One sentence being read: its figures, its periods with their places, and the names of whoever says it."""

    text: str
    names: Sequence[str]
    figures: Sequence[Figure]
    periods: Sequence[tuple[int, int, Period]]

    def figure_at(self, position: int) -> Figure | None:
        """Return the figure that begins at a place."""
        return next((figure for figure in self.figures if figure.start == position), None)

    def periods_after(self, position: int) -> tuple[list[Period], int]:
        """Return the periods named right after a place, and where their naming ends; none give the place itself."""
        start = next((start for start, _, _ in self.periods if start >= position), None)
        if start is None or not BEFORE_PERIOD.fullmatch(self.text, position, start):
            return [], position
        told = [(end, period) for first, end, period in self.periods if first == start]
        return [period for _, period in told], told[0][0]


def read_assertions(text: str, names: Sequence[str] = ()) -> tuple[Fact, ...]:
    """Return the figures a sentence asserts; none for a sentence of another build.

    `names` are those of whoever says it, how sentences call it first: what has no other owner is theirs.
    """
    if not re.search(r"\d", text):
        return ()
    figures = [figure for figure in find_figures(text) if figure.kind != "year"]
    if not figures:
        return ()
    return tuple(_read(_Reading(text=text, names=names, figures=figures, periods=find_periods(text))))


def _read(reading: _Reading) -> Iterator[Fact]:
    lead, start = _read_lead(reading)
    for pattern in (STATED, HELD):
        match = pattern.match(reading.text, start)
        figure = reading.figure_at(match.end()) if match else None
        named = _name(match, reading.names) if match and figure else None
        if figure and named:
            yield from _assert(reading, figure, lead, *named)
            return


def _read_lead(reading: _Reading) -> tuple[list[Period], int]:
    """Return the periods a sentence opens with ("As of June 30, 2023, …"), and where its clause begins."""
    if not reading.periods:
        return [], 0
    start, end, _ = reading.periods[0]
    comma = re.compile(r",\s+").match(reading.text, end)
    if not comma or not LEAD.fullmatch(reading.text, 0, start):
        return [], 0
    return [period for first, _, period in reading.periods if first == start], comma.end()


def _name(match: re.Match[str], names: Sequence[str]) -> tuple[str, str] | None:
    """Return of whom and what a clause speaks, None where it is not plainly a measure."""
    own = (*names, *SELF)
    holder = match.groupdict().get("holder")
    if (holder is not None and holder not in own) or match.string.startswith("Company"):
        return None
    subject = ARTICLE.sub("", match["subject"].lstrip("•-– ").removesuffix(","))
    owned = OWNER.fullmatch(subject)
    entity = owned["owner"] if owned and owned["owner"] not in own else next(iter(names), "")
    measure = owned["rest"] if owned else subject
    for name in names:
        measure = measure.removeprefix(f"{name} ")
    plain = measure and not NO_SUBJECT.search(measure) and len(measure.split()) <= LONGEST_SUBJECT
    return (entity, measure) if plain else None


def _assert(reading: _Reading, figure: Figure, lead: Sequence[Period], entity: str, measure: str) -> Iterator[Fact]:
    told, position = _list_amounts(reading, figure)
    after, end = reading.periods_after(position)
    periods = after or list(lead)
    if len(told) > 1 and not re.compile(r",?\s+respectively\b").match(reading.text, end):
        return
    if len(told) != len(periods) or OTHERWISE.match(reading.text, position):
        return
    per = "/share" if PER_SHARE.search(measure) or PER.match(reading.text, told[-1].end) else ""
    for each, period in zip(told, periods, strict=True):
        yield _fact(each, period, per, entity, measure)
    if beside := _beside(reading, end) if len(told) == 1 else None:
        yield _fact(*beside, per, entity, measure)


def _list_amounts(reading: _Reading, figure: Figure) -> tuple[list[Figure], int]:
    """Return a figure and those joined to it ("$84 million and $90 million"), and where the last ends."""
    told = [figure]
    while joint := re.compile(r",?\s+and\s+|,\s+").match(reading.text, told[-1].end):
        following = reading.figure_at(joint.end())
        if following is None or following.kind != figure.kind:
            break
        told.append(following)
    per = PER.match(reading.text, told[-1].end)
    return told, per.end() if per else told[-1].end


def _beside(reading: _Reading, position: int) -> tuple[Figure, Period] | None:
    """Return the figure and period a clause compares with: "compared with $602.8 million in 2024"."""
    match = BESIDE.match(reading.text, position)
    figure = reading.figure_at(match.end()) if match else None
    if figure is None:
        return None
    per = PER.match(reading.text, figure.end)
    periods, _ = reading.periods_after(per.end() if per else figure.end)
    return (figure, periods[0]) if len(periods) == 1 else None


def _fact(figure: Figure, period: Period, per: str, entity: str, measure: str) -> Fact:
    unit = f"{figure.unit}{per}" if figure.kind == "currency" else figure.unit
    return Fact(
        entity=entity,
        measure=measure,
        value=figure.value,
        unit=unit,
        period=period.form,
        shown=figure.text,
    )
