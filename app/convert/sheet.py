"""A sheet of a workbook as a person sees it, whatever program wrote it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.convert.cells import Cell, tidy

_SPACE = 3.0
_NAMELESS = re.compile(r"(?:sheet|tabelle|feuil|hoja|foglio|blad)? ?\d*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as shown. `formula` is what computes it, `format` the number format behind it, "" for text."""

    text: str
    strong: bool = False
    indent: float = 0.0
    formula: str = ""
    format: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Cells [top, bottom] × [left, right], counted from 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def address(self) -> str:
        first, last = f"{letters(self.left)}{self.top}", f"{letters(self.right)}{self.bottom}"
        return first if first == last else f"{first}:{last}"


@dataclass(kw_only=True)
class Sheet:
    """Cells by row and column, merged ranges, and what is hidden."""

    name: str
    hidden: bool = False
    rows: dict[int, dict[int, Shown]] = field(default_factory=dict)
    merged: list[Range] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)

    def put(self, row: int, column: int, cell: Shown) -> None:
        """Set a cell; one without text is left out."""
        if cell.text.strip():
            self.rows.setdefault(row, {})[column] = cell

    @property
    def used(self) -> Range:
        """The smallest range that holds every cell."""
        columns = [column for cells in self.rows.values() for column in cells]
        return Range(top=min(self.rows), left=min(columns), bottom=max(self.rows), right=max(columns))

    def fill_merged(self) -> None:
        """Give each row that a merged range covers its cell, so that no row lacks what stands over it."""
        for area in self.merged:
            cell = self.rows.get(area.top, {}).get(area.left)
            for row in range(area.top + 1, area.bottom + 1):
                if cell is not None and row in self.rows:
                    self.rows[row].setdefault(area.left, cell)

    def grid_rows(self, area: Range) -> Iterator[tuple[int, list[Cell]]]:
        """Give (row number, placed cells) of a range's rows that hold anything."""
        spans = {(row, m.left): m.right for m in self.merged for row in range(m.top, m.bottom + 1)}
        for row in sorted(row for row in self.rows if area.top <= row <= area.bottom):
            columns = sorted(column for column in self.rows[row] if area.left <= column <= area.right)
            cells = [(column, self.rows[row][column]) for column in columns]
            if cells:
                yield row, [_placed(cell, column, spans.get((row, column), column)) for column, cell in cells]


def _placed(cell: Shown, left: int, right: int) -> Cell:
    lead = len(cell.text) - len(cell.text.lstrip())
    return Cell(text=tidy(cell.text), x0=left, x1=right + 1, indent=cell.indent + lead * _SPACE, strong=cell.strong)


def letters(column: int) -> str:
    """Return a column's letters: 1 → A, 28 → AB."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def has_name(sheet: str) -> bool:
    """Whether a sheet is called more than "Sheet1"."""
    return not _NAMELESS.fullmatch(sheet)


def find_sheet(label: str) -> str:
    """Return the sheet a page's label names ("Summary!B7:AD48"); "" for other labels and sheets without a name."""
    sheet, mark, _ = label.rpartition("!")
    return sheet if mark and has_name(sheet) else ""
