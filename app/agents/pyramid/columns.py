"""What a table's columns mean: a period, a change between two periods, or a dimension."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.agents.pyramid.schemas import Card
from app.convert.document import Table
from app.knowledge.periods import Found, Period, find_periods, fiscal_year, months_ended

CHANGE = re.compile(r"\b(?:change|increase|decrease|variance|growth|inc\b|dec\b)", re.IGNORECASE)
CHANGE_WORDS = re.compile(
    r"%|\b(?:yr|year|y)\.?[\s-]*(?:to|over)[\s-]*(?:yr|year|y)\b\.?|\b(?:percent(?:age)?|margin|change"
    r"|increase|decrease|inc|dec|"
    r"variance|growth|vs|versus|compared)\b\.?|[/()$]",
    re.IGNORECASE,
)
LENGTH = re.compile(
    r"\b(three|six|nine|twelve|3|6|9|12)\s+months|\b(13|26|39|52|53|thirteen|twenty-six|thirty-nine"
    r"|fifty-(?:two|three))"
    r"\s+weeks|\b(quarters?)\b"
    r"|(?<!calendar )\b((?:fiscal\s+years?|years?\s+end\w+|for\s+the\s+(?:\w+\s+)?years?|^years?))\b(?!-)",
    re.IGNORECASE,
)
SPAN_LEAD = re.compile(
    r"\b(?:(?:three|six|nine|twelve|\d+)\s+months|[\w-]+\s+weeks|quarters?|(?:fiscal\s+)?years?)\s+ended\b"
    r"(?:\s+[A-Za-z]{3,9}\.?\s+\d{1,2}\b,?)?",
    re.IGNORECASE,
)
LENGTHS = {
    "three": 3, "six": 6, "nine": 9, "twelve": 12, "3": 3, "6": 6, "9": 9, "12": 12, "13": 3, "26": 6, "39": 9,
    "52": 12, "53": 12, "thirteen": 3, "twenty-six": 6, "thirty-nine": 9, "fifty-two": 12, "fifty-three": 12,
}  # fmt: skip
LOOSE_AND = re.compile(r"^(?:\s*and\b)+|(?:\band\s*)+$", re.IGNORECASE)
"""What is left of "2023 and 2022"."""
FLOWS = re.compile(r"\b(?:operations|income|earnings|cash flows?|loss|comprehensive)\b", re.IGNORECASE)
STATEMENT = re.compile(
    r"\b(?:CONSOLIDATED\s+)?(?:INCOME|CASH FLOWS?|BALANCE|COMPREHENSIVE INCOME|STOCKHOLDERS[’'] EQUITY)"
    r"\s+(?:STATEMENTS?|SHEETS?)"
)
LEFT_OVER = re.compile(
    r"\b(?:(?:for\s+)?the\b|as\s+(?:of|at)|at|(?:three|six|nine|twelve|\d+)\s+months?|(?:[\w-]+\s+)?weeks?|quarters?|"
    r"(?:fiscal\s+)?years?|periods?|end(?:ed|ing)|unaudited|audited)\b|[(),:|$—–-]",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A value column. `change_of` names the indexes (later, earlier) a change column compares."""

    period: Period | None = None
    dimension: str = ""
    percent: bool = False
    is_change: bool = False
    change_of: tuple[int, int] | None = None


def read_columns(table: Table, card: Card) -> list[Column]:
    """Return what each value column means, from its header path, the caption and the document's card."""
    columns = [_read_column(header, table, card) for header in _lend_spans([_join(path) for path in table.columns])]
    return [_with_compared(columns, index) for index in range(len(columns))]


def resolve(period: Period, context: str, card: Card) -> Period:
    """Return a bare date or year as the period its context says it ends ("Years ended …", a 10-K's own year)."""
    if period.months is not None and not period.form.isdigit():
        return period
    months = find_length(context)
    if period.form.isdigit():
        return _resolve_year(period, months, context, card)
    if months is None and FLOWS.search(context) and card.form.startswith("10-K"):
        months = 12
    return months_ended(months, period.end) if months and period.end else period


def find_length(text: str) -> int | None:
    """Return the months a text speaks of, when it speaks of one length only."""
    lengths = set()
    for match in LENGTH.finditer(text):
        word = (match[1] or match[2] or "").lower()
        lengths.add(LENGTHS[word] if word else 3 if match[3] else 12)
    return lengths.pop() if len(lengths) == 1 else None


