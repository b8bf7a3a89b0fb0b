"""Text to lexemes: what the lexical leg counts.

Words become English Snowball stems; stop words go. A word in capitals (a ticker, an acronym) and a word with digits in
it (a code, "10-K", "IL-6") also stand as they are, with a leading `=`. Numbers and periods get their normal forms
(`figures.normal_forms`, `periods.normal_forms`) with a leading `#` and `@`, so that "$14,968 million" meets "14.968
billion" and "Q3 2024" meets "third quarter of 2024".
"""

import re
from functools import lru_cache
from threading import Lock

import snowballstemmer

from app.knowledge import figures, periods

MAX_LEXEME = 64
WORD = re.compile(r"[^\W_]+(?:['’.&/-][^\W_]+)*")
PART = re.compile(r"[^\W_]+")
GROUPED = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w,])")
STOP_WORDS = frozenset(
    """
    a about above after again against all am an and any are as at be because been before being below between both
    but by can could did do does doing down during each few for from further had has have having he her here hers
    herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on
    once only or other our ours ourselves out over own s same she should so some such t than that the their theirs
    them themselves then there these they this those through to too under until up very was we were what when where
    which while who whom why will with would you your yours yourself yourselves
    """.split()
)

_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = Lock()


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the English Snowball stem of a lower-case word."""
    with _stemmer_lock:
        return str(_stemmer.stemWord(word))


def lexemes(text: str) -> list[str]:
    """Return the lexemes of a text in order, repeats included; number and period forms follow the words, once each."""
    text = text.replace("\x00", " ")
    words = GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    found = [lexeme for match in WORD.finditer(words) for lexeme in _word(match[0])]
    found += [f"#{form}" for form in figures.normal_forms(text)]
    found += [f"@{form}" for form in periods.normal_forms(text)]
    return [lexeme[:MAX_LEXEME] for lexeme in found]


def _word(shown: str) -> list[str]:
    parts = PART.findall(shown.replace("'s", "").replace("’s", ""))
    found = [stem(low) for part in parts if (low := part.lower()) not in STOP_WORDS]
    if _is_code(shown, len(parts)):
        found.append(f"={shown.lower()}")
    return found


def _is_code(shown: str, parts: int) -> bool:
    """Tell whether a word is worth its exact form: joined parts with a digit, or capitals that the stemmer changes."""
    if parts > 1:
        return any(letter.isdigit() for letter in shown) and any(letter.isalpha() for letter in shown)
    return shown.isupper() and len(shown) > 1 and stem(shown.lower()) != shown.lower()
