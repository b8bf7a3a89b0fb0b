"""Table rows as sentences that name entity, measure, value, unit and period."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.agents.pyramid.columns import Column, read_columns
from app.agents.pyramid.schemas import Card
from app.agents.pyramid.units import TableUnits, announce, read_cell, read_units
from app.agents.pyramid.wording import (
    clean_label,
    name_measure,
    open_lower,
    plain_value,
    possessive,
    say_amount,
    say_period,
    verb_for,
)
from app.convert.document import Page, Table, TableRow
from app.knowledge.figures import Figure
from app.knowledge.periods import Period, find_periods
from app.knowledge.types import Fact


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence made from one cell (or from a row without periods), with the place it was read at."""

    text: str
    table: int
    row: int
    topic: str
    shown: tuple[str, ...]
    label: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One table being read: its columns, units, and how its rows are called."""

    table: Table
    card: Card
    columns: Sequence[Column]
    units: TableUnits
    measures: Sequence[str]

    @property
    def topic(self) -> str:
        return clean_label(self.table.caption)

    @property
    def subject(self) -> str:
        return self.card.short_name or self.card.issuer


def read_tables(page: Page, card: Card, *, before: Page | None = None) -> list[Statement]:
    """Return the sentences of a page's tables; `before` lends its last unit note to a table that goes on."""
    note = announce(before.tables) if before else ""
    found: list[Statement] = []
    for table in page.tables:
        found.extend(_read_table(table, card, note))
        note = table.unit_note or note if table.number == page.tables[0].number else ""
    return list({statement.text: statement for statement in found}.values())


def _read_table(table: Table, card: Card, note: str) -> Iterator[Statement]:
    own = note if not table.unit_note and not table.caption else ""
    reading = _Reading(
        table=table,
        card=card,
        columns=read_columns(table, card),
        units=read_units(table, card, note=own),
        measures=_measures(table),
    )
    for index, row in enumerate(table.rows):
        yield from _read_row(reading, index, row)


def _measures(table: Table) -> list[str]:
    labels = Counter(clean_label(row.label).lower() for row in table.rows)
    ends = Counter((clean_label(row.label).lower(), row.path[-1:]) for row in table.rows)
    names = []
    for row in table.rows:
        label = clean_label(row.label).lower()
        if labels[label] > 1 and row.path:
            depth = 1 if ends[label, row.path[-1:]] == 1 else len(row.path)
            heads = [clean_label(head) for head in row.path[-depth:]]
            names.append(", ".join([open_lower(heads[0]), *heads[1:], open_lower(clean_label(row.label))]))
        else:
            names.append(name_measure(row.label, row.path, caption=table.caption))
    return names


def _read_row(reading: _Reading, index: int, row: TableRow) -> Iterator[Statement]:
    own = _row_period(row)
    cells = [(c, text, read_cell(text)) for c, text in enumerate(row.cells[: len(reading.columns)]) if text.strip()]
    plain: list[tuple[int, str, Figure | None]] = []
    for c, shown, figure in cells:
        column = reading.columns[c]
        if figure is None:
            plain.append((c, shown, None))
        elif column.change_of:
            yield from _say_change(reading, index, c, shown, figure)
        elif (period := column.period or own) and row.label:
            yield _say_value(reading, index, c, shown, figure, period, by_row=column.period is None)
        else:
            plain.append((c, shown, figure))
    if any(figure for _, _, figure in plain) or (plain and len(plain) == len(cells)):
        yield from _say_row(reading, index, plain)


def _row_period(row: TableRow) -> Period | None:
    for text in (row.label, *reversed(row.path)):
        found = find_periods(text)
        if found:
            return found[-1][2]
    return None


