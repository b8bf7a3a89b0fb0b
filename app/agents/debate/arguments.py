"""Speeches without a model: quoted evidence under fixed phrases, each with its citation. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.agents.debate.quotes import MIN_WORDS, stands_in
from app.agents.debate.rules import other
from app.agents.debate.stance import bears_on, sort_by_side
from app.agents.debate.tasks import Heard, SpeakInput
from app.knowledge.claims.compare import find_subject
from app.knowledge.claims.split import split_sentences
from app.knowledge.claims.types import Passage
from app.knowledge.claims.words import find_stems, list_words

MAX_POINTS = 6
MAX_QUOTE_WORDS = 60

_SUBJECT = re.compile(
    r"(?:[^\s,;]+ ){0,9}?[^\s,;]+(?= (?:is|are|was|were|has|have|had|will|may|can|do|does|did|rose|fell|grew"
    r"|increased|decreased|declined|improved)\b)"
)
_CAPTION = re.compile(r"\||following table|as follows", re.I)
NOTHING = "We found nothing in the documents for our side, and we rest on the motion as it is put."
CLOSING = "That is our case."


@dataclass(frozen=True, kw_only=True)
class Point:
    """A sentence of the evidence and its number."""

    number: int
    text: str


def write_speech(input: SpeakInput) -> str:
    """Return a speech of at most `word_cap` words; every quoted sentence stands in the evidence."""
    points = pick_points(input)
    if input.stage == "question":
        return _ask(points)
    lines = [_opening_line(input), *_argue(input, points)]
    if len(lines) == 1:
        lines.append(NOTHING)
    return _fit([*lines, CLOSING], input.word_cap)


def pick_points(input: SpeakInput) -> list[Point]:
    """Return the sentences this speech can use: of its side, on the topic, not refuted; a final takes up old ones."""
    numbered = {passage.id: number for number, passage in enumerate(input.evidence, start=1)}
    own = sort_by_side(input.topic, input.evidence, seed=input.seed)[input.side]
    spent = "\n".join(heard.text for heard in input.transcript)
    refuted = {claim.text for claim in input.feedback.refuted} if input.feedback else set()
    points = [
        Point(number=numbered[passage.id], text=sentence)
        for passage in own
        for sentence in _sentences(passage)
        if not any(stands_in(text, sentence) or stands_in(sentence, text) for text in refuted)
    ]
    unique = list({find_subject(point.text): point for point in reversed(points)}.values())[::-1]
    bearing = [point for point in unique if bears_on(input.topic, point.text)] or unique
    used = [point for point in bearing if stands_in(point.text, spent)]
    fresh = [point for point in bearing if point not in used]
    return used or fresh if input.stage == "final" else fresh or used


def name_terms(claim: str, *, limit: int = 4) -> str:
    """Return what a claim is about: what stands before its verb, else its first telling words."""
    if subject := _SUBJECT.match(claim):
        return subject[0]
    words = [word for word in list_words(claim) if find_stems(word) and not word[0].isdigit()]
    return " ".join(words[:limit]) or "that"


def _argue(input: SpeakInput, points: Sequence[Point]) -> Iterator[str]:
    left = list(points[: 3 * MAX_POINTS])
    for claim in _open_claims(input)[: MAX_POINTS // 2]:
        point = _answer(claim, left)
        if point is None:
            break
        left.remove(point)
        yield f'On {name_terms(claim)}, we answer: "{_quotable(point.text)}" [E{point.number}].'
    for point in left[: MAX_POINTS // 2]:
        yield f'Our evidence: "{_quotable(point.text)}" [E{point.number}].'


def _answer(claim: str, points: Sequence[Point]) -> Point | None:
    wanted = find_stems(claim)
    return max(points, key=lambda point: len(wanted & find_stems(point.text)), default=None)


def _open_claims(input: SpeakInput) -> list[str]:
    if input.stage == "opening":
        return []
    theirs = [heard for heard in input.transcript if heard.speaker == other(input.side)]
    return [claim for heard in reversed(theirs) for claim in (heard.claims or _questions(heard))]


def _questions(heard: Heard) -> list[str]:
    return [heard.text] if heard.stage == "question" else []


def _opening_line(input: SpeakInput) -> str:
    stand = "for" if input.side == "pro" else "against"
    topic = input.topic.rstrip(".!?")
    lines = {
        "opening": f"We speak {stand} the motion: {topic}.",
        "answer": "We answer the question.",
        "final": f"We close {stand} the motion: {topic}.",
    }
    return lines.get(input.stage, f"We go on {stand} the motion, and answer the other side.")


def _ask(points: Sequence[Point]) -> str:
    if not points:
        return "What do you rest your case on?"
    return f'What do you say to this: "{_quotable(points[0].text)}" [E{points[0].number}]?'


def _sentences(passage: Passage) -> Iterator[str]:
    for start, end in split_sentences(passage.text):
        sentence = " ".join(passage.text[start:end].split())
        if MIN_WORDS <= len(re.findall(r"[A-Za-z]{2,}", sentence)) <= MAX_QUOTE_WORDS and _says_something(sentence):
            yield sentence


def _says_something(sentence: str) -> bool:
    """Tell a whole sentence from a row of a table, a caption, a note or a piece that was cut off."""
    return bool(re.match(r"[A-Z\"“]", sentence) and re.search(r"[.!?][\"”)]*$", sentence)) and not _CAPTION.search(
        sentence
    )


def _fit(lines: Sequence[str], cap: int) -> str:
    kept: list[str] = []
    for line in lines:
        if len(" ".join([*kept, line]).split()) <= cap:
            kept.append(line)
    return " ".join(kept)


def _quotable(sentence: str) -> str:
    return re.sub(r"[\"“”]", "'", sentence)
