"""Text to lexemes: what the lexical leg counts.

Words become English Snowball stems; stop words go. A word in capitals (a ticker, an acronym) that the stemmer would
change, and a joined word in capitals or with a digit ("AT&T", "10-K", "IL-6"), also stand as they are, with a leading
`=`. Numbers keep their decimals and lose their separators. Numbers and periods also get their normal forms
(`figures.normal_forms`, `periods.normal_forms`) unless those stand in the text already, so that "$14,968 million"
meets "14.968 billion" and "Q3 2024" meets "third quarter of 2024".
"""

import re
from functools import lru_cache
from threading import Lock

import snowballstemmer

from app.knowledge import figures, periods

MAX_LEXEME = 64
WORDS = 200_000
"""So many different words are remembered; a language has fewer in use."""
WORD = re.compile(r"\d+(?:\.\d+)+(?![^\W_])|[^\W_]+(?:['’.&/-][^\W_]+)*")
ACRONYM = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")
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


@lru_cache(maxsize=WORDS)
def stem(word: str) -> str:
    """Return the English Snowball stem of a lower-case word."""
    with _stemmer_lock:
        return str(_stemmer.stemWord(word))


def lexemes(text: str) -> list[str]:
    """Return the lexemes of a text in order, repeats included; number and period forms follow the words, once each."""
    text = text.replace("\x00", " ")
    words = GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    found = [lexeme for word in WORD.findall(words) for lexeme in _word(word)]
    there = set(found)
    forms = [*figures.normal_forms(text), *periods.normal_forms(text)]
    return found + [form[:MAX_LEXEME] for form in dict.fromkeys(forms) if form not in there]


@lru_cache(maxsize=WORDS)
def _word(shown: str) -> tuple[str, ...]:
    if shown[0].isdigit() and "." in shown:
        return (shown[:MAX_LEXEME],)
    if ACRONYM.fullmatch(shown):
        shown = shown.replace(".", "")
    parts = PART.findall(shown.replace("'s", "").replace("’s", ""))
    found = [stem(low) for part in parts if (low := part.lower()) not in STOP_WORDS]
    if _is_code(shown, len(parts)):
        found.append(f"={shown.lower()}")
    return tuple(lexeme[:MAX_LEXEME] for lexeme in found)


def _is_code(shown: str, parts: int) -> bool:
    """Tell whether a word is worth its exact form: joined capitals or digits, or capitals that the stemmer changes."""
    if parts > 1:
        return shown.upper() == shown or "&" in shown or any(letter.isdigit() for letter in shown)
    return shown.isupper() and len(shown) > 1 and stem(shown.lower()) != shown.lower()
