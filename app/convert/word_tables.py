"""Tables of Word documents as grids of cells."""

import re
from collections.abc import Iterator

from lxml import etree

from app.convert.cells import Cell, tidy
from app.convert.grids import Grid
from app.convert.word_text import BREAK, Notes, attribute, is_bold, paragraph_text

_LARGEST_SPAN = 200
_MARK = re.compile(r"(?<=[\d%)])\^\(\d{1,2}\)$")


def read_word_table(table: etree._Element, notes: Notes) -> Iterator[Grid]:
    """Give a table's grid, in parts where Word set a page break between its rows.

    A cell over several rows stands in each of them; deleted rows are left out.
    """
    part: Grid = []
    above: dict[int, Cell] = {}
    for row in own_parts(table, "tr"):
        if row.find("{*}trPr/{*}del") is not None:
            continue
        cells, breaks = _read_row(row, above, notes)
        if breaks and part:
            yield part
            part = []
        part.append(cells)
        above = {int(cell.x0): cell for cell in cells}
    yield part


def own_parts(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Give a table's rows or cells, or a row's cells, those in content controls too, but none of tables within them."""
    for part in element.iter(f"{{*}}{tag}"):
        if next(part.iterancestors(element.tag)) is element:
            yield part


def has_tables_within(table: etree._Element) -> bool:
    """Whether cells of a table hold tables: it then serves layout."""
    return table.find(".//{*}tbl") is not None


def _read_row(row: etree._Element, above: dict[int, Cell], notes: Notes) -> tuple[list[Cell], bool]:
    cells: list[Cell] = []
    breaks = False
    column = _number(row.find("{*}trPr/{*}gridBefore"), 0)
    for element in own_parts(row, "tc"):
        span = _number(element.find("{*}tcPr/{*}gridSpan"), 1)
        merged = element.find("{*}tcPr/{*}vMerge")
        text = _cell_text(element, notes)
        breaks |= BREAK in text
        if merged is not None and attribute(merged, "val") != "restart" and column in above:
            cells.append(above[column])
        else:
            bold = all(is_bold(p) for p in element.iter("{*}p") if p.find(".//{*}t") is not None)
            cells.append(Cell(text=tidy(text.replace(BREAK, " ")), x0=column, x1=column + span, strong=bold))
        column += span
    return cells, breaks


def _cell_text(cell: etree._Element, notes: Notes) -> str:
    """Return a cell's text; a footnote mark after a figure is left out, as it is no part of it."""
    lines = (paragraph_text(paragraph, notes) for paragraph in cell.iter("{*}p"))
    return "\n".join(_MARK.sub("", line) for line in lines)


def _number(element: etree._Element | None, default: int) -> int:
    text = attribute(element, "val") if element is not None else ""
    return min(int(text), _LARGEST_SPAN) if text.isascii() and text.isdigit() else default
