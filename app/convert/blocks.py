"""Blocks of a flowing document, and how they become pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.convert.document import Page, Table
from app.errors import ConversionFailed

PAGE_SIZE = 3500
LARGEST_PAGE = 20_000


@dataclass(frozen=True, kw_only=True)
class Block:
    """A heading, a paragraph, a table, or the document's own page break."""

    kind: Literal["heading", "text", "table", "break"]
    markdown: str = ""
    tables: tuple[Table, ...] = ()


def build_pages(blocks: Sequence[Block], *, max_pages: int) -> tuple[Page, ...]:
    """Cut blocks into pages at their page breaks, or where there are none at headings into page-sized parts.

    Raises ConversionFailed when nothing is left to read or the pages are more than `max_pages`.
    """
    if any(block.kind == "break" for block in blocks):
        parts = [part for whole in _split_at_breaks(blocks) for part in fill_pages(whole, LARGEST_PAGE)]
    else:
        parts = fill_pages(blocks, PAGE_SIZE)
    pages = tuple(make_page(number, part) for number, part in enumerate(filter(None, parts), start=1))
    if not pages:
        raise ConversionFailed("The file has no text to read.")
    if len(pages) > max_pages:
        raise ConversionFailed(f"The file makes {len(pages):,} pages; at most {max_pages:,} are read.")
    return pages


def make_page(number: int, blocks: Iterable[Block], *, label: str = "") -> Page:
    """Join blocks into one page and number its tables from 1."""
    blocks = list(blocks)
    tables = [table for block in blocks for table in block.tables]
    return Page(
        number=number,
        markdown="\n\n".join(block.markdown for block in blocks if block.markdown),
        tables=tuple(replace(table, number=index) for index, table in enumerate(tables, start=1)),
        label=label,
    )


def _split_at_breaks(blocks: Sequence[Block]) -> list[list[Block]]:
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "break":
            parts.append([])
        else:
            parts[-1].append(block)
    return [part for part in parts if part]


def fill_pages(blocks: Sequence[Block], size: int) -> list[list[Block]]:
    """Cut blocks into pages of up to `size` characters; a heading starts a new one when the page is half full."""
    parts: list[list[Block]] = [[]]
    length = 0
    for block in _cut_long(blocks, size):
        full = length + len(block.markdown) > size
        at_heading = block.kind == "heading" and length > size / 2
        if parts[-1] and (full or at_heading):
            carried = _trailing_headings(parts[-1])
            parts.append(carried)
            length = sum(len(b.markdown) for b in carried)
        parts[-1].append(block)
        length += len(block.markdown)
    return parts


def _trailing_headings(part: list[Block]) -> list[Block]:
    """Take headings off a page's end, so that they stand with their text; never empties a page."""
    carried: list[Block] = []
    while len(part) > 1 and part[-1].kind == "heading":
        carried.insert(0, part.pop())
    return carried


def _cut_long(blocks: Sequence[Block], size: int) -> Iterable[Block]:
    for block in blocks:
        if block.kind == "table" or len(block.markdown) <= size * 1.5:
            yield block
            continue
        for piece in _pieces(block.markdown, size):
            yield replace(block, markdown=piece)


def _pieces(text: str, size: int) -> Iterable[str]:
    while len(text) > size:
        cut = max(text.rfind(mark, size // 2, size) + len(mark) for mark in ("\n", ". ", " "))
        cut = cut if cut > size // 2 else size
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text
