"""Where tables stand among the lines of a PDF page, and their rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.convert.cells import Cell, is_figure, is_period, is_unit_note, join_affixes, tidy
from app.convert.pdf_headers import merge_headers
from app.convert.pdf_rules import Rule
from app.convert.pdf_words import Line, Word

_GAP = 0.95
_HEADER_LINES = 12
_MAX_LABEL = 160
_LABEL_LINES = 5
_LEADERS = re.compile(r"(?:\s*\.){4,}\s*$")
_TITLE = re.compile(r"\bstatements? of\b|\bbalance sheets?\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Region:
    """Lines [start, stop) of a page that are a table, as rows of placed cells."""

    start: int
    stop: int
    rows: tuple[tuple[Cell, ...], ...]


def read_cells(line: Line) -> list[Cell]:
    """Cut a line where the gap between words is wider than any space, and join "$" and ")" to their numbers."""
    groups: list[list[Word]] = []
    for word in line.words:
        if (
            groups
            and word.x0 - groups[-1][-1].x1 <= _GAP * min(word.size, groups[-1][-1].size * 1.2)
            and not _parts(groups[-1], word)
        ):
            groups[-1].append(word)
        else:
            groups.append([word])
    cells = [_cell(group) for group in groups]
    return join_affixes([cell for cell in cells if cell.text])


def _parts(group: Sequence[Word], word: Word) -> bool:
    """Whether two figures stand side by side with less space than usual: they are two cells."""
    last = group[-1]
    gap = word.x0 - last.x1
    if word.text.startswith("$") and re.search(r"[\d)%—–]$", last.text) and len(group) <= 2:
        return True
    return (
        gap > 0.45 * word.size
        and is_figure(last.text)
        and (is_figure(word.text) or word.text == "$")
        and len(group) <= 2
    )


def _cell(group: Sequence[Word]) -> Cell:
    text = _LEADERS.sub("", join_words(group))
    bold = all(word.strong for word in group)
    return Cell(text=tidy(text), x0=group[0].x0, x1=group[-1].x1, strong=bold)


def join_words(words: Sequence[Word]) -> str:
    """Join a line's words; a raised footnote mark after a number is left out, for it would read as its last digit."""
    size = max(word.size for word in words)
    texts: list[str] = []
    for index, word in enumerate(words):
        raised = word.size < 0.8 * size and len(word.text) <= 4 and index > 0
        if raised and is_figure(texts[-1] if texts else ""):
            continue
        texts.append(word.text)
    return " ".join(texts)


def find_regions(lines: Sequence[Line], rules: Sequence[Rule]) -> list[Region]:
    """Find the tables of a page: runs of lines whose figures stand in columns, with the header above them."""
    cells = [read_cells(line) for line in lines]
    regions: list[Region] = []
    index = 0
    while index < len(lines):
        if not _is_row(cells[index]):
            index += 1
            continue
        stop = _find_stop(lines, cells, index)
        floor = regions[-1].stop if regions else 0
        if _is_table(cells[index:stop]):
            start = _find_start(lines, cells, floor, index, stop)
            header = merge_headers(lines[start:index], cells[start:index], rules, left=_band(cells[index:stop])[0])
            rows = [*header, *_merge_labels(lines[index:stop], cells[index:stop])]
            regions.append(Region(start=start, stop=stop, rows=tuple(tuple(row) for row in rows)))
        index = max(stop, index + 1)
    return regions


def _is_row(cells: Sequence[Cell]) -> bool:
    """Whether a line has figures to the right of its label, or nothing but figures."""
    if len(cells) < 2:
        return False
    figures = sum(is_figure(cell.text) for cell in cells[1:])
    return figures > 0 and figures * 2 >= len(cells) - 1 and _MAX_LABEL >= len(cells[0].text)


def _is_table(cells: Sequence[Sequence[Cell]]) -> bool:
    rows = [row for row in cells if _is_row(row)]
    figures = sum(is_figure(cell.text) for row in rows for cell in row[1:])
    return figures >= 3 or (len(rows) >= 2 and figures >= 2)


def _band(cells: Sequence[Sequence[Cell]]) -> tuple[float, float]:
    """Return the x-range of the value columns of some rows."""
    figures = [cell for row in cells if _is_row(row) for cell in row[1:] if is_figure(cell.text)]
    return min(cell.x0 for cell in figures), max(cell.x1 for cell in figures)


def _find_stop(lines: Sequence[Line], cells: Sequence[Sequence[Cell]], start: int) -> int:
    """Return the end of the run of rows that starts at `start`."""
    stop = start + 1
    index = stop
    while index < len(lines) and index - stop <= _LABEL_LINES:
        if lines[index].y - lines[index - 1].y > 5 * lines[index].size:
            break
        left, right = _band(cells[start:stop])
        if _is_row(cells[index]) or _is_bare_total(cells[index], left, right):
            stop = index + 1
        elif _is_header(cells[index], left) or not _is_between(cells[index], left, right):
            break
        index += 1
    return _take_tail(lines, cells, start, stop)


def _is_header(cells: Sequence[Cell], left: float) -> bool:
    """Whether a line names periods over the value columns: another table begins."""
    over = [cell for cell in cells if cell.x1 > left]
    return bool(over) and all(is_period(cell.text) for cell in over) and (len(over) > 1 or len(cells) > 1)


