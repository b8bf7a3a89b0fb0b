"""Which figures and names of a page no insight carries."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.knowledge.figures import Figure, find_figures
from app.knowledge.remembered import remember

NAME = re.compile(r"\b[A-Z][a-z&][\w&]*(?:\s+[A-Z][\w&]+)+")
ADDED = re.compile(r"\b[A-Z]{1,3}[0-9]+:[A-Z]{1,3}[0-9]+\b|^Formats: .*|^Formulas: .*", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Counts over one page; `missing` are the figures and names that no insight carries, as shown, each once."""

    numbers: int
    numbers_carried: int
    names: int
    names_carried: int
    missing: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The share of numbers and names that are carried; 1 for a page that has none."""
        total = self.numbers + self.names
        return 1.0 if not total else (self.numbers_carried + self.names_carried) / total


def measure_coverage(markdown: str, insights: Iterable[str]) -> Coverage:
    """Return how many of a page's distinct figures and names stand in some insight, compared by digits and letters."""
    told = list(insights)
    carried, carried_digits = " ".join(told).lower(), {_digits(f) for text in told for f in find_figures(text)}
    figures, names = _list_wanted(markdown)
    lost_figures = [shown for digits, shown in figures.items() if digits not in carried_digits]
    lost_names = [shown for name, shown in names.items() if name not in carried]
    return Coverage(
        numbers=len(figures),
        numbers_carried=len(figures) - len(lost_figures),
        names=len(names),
        names_carried=len(names) - len(lost_names),
        missing=(*lost_figures, *lost_names),
    )


@remember
def _list_wanted(markdown: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return a page's figures by their digits, and its names in lower case, each with what is shown.

    What a reader of workbooks adds, the addresses of cells and their number formats, is neither.
    """
    markdown = ADDED.sub("", markdown)
    figures = {_digits(f): f.text for f in find_figures(markdown) if f.kind != "year" and len(_digits(f)) > 1}
    flat = re.sub(r"\s+", " ", re.sub(r"[|*#]+", "\n", markdown).replace("\n", " . "))
    return figures, {match.group().lower(): match.group() for match in NAME.finditer(flat)}


def _digits(figure: Figure) -> str:
    digits = re.sub(r"[^0-9.]", "", figure.text)
    return f"0{digits}" if digits.startswith(".") else digits