def _resolve_year(period: Period, months: int | None, context: str, card: Card) -> Period:
    year = int(period.form)
    for _, _, other in find_periods(context):
        if other.end is not None and other.end.year == year and not other.form.isdigit():
            return resolve(other, context, card) if other.form.startswith("at:") else other
    if months in (None, 12) and re.search(r"\bfiscal\b", context, re.IGNORECASE):
        return fiscal_year(year)
    if months == 12 or (months is None and card.form.startswith("10-K")):
        own = card.form.startswith("10-K") and card.period_end.startswith(str(year))
        return months_ended(12, date.fromisoformat(card.period_end)) if own else fiscal_year(year)
    return period


def _join(path: Sequence[str]) -> str:
    return re.sub(r"[\s:;]+", " ", " ".join(path))


def _lend_spans(headers: list[str]) -> list[str]:
    """Give "Three Months Ended" to the dates beside it, up to the change column that closes their group.

    A heading centred over a group may have been read as standing over one of its columns only.
    """
    lent, start = list(headers), 0
    for index, header in enumerate(headers):
        if not CHANGE.search(header):
            continue
        group = range(start, index)
        leads = {match[0].strip() for i in group if (match := SPAN_LEAD.search(headers[i]))}
        for i in group:
            if len(leads) == 1 and not SPAN_LEAD.search(headers[i]):
                lent[i] = _lend(next(iter(leads)), headers[i])
        start = index + 1
    return lent


def _lend(lead: str, header: str) -> str:
    found = find_periods(header)
    if not found:
        return header
    start, end, period = found[-1]
    words = lead if period.form.isdigit() else re.sub(r"(ended)\b.*", r"\1", lead, flags=re.IGNORECASE)
    return f"{header[:start]}{words} {header[start:end]}{header[end:]}"


def _read_column(header: str, table: Table, card: Card) -> Column:
    found = find_periods(header)
    change = bool(CHANGE.search(header))
    dimension = _rest(header, found)
    percent = "%" in header or bool(re.search(r"\bpercent(?:age)?\b", header, re.IGNORECASE))
    if change:
        return Column(dimension=_rest(CHANGE_WORDS.sub(" ", header), []), percent=percent, is_change=True)
    period = _period_of(found, header, table, card)
    return Column(period=period, dimension=dimension, percent=percent)


def _period_of(found: Sequence[Found], header: str, table: Table, card: Card) -> Period | None:
    context = f"{header} {table.caption} {table.unit_note}"
    if found:
        own = next((p for _, _, p in found if p.months and not p.form.isdigit()), found[-1][2])
        return resolve(own, context, card)
    spoken = {p.form: p for _, _, p in find_periods(table.caption)}
    if len(spoken) != 1:
        return None
    return resolve(next(iter(spoken.values())), context, card)


def _rest(header: str, found: Sequence[Found]) -> str:
    for start, end, _ in sorted(set((s, e, "") for s, e, _ in found), reverse=True):
        header = header[:start] + " " + header[end:]
    header = re.sub(
        r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+"
        r"\d{1,2},?",
        " ",
        header,
        flags=re.IGNORECASE,
    )
    header = STATEMENT.sub(" ", header)
    rest = LOOSE_AND.sub("", re.sub(r"\s+", " ", LEFT_OVER.sub(" ", header)).strip(" ,.;:")).strip()
    rest = re.sub(r"\b(.{3,60}?)(?: \1)+$", r"\1", rest)
    return rest if re.search(r"[A-Za-z]{2}", rest) else ""


def _with_compared(columns: Sequence[Column], index: int) -> Column:
    column = columns[index]
    if not column.is_change:
        return column
    closed = max((i for i in range(index) if columns[i].is_change), default=-1)
    before = [i for i in range(index) if columns[i].period and not columns[i].is_change]
    after = [i for i in range(index + 1, len(columns)) if columns[i].period and not columns[i].is_change]
    if len([i for i in before if i > closed]) >= 2:
        pair = (before[-2], before[-1])
    elif before and after:
        pair = (before[-1], after[0])
    else:
        return column
    if columns[pair[0]].period == columns[pair[1]].period:
        return column
    later, earlier = sorted(pair, key=lambda i: _age(columns[i].period), reverse=True)
    return replace(column, change_of=(later, earlier))


def _age(period: Period | None) -> str:
    return period.form.partition(":")[2] or period.form if period else ""
