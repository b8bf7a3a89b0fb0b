"""Plain text to pages."""

import re

from app.convert.blocks import Block, build_pages
from app.convert.decode import decode
from app.convert.document import Converted

_TITLE_SIZE = 120


def convert_text(content: bytes, *, max_pages: int) -> Converted:
    """Read text in any encoding; form feeds are page breaks, otherwise paragraphs fill pages.

    Raises ConversionFailed when there is no text or the bytes are binary.
    """
    text = decode(content)
    pages = build_pages(text_blocks(text), max_pages=max_pages)
    return Converted(media_type="text/plain", pages=pages, title=_first_line(text))


def text_blocks(text: str) -> list[Block]:
    """Split text into paragraphs at empty lines, and into breaks at form feeds."""
    blocks: list[Block] = []
    for index, part in enumerate(text.split("\f")):
        if index:
            blocks.append(Block(kind="break"))
        paragraphs = (paragraph.strip("\n") for paragraph in re.split(r"\n[ \t]*\n", part))
        blocks += [Block(kind="text", markdown=paragraph.rstrip()) for paragraph in paragraphs if paragraph.strip()]
    return blocks


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= _TITLE_SIZE else ""
