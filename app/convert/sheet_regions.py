"""Where the tables of a sheet stand: SpreadsheetLLM's structural anchors (Dong et al., 2024).

A table begins where the kind of rows or columns changes: after empty rows when a header follows, after empty columns
when a column of labels follows.
"""

from collections.abc import Sequence
from itertools import pairwise

from app.convert.cells import is_figure, is_period
from app.convert.sheet import Range, Sheet, Shown

_WIDE_GAP = 2

Rows = Sequence[int]


def find_regions(sheet: Sheet) -> list[Range]:
    """Return the ranges of a sheet's tables and texts, from the top down and left to right."""
    regions: list[Range] = []
    for band in _split_rows(sheet):
        for left, right in _split_columns(sheet, band):
            rows = [row for row in band if any(left <= column <= right for column in sheet.rows[row])]
            columns = [column for row in rows for column in sheet.rows[row] if left <= column <= right]
            regions.append(Range(top=rows[0], left=min(columns), bottom=rows[-1], right=max(columns)))
    return regions


def _split_rows(sheet: Sheet) -> list[list[int]]:
    rows = sorted(sheet.rows)
    bands: list[list[int]] = []
    for index, row in enumerate(rows):
        gap = row - rows[index - 1] - 1 if index else _WIDE_GAP
        if not bands or (gap and _begins_table(sheet, rows[index:], gap)):
            bands.append([])
        bands[-1].append(row)
    return bands


def _begins_table(sheet: Sheet, rows: Rows, gap: int) -> bool:
    """Whether a new table's titles and header stand at the top of these rows."""
    titles = 0
    for row in rows[:5]:
        cells = list(sheet.rows[row].values())
        if len(cells) > 1:
            return _is_header(cells, certain=gap >= _WIDE_GAP or titles > 0)
        if is_figure(cells[0].text):
            return False
        titles += 1
    return gap >= _WIDE_GAP


def _is_header(cells: Sequence[Shown], *, certain: bool) -> bool:
    """Whether a row may head columns: no figures, and unless it is `certain`, periods or bold names."""
    if any(is_figure(cell.text) for cell in cells):
        return False
    named = sum(is_period(cell.text) or cell.strong for cell in cells)
    return certain or named * 2 >= len(cells)


def _split_columns(sheet: Sheet, band: Rows) -> list[tuple[int, int]]:
    """Cut a band at empty columns where labels and figures begin anew to the right."""
    used = sorted({column for row in band for column in sheet.rows[row]})
    parts: list[list[int]] = [[used[0]]]
    for before, column in pairwise(used):
        rest = [other for other in used if other >= column]
        if column - before > 1 and _is_table(sheet, band, parts[-1]) and _is_table(sheet, band, rest):
            parts.append([])
        parts[-1].append(column)
    return [(part[0], part[-1]) for part in parts]


def _is_table(sheet: Sheet, band: Rows, columns: Sequence[int]) -> bool:
    """Whether columns begin with labels, at least three, and hold something beside them."""
    labels = [sheet.rows[row][columns[0]].text for row in band if columns[0] in sheet.rows[row]]
    beside = any(column in sheet.rows[row] for row in band for column in columns[1:])
    words = sum(not is_figure(text) and not is_period(text) for text in labels)
    return beside and words >= 3 and words * 2 > len(labels)