def _is_bare_total(cells: Sequence[Cell], left: float, right: float) -> bool:
    return bool(cells) and all(is_figure(c.text) and c.x0 >= left - 5 and c.x1 <= right + 5 for c in cells)


def _is_between(cells: Sequence[Cell], left: float, right: float) -> bool:
    """Whether a line may stand between rows: a label that keeps to its column, or header texts over the values."""
    if not cells:
        return True
    first, *others = cells
    label = first.x1 <= left + 8 and first.x0 < left - 10
    over_values = [cell for cell in (others if label else cells) if cell.x0 >= left - 60 and cell.x1 <= right + 25]
    rest = others if label else cells
    return len(over_values) == len(rest) and (not rest or len(rest) > 1 or len(rest[0].text) <= 60)


def _take_tail(lines: Sequence[Line], cells: Sequence[Sequence[Cell]], start: int, stop: int) -> int:
    """Take in one more line when it finishes the last row's label."""
    if stop < len(lines) and len(cells[stop]) == 1:
        left, _ = _band(cells[start:stop])
        tail = cells[stop][0]
        close = lines[stop].y - lines[stop - 1].y < 1.5 * lines[stop].size
        if (
            close
            and tail.x1 <= left + 8
            and re.match(r"[a-z(]", tail.text)
            and len(tail.text) <= 80
            and not is_figure(tail.text)
        ):
            return stop + 1
    return stop


def _find_start(lines: Sequence[Line], cells: Sequence[Sequence[Cell]], floor: int, first: int, stop: int) -> int:
    """Go up from the first row to where its header begins."""
    left, right = _band(cells[first:stop])
    margin = min(row[0].x0 for row in cells[first:stop] if row)
    start = first
    for index in range(first - 1, max(floor, first - _HEADER_LINES) - 1, -1):
        if lines[index + 1].y - lines[index].y > 3.2 * max(lines[index].size, lines[index + 1].size):
            break
        if not _is_above(cells[index], left, right, margin, begun=start < first):
            break
        if not _is_section(cells[index], left) or start == first:
            start = index
    return _trim_start(cells, start, first, left)


def _trim_start(cells: Sequence[Sequence[Cell]], start: int, first: int, left: float) -> int:
    """Leave out lines at the top that hold no header of a value column, unless they are sections right above rows."""
    index = start
    while index < first and _is_section(cells[index], left):
        index += 1
    if index < first:
        return index
    sections = [i for i in range(start, first) if cells[i][0].text.endswith(":")]
    return sections[0] if sections else first


def _is_section(cells: Sequence[Cell], left: float) -> bool:
    return len(cells) == 1 and cells[0].x1 <= left


def _is_above(cells: Sequence[Cell], left: float, right: float, margin: float, *, begun: bool) -> bool:
    if not cells:
        return False
    first, *others = cells
    width = right - margin
    if len(cells) == 1:
        if is_unit_note(first.text) and first.x1 > left:
            return True
        if _TITLE.search(first.text):
            return False
        centred = first.x0 >= left - 0.15 * width and first.x1 <= right + 30
        if centred and not (is_unit_note(first.text) and not is_period(first.text)):
            return len(first.text) <= 90 and first.x0 > margin + 0.2 * width
        return first.x1 <= left + 8 and len(first.text) <= 110 and not first.text.endswith(".")
    over = [c for c in others if c.x0 >= left - 60 and c.x1 <= right + 30 and len(c.text) <= 90]
    return len(over) == len(others) and (first.x1 <= left + 8 or first.x0 >= left - 60)


def _merge_labels(lines: Sequence[Line], cells: Sequence[list[Cell]]) -> list[list[Cell]]:
    """Join labels that run over several lines into the row whose figures they name."""
    left, _ = _band(cells)
    rows: list[list[Cell]] = []
    last_y = -1e9
    for line, row in zip(lines, cells, strict=True):
        near = line.y - last_y < 1.9 * line.size
        if row and rows and near and _continues_label(rows[-1], row, left):
            label, *others = rows[-1]
            joined = replace(label, text=f"{label.text} {row[0].text}", x1=max(label.x1, row[0].x1))
            rows[-1] = [joined, *others, *row[1:]]
        elif row:
            rows.append(list(row))
        last_y = line.y
    return rows


def _continues_label(previous: Sequence[Cell], row: Sequence[Cell], left: float) -> bool:
    label, open_label = row[0], previous[0]
    if label.x0 >= left or open_label.x0 >= left or open_label.text.endswith(":"):
        return False
    if is_figure(label.text):
        return len(previous) == 1 and len(open_label.text) > 60 and len(row) > 1
    if is_figure(open_label.text) or label.x0 < open_label.x0 - 3:
        return False
    starts_low = bool(re.match(r"[a-z]|\((?![A-Z0-9])", label.text))
    if len(previous) > 1:
        return starts_low and len(row) == 1
    if starts_low:
        return True
    first_word = label.text.split(" ")[0]
    pitch = (open_label.x1 - open_label.x0) / max(len(open_label.text), 1)
    full = open_label.x1 + pitch * (len(first_word) + 1) > left - 12
    return full and len(open_label.text) > 30 and not is_period(open_label.text)
