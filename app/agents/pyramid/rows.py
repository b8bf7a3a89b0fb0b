"""Figures that stand in another row than the one an insight names: the commonest error in reading tables."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.convert.document import Page
from app.knowledge.claims.words import find_stems
from app.knowledge.figures import find_figures
from app.knowledge.periods import find_periods

FEWEST_DIGITS = 2
"""Shorter figures stand in many rows, and in names."""
SAYS_NOTHING = find_stems(
    "total subtotal net other less plus amount balance beginning ending opening closing period year quarter percent"
    " percentage million thousand billion per"
)


@dataclass(frozen=True, kw_only=True)
class _Row:
    table: int
    label: str
    words: frozenset[str]


class PageRows:
    """One page's rows by the digits they show."""

    def __init__(self, page: Page) -> None:
        self._by_digits: dict[str, list[_Row]] = defaultdict(list)
        self._tables: dict[int, list[_Row]] = defaultdict(list)
        for table in page.tables:
            labels = Counter(row.label for row in table.rows if any(row.cells))
            for row in table.rows:
                words = _words(row.label)
                if labels[row.label] > 1 or not words:
                    words |= _words(" ".join(row.path[-1:]))
                found = _Row(table=table.number, label=row.label, words=words)
                if any(row.cells):
                    self._tables[table.number].append(found)
                for digits in {_digits(cell) for cell in row.cells} - {""}:
                    self._by_digits[digits].append(found)
        lines = [line for line in page.markdown.splitlines() if not line.startswith("|")]
        lines += [row.label for rows in self._tables.values() for row in rows]
        self._in_words = {_digits(figure.text) for line in lines for figure in find_figures(line)}

    def find_misplaced(self, text: str) -> list[str]:
        """Return a sentence for each figure that stands in rows an insight does not name, while it names another."""
        said = find_stems(text)
        problems = []
        for figure in find_figures(text):
            digits = _digits(figure.text)
            lone = figure.kind == "year" or len(digits.replace(".", "")) < FEWEST_DIGITS or digits in self._in_words
            rows = [] if lone else self._by_digits.get(digits, [])
            if rows and (named := self._find_named(rows, said)):
                problems.append(f"{figure.text} stands in the row “{rows[0].label}”, not “{named.label}”.")
        return problems

    def _find_named(self, rows: Sequence[_Row], said: frozenset[str]) -> _Row | None:
        """Return a row beside some others that a text names whole, where it does not name any of those."""
        if any(_is_named(row, said) for row in rows):
            return None
        known = frozenset[str]().union(*(row.words for row in rows))
        beside = (row for table in dict.fromkeys(row.table for row in rows) for row in self._tables[table])
        return next((row for row in beside if row.words and row.words <= said and not row.words <= known), None)


def _words(label: str) -> frozenset[str]:
    return frozenset(word for word in find_stems(label) - SAYS_NOTHING if word.isalpha())


def _is_named(row: _Row, said: frozenset[str]) -> bool:
    """Whether a text speaks of a row; one that says nothing, or only when, may be spoken of in any words."""
    return row.words <= said or bool(find_periods(row.label))


def _digits(shown: str) -> str:
    digits = re.sub(r"[^0-9.]", "", shown)
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
