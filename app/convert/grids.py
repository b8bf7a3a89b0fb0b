"""Grids of cells, from HTML or an Office file, as tables; or as text where they only serve layout."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.convert.blocks import Block
from app.convert.captions import find_caption
from app.convert.cells import Cell, is_figure, is_unit_note, join_affixes
from app.convert.document import Table
from app.convert.records import read_records
from app.convert.tables import build_tables, table_markdown

_BULLET = re.compile(r"[•●▪■◦○–—·*-]$|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]$", re.IGNORECASE)

Grid = list[list[Cell]]


def table_blocks(grid: Grid, before: Sequence[str], above: Table | None) -> Iterator[Block]:
    """Give a table as a table block, or its text where it only serves layout.

    `above` is the table right above with no text between; what a table does not say itself it takes from there.
    """
    caption, note = (above.caption, above.unit_note) if above else find_caption(before)
    tables = read_tables(grid, caption=caption, unit_note=note)
    if not tables:
        yield from _layout_text(_filled(grid))
    for table in tables:
        if above and not any(table.columns) and len(above.columns) == len(table.columns):
            table = replace(table, columns=above.columns, stub=above.stub)  # noqa: PLW2901
        yield Block(kind="table", markdown=table_markdown(table, shown=caption, noted=note), tables=(table,))


def read_tables(grid: Grid, *, caption: str = "", unit_note: str = "") -> list[Table]:
    """Return the tables of a grid whose cells span columns exactly; [] when it only serves layout."""
    rows = _filled(grid)
    if not _is_table([join_affixes(row) for row in rows]):
        return []
    records = read_records(rows, caption=caption, unit_note=unit_note)
    return [records] if records else build_tables(rows, caption=caption, unit_note=unit_note)


def _filled(grid: Grid) -> Grid:
    rows = [[cell for cell in row if cell.text] for row in grid]
    return [row for row in rows if row]


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
