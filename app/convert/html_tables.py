"""Tables of HTML: the grid behind colspan and rowspan."""

import re

from lxml import etree

from app.convert.cells import Cell, tidy
from app.convert.grids import Grid

_PADDING = re.compile(r"(?:padding-left|margin-left|text-indent)\s*:\s*(-?[\d.]+)\s*(pt|px|em|in)?")
_POINTS = {"pt": 1.0, "px": 0.75, "em": 10.0, "in": 72.0, "": 1.0}
_SPACED = frozenset(["br", "div", "p", "li"])
_MARK = re.compile(r"(?:\(?[0-9a-z*†‡#]{1,2}\)?[\s,]*)+", re.IGNORECASE)
_LARGEST_SPAN = 200
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)")


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
    return is_raised(element) and bool(_MARK.fullmatch(str(element.xpath("string()")).strip()))


def is_raised(element: etree._Element) -> bool:
    """Whether an element's text stands above the line."""
    style = style_of(element).replace(" ", "")
    return element.tag == "sup" or "vertical-align:super" in style or "top:-" in style


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
