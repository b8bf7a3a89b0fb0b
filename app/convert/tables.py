"""Rows of placed cells → Table: header paths, row labels, sections, caption and units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.convert.cells import Cell, find_unit_note, is_figure, is_period, is_unit_note, is_year, join_affixes
from app.convert.columns import Layout, Row, find_layout
from app.convert.document import Table, TableRow

_INDENT = 1.5
_STATEMENT = re.compile(r"^[\w' ]*\b(?:statements?(?: of [\w' ]+)?|balance sheets?)(?: \([\w' ]+\))?$", re.IGNORECASE)


@dataclass(kw_only=True)
class _Segment:
    """One header with the rows under it."""

    titles: list[str] = field(default_factory=list)
    header: list[list[Cell]] = field(default_factory=list)
    stubs: list[str] = field(default_factory=list)
    body: list[list[Cell]] = field(default_factory=list)


def build_tables(rows: Sequence[Row], *, caption: str = "", unit_note: str = "", exact: bool = True) -> list[Table]:
    """Read placed cells as one or more tables (a new header further down starts another); [] when it is no table.

    `exact` says that header cells span their columns exactly (HTML, sheets); otherwise they are centred (PDF).
    Tables come with number 0; whoever assembles the page numbers them.
    """
    joined: list[Row] = [row for row in (join_affixes(row) for row in rows) if row]
    layout = find_layout(joined, exact=exact)
    if layout is None:
        return []
    joined = [layout.part_label(row) for row in joined]
    tables: list[Table] = []
    for segment in _split_segments(joined, layout):
        outer = "" if tables and segment.titles else caption
        table = _make_table(segment, layout, outer, unit_note)
        if table is not None:
            if tables and not any(table.columns):
                table = replace(table, columns=tables[-1].columns, stub=tables[-1].stub)
            tables.append(table)
    return tables


def _split_segments(rows: Sequence[Row], layout: Layout) -> list[_Segment]:
    segments = [_Segment()]
    has_header = any(_is_header(*layout.split_label(row), started=False) for row in rows[:8])
    following = [*rows[1:], []]
    for row, below in zip(rows, following, strict=True):
        label, cells = layout.split_label(row)
        segment = segments[-1]
        started = bool(segment.body)
        if not label and not started and not segment.header and _is_statement(cells):
            segment.titles.append(cells[0].text)
        elif _is_header(label, cells, started=started) or (
            started and (_heads(row, below, layout) or _opens(label, cells, segment, layout))
        ):
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


def _is_statement(cells: Row) -> bool:
    """Whether a row is nothing but the name of a financial statement."""
    return len(cells) == 1 and bool(_STATEMENT.search(cells[0].text)) and not is_period(cells[0].text)


def _is_stub(text: str, segment: _Segment) -> bool:
    """Whether a label right under the header names the period all its columns are part of."""
    return bool(segment.header) and not segment.stubs[-1] and is_period(text) and not is_unit_note(text)


def _heads(row: Row, below: Row, layout: Layout) -> bool:
    """Whether a row of words alone stands right above a header and so is its first line."""
    label, cells = layout.split_label(row)
    words = label is None and not any(is_figure(cell.text) for cell in cells)
    return words and _is_header(*layout.split_label(below), started=True)


def _opens(label: Cell | None, cells: Row, segment: _Segment, layout: Layout) -> bool:
    """Whether a row of words over every column stands under a line that announces another table."""
    above = segment.body[-1]
    announced = len(above) == 1 and (is_unit_note(above[0].text) or above[0].text.endswith(":"))
    words = len(cells) == len(layout.columns) and not any(is_figure(cell.text) for cell in cells)
    return announced and words and label is not None


def _make_table(segment: _Segment, layout: Layout, caption: str, unit_note: str) -> Table | None:
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
        stub=" ".join(text for text in segment.stubs if text and _heads_labels(text, segment)),
    )


def _heads_labels(stub: str, segment: _Segment) -> bool:
    """Whether a stub says what the rows are, rather than the units or the period of the columns."""
    return not is_unit_note(stub) and (not is_period(stub) or _lists_years(segment))


_PERIOD_TAIL = re.compile(
    r"((?:for the )?(?:fiscal |three |six |nine )?(?:years?|months?|quarters?) ended \w+ \d{1,2},?)$", re.IGNORECASE
)


def _with_period(paths: tuple[tuple[str, ...], ...], title: str) -> tuple[tuple[str, ...], ...]:
    """Put the period a title ends with over columns that only name years."""
    period = _PERIOD_TAIL.search(title)
    if not period or not all(len(path) == 1 and is_year(path[0]) for path in paths):
        return paths
    return tuple((period.group(1), *path) for path in paths)


def _cover_levels(header: Sequence[Row], layout: Layout) -> list[list[Cell | None]]:
    """Return the header cell over each column for every header row, found from the lowest row up."""
    below = [""] * len(layout.columns)
    levels: list[list[Cell | None]] = []
    for cells in reversed(header):
        level = layout.cover(cells, below)
        below = [f"{cell.text} {text}" if cell else text for cell, text in zip(level, below, strict=True)]
        levels.insert(0, level)
    return levels if layout.exact else _cover_groups(header, levels, layout)


def _cover_groups(
    header: Sequence[Row], levels: Sequence[list[Cell | None]], layout: Layout
) -> list[list[Cell | None]]:
    """Where the columns' names repeat group by group, give each group the cell of a row that has one for each group."""
    width = next((found for level in levels if (found := _group_width(level))), 0)
    if not width:
        return list(levels)
    groups = [layout.columns[start : start + width] for start in range(0, len(layout.columns), width)]
    covered: list[list[Cell | None]] = []
    for cells, level in zip(header, levels, strict=True):
        inside = len(cells) == len(groups) and all(
            group[0][0] - _INDENT <= (cell.x0 + cell.x1) / 2 <= group[-1][1] + _INDENT
            for cell, group in zip(cells, groups, strict=True)
        )
        covered.append([cell for cell in cells for _ in range(width)] if inside else level)
    return covered


