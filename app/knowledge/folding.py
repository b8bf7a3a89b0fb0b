"""Folding near-duplicates: hits of one level with the same figures and nearly the same words are shown once."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from app.knowledge.types import Hit

SAME = 0.9
"""The share of words, of those either has, that two texts have in common to be near-duplicates."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class _Seen:
    entry_id: UUID
    words: frozenset[str]


def fold(hits: Iterable[Hit]) -> list[Hit]:
    """Return hits without those that say what a better one says; that one names them in `folded`."""
    seen: dict[tuple[str, tuple[str, ...]], list[_Seen]] = defaultdict(list)
    kept: dict[UUID, Hit] = {}
    for hit in hits:
        words = WORD.findall(hit.entry.text.lower())
        figures = tuple(sorted(word for word in words if word[0].isdigit()))
        mine = _Seen(entry_id=hit.entry.id, words=frozenset(words))
        alike = seen[(hit.entry.level, figures)]
        first = next((other for other in alike if _overlap(mine.words, other.words) >= SAME), None)
        if first is None:
            alike.append(mine)
            kept[hit.entry.id] = hit
        else:
            better = kept[first.entry_id]
            kept[first.entry_id] = replace(better, folded=(*better.folded, hit.entry.id))
    return list(kept.values())


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the Jaccard coefficient of two sets, 1 when both are empty."""
    either = first | second
    return len(first & second) / len(either) if either else 1.0
