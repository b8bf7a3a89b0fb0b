"""How many known figures of filings some insight carries, with label, value, unit and period, and what is made up.

Facts are lines of JSON: file, label, value, unit (`usd` or `usdPerShare`) and `start`, `end` or `instant` as ISO dates.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from app.agents.pyramid.schemas import PyramidOutput
from app.db import Json
from app.knowledge.figures import Figure, find_figures, match_figure
from app.knowledge.models import Entry, Page
from app.knowledge.periods import find_periods
from app.resources import Resources
from benchmarks.support import ingest_all, open_service, over_documents, read_lines, report, say

LABELS = {
    "revenue": r"revenues?\b|\bsales\b",
    "total revenue": r"revenues?\b|\bsales\b",
    "gross profit": r"gross (?:profit|margin)",
    "cost of revenue": r"cost of (?:\w+ )?(?:sales|revenues?|goods sold|products)|total cost\b",
    "net income": r"net (?:income|earnings)",
    "operating income": r"operating (?:income|profit|earnings)|(?:income|earnings|profit) from operations",
    "income tax expense": r"income tax|tax(?:es)?\b.*(?:provision|expense|benefit)|(?:provision|expense|benefit).*tax",
    "diluted EPS": r"dilut.*(?:per|share|earnings)|(?:per|share|earnings).*dilut",
    "stockholders' equity": r"(?:share|stock)(?:holders|owners).*(?:equity|investment)|(?:total equity|equity attrib)",
    "cash and cash equivalents": r"cash and (?:cash )?equivalents|cash, cash equivalents",
    "net cash from operating activities": r"operating activities|cash .*operations",
    "total assets": r"total assets",
    "total liabilities": r"total liabilities",
    "R&D expense": r"research.*development",
    "inventory": r"inventor",
    "long-term debt": r"long-term debt|term debt",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """A figure a filing is known to state."""

    file: str
    label: str
    value: Decimal
    per_share: bool
    end: str
    months: int | None

    def is_in(self, text: str) -> bool:
        """Whether a sentence names the label, the period, and the value in its unit."""
        return self._label_is_in(text) and self._period_is_in(text) and any(map(self._is, find_figures(text)))

    def _label_is_in(self, text: str) -> bool:
        return re.search(LABELS.get(self.label, re.escape(self.label)), text, re.IGNORECASE) is not None

    def _period_is_in(self, text: str) -> bool:
        periods = (period for _, _, period in find_periods(text))
        same_day = (p for p in periods if p.end is not None and p.end.isoformat() == self.end)
        return any(p.form.startswith("at:") if self.months is None else p.months == self.months for p in same_day)

    def _is(self, figure: Figure) -> bool:
        return figure.kind == "currency" and abs(figure.value) == abs(self.value)


@dataclass(frozen=True, kw_only=True)
class Told:
    """An insight as stored, with its document's pages."""

    file: str
    text: str
    pages: tuple[int, ...]


def read_known(path: Path) -> list[Known]:
    """Return the facts of a file of JSON lines."""
    return [_known(row) for row in read_lines(path)]


def _known(row: Json) -> Known:
    months = None
    if not row.get("instant"):
        days = (date.fromisoformat(row["end"]) - date.fromisoformat(row["start"])).days
        months = round(days / 30.4)
    return Known(
        file=row["file"],
        label=row["label"],
        value=Decimal(str(row["value"])),
        per_share="share" in row["unit"].lower(),
        end=row.get("instant") or row["end"],
        months=months,
    )


def find_known(known: Iterable[Known], told: Sequence[Told]) -> tuple[list[Known], list[Known]]:
    """Return which of the facts some insight of their file carries, and which none does."""
    by_day: dict[tuple[str, str], list[str]] = {}
    for insight in told:
        for _, _, period in find_periods(insight.text):
            if period.end is not None:
                by_day.setdefault((insight.file, period.end.isoformat()), []).append(insight.text)
    found: list[Known] = []
    missed: list[Known] = []
    for fact in known:
        carried = any(fact.is_in(text) for text in by_day.get((fact.file, fact.end), []))
        (found if carried else missed).append(fact)
    return found, missed


def count_ungrounded(told: Sequence[Told], pages: dict[tuple[str, int], str]) -> list[Told]:
    """Return the insights with a figure that stands on none of their pages, in digits, at any scale."""
    figures = {key: _index(markdown) for key, markdown in pages.items()}
    return [t for t in told if any(not _stands(f, t, figures) for f in find_figures(t.text) if f.kind != "year")]


def _index(markdown: str) -> dict[str, list[Figure]]:
    index: dict[str, list[Figure]] = {}
    for figure in find_figures(markdown):
        index.setdefault(_digits(figure), []).append(figure)
    return index


def _digits(figure: Figure) -> str:
    digits = re.sub(r"[^0-9.]", "", figure.text)
    return digits.rstrip("0").rstrip(".").lstrip("0") if "." in digits else digits.lstrip("0")


def _stands(figure: Figure, insight: Told, figures: dict[tuple[str, int], dict[str, list[Figure]]]) -> bool:
    for page in insight.pages:
        index = figures.get((insight.file, page), {})
        if _digits(figure) in index or match_figure(figure, (f for same in index.values() for f in same)):
            return True
    return False


async def load_told(
    resources: Resources, read: dict[str, PyramidOutput]
) -> tuple[list[Told], dict[tuple[str, int], str]]:
    """Return the stored insights and pages of the documents."""
    names: dict[UUID, str] = {output.document_id: name for name, output in read.items()}
    async with resources.sessions() as session:
        rows = await session.execute(
            select(Entry.document_id, Entry.text, Entry.pages).where(
                Entry.level == "insight", Entry.grounding != "ungrounded"
            )
        )
        told = [Told(file=names[d], text=text, pages=tuple(pages)) for d, text, pages in rows if d is not None]
        stored = await session.execute(select(Page.document_id, Page.number, Page.markdown))
        pages = {(names[d], number): markdown for d, number, markdown in stored}
    return told, pages


async def measure(documents: Path, facts: Path, *, show_missed: bool) -> None:
    """Ingest the documents the facts name, and print what was found."""
    known = read_known(facts)
    paths = [path for path in sorted(documents.iterdir()) if path.name in {fact.file for fact in known}]
    async with open_service() as resources:
        begun = time.perf_counter()
        read = await ingest_all(resources, paths)
        seconds = time.perf_counter() - begun
        told, pages = await load_told(resources, read)
    found, missed = find_known(known, told)
    ungrounded = count_ungrounded(told, pages)
    if show_missed:
        for fact in missed:
            say(f"missed: {fact.file} {fact.label} {fact.value} {fact.months} {fact.end}")
        for insight in ungrounded:
            say(f"ungrounded: {insight.file} {insight.pages} {insight.text}")
    page_count = sum(output.pages for output in read.values())
    figures: Json = {
        "facts": len(known),
        "found": len(found),
        "share": round(len(found) / max(len(known), 1), 4),
        "ungrounded": len(ungrounded),
        "pages_per_second": round(page_count / seconds, 2),
        "insights_per_page": round(len(told) / max(page_count, 1), 1),
        "pages": page_count,
        "missed": dict(Counter(fact.label for fact in missed)),
    }
    report(((name, figures[name]) for name in figures), figures)


def main() -> None:
    """Read the command line and measure."""
    parser = over_documents(__doc__)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--show-missed", action="store_true")
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.documents, chosen.facts, show_missed=chosen.show_missed))


if __name__ == "__main__":
    main()
