"""Markdown to pages: headings cut pages, pipe tables become tables."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.convert.blocks import Block, build_pages
from app.convert.captions import find_caption
from app.convert.cells import tidy
from app.convert.decode import decode
from app.convert.document import Converted, Table, TableRow

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\s*\n", re.DOTALL)


def convert_markdown(content: bytes, *, max_pages: int) -> Converted:
    """Read Markdown. Raises ConversionFailed when there is no text or the bytes are binary."""
    text = decode(content)
    front = _FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    blocks = markdown_blocks(body)
    metadata = _front_matter(front.group(1)) if front else {}
    heading = next((block.markdown.lstrip("# ") for block in blocks if block.kind == "heading"), "")
    return Converted(
        media_type="text/markdown",
        pages=build_pages(blocks, max_pages=max_pages),
        title=metadata.get("title", heading),
        metadata=metadata,
    )


def _front_matter(text: str) -> dict[str, str]:
    pairs = re.findall(r"^([\w-]+):[ \t]*(\S.*)$", text, re.MULTILINE)
    return {key: value.strip("\"' ") for key, value in pairs}


def markdown_blocks(text: str) -> list[Block]:
    """Split Markdown at its top-level blocks, each with its source text unchanged."""
    blocks: list[Block] = []
    for index, part in enumerate(text.split("\f")):
        if index:
            blocks.append(Block(kind="break"))
        blocks += _part_blocks(part, [block.markdown for block in blocks])
    return blocks


def _part_blocks(text: str, before: list[str]) -> list[Block]:
    lines = text.split("\n")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks: list[Block] = []
    done = 0
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.map[0] < done:
            continue
        start, done = token.map
        source = "\n".join(lines[start:done]).strip("\n")
        if token.type == "heading_open":
            blocks.append(Block(kind="heading", markdown=source))
        elif token.type == "table_open":
            table = _read_table(tokens[index:], [*before, *(b.markdown for b in blocks)])
            blocks.append(Block(kind="table", markdown=source, tables=(table,)))
        elif source:
            blocks.append(Block(kind="text", markdown=source))
    return blocks


def _read_table(tokens: list[Token], before: list[str]) -> Table:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(tidy(token.content))
        elif token.type == "table_close":
            break
    header, *body = rows
    caption, note = find_caption(before)
    return Table(
        number=0,
        columns=tuple((name,) if name else () for name in header[1:]),
        rows=tuple(TableRow(label=row[0], cells=tuple(row[1:])) for row in body),
        caption=caption,
        unit_note=note or (header[0] if header[0].startswith("(") else ""),
        stub="" if header[0].startswith("(") else header[0],
    )
