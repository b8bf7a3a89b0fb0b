"""Sentences of a page that carry information, together with those that lean on them, and their place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.agents.pyramid.schemas import Card
from app.agents.pyramid.topics import is_boilerplate

BREAK = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z“\"(\[0-9])")
ABBREVIATION = re.compile(
    r"(?:\b(?:Inc|Corp|Co|Ltd|No|Nos|Mr|Mrs|Ms|Dr|St|vs|e\.g|i\.e|etc|approx|Jr|Sr|Art|Sec|Fig|al|Jan|Feb|Mar|Apr|Jun|Jul"
    r"|Aug|Sept|Sep|Oct|Nov|Dec)|\b[A-Z]|U\.S)\.$"
)
LEANING = re.compile(
    r"(?:it|its|they|their|them|this|these|that|those|such|he|she|his|her|here|there|however|therefore|additionally|"
    r"as a result|accordingly|in addition|also|and|but|or|which)\b",
    re.IGNORECASE,
)
POINTING = re.compile(r"(?:see|refer|table of contents)\b", re.IGNORECASE)
LONGEST_QUOTE = 400
"""Characters of a page that evidence quotes at most, and so of the sentences that are kept as one."""
ISSUER = re.compile(r"\b(?:the|The)\s+(?:Company|Corporation|Registrant)\b(?!\s+(?:Act|Law)\b)(['’]s)?")
NOTES = re.compile(r"^\*\*Notes:\*\*\s+")
STEP = re.compile(r"(?:[-*+•]|\d{1,3}[.)]|>)\s+")
HEADING = re.compile(r"#{1,6}\s+(.*)")
LABELLED = re.compile(r"(?=[^:]*[A-Za-zÀ-ÿ]{2})[^\s:|.!?•][^:|.!?]{0,39}: (?!.*/s/)\S.{0,99}|\S.{2,60} \[[x ]\]")
"""A line of a form, an invoice or a message: a label and what was filled in, or a box."""
VALUE = re.compile(r":(?:\*\*)? [-(]?[$€£¥]?\s?\d")
MOST_LINES = 8
BLANK_LINE = re.compile(r"_{3}")
LINE = re.compile(r"\S.*")
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence as an insight says it, with any that lean on it, and where it stands in the page's Markdown."""

    text: str
    start: int
    end: int
    topic: str


def read_prose(markdown: str, card: Card) -> list[Sentence]:
    """Return the page's sentences worth keeping, each once, "the Company" replaced by the issuer's name."""
    found: dict[str, Sentence] = {}
    for (filled, topic), parts in groupby(
        _paragraphs(markdown), lambda part: (_is_form(markdown, part, card), part[2])
    ):
        spans = [(start, end) for start, end, _ in parts]
        read = _read_form if filled else _read_sentences
        for sentence in read(markdown, spans, topic, card):
            found.setdefault(sentence.text.lower(), sentence)
    return list(found.values())


def _read_sentences(markdown: str, spans: Sequence[tuple[int, int]], topic: str, card: Card) -> Iterator[Sentence]:
    for start, end in _standing(markdown, spans):
        shown = markdown[start:end]
        text = _say(shown, card)
        if is_informative(text) and not is_boilerplate(text) and not BLANK_LINE.search(shown):
            yield Sentence(text=text, start=start, end=end, topic=topic)


def _read_form(markdown: str, spans: Sequence[tuple[int, int]], topic: str, card: Card) -> Iterator[Sentence]:
    """Yield the lines of a form, some a sentence; a line alone may be a heading, unless its value is a figure."""
    lines = [m.span() for start, end in spans for m in LINE.finditer(markdown, start, end)]
    if len(lines) == 1 and not VALUE.search(markdown, *lines[0]):
        yield from _read_sentences(markdown, spans, topic, card)
        return
    for index in range(0, len(lines), MOST_LINES):
        part = lines[index : index + MOST_LINES]
        said = "; ".join(_say(markdown[start:end], card).removesuffix(".") for start, end in part)
        text = " – ".join(word for word in (card.short_name or card.issuer, topic, f"{said}.") if word)
        yield Sentence(text=text, start=part[0][0], end=part[-1][1], topic=topic)


def _is_form(markdown: str, part: tuple[int, int, str], card: Card) -> bool:
    """Whether a paragraph is nothing but lines of a form, none of them a sentence or in capitals as headings are."""
    lines = [_say(match[0], card) for match in LINE.finditer(markdown, part[0], part[1])]
    filled = (LABELLED.fullmatch(line) and not line.isupper() and not is_boilerplate(line) for line in lines)
    return all(filled) and not any(map(is_informative, lines))


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
    """Whether a text stands alone: whole sentences of 5–90 words that don't lean on what is before."""
    words = WORD.findall(text)
    if not 5 <= len(words) <= 90 or LEANING.match(text) or POINTING.match(text):
        return False
    letters = sum(map(str.isalpha, text))
    return letters >= 0.5 * len(text) and text[-1] in '.!?”")' and any(map(str.islower, words[1:]))


def _say(shown: str, card: Card) -> str:
    shown = NOTES.sub("", shown)
    text = re.sub(r"\*\*|__|\\(?=[$*_|#])|\s?[®™℠](?=\W)", "", re.sub(r"\s+", " ", shown)).strip()
    name = card.short_name
    return ISSUER.sub(lambda m: f"{name}'s" if m[1] else name, text) if name else text


def _standing(markdown: str, paragraphs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the start and end of sentences; one that leans on the sentence right before it is one with it."""
    joined: list[tuple[int, int]] = []
    for paragraph, stop in paragraphs:
        for first, last in split_sentences(markdown[paragraph:stop]):
            start, end = paragraph + first, paragraph + last
            before, until = joined[-1] if joined else (start, start)
            beside = joined and not markdown[until:start].strip() and end - before <= LONGEST_QUOTE
            if beside and LEANING.match(markdown, start):
                joined[-1] = (before, end)
            else:
                joined.append((start, end))
    return joined


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
