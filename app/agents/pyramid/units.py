"""Unit and scale of a table's cells: money, shares, per share, percent, plain counts."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.agents.pyramid.columns import Column
from app.agents.pyramid.quantities import read_own_unit, read_quantity
from app.agents.pyramid.schemas import Card
from app.convert.document import Table, TableRow
from app.knowledge.assertions import PER_SHARE
from app.knowledge.figures import SCALES, Figure, find_figures
from app.knowledge.periods import find_periods

SHARES = re.compile(
    r"\bshares\s+(?:used|outstanding|issued|repurchased|authorized)|\b(?:number|amount)\s+of\s+(?:\w+\s+)?shares"
    r"|\bweighted[\s-]+average\b.*\b(?:shares|dilut)|^shares\b|(?<!\d )\bshares$",
    re.IGNORECASE,
)
NOT_SHARES = re.compile(
    r"\d\s+shares|\bat cost\b|\bvalue\b|\bcapital\b|\bproceeds\b|\brepurchases? of\b", re.IGNORECASE
)
COUNTED = re.compile(
    r"\b(?:numbers? of|headcount|square feet|(?<!\bto )(?<!\bby )(?<!\bfor )(?<!\bfrom )(?<!\bwith )"
    r"(?:employees|stores|customers|units?|count|days|years)(?=\s*(?:$|[(,;]|at\b|in\b|served\b)))\b",
    re.IGNORECASE,
)
REMARK = re.compile(r"\([^()]*\d[^()]*\)")
PERCENT = re.compile(r"(?<![\d.)])\s?%|\bpercent(?:age)?s?\b|\beffective (?:income )?tax rate\b", re.IGNORECASE)
SCALE = re.compile(r"\b(thousand|million|billion)s?\b", re.IGNORECASE)
LABEL_SCALE = re.compile(r"(?<![\d.] )\b(thousand|million|billion)s?\b", re.IGNORECASE)
SHARE_SCALE = re.compile(
    r"\bshares?\b(?:,\s+which\s+are)?[^,;)]{0,60}?\bin\s+(thousand|million)s|\bshares?\s+in\s+(thousand|million)s",
    re.IGNORECASE,
)
SHARED_SCALE = re.compile(r"(?:[$€£¥]|\b(?:dollars?|amounts?))\s*(?:and|,)\s+shares?\s+(?=in\s)", re.IGNORECASE)
OF_SHARES = re.compile(
    r"\b(?:reconciliation of the number|changes in)\b[^.:]{0,20}\bshares\b|^\W*shares in (?:thousands|millions)\W*$",
    re.IGNORECASE,
)
MOST_SHARES = 10**12
"""No company has so many shares: a count that would come to more is not in the scale of the amounts beside it."""
MONEY_MARKS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
MONEY_WORDS = {"dollar": "USD", "euro": "EUR", "pound": "GBP", "yen": "JPY", "rupee": "INR", "franc": "CHF"}


@dataclass(frozen=True, kw_only=True)
class TableUnits:
    """What a table says of its numbers: the currency, the scale of amounts, of share counts, and if all are shares.

    `counted` is what they count where they are no amounts: "barrels per day".
    """

    currency: str = ""
    scale: int = 1
    share_scale: int = 1
    of_shares: bool = False
    counted: str = ""

    def of(self, row: TableRow, column: Column, figure: Figure) -> tuple[str, int]:
        """Return the unit ("USD", "USD/share", "shares", "percent", "") and scale of one cell."""
        words = REMARK.sub("", " ".join([*row.path[-1:], row.label]))
        spoken = LABEL_SCALE.search(row.label) if figure.kind in ("count", "currency") else None
        own = SCALES[spoken[1].lower()] if spoken else None
        if figure.kind in ("percent", "basis_points", "ratio"):
            return figure.unit, 1
        if figure.kind == "count" and (column.percent or PERCENT.search(row.label)):
            return "percent", 1
        if figure.kind == "count" and (named := read_own_unit(row.label) or read_own_unit(f"({column.dimension})")):
            return named
        if self._is_per_share(f"{words} {column.dimension}", figure):
            currency = figure.unit or self.currency
            return f"{currency}/share" if currency else "per share", 1
        if figure.kind == "count" and (self.of_shares or self._counts_shares(words, column)):
            return "shares", own or (self.share_scale if abs(figure.value) * self.share_scale < MOST_SHARES else 1)
        return self._amount(f"{row.label} {column.dimension}", figure, own)

    def _amount(self, label: str, figure: Figure, own: int | None) -> tuple[str, int]:
        if figure.kind == "currency":
            return figure.unit, own or self.scale
        if COUNTED.search(label):
            return "", own or 1
        return self.counted or self.currency, own or self.scale

    @staticmethod
    def _counts_shares(words: str, column: Column) -> bool:
        return bool(SHARES.search(column.dimension) or (SHARES.search(words) and not NOT_SHARES.search(words)))

    @staticmethod
    def _is_per_share(words: str, figure: Figure) -> bool:
        return (
            bool(PER_SHARE.search(words))
            and not re.search(r"\bshares used\b", words, re.I)
            and abs(figure.value) < 10**5
        )


def read_units(table: Table, card: Card, *, note: str = "") -> TableUnits:
    """Return a table's units from its own note, else caption, headers, else `note` (what the page before announced)."""
    headers = " ".join(part for path in table.columns for part in path)
    lent = card.units if _is_of_accounts(table, headers) else ""
    sayings = [table.unit_note, f"{table.caption} {headers}", note, lent]
    announced = next((s for s in sayings if s and SCALE.search(s)), "")
    scale = _scale(announced)
    shares = SHARE_SCALE.search(announced)
    share_scale = SCALES[(shares[1] or shares[2]).lower()] if shares else scale
    counted = read_quantity(announced)
    return TableUnits(
        currency="" if counted else _currency(table, f"{announced} {headers} {table.caption}", card),
        scale=scale,
        share_scale=share_scale,
        counted=counted,
        of_shares=bool(OF_SHARES.search(table.caption) or OF_SHARES.search(table.unit_note)),
    )


