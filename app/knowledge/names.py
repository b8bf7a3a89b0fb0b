"""Names in texts: what an entry opens with, and which names it may mention.

Entries are linked without a model where one mentions the name that another opens with. Names are compared as lower-case
words without accents, possessives, leading articles and what stands in parentheses.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from app.knowledge.lexical import STOP_WORDS

MAX_NAME_WORDS = 12
MAX_HEADING_WORDS = 16
MAX_NAME = 120
MAX_GRAMS = 600
WORD = re.compile(r"\w+(?:['’]\w+)*\.?")
POSSESSIVE = re.compile(r"['’][sS]?$")
PARENTHESES = re.compile(r"\([^()]*\)")
MARKUP = "#*_>|` \t"
Gram = tuple[str, int, int]
"""What could be a name: as names are compared, the place of its first word, how many words."""
ARTICLES = frozenset(("the", "a", "an"))
PARTICLES = frozenset("of the de del della di da du des la le les von van der den bin ibn al and e y zu av af".split())


def possessive(name: str) -> str:
    """Return "Apple's" for "Apple", "Symantec Systems'" for a name that ends in s."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


@lru_cache(maxsize=100_000)
def plain_word(word: str) -> str:
    """Return a word as names are compared: lower-case, without accents, possessive or punctuation."""
    apart = unicodedata.normalize("NFKD", POSSESSIVE.sub("", word.rstrip(".")).lower())
    return "".join(letter for letter in apart if letter.isalnum())


def opening_name(text: str, common: Collection[str] = ()) -> str:
    """Return the name a text opens with, or an empty string: its heading, or the capitalised words it begins with.

    A single word is a name only if it is not among the `common` ones, which stand in lower case elsewhere.
    """
    first, _, rest = text.strip().partition("\n")
    line = PARENTHESES.sub(" ", first.strip(MARKUP))
    words = [match[0] for match in WORD.finditer(line)]
    if not (rest and len(words) <= MAX_HEADING_WORDS and not line.rstrip().endswith((".", ";", ":"))):
        words = _opening_words(line)
        if len(words) == 1 and plain_word(words[0]) in common:
            return ""
    name = _join(words)
    return name if any(letter.isalpha() for letter in name) and name not in STOP_WORDS else ""


def lower_words(texts: Sequence[str]) -> set[str]:
    """Return the words that stand in lower case somewhere in these texts."""
    shown = {match[0] for text in texts for match in WORD.finditer(text)}
    return {plain_word(word) for word in shown if word[0].islower()}


def _opening_words(line: str) -> list[str]:
    """Return the capitalised words a sentence begins with, particles between them included, up to a possessive."""
    taken: list[str] = []
    sure = 0
    end = 0
    for match in WORD.finditer(line):
        word = match[0]
        if line[end : match.start()].strip(" \"“'’-–—") or len(taken) == MAX_NAME_WORDS:
            break
        end = match.end()
        taken.append(word)
        if _is_capital(word):
            sure = len(taken)
            if POSSESSIVE.search(word):
                break
        elif word not in PARTICLES:
            break
    return taken[:sure]


def _is_capital(word: str) -> bool:
    return word[0].isupper() or word[0].isdigit()


def _join(words: Sequence[str]) -> str:
    plain = [word for word in map(plain_word, words) if word]
    while len(plain) > 1 and plain[0] in ARTICLES:
        plain = plain[1:]
    return " ".join(plain)[:MAX_NAME]


def list_grams(text: str, *, cased: bool = True) -> list[Gram]:
    """Return what could be a name in a text, longest first, at most `MAX_GRAMS`.

    A name begins and ends with a capital or a digit; where a text is not `cased`, as a question may not be, that is
    asked only of single words.
    """
    words = [match[0] for match in WORD.finditer(text)]
    found = list(_grams(words, cased=cased))[:MAX_GRAMS]
    return sorted(found, key=lambda gram: (-gram[2], gram[1]))


def _grams(words: Sequence[str], *, cased: bool) -> Iterator[Gram]:
    plain = [plain_word(word) for word in words]
    for first, word in enumerate(words):
        if plain[first] in ARTICLES or (cased and not _is_capital(word)):
            continue
        for count in range(1, min(MAX_NAME_WORDS, len(words) - first) + 1):
            last = first + count - 1
            closed = _is_capital(word) and _is_capital(words[last])
            meant = any(part not in STOP_WORDS for part in plain[first : last + 1])
            if meant and (closed or (count > 1 and not cased)):
                yield _join(words[first : last + 1]), first, count


def choose_names(grams: Sequence[Gram], known: Collection[str]) -> list[str]:
    """Return the known names of a text in its order, the longest where two overlap."""
    chosen: list[tuple[int, str]] = []
    taken: set[int] = set()
    for name, first, count in grams:
        places = range(first, first + count)
        if name in known and taken.isdisjoint(places):
            taken.update(places)
            chosen.append((first, name))
    return list(dict.fromkeys(name for _, name in sorted(chosen)))
