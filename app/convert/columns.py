"""Value columns of a grid of cells, and which header cells stand over them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.convert.cells import Cell, is_figure

Row = Sequence[Cell]
Span = tuple[float, float]
_EDGE = 6.0
_RUN_TOGETHER = re.compile(r"(.*[^\W\d_]{3,}\S*) ([$(]*\d[\d,.]*\)?%?)")


@dataclass(frozen=True)
class Layout:
    """Where the value columns of a grid stand, and how spanning headers are matched to them."""

    columns: tuple[Span, ...]
    left: float
    exact: bool

    def split_label(self, row: Row) -> tuple[Cell | None, list[Cell]]:
        """Return the row's label cell, if it has one, and the others."""
        if not row:
            return None, []
        first = row[0]
        slack = 0.0 if self.exact else 3.0
        before_values = first.x1 <= self.columns[0][0] + slack
        at_margin = first.x0 <= self.left + slack
        figures = sum(is_figure(cell.text) for cell in row[1:])
        names_row = not is_figure(first.text) and figures * 2 > len(row) - 1
        over_columns = len(row) == len(self.columns) and not at_margin and not names_row
        if (before_values or at_margin) and not over_columns:
            return first, list(row[1:])
        return None, list(row)

    def part_label(self, row: Row) -> Row:
        """Cut a figure off the label that runs up to it, where it ends with the first value column beside figures."""
        (x0, x1), first = self.columns[0], row[0]
        placed = not self.exact and first.x0 < x0 and abs(first.x1 - x1) <= _EDGE
        match = _RUN_TOGETHER.fullmatch(first.text) if placed else None
        if match is None or not is_figure(match[2]) or not any(is_figure(cell.text) for cell in row[1:]):
            return row
        return [replace(first, text=match[1], x1=x0), replace(first, text=match[2], x0=x0), *row[1:]]

    def indent_of(self, label: Cell | None) -> float:
        """Return how far right a row's label begins, in points; a row without a label counts as deepest."""
        if label is None:
            return float("inf")
        return label.indent if self.exact else label.x0

    def place(self, cells: Row) -> tuple[str, ...]:
        """Return one text per value column, "" where the row has none."""
        texts = [""] * len(self.columns)
        for cell in cells:
            index = self._nearest(cell)
            texts[index] = f"{texts[index]} {cell.text}".strip()
        return tuple(texts)

    def _nearest(self, cell: Cell) -> int:
        def closeness(index: int) -> tuple[float, float]:
            x0, x1 = self.columns[index]
            return cell.overlap(x0, x1), -abs(cell.x1 - x1)

        return max(range(len(self.columns)), key=closeness)

    def cover(self, cells: Row, below: Sequence[str]) -> list[Cell | None]:
        """Return for each value column the header cell above it; `below` is what the header says under this row."""
        if self.exact:
            return [
                max((c for c in cells if c.overlap(*span) > 0), key=lambda c: c.overlap(*span), default=None)
                for span in self.columns
            ]
        return assign_spans(cells, self.columns, below)


def assign_spans(cells: Row, columns: Sequence[Span], below: Sequence[str] = ()) -> list[Cell | None]:
    """Give each column the header text set over it or its group; the split with the least total offset wins.

    `below` is the header text under this row, by column: one text never stands twice in a group.
    """
    count, total = len(cells), len(columns)
    if not count:
        return [None] * total
    skip = 12.0
    best: list[list[tuple[float, int, int]]] = [[(float("inf"), 0, 0)] * (total + 1) for _ in range(count + 1)]
    best[0] = [(skip * done, done, done) for done in range(total + 1)]
    for used in range(1, count + 1):
        for done in range(1, total + 1):
            best[used][done] = _best_group(best, cells[used - 1], columns, below, used, done, skip)
    return _trace(best, cells, total)


def _best_group(
    best: list[list[tuple[float, int, int]]],
    cell: Cell,
    columns: Sequence[Span],
    below: Sequence[str],
    used: int,
    done: int,
    skip: float,
) -> tuple[float, int, int]:
    choice = (best[used][done - 1][0] + skip, done, done)
    for start in range(done):
        cost = best[used - 1][start][0] + _offset(cell, columns, start, done, below[start:done])
        if cost < choice[0]:
            choice = (cost, start, done)
    return choice