def announce(tables: Iterable[Table]) -> str:
    """Return the last unit note among the tables: what a table that goes on over the page still means."""
    notes = [table.unit_note for table in tables if SCALE.search(table.unit_note)]
    return notes[-1] if notes else ""


def settle_units(notes: Sequence[str]) -> str:
    """Return the scale nearly all tables of a document announce ("in millions"), for those that announce none."""
    spoken = Counter(match[1].lower() for note in notes if (match := SCALE.search(_of_amounts(note))))
    word, count = spoken.most_common(1)[0] if spoken else ("", 0)
    return f"in {word}s" if count >= 3 and count >= 0.8 * sum(spoken.values()) else ""


def _is_of_accounts(table: Table, headers: str) -> bool:
    """Whether a table that announces no units has those of its document: it has money or periods, and no cents."""
    sums = [row for row in table.rows if not PER_SHARE.search(" ".join([*row.path, row.label]))]
    cells = [cell for row in sums for cell in row.cells]
    cents = any(re.search(r"\.\d", cell) and "%" not in cell for cell in cells)
    money = any(mark in cell for mark in MONEY_MARKS for cell in cells)
    return not cents and (money or bool(find_periods(f"{table.caption} {headers}")))


def _scale(announced: str) -> int:
    match = SCALE.search(_of_amounts(announced))
    return SCALES[match[1].lower()] if match else 1


def _of_amounts(announced: str) -> str:
    """Return what a note announces for amounts, without what it says of shares alone."""
    return SHARE_SCALE.sub(" ", SHARED_SCALE.sub("amounts ", announced))


def _currency(table: Table, announced: str, card: Card) -> str:
    cells = " ".join(cell for row in table.rows for cell in row.cells)
    for mark, code in MONEY_MARKS.items():
        if mark in cells or mark in announced:
            return code if code != "USD" or not card.currency else card.currency
    spoken = next((code for word, code in MONEY_WORDS.items() if re.search(rf"\b{word}s?\b", announced, re.I)), "")
    if spoken:
        return spoken
    return card.currency if SCALE.search(announced) else ""


def read_cell(text: str) -> Figure | None:
    """Return the one number of a cell, or None for words, dashes and cells that hold several."""
    stripped = text.strip()
    if not re.search(r"\d", stripped) or len(stripped) > 40:
        return None
    figures = [f for f in find_figures(stripped) if f.kind != "year"]
    if len(figures) != 1 or re.search(r"[A-Za-z]{4,}", stripped.replace(figures[0].text, "")):
        return None
    return figures[0]
