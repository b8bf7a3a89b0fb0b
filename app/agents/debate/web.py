"""What a search of the web came to, as passages with the address they were found at. Pure."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from app.knowledge.claims.split import split_sentences
from app.knowledge.claims.types import Passage
from app.llm.web import WebAnswer, WebCitation

MIN_WORDS = 4

_LINKS = re.compile(r"\s*\(?\[[^\]]*\]\([^)]*\)\)?")


def read_findings(answer: WebAnswer, *, turn: int) -> list[Passage]:
    """Return each sentence that a citation stands in or right behind, with the page cited first for it."""
    found: dict[str, Passage] = {}
    for sentence, citation in _pair(answer):
        if sentence not in found:
            passage = Passage(id=f"w{turn}.{len(found) + 1}", text=sentence, filename=_name(citation), url=citation.url)
            found[sentence] = passage
    return list(found.values())


def _pair(answer: WebAnswer) -> Iterator[tuple[str, WebCitation]]:
    last = ""
    for start, end in split_sentences(answer.text):
        sentence = " ".join(_LINKS.sub("", answer.text[start:end]).split())
        last = sentence if len(sentence.split()) >= MIN_WORDS else last
        for citation in answer.citations:
            if start <= citation.start < end and last:
                yield last, citation


def _name(citation: WebCitation) -> str:
    return citation.title or urlsplit(citation.url).netloc or citation.url
