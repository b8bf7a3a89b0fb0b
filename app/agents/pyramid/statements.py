"""Table rows as sentences that name entity, measure, value, unit and period."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.agents.pyramid.columns import Column, read_columns
from app.agents.pyramid.naming import Named, is_period, name_rows, tidy
from app.agents.pyramid.schemas import Card
from app.agents.pyramid.topics import is_furniture, name_topic
from app.agents.pyramid.units import TableUnits, announce, read_cell, read_units
from app.agents.pyramid.wording import (
    clean_label,
    open_lower,
    plain_value,
    say_amount,
    say_period,
    verb_for,
)
from app.convert.document import Page, Table, TableRow
from app.convert.sheet import find_sheet
from app.knowledge.claims.words import find_stems
from app.knowledge.figures import Figure
from app.knowledge.names import possessive
from app.knowledge.periods import Period, find_periods, instant
from app.knowledge.types import Fact

AT_END = re.compile(
    r"\bending\s+balances?\b|\bbalances?\b.*\bend\b|^cash\b.*\bend\s+of\b"
    r"|^total\s+(?:assets|liabilities|(?:[\w’']+\s+)?equity)$",
    re.IGNORECASE,
)
STATEMENT_OF = re.compile(r"\bstatements?\s+of\s+(?:changes\s+in\s+)?(?P<whole>[\w’' ]*\bequity)\b", re.IGNORECASE)
AT_START = re.compile(
    r"\b(?:beginning|opening)\s+balances?\b|\bbalances?\b.*\bbeginning\b|^cash\b.*\bbeginning\s+of\b",
    re.IGNORECASE,
)


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
    measures: Sequence[Named]

    @property
    def topic(self) -> str:
        return name_topic(self.table.caption)

    @property
    def subject(self) -> str:
        return self.card.short_name or self.card.issuer


def read_tables(page: Page, card: Card, *, before: Page | None = None) -> list[Statement]:
    """Return the sentences of a page's tables; `before` lends its last unit note to a table that goes on."""
    note = announce(before.tables) if before else ""
    found: list[Statement] = []
    for table in page.tables:
        if not is_furniture(table, page):
            found.extend(_read_table(table, card, note))
        note = table.unit_note or note if table.number == page.tables[0].number else ""
    sheet = find_sheet(page.label)
    told = [_name_sheet(statement, sheet) for statement in found] if sheet else found
    return list({statement.text: statement for statement in told}.values())


def _name_sheet(statement: Statement, sheet: str) -> Statement:
    """Return a statement that says of which sheet it is: what a sheet is about is often said by its name alone."""
    if find_stems(sheet) <= find_stems(statement.text):
        return statement
    return replace(statement, text=f"{statement.text.removesuffix('.')} ({sheet}).")


def _read_table(table: Table, card: Card, note: str) -> Iterator[Statement]:
    own = note if not table.unit_note and not table.caption else ""
    reading = _Reading(
        table=table,
        card=card,
        columns=read_columns(table, card),
        units=read_units(table, card, note=own),
        measures=name_rows(table),
    )
    for index, row in enumerate(table.rows):
        yield from _read_row(reading, index, row)


def _read_row(reading: _Reading, index: int, row: TableRow) -> Iterator[Statement]:
    own, source = _row_period(row)
    cells = [(c, text, read_cell(text)) for c, text in enumerate(row.cells[: len(reading.columns)]) if text.strip()]
    plain: list[tuple[int, str, Figure | None]] = []
    for c, shown, figure in cells:
        column = reading.columns[c]
        period = own if source in ("label", "heading") else column.period or own
        if figure is None:
            plain.append((c, shown, None))
        elif column.change_of:
            yield from _say_change(reading, index, c, shown, figure)
        elif period and re.search(r"[A-Za-z]{2}", row.label):
            by_row = source == "label" or (column.period is None and source == "said")
            yield _say_value(reading, index, c, shown, figure, period, by_row=by_row)
        else:
            plain.append((c, shown, figure))
    if any(figure for _, _, figure in plain) or (plain and len(plain) == len(cells)):
        yield from _say_row(reading, index, plain)


