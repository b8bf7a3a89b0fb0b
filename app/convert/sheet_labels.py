"""Row labels of a sheet that are set in by standing in the next column, as one column of indented labels."""

from collections.abc import Sequence
from dataclasses import replace

from app.convert.cells import Cell, is_figure, is_year

NumberedRow = tuple[int, list[Cell]]
_STEP = 6.0


def indent_labels(rows: Sequence[NumberedRow]) -> list[NumberedRow]:
    """Move labels that stand in place of those further left into the first column, indented by the columns passed."""
    columns = _label_columns([cells for _, cells in rows])
    if len(columns) < 2:
        return list(rows)
    return [(number, [_moved(cells[0], columns), *cells[1:]]) for number, cells in rows]


def _moved(cell: Cell, columns: Sequence[float]) -> Cell:
    if cell.x0 not in columns:
        return cell
    depth = columns.index(cell.x0)
    return replace(cell, x0=columns[0], x1=max(columns[0] + 1, cell.x1 - depth), indent=cell.indent + depth * _STEP)


def _label_columns(rows: Sequence[Sequence[Cell]]) -> list[float]:
    """Return the leading columns of which each row fills but one, and never with a figure."""
    used = sorted({cell.x0 for cells in rows for cell in cells})
    chosen: list[float] = []
    for column in used:
        inside = [cells for cells in rows if any(cell.x0 == column for cell in cells)]
        alone = [cells for cells in inside if cells[0].x0 == column]
        labels = [cells[0].text for cells in alone]
        figures = any(cell.x0 == column and is_figure(cell.text) for cells in inside for cell in cells)
        if figures or not labels or any(map(is_year, labels)) or len(alone) * 10 < len(inside) * 9:
            return chosen
        chosen.append(column)
    return chosen