def _group_width(level: Sequence[Cell | None]) -> int:
    """Return how many columns make a group where names stand over each column and repeat; 0 where they don't."""
    names = [cell.text if cell else "" for cell in level]
    alone = all(names) and len({id(cell) for cell in level}) == len(level)
    widths = (
        w for w in range(2, len(names) // 2 + 1) if len(names) % w == 0 and names == names[:w] * (len(names) // w)
    )
    return next(widths, 0) if alone else 0


def _header_paths(segment: _Segment, layout: Layout) -> tuple[tuple[str, ...], ...]:
    levels = _cover_levels(segment.header, layout)
    paths: list[list[str]] = [[] for _ in layout.columns]
    above: list[frozenset[int] | None] = [None] * len(paths)
    for level, stub in zip(levels, segment.stubs, strict=True):
        if is_period(stub) and not is_unit_note(stub) and not _lists_years(segment):
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


def _lists_years(segment: _Segment) -> bool:
    """Whether the rows are years, so that a period over their labels is said of the rows."""
    return sum(is_year(row[0].text) for row in segment.body) > 1


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


def _make_rows(body: Sequence[Row], layout: Layout) -> list[TableRow]:
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
    """Drop the sections a row at this indent no longer stands under; a period holds for all that is not set out."""
    while sections:
        last = sections[-1]
        if indent > last.indent + _INDENT:
            last.deeper = True
            return
        if indent > last.indent - _INDENT and (not last.deeper or is_period(last.text)):
            return
        sections.pop()


def table_markdown(table: Table, *, shown: str = "", noted: str = "") -> str:
    """Return the table as Markdown: caption, units, one header row with the joined paths, rows with their sections.

    `shown` and `noted` are the caption and unit note that already stand right above it.
    """
    caption = "" if table.caption == table.stub else table.caption.removeprefix(shown).strip()
    lines = [f"**{caption}**", ""] if caption else []
    if table.unit_note and table.unit_note != noted and table.unit_note not in table.caption:
        lines += [table.unit_note, ""]
    lines.append(_line([table.stub, *(" ".join(path) for path in table.columns)]))
    lines.append("|" + " --- |" * (len(table.columns) + 1))
    lines += [_line([row.label, *row.cells]) for row in table.rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