def _row_period(row: TableRow) -> tuple[Period | None, str]:
    """Return the period a row names itself, and where.

    A label that dates a balance and a heading that is a period go before the column's; one "said" in passing does not.
    """
    found = find_periods(row.label)
    if found:
        period = found[-1][2]
        dated = period.form.startswith("at:") and ("balance" in row.label.lower() or is_period(row.label))
        return period, "label" if dated else "said"
    for part in reversed(row.path):
        if found := find_periods(part):
            return found[-1][2], "heading" if is_period(part) else "said in a heading"
    return None, ""


def _say_value(
    reading: _Reading, index: int, c: int, shown: str, figure: Figure, period: Period, *, by_row: bool
) -> Statement:
    row, column = reading.table.rows[index], reading.columns[c]
    unit, scale = reading.units.of(row, column, figure)
    measure = reading.measures[index].measure
    label = tidy(row.label)
    if by_row and column.dimension:
        measure = _measure_by_row(row, _name_dimension(column.dimension, reading.table.caption))
    elif column.dimension:
        measure = f"{measure} ({column.dimension})"
    said, slot = _when(label, period)
    fact = _fact(reading, index, measure, figure, unit, scale, slot, shown)
    text = f"{_subject(reading, measure)} {verb_for(measure)} {say_amount(figure, unit, scale)} {said}."
    return _statement(reading, index, text, (shown,), (fact,))


def _when(label: str, period: Period) -> tuple[str, Period | None]:
    """Return how to say when a row's value held: an ending balance at its period's end, an opening one before it."""
    if period.end and period.months and AT_END.search(label):
        end = instant(period.end)
        return say_period(end), end
    if period.months and AT_START.search(label):
        return f"at the beginning of {say_period(period).removeprefix('in ')}", None
    return say_period(period), period


def _name_dimension(dimension: str, caption: str) -> str:
    """Return what a column holds: the total of a statement of equity is the equity."""
    match = STATEMENT_OF.search(caption) if dimension.lower() == "total" else None
    return f"total {match['whole'].lower()}" if match else dimension


def _measure_by_row(row: TableRow, dimension: str) -> str:
    label = row.label
    for start, end, _ in reversed(find_periods(label)):
        label = label[:start] + label[end:]
    rest = clean_label(re.sub(r"\b(?:as of|as at|at|for the|ended|to)\b", " ", label)).strip(" ,-–")
    named = re.search(r"[A-Za-z]{3}", rest) and not re.fullmatch(r"balances?,?", rest, re.IGNORECASE)
    return f"{open_lower(rest)} ({dimension})" if named else open_lower(clean_label(dimension))


def _say_change(reading: _Reading, index: int, c: int, shown: str, figure: Figure) -> Iterator[Statement]:
    row, column = reading.table.rows[index], reading.columns[c]
    later, earlier = (reading.columns[i].period for i in column.change_of or ())
    if later is None or earlier is None or not figure.value or not row.label:
        return
    unit, scale = reading.units.of(row, column, figure)
    verb = "decreased" if figure.value < 0 else "increased"
    measure = reading.measures[index].measure
    measure = f"{measure} ({column.dimension})" if column.dimension else measure
    amount = say_amount(figure, unit, scale).removeprefix("-")
    text = f"{_subject(reading, measure)} {verb} by {amount} {say_period(later)} compared with {_against(earlier)}."
    fact = _fact(reading, index, f"change in {measure}", figure, unit, scale, later, shown)
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
            measure = ", ".join(part for part in (reading.measures[index].measure, column.dimension or header) if part)
            facts.append(_fact(reading, index, measure, figure, unit, scale, column.period, shown))
        parts.append(f"{header}: {said}" if header else said)
    label = ", ".join(tidy(part) for part in (*row.path[-1:], row.label) if tidy(part))
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
    reading: _Reading,
    index: int,
    measure: str,
    figure: Figure,
    unit: str,
    scale: int,
    period: Period | None,
    shown: str,
) -> Fact:
    value = plain_value(figure, scale)
    return Fact(
        entity=reading.subject,
        measure=measure,
        value=value,
        unit=unit,
        period=period.form if period else "",
        shown=shown,
        scope=reading.measures[index].scope,
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
