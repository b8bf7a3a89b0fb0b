"""Tables of words on a PDF page that no line is drawn around: rows whose cells begin at the same places."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from app.convert.cells import Cell, is_figure
from app.convert.document import Table, TableRow
from app.convert.pdf_tables import read_cells
from app.convert.pdf_words import Line

_FEWEST_ROWS, _FEWEST_COLUMNS = 3, 3
_ALIGNED = 2.0
_NEAR = 3.0
_SMALLEST_GAP = 0.45
_MOST_WORDS = 3.0
"""Words a cell on average; more are prose set in columns."""

_Row = Sequence[Cell]


@dataclass(frozen=True, kw_only=True)
class WordTable:
    """Lines [start, stop) whose cells stand in columns, as a table without caption."""

    start: int
    stop: int
    table: Table


def find_word_tables(lines: Sequence[Line]) -> Iterator[WordTable]:
    """Give the runs of at least three lines that are cut into the same three or more columns, from the top down."""
    rows = [read_cells(line) if _has_gaps(line) else [] for line in lines]
    start = floor = 0
    while start < len(rows):
        stop = start + 1
        while stop < len(rows) and _is_under(rows[start], rows[stop]):
            stop += 1
        body = rows[start:stop]
        if len(body) >= _FEWEST_ROWS and _are_words(body):
            near = start > floor and lines[start].y - lines[start - 1].y < _NEAR * lines[start].size
            if near and _heads(rows[start - 1], body):
                yield WordTable(start=start - 1, stop=stop, table=_read(rows[start - 1], body))
            elif _names_columns(body[0], body[1:]):
                yield WordTable(start=start, stop=stop, table=_read(body[0], body[1:]))
            else:
                yield WordTable(start=start, stop=stop, table=_read((), body))
            floor = stop
        start = stop


def _has_gaps(line: Line) -> bool:
    """Whether a line may be cut into columns at all: most lines of prose are told by this, quickly."""
    gaps = sum(b.x0 - a.x1 > _SMALLEST_GAP * b.size for a, b in pairwise(line.words))
    return gaps >= _FEWEST_COLUMNS - 1


def _is_under(first: _Row, row: _Row) -> bool:
    """Whether a row's cells begin where those of the first one do."""
    same = len(row) == len(first) >= _FEWEST_COLUMNS
    return same and all(abs(a.x0 - b.x0) < _ALIGNED for a, b in zip(first, row, strict=True))


def _are_words(rows: Sequence[_Row]) -> bool:
    """Whether rows hold short words in all columns, rather than prose or marks."""
    texts = [cell.text for row in rows for cell in row]
    spoken = all(any(re.search(r"[^\W_]", cell.text) for cell in column) for column in zip(*rows, strict=True))
    return spoken and mean(len(text.split()) for text in texts) <= _MOST_WORDS


def _heads(above: _Row, rows: Sequence[_Row]) -> bool:
    """Whether a row has a name over each column of those below it."""
    if len(above) != len(rows[0]) or any(is_figure(cell.text) for cell in above):
        return False
    columns = [(min(c.x0 for c in column), max(c.x1 for c in column)) for column in zip(*rows, strict=True)]
    return all(cell.overlap(*column) > 0 for cell, column in zip(above, columns, strict=True))


def _names_columns(first: _Row, rows: Sequence[_Row]) -> bool:
    """Whether the first row is set in bold over others that aren't, or has no digits over a column that always has."""
    if all(cell.strong for cell in first) and not all(cell.strong for cell in rows[0]):
        return True
    digits = [all(re.search(r"\d", cell.text) for cell in column) for column in zip(*rows, strict=True)]
    return any(digits) and not any(re.search(r"\d", cell.text) for cell in first)


def _read(header: _Row, rows: Sequence[_Row]) -> Table:
    names = [cell.text for cell in header]
    return Table(
        number=0,
        columns=tuple((name,) for name in names[1:]) or ((),) * (len(rows[0]) - 1),
        rows=tuple(TableRow(label=row[0].text, cells=tuple(cell.text for cell in row[1:])) for row in rows),
        stub=names[0] if names else "",
    )