def _say_value(
    reading: _Reading, index: int, c: int, shown: str, figure: Figure, period: Period, *, by_row: bool
) -> Statement:
    row, column = reading.table.rows[index], reading.columns[c]
    unit, scale = reading.units.of(row, column, figure)
    measure = reading.measures[index]
    if by_row and column.dimension:
        measure = _measure_by_row(row, column.dimension)
    elif column.dimension:
        measure = f"{measure} ({column.dimension})"
    fact = _fact(reading, measure, figure, unit, scale, period, shown)
    amount = say_amount(figure, unit, scale)
    text = f"{_subject(reading, measure)} {verb_for(measure)} {amount} {say_period(period)}."
    return _statement(reading, index, text, (shown,), (fact,))


def _measure_by_row(row: TableRow, dimension: str) -> str:
    label = row.label
    for start, end, _ in reversed(find_periods(label)):
        label = label[:start] + label[end:]
    rest = clean_label(re.sub(r"\b(?:as of|as at|at|for the|ended|to)\b", " ", label)).strip(" ,-–")
    return f"{open_lower(rest)} ({dimension})" if re.search(r"[A-Za-z]{3}", rest) else open_lower(dimension)


def _say_change(reading: _Reading, index: int, c: int, shown: str, figure: Figure) -> Iterator[Statement]:
    row, column = reading.table.rows[index], reading.columns[c]
    later, earlier = (reading.columns[i].period for i in column.change_of or ())
    if later is None or earlier is None or not figure.value or not row.label:
        return
    unit, scale = reading.units.of(row, column, figure)
    verb = "decreased" if figure.value < 0 else "increased"
    measure = reading.measures[index]
    amount = say_amount(figure, unit, scale).removeprefix("-")
    text = f"{_subject(reading, measure)} {verb} by {amount} {say_period(later)} compared with {_against(earlier)}."
    fact = _fact(reading, f"change in {measure}", figure, unit, scale, later, shown)
    yield _statement(reading, index, text, (shown,), (fact,))


def _against(period: Period) -> str:
    said = say_period(period)
    return said.removeprefix("in ").removeprefix("as of ")


def _say_row(reading: _Reading, index: int, cells: Sequence[tuple[int, str, Figure | None]]) -> Iterator[Statement]:
    row = reading.table.rows[index]
    parts, facts = [], []
    for c, shown, figure in cells:
        column = reading.columns[c]
        header = clean_label(" ".join(reading.table.columns[c]))
        said = re.sub(r"\s+", " ", shown)
        if figure is not None:
            unit, scale = reading.units.of(row, column, figure)
            said = say_amount(figure, unit, scale)
            measure = ", ".join(part for part in (reading.measures[index], column.dimension or header) if part)
            facts.append(_fact(reading, measure, figure, unit, scale, column.period, shown))
        parts.append(f"{header}: {said}" if header else said)
    label = ", ".join(clean_label(part) for part in (*row.path[-1:], row.label) if clean_label(part))
    head = " – ".join(part for part in (reading.subject, reading.topic, label) if part)
    if not label or len(head) + sum(map(len, parts)) > 1200:
        return
    text = f"{head}: {'; '.join(parts)}."
    yield _statement(reading, index, text, tuple(shown for _, shown, _ in cells), tuple(facts))


def _subject(reading: _Reading, measure: str) -> str:
    if reading.subject:
        return f"{possessive(reading.subject)} {measure}"
    return measure[:1].upper() + measure[1:]


def _fact(
    reading: _Reading, measure: str, figure: Figure, unit: str, scale: int, period: Period | None, shown: str
) -> Fact:
    value = plain_value(figure, scale)
    return Fact(
        entity=reading.subject,
        measure=measure,
        value=value,
        unit=unit,
        period=period.form if period else "",
        shown=shown,
    )


def _statement(reading: _Reading, index: int, text: str, shown: tuple[str, ...], facts: tuple[Fact, ...]) -> Statement:
    row = reading.table.rows[index]
    return Statement(
        text=re.sub(r"\s+", " ", text),
        table=reading.table.number,
        row=index,
        topic=reading.topic,
        shown=shown,
        label=row.label,
        facts=facts,
    )
