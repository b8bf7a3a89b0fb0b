"""Figures that a sentence states: what was how much, and when."""

import re
from collections.abc import Iterator

from app.agents.research.schemas import SlotValue
from app.agents.research.sentences import split_pieces
from app.knowledge.figures import Figure, find_figures
from app.knowledge.periods import Found, find_periods

STATES = re.compile(
    r"\b(?:was|were|is|are|amounted to|total(?:l)?ed|came to|reached|stood at"
    r"|(?:rose|fell|grew|increased|decreased|declined|improved|dropped) to)\s+(?:approximately |about |around |only )?",
    re.IGNORECASE,
)
LEADING = re.compile(r"^(?:in|for|during|as of|at|on)\b[^,]*,\s*", re.IGNORECASE)
ARTICLE = re.compile(r"^(?:the|its|our|their|total)\s+", re.IGNORECASE)
REACH = 30
"""Characters from a figure to the period that goes with it."""
SUBJECT_WORDS = 12


def read_prose(text: str) -> list[SlotValue]:
    """Return the figures one sentence states of its subject, each with its period; none where the form is another."""
    verb = STATES.search(text) if len(split_pieces(text)) == 1 else None
    figures = [f for f in find_figures(text) if f.kind in ("currency", "percent", "count")]
    stated = [f for f in figures if verb and f.start >= verb.end()]
    if verb is None or not stated or stated[0].start > verb.end() + 1 or len(stated) < len(figures):
        return []
    subject = ARTICLE.sub("", LEADING.sub("", text[: verb.start()]).strip())
    if not 0 < len(subject.split()) <= SUBJECT_WORDS:
        return []
    return [_value(subject, figure, found) for figure, found in _dated(text, stated)]


def _dated(text: str, figures: list[Figure]) -> Iterator[tuple[Figure, Found]]:
    """Yield each figure with the period right after it; the first one may have that at the sentence's beginning."""
    periods = find_periods(text)
    ends = [*(figure.start for figure in figures[1:]), len(text)]
    for figure, end in zip(figures, ends, strict=True):
        after = [p for p in periods if figure.end <= p[0] <= min(end, figure.end + REACH)]
        leading = [p for p in periods if figure is figures[0] and p[1] < figure.start]
        if found := (after or leading)[:1]:
            yield figure, found[0]


def _value(subject: str, figure: Figure, found: Found) -> SlotValue:
    return SlotValue(
        entity="", measure=subject, value=figure.value, unit=figure.unit, period=found[2].form, shown=figure.text
    )
