"""Tables of a PDF page whose cells are boxed by lines: the lines say what belongs to which cell."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from app.convert.cells import Cell, is_figure, tidy
from app.convert.grids import Grid
from app.convert.pdf_rules import Rule, Rules, Upright
from app.convert.pdf_tables import join_words, read_cells
from app.convert.pdf_words import Line, Word, build_lines

_NEAR = 3.0
_MOST_LINES = 600
_MOST_BOXES = 3000
_LEAST_FILLED = 0.5
_LEAST_EDGES = 3
_MOST_PARTED = 0.1

_Place = tuple[int, int]
"""A row and a column, counted from 0."""


@dataclass(frozen=True, kw_only=True)
class RuledTable:
    """Lines [start, stop) of a page whose words stand in the boxes of one grid."""

    start: int
    stop: int
    grid: Grid


@dataclass(frozen=True, kw_only=True)
class _Boxes:
    """Lines that touch, and where they stand from the left to the right and from the top down."""

    level: Sequence[Rule]
    upright: Sequence[Upright]
    xs: Sequence[float]
    ys: Sequence[float]

    def has_side(self, column: int, row: int) -> bool:
        """Whether a line parts a column from the next one within a row."""
        x, y = self.xs[column + 1], (self.ys[row] + self.ys[row + 1]) / 2
        return any(abs(line.x - x) < _NEAR and line.y0 <= y <= line.y1 for line in self.upright)

    def has_floor(self, column: int, row: int) -> bool:
        """Whether a line parts a row from the next one within a column."""
        y, x = self.ys[row + 1], (self.xs[column] + self.xs[column + 1]) / 2
        return any(abs(line.y - y) < _NEAR and line.x0 <= x <= line.x1 for line in self.level)


def find_ruled_tables(lines: Sequence[Line], rules: Rules) -> list[RuledTable]:
    """Return the grids of at least two rows and two columns that hold all words beside them, from the top down."""
    tables: list[RuledTable] = []
    for boxes in sorted(_find_boxes(rules), key=lambda boxes: boxes.ys[0]):
        inside = [index for index, line in enumerate(lines) if boxes.ys[0] < _middle(line.words[0]) < boxes.ys[-1]]
        floor = tables[-1].stop if tables else 0
        if not inside or inside[0] < floor:
            continue
        start, stop = inside[0], inside[-1] + 1
        words = [word for line in lines[start:stop] for word in line.words]
        grid = _read_grid(boxes, words)
        if grid is not None:
            tables.append(RuledTable(start=start, stop=stop, grid=grid))
    return tables


def _find_boxes(rules: Rules) -> Iterator[_Boxes]:
    level, upright = [*rules.level, *rules.edges], list(rules.upright)
    if len(level) + len(upright) > _MOST_LINES:
        return
    while upright:
        across, down = _take_touching(level, upright)
        if not across:
            continue
        xs = _merge([*(line.x for line in down), min(r.x0 for r in across), max(r.x1 for r in across)])
        ys = _merge([*(rule.y for rule in across), min(u.y0 for u in down), max(u.y1 for u in down)])
        if len(xs) >= _LEAST_EDGES and len(ys) >= _LEAST_EDGES and len(xs) * len(ys) <= _MOST_BOXES:
            yield _Boxes(level=across, upright=down, xs=xs, ys=ys)


def _take_touching(level: list[Rule], upright: list[Upright]) -> tuple[list[Rule], list[Upright]]:
    """Take the first upright line out of the lists, with all lines that hang together with it."""
    across: list[Rule] = []
    down = [upright.pop()]
    new: list[Rule] = []
    fresh = list(down)
    while fresh:
        new = [rule for rule in level if any(_touch(rule, line) for line in fresh)]
        level[:] = [rule for rule in level if rule not in new]
        across += new
        fresh = [line for line in upright if any(_touch(rule, line) for rule in new)]
        upright[:] = [line for line in upright if line not in fresh]
        down += fresh
    return across, down


def _touch(rule: Rule, line: Upright) -> bool:
    return rule.x0 - _NEAR <= line.x <= rule.x1 + _NEAR and line.y0 - _NEAR <= rule.y <= line.y1 + _NEAR


def _merge(places: Sequence[float]) -> list[float]:
    """Return places in order, those next to each other as one."""
    groups: list[list[float]] = []
    for place in sorted(places):
        if groups and place - groups[-1][-1] < _NEAR:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [mean(group) for group in groups]


def _read_grid(boxes: _Boxes, words: Sequence[Word]) -> Grid | None:
    """Return the words as a grid of cells; None where words stand outside, or most boxes are empty."""
    held: dict[_Place, list[Word]] = {}
    owners = _find_owners(boxes)
    for word in words:
        place = bisect_right(boxes.ys, _middle(word)) - 1, bisect_right(boxes.xs, (word.x0 + word.x1) / 2) - 1
        if place not in owners:
            return None
        held.setdefault(owners[place], []).append(word)
    covered: dict[_Place, list[int]] = {}
    for (_, column), owner in owners.items():
        covered.setdefault(owner, []).append(column)
    lines = {owner: build_lines(inside) for owner, inside in held.items()}
    if len(held) < _LEAST_FILLED * len(covered) or not _are_cells(list(lines.values())):
        return None
    cells = {owner: _read_cell(inside, covered[owner], boxes.xs) for owner, inside in lines.items()}
    rows: list[dict[_Place, Cell]] = [{} for _ in boxes.ys[1:]]
    for (row, _), owner in owners.items():
        if owner in cells:
            rows[row][owner] = cells[owner]
    return [list(row.values()) for row in rows]


def _find_owners(boxes: _Boxes) -> dict[_Place, _Place]:
    """Return for each box the upper left one of those that no line parts it from."""
    owners: dict[_Place, _Place] = {}
    for row in range(len(boxes.ys) - 1):
        for column in range(len(boxes.xs) - 1):
            if column and not boxes.has_side(column - 1, row):
                owners[row, column] = owners[row, column - 1]
            elif row and not boxes.has_floor(column, row - 1):
                owners[row, column] = owners[row - 1, column]
            else:
                owners[row, column] = (row, column)
    return owners


def _are_cells(boxes: Sequence[Sequence[Line]]) -> bool:
    """Whether boxes hold one cell each: not columns side by side, nor figures one under the other."""
    parted = 0
    for lines in boxes:
        pieces = [read_cells(line) for line in lines]
        if sum(len(row) == 1 and is_figure(row[0].text) for row in pieces) > 1:
            return False
        parted += any(len(row) > 1 for row in pieces)
    return parted <= _MOST_PARTED * len(boxes)


def _read_cell(lines: Sequence[Line], columns: Sequence[int], xs: Sequence[float]) -> Cell:
    return Cell(
        text=tidy(" ".join(join_words(line.words) for line in lines)),
        x0=min(columns),
        x1=max(columns) + 1,
        indent=max(0.0, lines[0].x0 - xs[min(columns)]),
        strong=all(line.strong for line in lines),
    )


def _middle(word: Word) -> float:
    return word.y - 0.3 * word.size
