"""Which side of a topic a passage serves, by direction, negation and what it is about, and how much it tells.

Pure, no model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.agents.debate.rules import Side
from app.knowledge.claims.types import Passage
from app.knowledge.claims.words import DIRECTIONS, find_direction, find_names, find_stems, is_negated
from app.knowledge.figures import find_figures

_THAN = re.compile(r"^(?P<subject>.+)\bthan\b(?P<rival>.+)$", re.I | re.S)
_HEDGE = re.compile(r"\b(?:may|might|could|would|can|if|unless)\b", re.I)
_SALES = ("net sales of product", "revenue from product", "net sales decreased increased due to product")
MEASURED_BY = {
    "depend": _SALES,
    "reli": _SALES,
    "concentr": _SALES,
    "diversifi": _SALES,
    "profit": ("net income", "operating income", "gross margin"),
    "grow": ("net sales increased", "revenue increased"),
    "growth": ("net sales increased", "revenue increased"),
    "invest": ("research and development", "capital expenditures"),
    "debt": ("term debt", "borrowings"),
    "effici": ("operating expenses", "cost of revenue"),
}
"""What accounts measure where a topic speaks of it by another word, by stem; each a query of its own."""
SOLD = find_stems("product segment customer service business sales revenue")
"""What a topic must speak of for dependence to be measured by sales."""
OWN_WORD = 4
"""What a word of a topic counts for that compares nothing: what it is about goes before what accounts measure."""
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


def find_own_words(topic: str) -> frozenset[str]:
    """Return the stems of what a topic speaks of: no names, no more or less."""
    return find_stems(topic) - DIRECTIONS - find_names(f"x {topic}")


def find_measure_words(topic: str) -> frozenset[str]:
    """Return the stems by which accounts measure what a topic speaks of."""
    return find_stems(" ".join(name_measures(topic))) - DIRECTIONS


def bears_on(topic: str, text: str) -> bool:
    """Whether a text has a word of what a topic speaks of or of what measures it; every text, where it compares."""
    return _THAN.match(topic) is not None or bool(
        find_stems(text) & (find_own_words(topic) | find_measure_words(topic))
    )


def lean(topic: str, passage: Passage) -> float:
    """Return how far a passage leans: above 0 to Pro, below 0 to Con, 0 to neither."""
    reading = Reading.of(topic)
    stems = find_stems(f"{passage.context} {passage.text}")
    of_subject, of_rival = bool(stems & reading.subject), bool(stems & reading.rival)
    moves = find_direction(passage.text) * (-1 if is_negated(passage.text) else 1)
    moves *= bears_on(topic, f"{passage.context} {passage.text}")
    if reading.rival and of_subject == of_rival:
        return 0.0
    about = -1 if of_rival else 1
    if moves:
        return float(about * moves * reading.direction)
    return ABOUT * about if reading.rival else 0.0


def name_measures(topic: str) -> list[str]:
    """Return the words by which accounts measure what a topic speaks of; nothing where none are known."""
    stems = find_stems(topic)
    known = [names for stem, names in MEASURED_BY.items() if stem in stems and (names is not _SALES or stems & SOLD)]
    return list(dict.fromkeys(words for names in known for words in names))


def sort_by_side(topic: str, passages: Sequence[Passage], *, seed: int = 0) -> dict[Side, list[Passage]]:
    """Share passages out: each to the side it leans to, what tells most first; undecided ones in turns."""
    sides: dict[Side, list[tuple[float, float, int, Passage]]] = {"pro": [], "con": []}
    undecided = seed
    for rank, passage in enumerate(passages):
        leaning = lean(topic, passage)
        side: Side = "pro" if leaning > 0 else "con"
        if leaning == 0:
            side, undecided = ("pro" if undecided % 2 == 0 else "con"), undecided + 1
        sides[side].append((-weigh_passage(topic, passage), -abs(leaning), rank, passage))
    return {side: [passage for *_, passage in sorted(found, key=lambda f: f[:3])] for side, found in sides.items()}


def weigh_passage(topic: str, passage: Passage) -> float:
    """Return how much a passage tells of a topic.

    One for each word of the topic or its measures; four for a word of the topic where it compares nothing; three more
    where it names what the topic is about, two for a figure, one where that figure is stored with its measure; two less
    where it says what may be.
    """
    stems = find_stems(passage.text)
    about = find_names(f"x {topic}")
    own = find_own_words(topic)
    measures = find_measure_words(topic) - about - own
    figures = any(figure.kind != "year" for figure in find_figures(passage.text))
    told = 3 * bool(about & stems) + 2 * figures + bool(passage.slots)
    weight = 1 if Reading.of(topic).rival else OWN_WORD
    return told - 2 * bool(_HEDGE.search(passage.text)) + len(measures & stems) + weight * len(own & stems)
