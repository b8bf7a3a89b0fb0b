"""Sentences of a page that carry information and stand alone, with their place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.agents.pyramid.schemas import Card
from app.agents.pyramid.topics import is_boilerplate

BREAK = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z“\"(\[0-9])")
ABBREVIATION = re.compile(
    r"(?:\b(?:Inc|Corp|Co|Ltd|No|Nos|Mr|Mrs|Ms|Dr|St|vs|e\.g|i\.e|etc|approx|Jr|Sr|Art|Sec|Fig|al|Jan|Feb|Mar|Apr|Jun|Jul"
    r"|Aug|Sept|Sep|Oct|Nov|Dec)|\b[A-Z]|U\.S)\.$"
)
DANGLING = re.compile(
    r"(?:it|its|they|their|them|this|these|that|those|such|he|she|his|her|here|there|however|therefore|additionally|"
    r"as a result|accordingly|in addition|also|and|but|or|which|see|refer|table of contents)\b",
    re.IGNORECASE,
)
ISSUER = re.compile(r"\b(?:the|The)\s+(?:Company|Corporation|Registrant)\b(?!\s+(?:Act|Law)\b)(['’]s)?")
STEP = re.compile(r"(?:[-*+•]|\d{1,3}[.)]|>)\s+")
HEADING = re.compile(r"#{1,6}\s+(.*)")
BLANK_LINE = re.compile(r"_{3}")
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence as an insight says it, and where it stands in the page's Markdown."""

    text: str
    start: int
    end: int
    topic: str


def read_prose(markdown: str, card: Card) -> list[Sentence]:
    """Return the page's sentences worth keeping, each once, "the Company" replaced by the issuer's name."""
    found: dict[str, Sentence] = {}
    for start, end, topic in _paragraphs(markdown):
        for first, last in split_sentences(markdown[start:end]):
            shown = markdown[start + first : start + last]
            text = _say(shown, card)
            if is_informative(text) and not is_boilerplate(text) and not BLANK_LINE.search(shown):
                sentence = Sentence(text=text, start=start + first, end=start + last, topic=topic)
                found.setdefault(text.lower(), sentence)
    return list(found.values())


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence; abbreviations and initials don't end one."""
    spans, start = [], 0
    for match in BREAK.finditer(text):
        if ABBREVIATION.search(text[start : match.start() + 1].rstrip()):
            continue
        spans.append((start, match.start()))
        start = match.end()
    spans.append((start, len(text.rstrip())))
    return [(first, last) for first, last in spans if first < last]


def is_informative(text: str) -> bool:
    """Whether a sentence stands alone: a whole sentence of 5–90 words that doesn't lean on the one before."""
    words = WORD.findall(text)
    if not 5 <= len(words) <= 90 or DANGLING.match(text):
        return False
    letters = sum(c.isalpha() for c in text)
    return letters >= 0.5 * len(text) and text[-1] in '.!?”")' and any(w.islower() for w in words[1:])


def _say(shown: str, card: Card) -> str:
    text = re.sub(r"\*\*|__|\\(?=[$*_|#])|\s?[®™℠](?=\W)", "", re.sub(r"\s+", " ", shown)).strip()
    name = card.short_name
    return ISSUER.sub(lambda m: f"{name}'s" if m[1] else name, text) if name else text


def _paragraphs(markdown: str) -> Iterator[tuple[int, int, str]]:
    topic, start, end, position = "", -1, -1, 0
    for line in markdown.splitlines(keepends=True):
        stripped = line.strip()
        heading = HEADING.match(stripped)
        step = STEP.match(stripped)
        if start >= 0 and (not stripped or heading or step or stripped.startswith("|")):
            yield start, end, topic
            start = -1
        if heading:
            topic = re.sub(r"[*_]+", "", heading[1]).strip()
        elif stripped and not stripped.startswith("|"):
            lead = len(line) - len(line.lstrip()) + (step.end() if step else 0)
            start = position + lead if start < 0 else start
            end = position + len(line.rstrip())
        position += len(line)
    if start >= 0:
        yield start, end, topic
