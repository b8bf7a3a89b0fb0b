"""Quotes of a speech against the texts they may come from: exact words, figures compared apart. Pure."""

import re
import unicodedata
from collections.abc import Sequence

from app.agents.debate.schemas import Quote
from app.knowledge.claims.types import Passage

MIN_WORDS = 5

_QUOTED = re.compile(r"[\"“]([^\"“”]{2,})[\"”]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"\w+(?:[.,'’]\w+)*|%")


def find_quotes(text: str) -> list[str]:
    """Return what stands in quotation marks and is at least five words long; shorter ones are terms, not quotes."""
    return [quote.strip() for quote in _QUOTED.findall(text) if len(_WORD.findall(quote)) >= MIN_WORDS]


def verify_quotes(text: str, passages: Sequence[Passage]) -> list[Quote]:
    """Return each quote of a speech with the page it stands on, where one has it word for word."""
    return [verify_quote(quote, passages) for quote in find_quotes(text)]


def verify_quote(quote: str, passages: Sequence[Passage]) -> Quote:
    """Look a quote up: the same words in the same order, and the same figures; an ellipsis may leave words out."""
    for passage in passages:
        if stands_in(quote, passage.text):
            page = passage.pages[0] if passage.pages else None
            return Quote(text=quote, filename=passage.filename, page=page, verified=True)
    return Quote(text=quote, verified=False)


def stands_in(quote: str, source: str) -> bool:
    """Tell whether a quote is exact: words whatever their case and punctuation, figures digit for digit."""
    parts = [_words(part) for part in re.split(r"\s*(?:\[?(?:…|\.\.\.)\]?)\s*", quote) if part.strip()]
    return _in_order(parts, _words(source)) and _numbers(quote) <= _numbers(source)


def _in_order(parts: Sequence[list[str]], source: list[str]) -> bool:
    position = 0
    for part in parts:
        found = _find(part, source, position)
        if found is None:
            return False
        position = found + len(part)
    return bool(parts)


def _find(part: list[str], source: list[str], start: int) -> int | None:
    last = len(source) - len(part)
    return next((at for at in range(start, last + 1) if source[at : at + len(part)] == part), None)


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return [word.strip(".,'") for word in _WORD.findall(plain)]


def _numbers(text: str) -> set[str]:
    return {number.rstrip(".,") for number in _NUMBER.findall(unicodedata.normalize("NFKC", text))}
