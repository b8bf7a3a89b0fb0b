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
TOTAL = find_stems("total subtotal")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
SAYS_NOTHING = find_stems(
    "total subtotal net other less plus amount balance beginning ending opening closing period year quarter percent"
    " percentage million thousand billion per"
)


@dataclass(frozen=True, kw_only=True)
class _Row:
    table: int
    label: str
    words: frozenset[str]
    days: frozenset[str]

    @property
    def tells(self) -> frozenset[str]:
        """What a text must say to speak of the row: its words and its day; nothing where it has neither."""
        return self.words | self.days


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
                found = _Row(table=table.number, label=row.label, words=words, days=_days(row.label))
                if any(row.cells):
                    self._tables[table.number].append(found)
                for digits in {_digits(cell) for cell in row.cells} - {""}:
                    self._by_digits[digits].append(found)
        lines = [line for line in page.markdown.splitlines() if not line.startswith("|")]
        lines += [row.label for rows in self._tables.values() for row in rows]
        self._in_words = {_digits(figure.text) for line in lines for figure in find_figures(line)}

    def find_misplaced(self, text: str) -> list[str]:
        """Return a sentence for each figure that stands in rows an insight does not name, while it names another."""
        said = find_stems(text) | _days(text) | frozenset(YEAR.findall(text))
        problems = []
        for figure in find_figures(text):
            digits = _digits(figure.text)
            lone = figure.kind == "year" or len(digits.replace(".", "")) < FEWEST_DIGITS or digits in self._in_words
            rows = [] if lone else self._by_digits.get(digits, [])
            if rows and (named := self._find_named(rows, said)):
                problems.append(f"{figure.text} stands in the row “{rows[0].label}”, not “{named.label}”.")
        return problems

    def _find_named(self, rows: Sequence[_Row], said: frozenset[str]) -> _Row | None:
        """Return a row beside some others that a text names whole, where it names none of those, or names more."""
        beside = [row for table in dict.fromkeys(row.table for row in rows) for row in self._tables[table]]
        named = [row for row in beside if row.tells and row.tells <= said]
        if any(row.tells <= said and not self._is_passed_over(row, named, said) for row in rows):
            return None
        known = frozenset[str]().union(*(row.tells for row in rows))
        return next((row for row in named if not row.tells <= known), None)

    @staticmethod
    def _is_passed_over(row: _Row, named: Sequence[_Row], said: frozenset[str]) -> bool:
        """Whether a text means another row: one that has all of this one's words and more, or one part of a total."""
        if find_stems(row.label) <= SAYS_NOTHING and not row.days:
            return (
                bool(find_stems(row.label) & TOTAL - said) and len({other.label for other in named} - {row.label}) == 1
            )
        return any(row.words and row.words < other.words for other in named if other.label != row.label)


def _words(label: str) -> frozenset[str]:
    return frozenset(word for word in find_stems(label) - SAYS_NOTHING if word.isalpha() and len(word) > 1)


def _days(text: str) -> frozenset[str]:
    """Return the last days of the periods a text names; a bare year is its number."""
    found = (period for _, _, period in find_periods(text))
    return frozenset(p.form if p.form.isdigit() or p.end is None else p.end.isoformat() for p in found)


def _digits(shown: str) -> str:
    digits = re.sub(r"[^0-9.]", "", shown)
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
