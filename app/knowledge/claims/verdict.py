"""A claim against the passages found for it, without a model: figures first, then words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.knowledge.claims.compare import FigureFinding, compare_figures, strip_figures
from app.knowledge.claims.measures import find_measure, strip_measure
from app.knowledge.claims.rank import Weights
from app.knowledge.claims.slots import strip_slot
from app.knowledge.claims.types import Passage, Verdict
from app.knowledge.claims.words import DIRECTIONS, find_direction, find_names, find_stems, is_negated

SUPPORTED = 0.5
PARTLY = 0.2
MAX_EVIDENCE = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A verdict, why, and the passages it rests on."""

    verdict: Verdict
    reason: str
    passages: tuple[Passage, ...] = ()


def settle_by_figures(claim: str, passages: Sequence[Passage]) -> Finding | None:
    """Support a claim that stands in the evidence word for word; refute one whose figure stands there otherwise.

    None where the evidence neither repeats the claim nor has another value for its measure, subject and period.
    """
    if source := find_repeat(claim, passages):
        return Finding(verdict="supported", reason=f"{_place(source)} says so word for word.", passages=(source,))
    for finding in compare_figures(claim, passages):
        if finding.outcome == "other" and finding.passage is not None:
            reason = f"{finding.figure.text} is claimed; {_place(finding.passage)} has {finding.shown}."
            return Finding(verdict="refuted", reason=reason, passages=(finding.passage,))
    return None


def settle_by_words(claim: str, passages: Sequence[Passage]) -> Finding:
    """Weigh a claim against passages by words alone; finds `refuted` only for a denied or reversed near-repeat."""
    if not passages:
        return Finding(verdict="not_enough_evidence", reason="No evidence was found.")
    if reversed_by := find_reversal(claim, passages):
        reason = f"{_place(reversed_by)} says the opposite in nearly the same words."
        return Finding(verdict="refuted", reason=reason, passages=(reversed_by,))
    figures = compare_figures(claim, passages)
    standing = [item.passage for item in figures if item.passage is not None]
    left = say_beyond(claim, figures)
    chosen = _first(standing, choose_evidence(left, passages))
    cover, missing = measure_support(left, chosen, passages)
    return _weigh(cover, missing, figures, chosen)


def settle(claim: str, passages: Sequence[Passage]) -> Finding:
    """Return the verdict of the checker without a model."""
    return settle_by_figures(claim, passages) or settle_by_words(claim, passages)


def find_repeat(claim: str, passages: Sequence[Passage]) -> Passage | None:
    """Return the passage that has the claim's words and figures, all of them and in their order."""
    wanted = _plain(claim)
    return next((passage for passage in passages if wanted and wanted in _plain(passage.text)), None)


def say_beyond(claim: str, figures: Sequence[FigureFinding]) -> str:
    """Return what a claim says beyond its figures, the stored slots that carry them, and a measure named otherwise."""
    left, measure = strip_figures(claim), find_measure(claim)
    for finding in figures:
        if finding.slot is not None and finding.outcome == "same":
            left = strip_slot(left, finding.slot)
        elif finding.passage is not None and measure == find_measure(finding.passage.text):
            left = strip_measure(left, measure)
    return left


def choose_evidence(claim: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Return up to three passages that together cover most of the claim's words, best first."""
    wanted = find_stems(claim)
    weights = Weights.of([_all_stems(passage) for passage in passages])
    chosen: list[Passage] = []
    while len(chosen) < MAX_EVIDENCE:
        left = [passage for passage in passages if passage not in chosen]
        gains = [sum(map(weights.get, wanted & _all_stems(passage))) for passage in left]
        if not gains or max(gains) < 0.08 * sum(map(weights.get, find_stems(claim))):
            break
        chosen.append(left[gains.index(max(gains))])
        wanted = wanted - _all_stems(chosen[-1])
    return tuple(chosen)


def measure_support(claim: str, chosen: Sequence[Passage], passages: Sequence[Passage]) -> tuple[float, frozenset[str]]:
    """Return the share of the claim's weight that the chosen passages carry, and the names they lack."""
    weights = Weights.of([_all_stems(passage) for passage in passages])
    found = frozenset[str]().union(*(_all_stems(passage) for passage in chosen))
    wanted = find_stems(claim)
    return weights.cover(wanted, found) if wanted else 1.0, find_names(claim) - found


def find_reversal(claim: str, passages: Sequence[Passage]) -> Passage | None:
    """Return a passage with a clause that repeats the claim's words but denies it, or turns its direction round."""
    return next((passage for passage in passages if any(_reverses(claim, part) for part in _parts(passage.text))), None)


def _reverses(claim: str, clause: str) -> bool:
    wanted, stems = find_stems(claim) - DIRECTIONS, find_stems(clause)
    if len(wanted) < 3 or len(stems) > 2 * len(wanted) + 2 or not wanted <= stems:
        return False
    turned = find_direction(claim) * find_direction(clause) == -1
    return turned != (is_negated(claim) != is_negated(clause))


def _parts(sentence: str) -> list[str]:
    return [sentence, *re.split(r"[;:]|,\s+(?=but|and|while|whereas|which|although)", sentence)]


def _weigh(
    cover: float, missing: frozenset[str], figures: Sequence[FigureFinding], chosen: tuple[Passage, ...]
) -> Finding:
    absent = [finding.figure.text for finding in figures if finding.outcome == "missing"]
    if not chosen or cover < PARTLY:
        return Finding(verdict="not_enough_evidence", reason="The evidence says little of this.", passages=chosen)
    if absent:
        reason = f"The evidence does not have {', '.join(absent)}."
        return Finding(verdict="partly", reason=reason, passages=chosen)
    if cover >= SUPPORTED and not missing:
        return Finding(verdict="supported", reason=f"{_place(chosen[0])} says so.", passages=chosen)
    return Finding(verdict="partly", reason="The evidence says a part of this.", passages=chosen)


def _plain(text: str) -> str:
    """Return the words and figures of a text, between blanks."""
    words = re.findall(r"[\w%$€£¥.,()-]+", text.casefold())
    return " ".join(["", *(word.strip(".,") for word in words), ""]) if words else ""


def _first(standing: Sequence[Passage], chosen: Sequence[Passage]) -> tuple[Passage, ...]:
    return tuple({passage.id: passage for passage in (*standing, *chosen)}.values())[:MAX_EVIDENCE]


def _all_stems(passage: Passage) -> frozenset[str]:
    return find_stems(f"{passage.context} {passage.text}")


def _place(passage: Passage) -> str:
    pages = f", pg. {', '.join(map(str, passage.pages))}" if passage.pages else ""
    return f"[{passage.filename}{pages}]"
