"""A text into claims, each with its place in the text."""

import re
from collections.abc import Iterator

from app.knowledge.claims.types import Claim

MIN_QUOTE_WORDS = 5

_ABBREVIATIONS = (
    "Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "Sr.", "Jr.", "St.", "Inc.", "Corp.", "Co.", "Ltd.", "No.", "vs.", "cf.",
    "e.g.", "i.e.", "U.S.", "U.K.", "U.N.", "p.", "pp.", "pg.", "Fig.", "al.", "approx.", "Jan.", "Feb.", "Mar.",
    "Apr.", "Jun.", "Jul.", "Aug.", "Sep.", "Sept.", "Oct.", "Nov.", "Dec.",
)  # fmt: skip
_END = re.compile(r"[.!?…]+[\"”’')\]]*(?:\s*\[[^\]]*\])*(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*#]|\d+[.)])\s)")
_MARKUP = re.compile(r"^(?:[-*#>]+|\d+[.)])\s+")
_CITATION = re.compile(r"\s*\[[^\]]*\]")
_QUOTED = re.compile(r"[\"“]([^\"“”]+)[\"”]")
_STANCE = re.compile(
    r"\b(?:I|we|us|our|my|you|your|let|motion|opponents?|the other side|this side|this house|judges?|ladies)\b", re.I
)
_VERB_OF_DUTY = re.compile(r"\b(?:should|ought to|must|deserves?)\b", re.I)


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence, without the blanks around it; abbreviations and decimals do not end one."""
    start = 0
    for match in _END.finditer(text):
        if not _is_end(text, start, match):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def split_claims(text: str, *, limit: int = 12) -> list[Claim]:
    """Return the checkable statements of a text, at most `limit`, those with figures, names or quotes first kept."""
    spans = [span for span in split_sentences(text) if is_checkable(text[span[0] : span[1]])]
    if len(spans) > limit:
        weighty = sorted(spans, key=lambda span: -weigh(text[span[0] : span[1]]))[:limit]
        spans = sorted(weighty)
    return [build_claim(number, text, span) for number, span in enumerate(spans, start=1)]


def build_claim(number: int, text: str, span: tuple[int, int]) -> Claim:
    """Return the claim that stands at `span`, its citation marks and list marks left out."""
    return Claim(id=f"c{number}", span=span, text=state_claim(text[span[0] : span[1]]))


def state_claim(sentence: str) -> str:
    """Return what a sentence claims: the quoted words where it only presents a quote, else the sentence itself."""
    quotes: list[str] = [quote for quote in _QUOTED.findall(sentence) if len(quote.split()) >= MIN_QUOTE_WORDS]
    plain = _MARKUP.sub("", _CITATION.sub("", sentence)).strip()
    if len(quotes) == 1 and _STANCE.search(_QUOTED.sub("", sentence)):
        return quotes[0].strip()
    return plain


def is_checkable(sentence: str) -> bool:
    """Tell whether a sentence states something that evidence could bear on: no question, greeting or appeal."""
    plain = _CITATION.sub("", sentence).strip()
    if plain.endswith("?") or len(plain.split()) < 4:
        return False
    if any(len(quote.split()) >= MIN_QUOTE_WORDS for quote in _QUOTED.findall(plain)):
        return True
    if re.search(r"\d", plain):
        return True
    return not (_STANCE.search(plain) or _VERB_OF_DUTY.search(plain))


def weigh(sentence: str) -> int:
    """Return how much there is to check: figures count three, quotes three, names one."""
    figures = len(re.findall(r"\d[\d,.]*", sentence))
    names = len(re.findall(r"(?<=\s)[A-Z][\w&-]+", sentence))
    return 3 * figures + 3 * len(_QUOTED.findall(sentence)) + names


def locate(excerpt: str, text: str) -> tuple[int, int] | None:
    """Return where an excerpt stands in a text: exact, else with any spacing and quotation marks, else None."""
    found = text.find(excerpt)
    if excerpt and found >= 0:
        return found, found + len(excerpt)
    words = [re.escape(word) for word in re.findall(r"[\w.,%$€£-]+", excerpt)]
    if not words:
        return None
    match = re.search(r"[\s\"“”'’‘*_()\[\];:—–-]*".join(words), text, re.I)
    return match.span() if match else None


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    if match.group().startswith("\n"):
        return True
    head = text[start : match.start() + 1]
    last = head.split()[-1] if head.split() else ""
    if last.lstrip('(["“') in _ABBREVIATIONS or re.fullmatch(r"[A-Z]\.", last):
        return False
    return not re.fullmatch(r"\s*\d{1,2}\.", head)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    if piece.strip():
        yield start + left, start + len(piece.rstrip())