def _offset(cell: Cell, columns: Sequence[Span], start: int, stop: int, below: Sequence[str]) -> float:
    """Return how badly a header cell sits over columns [start, stop), in points."""
    if cell.rule is not None:
        low, high = cell.rule
        ruled = [i for i, (x0, x1) in enumerate(columns) if low - 2 <= (x0 + x1) / 2 <= high + 2]
        if ruled:
            return 0.0 if (ruled[0], ruled[-1] + 1) == (start, stop) else 1e6
    headed = [text for text in below if text]
    if len(set(headed)) < len(headed):
        return 1e6
    left, right = columns[start][0], columns[stop - 1][1]
    centre = abs(left + right - cell.x0 - cell.x1) / 2
    if start < stop - 1 and len(headed) == stop - start:
        return min(centre, abs(right - cell.x1) + 1)
    if start < stop - 1 or any(cell.overlap(*span) > 2 for i, span in enumerate(columns) if i != start):
        return centre
    return min(centre, abs(right - cell.x1) + 1)


def _trace(best: list[list[tuple[float, int, int]]], cells: Row, total: int) -> list[Cell | None]:
    assigned: list[Cell | None] = [None] * total
    used, done = len(cells), total
    while used and done:
        cost, start, end = best[used][done]
        if cost == float("inf"):
            break
        if start == end == done:
            done -= 1
            continue
        assigned[start:done] = [cells[used - 1]] * (done - start)
        used, done = used - 1, start
    return assigned


def find_layout(rows: Sequence[Row], *, exact: bool) -> Layout | None:
    """Find the value columns of a grid: where its figures stand, and words in several rows; None when it has none."""
    if not rows:
        return None
    left = min(cell.x0 for row in rows for cell in row)
    values = [_values(row, left) for row in rows]
    figures = [[cell for cell in row if is_figure(cell.text)] for row in values]
    columns = _figure_columns(figures)
    others = [cell for row in values for cell in row if not is_figure(cell.text)]
    texts = [cell for cell in others if not any(cell.overlap(*span) > 0 for span in columns)]
    columns = sorted([*columns, *_text_columns(texts, columns, exact=exact)])
    return Layout(tuple(columns), left, exact) if columns else None


def _values(row: Row, left: float) -> list[Cell]:
    """Return a row's cells without its label."""
    labelled = row[0].x0 <= left or not is_figure(row[0].text)
    return [cell for cell in row[1 if labelled else 0 :] if cell.x0 > left]


def _figure_columns(rows: Sequence[Row]) -> list[Span]:
    """Cluster figures into columns; where two figures of one row fall into one column, part it by right edges."""
    cells = [cell for row in rows for cell in row]
    columns: list[Span] = []
    for span in _cluster(cells):
        shared = any(sum(cell.overlap(*span) > 0 for cell in row) > 1 for row in rows)
        columns += _part_by_edges([c for c in cells if c.overlap(*span) > 0]) if shared else [span]
    return columns


def _part_by_edges(cells: Sequence[Cell]) -> list[Span]:
    edges = sorted(cells, key=lambda c: c.x1)
    groups: list[list[Cell]] = []
    for cell in edges:
        if groups and cell.x1 - groups[-1][-1].x1 <= _EDGE:
            groups[-1].append(cell)
        else:
            groups.append([cell])
    spans: list[Span] = []
    for group in groups:
        floor = spans[-1][1] if spans else min(c.x0 for c in cells)
        spans.append((max(floor, min(c.x0 for c in group)), max(c.x1 for c in group)))
    return spans


def _text_columns(cells: Sequence[Cell], columns: Sequence[Span], *, exact: bool) -> list[Span]:
    """Columns that hold words in several rows, to the right of labels; where cells stand exactly, two are enough."""
    found = []
    for x0, x1 in _cluster(cells):
        inside = [c for c in cells if c.x0 >= x0 and c.x1 <= x1]
        enough = 2 if exact or not columns else 3
        if len(inside) >= enough:
            found.append((x0, x1))
    return found


def _cluster(cells: Sequence[Cell]) -> list[Span]:
    """Merge cells that overlap horizontally into columns, left to right."""
    spans: list[Span] = []
    for cell in sorted(cells, key=lambda c: (c.x0, c.x1)):
        if spans and cell.x0 < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], cell.x1))
        else:
            spans.append((cell.x0, cell.x1))
    return spans
