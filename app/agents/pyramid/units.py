"""Unit and scale of a table's cells: money, shares, per share, percent, plain counts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.agents.pyramid.columns import Column
from app.agents.pyramid.schemas import Card
from app.convert.document import Table, TableRow
from app.knowledge.figures import SCALES, Figure, find_figures

PER_SHARE = re.compile(r"\bper[\s-]+(?:[\w-]+\s+){0,2}(?:share|unit|ads)\b", re.IGNORECASE)
SHARES = re.compile(
    r"\bshares\s+(?:used|outstanding|issued|repurchased|authorized)|\b(?:number|amount)\s+of\s+(?:\w+\s+)?shares"
    r"|\bweighted[\s-]+average\b.*\b(?:shares|dilution)|\bshares\b(?!.*\b(?:value|issued under|withheld|net of)\b)",
    re.IGNORECASE,
)
COUNTED = re.compile(
    r"\b(?:number of|headcount|employees|stores|customers|square feet|units?|count|days|years)\b", re.IGNORECASE
)
PERCENT = re.compile(
    r"%|\bpercent(?:age)?s?\b|\bas a percentage\b|\beffective (?:income )?tax rate\b|\bin percent", re.IGNORECASE
)
SCALE = re.compile(r"\b(thousand|million|billion)s?\b", re.IGNORECASE)
SHARE_SCALE = re.compile(
    r"\bshares?\b[^,;)]{0,60}?\bin\s+(thousand|million)s|\bshares?\s+in\s+(thousand|million)s", re.IGNORECASE
)
MONEY_MARKS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
MONEY_WORDS = {"dollar": "USD", "euro": "EUR", "pound": "GBP", "yen": "JPY", "rupee": "INR", "franc": "CHF"}


@dataclass(frozen=True, kw_only=True)
class TableUnits:
    """What a table says of its numbers: the currency, the scale of amounts, the scale of share counts."""

    currency: str = ""
    scale: int = 1
    share_scale: int = 1

    def of(self, row: TableRow, column: Column, figure: Figure) -> tuple[str, int]:
        """Return the unit ("USD", "USD/share", "shares", "percent", "") and scale of one cell."""
        words = " ".join([*row.path[-1:], row.label])
        spoken = SCALE.search(row.label) if figure.kind in ("count", "currency") else None
        scale = SCALES[spoken[1].lower()] if spoken else self.scale
        if figure.kind in ("percent", "basis_points", "ratio"):
            return figure.unit, 1
        if figure.kind == "currency":
            return (f"{figure.unit}/share", 1) if self._is_per_share(words, figure) else (figure.unit, scale)
        if column.percent or PERCENT.search(words):
            return "percent", 1
        if self._is_per_share(words, figure):
            return (f"{self.currency}/share" if self.currency else "per share"), 1
        if SHARES.search(words):
            return "shares", SCALES[spoken[1].lower()] if spoken else self.share_scale
        if COUNTED.search(words) or not self.currency:
            return "", scale if not COUNTED.search(words) else 1
        return self.currency, scale

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
    sayings = [table.unit_note, f"{table.caption} {headers}", note, card.units]
    announced = next((s for s in sayings if s and SCALE.search(s)), "")
    scale = _scale(announced)
    shares = SHARE_SCALE.search(announced)
    share_scale = SCALES[(shares[1] or shares[2]).lower()] if shares else scale
    return TableUnits(
        currency=_currency(table, f"{announced} {headers} {table.caption}", card), scale=scale, share_scale=share_scale
    )


def announce(tables: Iterable[Table]) -> str:
    """Return the last unit note among the tables: what a table that goes on over the page still means."""
    notes = [table.unit_note for table in tables if SCALE.search(table.unit_note)]
    return notes[-1] if notes else ""


def _scale(announced: str) -> int:
    amounts = SHARE_SCALE.sub(" ", announced)
    match = SCALE.search(amounts)
    return SCALES[match[1].lower()] if match else 1


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
    if not figures and re.fullmatch(r"(?:19|20)\d\d", stripped):
        figures = find_figures(stripped)
    if len(figures) != 1 or re.search(r"[A-Za-z]{4,}", stripped.replace(figures[0].text, "")):
        return None
    return figures[0]
