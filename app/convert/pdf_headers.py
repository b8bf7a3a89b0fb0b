"""Header lines of a PDF table: cells set over several lines, and the rules that show what they span."""

from collections.abc import Sequence
from dataclasses import replace

from app.convert.cells import Cell, is_period, is_unit_note, is_year
from app.convert.pdf_rules import Rule
from app.convert.pdf_words import Line

_CENTRED = 5.0
_ALIGNED = 2.0


def merge_headers(
    lines: Sequence[Line], cells: Sequence[Sequence[Cell]], rules: Sequence[Rule], *, left: float
) -> list[list[Cell]]:
    """Give each header cell the rule drawn under it, and join the lines of cells that run over several.

    `left` is where the value columns begin; labels before it are left alone.
    """
    rows: list[list[Cell]] = []
    last: Line | None = None
    for line, row in zip(lines, cells, strict=True):
        ruled = [_with_rule(cell, line, rules) for cell in row]
        close = last is not None and line.y - last.y < 1.6 * line.size
        rows.append(_stack(rows[-1], ruled, left) if close and rows else ruled)
        last = line
    return [row for row in rows if row]


def _with_rule(cell: Cell, line: Line, rules: Sequence[Rule]) -> Cell:
    under = [
        rule
        for rule in rules
        if -1 < rule.y - line.y < 0.7 * line.size and rule.x0 - 3 <= cell.x0 and cell.x1 <= rule.x1 + 3
    ]
    if not under:
        return cell
    widest = max(under, key=lambda rule: rule.x1 - rule.x0)
    return replace(cell, rule=(widest.x0, widest.x1))


def _stack(above: list[Cell], row: list[Cell], left: float) -> list[Cell]:
    """Move cells of the row above that are the first line of a cell of this row into it."""
    merged = list(row)
    alone, spanning, named = len(above) == 1, len(above) < len(row), len(above) > len(row)
    for cell in [cell for cell in above if cell.x1 > left]:
        below = [index for index, other in enumerate(merged) if other.overlap(cell.x0, cell.x1) > 0]
        if len(below) != 1 or not _is_one(cell, merged[below[0]], alone=alone, spanning=spanning, named=named):
            continue
        lower = merged[below[0]]
        merged[below[0]] = replace(
            lower, text=f"{cell.text} {lower.text}", x0=min(cell.x0, lower.x0), x1=max(cell.x1, lower.x1)
        )
        above.remove(cell)
    return merged


def _is_one(upper: Cell, lower: Cell, *, alone: bool, spanning: bool, named: bool) -> bool:
    """Whether two cells, one right above the other, are two lines of one text.

    `alone` says that the upper cell is all its line has, `spanning` that its line has fewer cells than the lower one,
    `named` that it has more: then a period below is that of several columns named above.
    """
    if upper.rule or is_unit_note(upper.text) or is_unit_note(lower.text):
        return False
    if is_period(upper.text) and (is_year(lower.text) or alone or (spanning and is_period(lower.text))):
        return False
    if named and is_period(lower.text) and not is_period(upper.text):
        return False
    centre = abs((upper.x0 + upper.x1) - (lower.x0 + lower.x1)) / 2
    return centre < _CENTRED or abs(upper.x0 - lower.x0) < _ALIGNED or abs(upper.x1 - lower.x1) < _ALIGNED
