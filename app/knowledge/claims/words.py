"""Words of a statement as they are compared: stems that carry meaning, names, direction and negation."""

import re
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

_STOP = frozenset(
    """a an the and or but nor so yet of in on at by for with from to into onto over under as than then that this these
    those there here it its he she his her him they them their we us our you your i my me is are was were be been being
    am do does did done has have had having will would shall should can could may might must not no if while when where
    who whom whose which what how why also just very more most less least such some any each both all only own same too
    again further once about between through during before after above below up down out off because until against
    s t per via among amongst within without upon it's they're however although though since later still even""".split()
)
_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*")
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|nobody|nothing|without|cannot|\w+n['’]t|fail(?:s|ed|ing)? to|lacks?|lacked"
    r"|lacking|absence of|unable to|hardly|rather than)\b",
    re.I,
)
_UP = frozenset(
    """increas rise rose risen rais grew grow grown growth gain higher high improv expand strengthen boost upregul
    elev enhanc accler activ promot more greater larger exceed profit surg climb jump enlarg up""".split()
)
_DOWN = frozenset(
    """decreas declin fall fell fallen drop reduc lower low worsen shrink shrank weaken lose lost loss downregul
    diminish suppress inhibit less smaller fewer plung sink cut prevent deplet down impair attenu""".split()
)
DIRECTIONS = _UP | _DOWN
"""Stems that say which way something goes."""


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the English stem of a word in lower case."""
    stemmed: str = _stemmer().stemWord(word.casefold().replace("’", "'"))
    return stemmed


def list_words(text: str) -> list[str]:
    """Return the words of a text as written."""
    return _WORD.findall(text)


def find_stems(text: str) -> frozenset[str]:
    """Return the stems of a text's words, parts of hyphenated ones as well, without function words."""
    return frozenset(stem(part) for word in list_words(text) for part in _parts(word) if part.casefold() not in _STOP)


def find_names(text: str) -> frozenset[str]:
    """Return the stems of capitalised words that do not open a sentence, and of words with two capitals anywhere."""
    names = set()
    for match in _WORD.finditer(text):
        word, before = match.group(), text[: match.start()].rstrip(" \"“'([")
        opens = not before or before[-1] in ".!?\n:"
        if word[0].isupper() and (not opens or sum(char.isupper() for char in word) > 1):
            names |= {stem(part) for part in _parts(word) if part.casefold() not in _STOP}
    return frozenset(names)


def is_negated(text: str) -> bool:
    """Tell whether a statement denies: an odd number of negations."""
    return len(_NEGATION.findall(text)) % 2 == 1


def find_direction(text: str) -> int:
    """Return +1 where a statement speaks of more, -1 where of less, 0 where of neither or of both."""
    stems = {stem(word) for word in list_words(text)}
    return _sign(bool(stems & _UP)) - _sign(bool(stems & _DOWN))


def share(wanted: Iterable[str], found: frozenset[str]) -> float:
    """Return which part of the wanted words is found, 1 where nothing is wanted."""
    words = list(wanted)
    return sum(word in found for word in words) / len(words) if words else 1.0


def _parts(word: str) -> list[str]:
    plain = re.sub(r"['’]s$", "", word)
    return [part for part in re.split(r"[-.&]", plain) if part] if "-" in plain or "&" in plain else [plain]


def _sign(present: bool) -> int:
    return 1 if present else 0


@lru_cache(maxsize=1)
def _stemmer() -> "snowballstemmer.stemmer":
    return snowballstemmer.stemmer("english")
