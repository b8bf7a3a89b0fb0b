"""Content words: text to stems that can be compared between a question and what was found."""

import re
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

from app.agents.research.vocabulary import GENERIC, MEASURED, PHRASES

WORD = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")
POSSESSIVE = re.compile(r"['’]s?\b")
LEGAL_FORM = (
    r"(?:inc|incorporated|corp|corporation|co|company|companies|ltd|limited|plc|llc|group|holdings?|sa|ag|nv|se|gmbh"
    r"|and subsidiaries)\b\.?"
)
CORPORATE = re.compile(rf"\b(?:{LEGAL_FORM}|the\b)", re.IGNORECASE)
_phrases = tuple((re.compile(rf"\b(?:{pattern})(?!\w)"), token) for pattern, token in PHRASES)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the English stem of a lower-case word."""
    return str(snowballstemmer.stemmer("english").stemWord(word))


def find_phrases(text: str) -> list[tuple[int, int]]:
    """Return where a text has phrases that stand for one thing."""
    return [match.span() for pattern, _ in _phrases for match in pattern.finditer(text.lower())]


def normalise(text: str) -> str:
    """Return a text in lower case with phrases of one meaning as one token, its commas kept."""
    lowered = POSSESSIVE.sub("", text.lower().replace("’", "'"))
    for pattern, token in _phrases:
        lowered = pattern.sub(token, lowered)
    return lowered


@lru_cache(maxsize=8192)
def list_stems(text: str) -> tuple[str, ...]:
    """Return stems of all words of a text in order, phrases of one meaning as one token."""
    return tuple(stem(word) for word in WORD.findall(normalise(text)))


_generic = frozenset(stem(word) for word in GENERIC) | GENERIC


def content_stems(text: str) -> tuple[str, ...]:
    """Return the stems that carry meaning, each once, in order."""
    return tuple(dict.fromkeys(s for s in list_stems(text) if s not in _generic and not s.isdigit()))


def is_generic(word: str) -> bool:
    """Tell whether a word carries nothing by itself."""
    return stem(word.lower()) in _generic


def core_name(name: str) -> str:
    """Return an organisation's name without its legal form, lower-case: "Best Buy Co., Inc." → "best buy"."""
    bare = CORPORATE.sub(" ", name.replace(",", " "))
    return " ".join(WORD.findall(bare.lower()))


def drop_legal_forms(text: str, names: Iterable[str]) -> str:
    """Return a text without the legal forms that follow these names: "Apple Inc.'s revenue" → "Apple's revenue"."""
    spelled = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"\b({spelled})(?:,? {LEGAL_FORM})+", r"\1", text, flags=re.IGNORECASE) if spelled else text


def covered(wanted: Iterable[str], text: str) -> float:
    """Return the share of stems that a text has, what accounts measure counting double; 1.0 when none is wanted."""
    weights = {s: 2 if s in MEASURED else 1 for s in wanted}
    if not weights:
        return 1.0
    have = set(list_stems(text))
    return sum(weight for s, weight in weights.items() if s in have) / sum(weights.values())
