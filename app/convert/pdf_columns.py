"""Reading order of text set in columns."""

from collections.abc import Sequence

from app.convert.pdf_words import Line, Word

_MIN_LINES = 4
_GUTTER = 0.9


def split_columns(lines: Sequence[Line]) -> list[list[Line]]:
    """Cut lines into runs to be read one after the other: where a gutter runs down several lines, left before right."""
    runs: list[list[Line]] = []
    index = 0
    while index < len(lines):
        gutter, stop = _find_gutter(lines, index)
        if gutter is None:
            if runs and index and runs[-1][-1] is lines[index - 1]:
                runs[-1].append(lines[index])
            else:
                runs.append([lines[index]])
            index += 1
            continue
        left, right = _cut(lines[index:stop], gutter)
        runs += split_columns(left)
        runs += split_columns(right)
        index = stop
    return runs


def _find_gutter(lines: Sequence[Line], start: int) -> tuple[float | None, int]:
    """Return an x that no word crosses from line `start` on, with the line where that ends; (None, start) for none."""
    for gap in _gaps(lines[start]):
        low, high = gap
        stop, both = start, 0
        for line in lines[start:]:
            free = _narrow(line, low, high)
            if free is None:
                break
            low, high = free
            both += any(w.x1 <= low for w in line.words) and any(w.x0 >= high for w in line.words)
            stop += 1
        if both >= _MIN_LINES and _is_prose(lines[start:stop], (low + high) / 2):
            return (low + high) / 2, stop
    return None, start


def _gaps(line: Line) -> list[tuple[float, float]]:
    pairs = zip(line.words, line.words[1:], strict=False)
    return [(a.x1, b.x0) for a, b in pairs if b.x0 - a.x1 > _GUTTER * b.size]


def _narrow(line: Line, low: float, high: float) -> tuple[float, float] | None:
    """Shrink the free strip (low, high) by the line's words; None when too little is left."""
    for word in line.words:
        if word.x1 <= low or word.x0 >= high:
            continue
        if word.x0 - low > high - word.x1:
            high = word.x0
        else:
            low = word.x1
    return (low, high) if high - low > 0.6 * line.size else None


def _cut(lines: Sequence[Line], x: float) -> tuple[list[Line], list[Line]]:
    left = [Line(words) for line in lines if (words := _side(line, x, left=True))]
    right = [Line(words) for line in lines if (words := _side(line, x, left=False))]
    return left, right


def _side(line: Line, x: float, *, left: bool) -> list[Word]:
    return [word for word in line.words if (word.x1 <= x + 1) == left]


def _is_prose(lines: Sequence[Line], x: float) -> bool:
    """Whether both sides hold running words rather than the short entries of a list or table."""
    for left in (True, False):
        sides = [side for line in lines if (side := _side(line, x, left=left))]
        if sum(len(side) for side in sides) < 3.5 * max(len(sides), _MIN_LINES):
            return False
    return True
