"""Which side of a topic a passage serves, by direction, negation and what it is about. Pure, no model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.agents.debate.rules import Side
from app.knowledge.claims.types import Passage
from app.knowledge.claims.words import DIRECTIONS, find_direction, find_names, find_stems, is_negated

_THAN = re.compile(r"^(?P<subject>.+)\bthan\b(?P<rival>.+)$", re.I | re.S)
ABOUT = 0.25
"""How far a passage without direction leans by being about one of the two things compared."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A topic as read: what it says more or less of, about whom, against whom."""

    direction: int
    subject: frozenset[str]
    rival: frozenset[str]

    @classmethod
    def of(cls, topic: str) -> "Reading":
        """Read a topic; without a comparison there is no rival."""
        match = _THAN.match(topic)
        direction = (find_direction(topic) or 1) * (-1 if is_negated(topic) else 1)
        if match is None:
            return cls(direction=direction, subject=find_stems(topic), rival=frozenset())
        rival = find_names(f"x {match['rival']}") or find_stems(match["rival"])
        subject = (find_names(f"x {match['subject']}") or find_stems(match["subject"])) - rival
        return cls(direction=direction, subject=subject, rival=rival)


def lean(topic: str, passage: Passage) -> float:
    """Return how far a passage leans: above 0 to Pro, below 0 to Con, 0 to neither."""
    reading = Reading.of(topic)
    stems = find_stems(f"{passage.context} {passage.text}")
    of_subject, of_rival = bool(stems & reading.subject), bool(stems & reading.rival)
    moves = find_direction(passage.text) * (-1 if is_negated(passage.text) else 1)
    if reading.rival and of_subject == of_rival:
        return 0.0
    about = -1 if of_rival else 1
    if moves:
        return float(about * moves * reading.direction)
    return ABOUT * about if reading.rival else 0.0


def sort_by_side(topic: str, passages: Sequence[Passage], *, seed: int = 0) -> dict[Side, list[Passage]]:
    """Share passages out: each to the side it leans to, what bears most on the topic first; undecided in turns."""
    sides: dict[Side, list[tuple[float, float, int, Passage]]] = {"pro": [], "con": []}
    wanted = find_stems(topic) - DIRECTIONS
    undecided = seed
    for rank, passage in enumerate(passages):
        leaning = lean(topic, passage)
        side: Side = "pro" if leaning > 0 else "con"
        if leaning == 0:
            side, undecided = ("pro" if undecided % 2 == 0 else "con"), undecided + 1
        bearing = len(wanted & find_stems(f"{passage.context} {passage.text}"))
        sides[side].append((-bearing, -abs(leaning), rank, passage))
    return {side: [passage for *_, passage in sorted(found, key=lambda f: f[:3])] for side, found in sides.items()}
