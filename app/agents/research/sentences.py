"""Markdown prose cut into the pieces that are checked one by one: sentences, list items, table rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sentence", "heading", "row"]

CITATION = re.compile(r"\[\s*F\d+(?:\s*[,;]\s*F\d+)*\s*\]")
ABBREVIATIONS = (
    "inc corp co ltd no nos pg pp p vs mr mrs ms dr st jr sr u.s u.k e.g i.e approx fig figs sec art al etc dept vol"
).split()
END = re.compile(r"(?:[.!?…]+[\"”’')*_]*|[。！？])(?:\s*\[[^\[\]\n]*\])*(?:\s+|(?<=[。！？\]])|$)")
MARKER = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|>\s*)*")
ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.\s+(?=(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Quartal|Halbjahr))")
"""A day or a quarter as German writes it: its dot ends no sentence."""
RULE = re.compile(r"^\s*\|?[\s:|-]*-{2,}[\s:|-]*\|?\s*$")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text `[start, end)`; pieces of one paragraph or list item share `block`."""

    start: int
    end: int
    text: str
    kind: Kind
    block: int


def split_pieces(text: str) -> list[Piece]:
    """Return the pieces of a Markdown text in order; rules of tables and blank lines are none."""
    pieces: list[Piece] = []
    block, offset, joined = 0, 0, False
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        starts_block = not joined or bool(MARKER.match(line) and MARKER.match(line)[0].strip())  # type: ignore[index]
        block += starts_block
        joined = bool(bare) and not bare.startswith(("#", "|"))
        if bare and not RULE.match(bare):
            pieces.extend(_cut(line, offset, block))
        offset += len(line)
    return pieces


def end_sentence(text: str) -> str:
    """Return a text with a full stop where it has no mark that ends a sentence."""
    bare = text.strip()
    return bare if bare.rstrip("\"”’')").endswith((".", "!", "?", "。")) else f"{bare}."


def _cut(line: str, offset: int, block: int) -> Iterator[Piece]:
    bare = line.strip()
    if bare.startswith(("#", "|")):
        start = offset + line.index(bare)
        kind: Kind = "heading" if bare.startswith("#") else "row"
        yield Piece(start=start, end=start + len(bare), text=bare, kind=kind, block=block)
        return
    marker = MARKER.match(line)
    start = marker.end() if marker else 0
    for end in _ends(line, start):
        text = line[start:end]
        if text.strip():
            begin = offset + start + len(text) - len(text.lstrip())
            yield Piece(
                start=begin, end=offset + start + len(text.rstrip()), text=text.strip(), kind="sentence", block=block
            )
        start = end


def _ends(line: str, start: int) -> Iterator[int]:
    for match in END.finditer(line, start):
        if not _is_abbreviation(line, match.start()) and not _continues(line, match.end()):
            yield match.end()
    yield len(line)


def _is_abbreviation(line: str, dot: int) -> bool:
    if line[dot] != ".":
        return False
    word = re.search(r"[\w.]*$", line[:dot])
    before = word[0].lower() if word else ""
    return before in ABBREVIATIONS or bool(re.fullmatch(r"[a-z]", before))


def _continues(line: str, position: int) -> bool:
    if position < len(line) and line[position].islower():
        return True
    return any(match.end() == position for match in ORDINAL.finditer(line))
