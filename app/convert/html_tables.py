"""Tables of HTML: the grid behind colspan and rowspan, and what is only layout."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lxml import etree

from app.convert.blocks import Block
from app.convert.captions import find_caption
from app.convert.cells import Cell, is_figure, is_unit_note, join_affixes, tidy
from app.convert.document import Table
from app.convert.tables import build_tables, table_markdown

_PADDING = re.compile(r"(?:padding-left|margin-left|text-indent)\s*:\s*(-?[\d.]+)\s*(pt|px|em|in)?")
_POINTS = {"pt": 1.0, "px": 0.75, "em": 10.0, "in": 72.0, "": 1.0}
_SPACED = frozenset(["br", "div", "p", "li"])
_MARK = re.compile(r"(?:\(?[0-9a-z*†‡#]{1,2}\)?[\s,]*)+", re.IGNORECASE)
_LARGEST_SPAN = 200
_BULLET = re.compile(r"[•●▪■◦○–—·*-]$|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]$", re.IGNORECASE)
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)")

Grid = list[list[Cell]]


def style_of(element: etree._Element) -> str:
    """Return the element's inline style in lower case."""
    return (element.get("style") or "").lower()


def read_grid(table: etree._Element) -> Grid:
    """Place the table's cells by colspan and rowspan; a cell over several rows stands in each of them."""
    rows: Grid = []
    pending: dict[int, tuple[int, Cell]] = {}
    for row in table.iter("tr"):
        cells: list[Cell] = []
        column = 0
        for element in row.iterchildren("td", "th"):
            column = _take_pending(pending, cells, column)
            span, depth = _span(element, "colspan"), _span(element, "rowspan")
            cell = _read_cell(element, column, span)
            cells.append(cell)
            if depth > 1:
                pending.update({column + i: (depth, cell) for i in range(span)})
            column += span
        _take_pending(pending, cells, column)
        pending = {i: (left - 1, cell) for i, (left, cell) in pending.items() if left > 1}
        rows.append(cells)
    return rows


def _take_pending(pending: dict[int, tuple[int, Cell]], cells: list[Cell], column: int) -> int:
    while column in pending:
        cell = pending[column][1]
        cells.append(cell)
        column = int(cell.x1) if cell.x1 > column else column + 1
    return column


def _span(element: etree._Element, name: str) -> int:
    text = (element.get(name) or "1").strip()
    return min(max(int(text), 1), _LARGEST_SPAN) if text.isascii() and text.isdigit() else 1


def _read_cell(element: etree._Element, column: int, span: int) -> Cell:
    styles = [style_of(part) for part in element.iter() if part.get("style")]
    return Cell(
        text=tidy("".join(_cell_text(element))),
        x0=column,
        x1=column + span,
        indent=_indent(element),
        strong=element.tag == "th" or any(_BOLD.search(style) for style in styles),
    )


def _cell_text(element: etree._Element) -> list[str]:
    """Return the pieces of a cell's text; footnote marks are left out, for they would read as digits or words."""
    pieces: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, part in walk:
        if event == "start":
            if part is not element and _is_mark(part):
                walk.skip_subtree()
            else:
                pieces += [" "] * (part.tag in _SPACED) + [part.text or ""]
            continue
        pieces += [" "] * (part.tag in _SPACED) + [part.tail or ""] * (part is not element)
    return pieces


def _is_mark(element: etree._Element) -> bool:
    """Whether an element is a raised footnote mark."""
    style = style_of(element)
    if element.tag != "sup" and "vertical-align:super" not in style and "top:-" not in style.replace(" ", ""):
        return False
    return bool(_MARK.fullmatch(str(element.xpath("string()")).strip()))


def _indent(element: etree._Element) -> float:
    """Indentation of a cell's text in points, from styles down to its first text and from leading no-break spaces."""
    total, part = 0.0, element
    while part is not None:
        for size, unit in _PADDING.findall(style_of(part)):
            total += float(size) * _POINTS[unit] if re.fullmatch(r"-?\d+(\.\d+)?", size) else 0.0
        text = part.text or ""
        if text.strip() or not len(part):
            lead = len(text) - len(text.lstrip(" \u00a0\u2003\n"))
            return total + text[:lead].count("\u00a0") * 3
        part = part[0]
    return total


def table_blocks(grid: Grid, before: Sequence[str], above: Table | None) -> Iterator[Block]:
    """Give a table as a table block, or its text where it only serves layout.

    `above` is the table right above with no text between; what a table does not say itself it takes from there.
    """
    rows = [[cell for cell in row if cell.text] for row in grid]
    rows = [row for row in rows if row]
    if not _is_table([join_affixes(row) for row in rows]):
        yield from _layout_text(rows)
        return
    caption, note = (above.caption, above.unit_note) if above else find_caption(before)
    tables = build_tables(rows, caption=caption, unit_note=note)
    if not tables:
        yield from _layout_text(rows)
        return
    for table in tables:
        if above and not any(table.columns) and len(above.columns) == len(table.columns):
            table = replace(table, columns=above.columns)  # noqa: PLW2901
        yield Block(kind="table", markdown=table_markdown(table, shown=caption, noted=note), tables=(table,))


def _is_table(rows: Grid) -> bool:
    """Whether the grid holds columns of figures, or several rows of short texts side by side."""
    figures = sum(1 for row in rows for cell in row[1:] if is_figure(cell.text))
    if figures >= 2:
        return True
    wide = [row for row in rows if len(row) >= 2 and not _BULLET.match(row[0].text)]
    if len(wide) < 2 or len(wide) * 2 < len(rows):
        return False
    longest = max((len(cell.text) for row in wide for cell in row), default=0)
    return figures > 0 or longest <= 300


def _layout_text(rows: Grid) -> Iterator[Block]:
    for row in rows:
        if len(row) >= 2 and _BULLET.match(row[0].text):
            mark = "-" if row[0].text[-1] not in ".)" else row[0].text
            yield Block(kind="text", markdown=f"{mark} " + " ".join(cell.text for cell in row[1:]))
            continue
        text = " ".join(cell.text for cell in row)
        short = len(text) <= 200 and all(cell.strong for cell in row) and not is_unit_note(text)
        yield Block(kind="heading" if short else "text", markdown=f"**{text}**" if short else text)
