"""The claim checker turned on a sentence and what it cites: does the source say otherwise?"""

from collections.abc import Sequence

from app.knowledge.claims.types import Passage
from app.knowledge.claims.verdict import settle, settle_by_words


def find_refutation(sentence: str, cited: Sequence[Passage], *, figures: int) -> str | None:
    """Return why what a sentence cites refutes it, None where it does not; asks no model.

    Refuted is a figure for which the sources have another in the same slot, and a statement that denies or turns round
    what they say. Of several figures in a sentence it can't be told which is of what.
    """
    finding = (settle if figures <= 1 else settle_by_words)(sentence, cited)
    return f"What it cites refutes it: {finding.reason}" if finding.verdict == "refuted" else None
