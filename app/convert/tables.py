"""Rows of placed cells → Table: header paths, row labels, sections, caption and units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.convert.cells import Cell, find_unit_note, is_figure, is_period, is_unit_note, is_year, join_affixes
from app.convert.document import Table, TableRow

Row = Sequence[Cell]
Span = tuple[float, float]
_INDENT = 1.5
_EDGE = 6.0


@dataclass(kw_only=True)
class _Segment:
    """One header with the rows under it."""

    titles: list[str] = field(default_factory=list)
    header: list[list[Cell]] = field(default_factory=list)
    stubs: list[str] = field(default_factory=list)
    body: list[list[Cell]] = field(default_factory=list)


@dataclass(frozen=True)
class _Layout:
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
        if (before_values or at_margin) and not (len(row) == len(self.columns) and not at_margin):
            return first, list(row[1:])
        return None, list(row)

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

    def cover(self, cells: Row) -> list[Cell | None]:
        """Return for each value column the header cell above it."""
        if self.exact:
            return [
                max((c for c in cells if c.overlap(*span) > 0), key=lambda c: c.overlap(*span), default=None)
                for span in self.columns
            ]
        return assign_spans(cells, self.columns)


def assign_spans(cells: Row, columns: Sequence[Span]) -> list[Cell | None]:
    """Give each column the header text centred over it or its group; the split with the least total offset wins."""
    count, total = len(cells), len(columns)
    if not count:
        return [None] * total
    skip = 12.0
    best: list[list[tuple[float, int, int]]] = [[(float("inf"), 0, 0)] * (total + 1) for _ in range(count + 1)]
    best[0] = [(skip * done, done, done) for done in range(total + 1)]
    for used in range(1, count + 1):
        for done in range(1, total + 1):
            best[used][done] = _best_group(best, cells[used - 1], columns, used, done, skip)
    return _trace(best, cells, total)


def _best_group(
    best: list[list[tuple[float, int, int]]], cell: Cell, columns: Sequence[Span], used: int, done: int, skip: float
) -> tuple[float, int, int]:
    choice = (best[used][done - 1][0] + skip, done, done)
    for start in range(done):
        cost = best[used - 1][start][0] + _offset(cell, columns, start, done)
        if cost < choice[0]:
            choice = (cost, start, done)
    return choice


def _offset(cell: Cell, columns: Sequence[Span], start: int, stop: int) -> float:
    """Return how badly a header cell sits over columns [start, stop), in points."""
    if cell.rule is not None:
        low, high = cell.rule
        ruled = [i for i, (x0, x1) in enumerate(columns) if low - 2 <= (x0 + x1) / 2 <= high + 2]
        if ruled:
            return 0.0 if (ruled[0], ruled[-1] + 1) == (start, stop) else 1e6
    left, right = columns[start][0], columns[stop - 1][1]
    centre = abs(left + right - cell.x0 - cell.x1) / 2
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


def build_tables(rows: Sequence[Row], *, caption: str = "", unit_note: str = "", exact: bool = True) -> list[Table]:
    """Read placed cells as one or more tables (a new header further down starts another); [] when it is no table.

    `exact` says that header cells span their columns exactly (HTML, sheets); otherwise they are centred (PDF).
    Tables come with number 0; whoever assembles the page numbers them.
    """
    joined = [row for row in (join_affixes(row) for row in rows) if row]
    layout = _find_layout(joined, exact)
    if layout is None:
        return []
    tables: list[Table] = []
    for segment in _split_segments(joined, layout):
        outer = "" if tables and segment.titles else caption
        table = _make_table(segment, layout, outer, unit_note)
        if table is not None:
            if tables and not any(table.columns):
                table = replace(table, columns=tables[-1].columns)
            tables.append(table)
    return tables


def _find_layout(rows: Sequence[Row], exact: bool) -> _Layout | None:
    if not rows:
        return None
    left = min(cell.x0 for row in rows for cell in row)
    values = [_values(row, left) for row in rows]
    figures = [[cell for cell in row if is_figure(cell.text)] for row in values]
    columns = _figure_columns(figures)
    others = [cell for row in values for cell in row if not is_figure(cell.text)]
    texts = [cell for cell in others if not any(cell.overlap(*span) > 0 for span in columns)]
    columns = sorted([*columns, *_text_columns(texts, columns)])
    return _Layout(tuple(columns), left, exact) if columns else None


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


def _text_columns(cells: Sequence[Cell], columns: Sequence[Span]) -> list[Span]:
    """Columns that hold words in at least two rows, to the right of labels."""
    found = []
    for x0, x1 in _cluster(cells):
        inside = [c for c in cells if c.x0 >= x0 and c.x1 <= x1]
        if len(inside) >= 2 and (not columns or len(inside) >= 3):
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


def _split_segments(rows: Sequence[Row], layout: _Layout) -> list[_Segment]:
    segments = [_Segment()]
    has_header = any(_is_header(*layout.split_label(row), started=False) for row in rows[:8])
    following = [*rows[1:], []]
    for row, below in zip(rows, following, strict=True):
        label, cells = layout.split_label(row)
        segment = segments[-1]
        started = bool(segment.body)
        if _is_header(label, cells, started=started) or (started and _heads(row, below, layout)):
            if segment.body:
                segment = _Segment(titles=_trailing_titles(segment))
                segments.append(segment)
            segment.header.append(cells)
            segment.stubs.append(label.text if label else "")
        elif label and not cells and not started and _is_stub(label.text, segment):
            segment.stubs[-1] = label.text
        elif label and not cells and not started and not segment.header and has_header:
            segment.titles.append(label.text)
        elif label and not cells and not started and is_unit_note(label.text):
            segment.titles.append(label.text)
        else:
            segment.body.append(list(row))
    return segments


def _trailing_titles(segment: _Segment) -> list[str]:
    """Take label-only rows at the end of a segment as titles of the header that follows."""
    titles: list[str] = []
    while segment.body and len(segment.body[-1]) == 1 and not is_figure(segment.body[-1][0].text):
        titles.insert(0, segment.body.pop()[0].text)
    return titles


def _is_header(label: Cell | None, cells: Row, *, started: bool) -> bool:
    if not cells or any(is_figure(cell.text) for cell in cells):
        return False
    periods = sum(is_period(cell.text) for cell in cells)
    if not started:
        return True
    if label is not None and not (is_unit_note(label.text) or is_period(label.text)):
        return False
    return periods > 0 and (label is None or periods == len(cells))


def _is_stub(text: str, segment: _Segment) -> bool:
    """Whether a label right under the header names the period all its columns are part of."""
    return bool(segment.header) and not segment.stubs[-1] and is_period(text) and not is_unit_note(text)


def _heads(row: Row, below: Row, layout: _Layout) -> bool:
    """Whether a row of words alone stands right above a header and so is its first line."""
    label, cells = layout.split_label(row)
    words = label is None and not any(is_figure(cell.text) for cell in cells)
    return words and _is_header(*layout.split_label(below), started=True)


def _make_table(segment: _Segment, layout: _Layout, caption: str, unit_note: str) -> Table | None:
    rows = _make_rows(segment.body, layout)
    if not any(any(row.cells) for row in rows):
        return None
    over_values = [cell.text for row in segment.header for cell in row if is_unit_note(cell.text)]
    inner = [t for t in [*segment.titles, *segment.stubs, *over_values] if is_unit_note(t)]
    titles = [t for t in segment.titles if not is_unit_note(t)]
    if not caption and not titles:
        titles = [t for t in segment.stubs if t and not is_unit_note(t) and not is_period(t)]
    title = " ".join([caption, *titles]) if caption and titles else caption or " ".join(titles)
    return Table(
        number=0,
        columns=_with_period(_header_paths(segment, layout), title),
        rows=tuple(rows),
        caption=title,
        unit_note=" ".join(dict.fromkeys(inner)) or unit_note or find_unit_note(title),
    )


_PERIOD_TAIL = re.compile(
    r"((?:for the )?(?:fiscal |three |six |nine )?(?:years?|months?|quarters?) ended \w+ \d{1,2},?)$", re.IGNORECASE
)


def _with_period(paths: tuple[tuple[str, ...], ...], title: str) -> tuple[tuple[str, ...], ...]:
    """Put the period a title ends with over columns that only name years."""
    period = _PERIOD_TAIL.search(title)
    if not period or not all(len(path) == 1 and is_year(path[0]) for path in paths):
        return paths
    return tuple((period.group(1), *path) for path in paths)


def _header_paths(segment: _Segment, layout: _Layout) -> tuple[tuple[str, ...], ...]:
    levels = [layout.cover(cells) for cells in segment.header]
    paths: list[list[str]] = [[] for _ in layout.columns]
    above: list[frozenset[int] | None] = [None] * len(paths)
    for level, stub in zip(levels, segment.stubs, strict=True):
        if is_period(stub) and not is_unit_note(stub):
            for path in paths:
                path.append(stub)
            above = [frozenset(range(len(paths)))] * len(paths)
        groups = {id(cell): frozenset(i for i, c in enumerate(level) if c is cell) for cell in level if cell}
        for index, cell in enumerate(level):
            if cell is None or is_unit_note(cell.text):
                continue
            _extend_path(paths[index], cell.text, same_span=above[index] == groups[id(cell)])
            above[index] = groups[id(cell)]
    return tuple(tuple(path) for path in paths)


def _extend_path(path: list[str], text: str, *, same_span: bool) -> None:
    if path and path[-1] == text:
        return
    if path and same_span:
        path[-1] = f"{path[-1]} {text}"
    else:
        path.append(text)


_CASH = re.compile(r"(?:net )?cash (?:flows? )?(?:\(?(?:generated|provided|used))", re.IGNORECASE)
_SUM = re.compile(
    rf"{_CASH.pattern}|gross (?:margin|profit)|operating (?:income|profit)|income from operations", re.IGNORECASE
)


@dataclass
class _Section:
    text: str
    indent: float
    deeper: bool = False


def _make_rows(body: Sequence[Row], layout: _Layout) -> list[TableRow]:
    rows: list[TableRow] = []
    sections: list[_Section] = []
    for row in body:
        label, cells = layout.split_label(row)
        indent = layout.indent_of(label)
        text = label.text if label else ""
        if cells and sections and _SUM.match(text):
            del sections[1 if _CASH.match(text) else 0 :]
        if not cells:
            while sections and sections[-1].indent >= indent - _INDENT:
                sections.pop()
        elif label:
            _close_sections(sections, indent)
        rows.append(TableRow(label=text, cells=layout.place(cells), path=tuple(s.text for s in sections)))
        if label and not cells:
            sections.append(_Section(text, indent))
        elif sections and re.match(r"total\b", text, re.IGNORECASE):
            sections.pop()
    return rows


def _close_sections(sections: list[_Section], indent: float) -> None:
    """Drop the sections a row at this indent no longer stands under."""
    while sections:
        last = sections[-1]
        if indent > last.indent + _INDENT:
            last.deeper = True
            return
        if indent > last.indent - _INDENT and not last.deeper:
            return
        sections.pop()


def table_markdown(table: Table, *, shown: str = "", noted: str = "") -> str:
    """Return the table as Markdown: caption, units, one header row with the joined paths, rows with their sections.

    `shown` and `noted` are the caption and unit note that already stand right above it.
    """
    caption = table.caption.removeprefix(shown).strip()
    lines = [f"**{caption}**", ""] if caption else []
    if table.unit_note and table.unit_note != noted and table.unit_note not in table.caption:
        lines += [table.unit_note, ""]
    lines.append(_line(["", *(" ".join(path) for path in table.columns)]))
    lines.append("|" + " --- |" * (len(table.columns) + 1))
    lines += [_line([row.label, *row.cells]) for row in table.rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def find_caption(before: Sequence[str]) -> tuple[str, str]:
    """Return (caption, unit note) from the texts right above a table, nearest last; "" where there is none."""
    caption = note = ""
    for text in reversed(before[-8:]):
        plain = text.strip("#* \n")
        if is_unit_note(plain):
            note = note or plain
            continue
        if _FURNITURE.match(plain):
            continue
        if caption or _NO_CAPTION.match(plain) or text.startswith("|") or "\n| --- " in text:
            return caption, note or (find_unit_note(plain) if plain.endswith(":") else "")
        sentence = plain if len(plain) <= 200 else re.split(r"(?<=[.;])\s+(?=[A-Z])", plain)[-1]
        if len(sentence) > 500 or not (plain.endswith(":") or len(plain) <= 200):
            return "", note
        caption = sentence
        note = note or find_unit_note(sentence) or find_unit_note(plain[-400:])
        if note:
            break
    return caption, note


_FURNITURE = re.compile(
    r"table of contents|part [iv]+\b|item \d+\w?\.?$|\d{1,3}$|\S.{0,60}\| |.{0,80}\(continued\)$"
    r"|notes to (?:the )?(?:unaudited )?(?:condensed )?(?:consolidated )?financial statements",
    re.IGNORECASE,
)
_NO_CAPTION = re.compile(r"\(\w\)|\d[A-Z][a-z]|(?i:note:|see (?:the )?accompanying)|-\s")
