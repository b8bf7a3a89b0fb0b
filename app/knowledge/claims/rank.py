"""Which of a few hundred passages bear on a claim, by the rarity of the words they share. No index, no model."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.knowledge.claims.split import split_sentences
from app.knowledge.claims.types import Passage, Source
from app.knowledge.claims.words import find_stems


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much a word tells, by how few of the texts have it: the IDF of BM25, kept above zero."""

    count: int
    frequency: Counter[str]

    @classmethod
    def of(cls, texts: Sequence[frozenset[str]]) -> "Weights":
        """Count in how many texts each word stands."""
        return cls(count=len(texts), frequency=Counter(word for words in texts for word in words))

    def get(self, word: str) -> float:
        """Return the weight of a word, highest for one that no text has."""
        seen = self.frequency[word]
        return math.log(1 + (self.count - seen + 0.5) / (seen + 0.5))

    def cover(self, wanted: frozenset[str], found: frozenset[str]) -> float:
        """Return which part of the wanted weight is found, 0 to 1."""
        total = sum(self.get(word) for word in wanted)
        return sum(self.get(word) for word in wanted & found) / total if total else 0.0


def cut_source(source: Source, *, number: int) -> list[Passage]:
    """Return the sentences of a source as passages, each with the source's title as its context."""
    spans = split_sentences(source.text)
    return [
        Passage(id=f"s{number}.{index}", text=source.text[start:end], filename=source.title, context=source.title)
        for index, (start, end) in enumerate(spans, start=1)
    ]


def rank_passages(claim: str, passages: Sequence[Passage], *, limit: int) -> list[Passage]:
    """Return the passages that together say most of what the claim says.

    Picked one by one: each time the one that adds most still uncovered weight (a repeat of what is covered counts a
    quarter), the earlier of equals; passages that share nothing are left out.
    """
    stems = {passage.id: find_stems(passage.text) for passage in passages}
    weights = Weights.of(list(stems.values()))
    wanted = find_stems(claim)
    picked: list[Passage] = []
    left, open_words = list(passages), wanted
    while left and len(picked) < limit:
        gains = [_gain(stems[passage.id], wanted, open_words, weights) for passage in left]
        best = max(range(len(left)), key=lambda index: (gains[index], -index))
        if gains[best] <= 0:
            break
        open_words = open_words - stems[left[best].id]
        picked.append(left.pop(best))
    return picked


def _gain(stems: frozenset[str], wanted: frozenset[str], open_words: frozenset[str], weights: Weights) -> float:
    fresh = sum(weights.get(word) for word in stems & open_words)
    known = sum(weights.get(word) for word in (stems & wanted) - open_words)
    return (fresh + known / 4) / math.sqrt(1 + len(stems) / 20)
