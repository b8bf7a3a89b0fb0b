"""A workbook's outline: where its tables stand and what they are made of, without their figures.

After SpreadsheetLLM (Dong et al., 2024): structural anchors instead of every row, an inverse index from a repeated word
to the cells that hold it, and number formats aggregated to ranges.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.convert.blocks import Block
from app.convert.cells import is_figure
from app.convert.document import Table
from app.convert.sheet import Range, Sheet, Shown, letters

_MOST_LABELS = 8
_MOST_COLUMNS = 6
_MOST_FORMATS = 2
_MOST_WORDS = 3
_LONGEST = 40


@dataclass(frozen=True, kw_only=True)
class Region:
    """A range of a sheet with the tables read from it."""

    sheet: Sheet
    area: Range
    tables: tuple[Table, ...]


def outline_blocks(regions: Sequence[Region]) -> list[Block]:
    """Return a heading for the workbook and a few lines a region; texts beside a sheet's tables are left out."""
    shown = [region for region in regions if region.tables or not _has_tables(region.sheet, regions)]
    lines = [Block(kind="text", markdown="  \n".join(_lines(region))) for region in shown]
    return [Block(kind="heading", markdown="# Sheets of this workbook"), *lines]


def _has_tables(sheet: Sheet, regions: Sequence[Region]) -> bool:
    return any(region.tables for region in regions if region.sheet is sheet)


def _lines(region: Region) -> Iterator[str]:
    hidden = " (hidden)" if region.sheet.hidden else ""
    yield f"**{region.sheet.name}!{region.area.address}**{hidden}{_captions(region.tables)}"
    if not region.tables:
        return
    columns = list(dict.fromkeys(" ".join(path) for table in region.tables for path in table.columns if path))
    labels = list(dict.fromkeys(row.label for table in region.tables for row in table.rows if row.label))
    if columns:
        yield f"Columns: {_shortened(columns, _MOST_COLUMNS)}"
    if labels:
        yield f"Rows: {_shortened(labels, _MOST_LABELS)}"
    if formats := list(_formats(region)):
        yield f"Formats: {'; '.join(formats[:_MOST_FORMATS])}"
    if words := list(_repeated(region)):
        yield f"Repeated: {'; '.join(words[:_MOST_WORDS])}"


def _captions(tables: Sequence[Table]) -> str:
    captions = list(dict.fromkeys(f"{table.caption} {table.unit_note}".strip() for table in tables if table.caption))
    return f": {_shortened(captions, 3)}" if captions else ""


def _shortened(texts: Sequence[str], most: int) -> str:
    """Join texts, the middle ones of many left out."""
    cut = [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in texts]
    if len(cut) <= most:
        return "; ".join(cut)
    head, tail = most - most // 3, most // 3
    return "; ".join([*cut[:head], f"… ({len(cut) - most} more) …", *cut[-tail:]])


def _formats(region: Region) -> Iterator[str]:
    """Give each number format with the range it is used in, the most used first."""
    used: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, column, cell in _cells(region):
        if cell.format:
            used[cell.format].append((row, column))
    for pattern, places in sorted(used.items(), key=lambda item: -len(item[1])):
        rows, columns = [row for row, _ in places], [column for _, column in places]
        area = Range(top=min(rows), left=min(columns), bottom=max(rows), right=max(columns))
        yield f"`{pattern}` {area.address} ({len(places)} cells)"


def _repeated(region: Region) -> Iterator[str]:
    """Give words that stand in many cells with the columns they stand in."""
    where: dict[str, list[int]] = defaultdict(list)
    for _, column, cell in _cells(region):
        if not cell.format and not is_figure(cell.text) and len(cell.text) <= _LONGEST:
            where[cell.text].append(column)
    for text, columns in sorted(where.items(), key=lambda item: -len(item[1])):
        if len(columns) > 3:
            names = [letters(column) for column in sorted(set(columns))]
            yield f"{text} ×{len(columns)} in {', '.join(names[:3])}{'…' * (len(names) > 3)}"


def _cells(region: Region) -> Iterator[tuple[int, int, Shown]]:
    area = region.area
    for row, cells in region.sheet.rows.items():
        if area.top <= row <= area.bottom:
            for column, cell in cells.items():
                if area.left <= column <= area.right:
                    yield row, column, cell
