"""The gate: numbers, dates and names of an insight must stand on its pages."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from app.agents.pyramid.schemas import Card
from app.convert.document import Page
from app.knowledge.figures import Figure, derive_figure, find_figures, find_scales, match_figure
from app.knowledge.periods import Period, find_periods
from app.knowledge.types import Grounding

NAME = re.compile(r"(?<![.!?:–]\s)(?<!^)\b[A-Z][\w&]*[A-Za-z][\w&]*")
MONTHS = frozenset(
    "january february march april may june july august september october november december q1 q2 q3 q4".split()
)
FEW = 40


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How far a text is grounded; `problems` says what is not there, a sentence each; `page` is where it rests."""

    grounding: Grounding
    page: int
    problems: tuple[str, ...] = ()
    formula: str = ""


class Ground:
    """The pages of a window, indexed so that many insights are checked against them quickly."""

    def __init__(self, pages: Sequence[Page], card: Card, *, filename: str = "", before: Page | None = None) -> None:
        self._pages = {page.number: PageGround(page, card, before) for page in pages}
        said = " ".join([filename, card.title, card.issuer, card.short_name, card.form, *card.notes])
        self._card_words = _words(said)
        self._card_dates = " ".join([card.period_end, card.fiscal_year, *card.notes])

    def check(self, text: str, page: int) -> Verdict:
        """Return the best verdict over the pages, the insight's own page first."""
        own = self._pages.get(page)
        verdicts = []
        for ground in ([own] if own else []) + [g for n, g in self._pages.items() if n != page]:
            verdict = self._check_on(text, ground)
            if verdict.grounding == "grounded":
                return verdict
            verdicts.append(verdict)
        order = ("derived", "partial", "ungrounded")
        return min(verdicts, key=lambda verdict: order.index(verdict.grounding))

    def _check_on(self, text: str, ground: "PageGround") -> Verdict:
        problems, formulas = [], []
        for figure in find_figures(text):
            if figure.kind == "year" or ground.match(figure):
                continue
            formula = ground.derive(figure, text)
            if formula:
                formulas.append(formula)
            else:
                problems.append(f"{figure.text} is not on page {ground.number}.{ground.nearest(figure)}")
        problems += [f"{shown} is not on page {ground.number}." for shown in self._missing_periods(text, ground)]
        missing = _names(text) - ground.words - self._card_words
        if problems:
            return Verdict(grounding="ungrounded", page=ground.number, problems=tuple(problems))
        if missing:
            said = f"{', '.join(sorted(missing))} is not on page {ground.number}."
            return Verdict(grounding="partial", page=ground.number, problems=(said,))
        grounding: Grounding = "derived" if formulas else "grounded"
        return Verdict(grounding=grounding, page=ground.number, formula="; ".join(formulas))

    def _missing_periods(self, text: str, ground: "PageGround") -> list[str]:
        found = find_periods(text)
        return [text[s:e] for s, e, p in found if not ground.has_period(p) and not _has_period(p, self._card_dates)]


class PageGround:
    """One page's figures by value, its dates and its words."""

    def __init__(self, page: Page, card: Card, before: Page | None = None) -> None:
        self.number = page.number
        headers = [" ".join(path) for table in page.tables for path in table.columns]
        notes = [f"{table.caption} {table.unit_note}" for table in page.tables]
        lent = [table.unit_note for table in before.tables] if before else []
        self._text = page.markdown
        self._said = "\n".join([page.markdown, *headers, *notes])
        self._scales = list(dict.fromkeys([*find_scales(self._said), *find_scales(" ".join([*lent, card.units]))]))
        self._scales += [
            s for s in map(Decimal, (10**3, 10**6, 10**9)) if s not in self._scales and _names_scale(s, self._said)
        ]

    @cached_property
    def figures(self) -> list[Figure]:
        """The figures of the Markdown, and of those without a scale word their scaled values too."""
        plain = find_figures(self._text)
        return [*plain, *(f for scale in self._scales for f in _scaled(plain, scale))]

    @cached_property
    def words(self) -> set[str]:
        return _words(self._said)

    @cached_property
    def _by_value(self) -> dict[Decimal, list[Figure]]:
        index: dict[Decimal, list[Figure]] = defaultdict(list)
        for figure in self.figures:
            index[abs(figure.value)].append(figure)
        return index

    @cached_property
    def _lines(self) -> list[tuple[str, set[str]]]:
        return [(line, _words(line)) for line in self._text.splitlines()]

    @cached_property
    def _plain_text(self) -> str:
        return re.sub(r"[|*\s]+", " ", self._said)

    def match(self, claimed: Figure) -> bool:
        same = self._by_value.get(abs(claimed.value), ())
        return match_figure(claimed, same) is not None or match_figure(claimed, self.figures) is not None

    def derive(self, claimed: Figure, text: str) -> str:
        """Return the formula by which a figure follows from two others of a line the insight speaks of, or ""."""
        words = {w for w in _words(text) if len(w) > 3}
        for line, said in self._lines:
            if len(words & said) < 2:
                continue
            figures = find_figures(line)[:FEW]
            for scale in (Decimal(1), *self._scales):
                derivation = derive_figure(claimed, figures if scale == 1 else _scaled(figures, scale))
                if derivation:
                    return derivation.formula
        return ""

    def nearest(self, claimed: Figure) -> str:
        kin = [f for f in self.figures if f.value and (f.kind == "percent") == (claimed.kind == "percent")]
        if not kin:
            return ""
        near = min(kin, key=lambda figure: abs(abs(figure.value) - abs(claimed.value)))
        return f" The nearest there is {near.text}."

    @cached_property
    def _days(self) -> set[date]:
        return {period.end for _, _, period in find_periods(self._said) if period.end and ":" in period.form}

    def has_period(self, period: Period) -> bool:
        return (":" in period.form and period.end in self._days) or _has_period(period, self._plain_text)


def _has_period(period: Period, text: str) -> bool:
    if period.end is not None and not period.form[:4].isdigit():
        day = period.end
        spoken = rf"{day:%b}[a-z]*\.?\s*{day.day}(?!\d)|(?<!\d){day.day}\s+{day:%b}"
        return day.isoformat() in text or (str(day.year) in text and bool(re.search(spoken, text, re.IGNORECASE)))
    years = re.findall(r"(?:19|20)\d\d", period.form)
    short = [rf"(?:FY|Q[1-4]|[1-4]Q)\s*'?{year[2:]}\b" for year in years]
    return all(y in text or re.search(s, text, re.IGNORECASE) for y, s in zip(years, short, strict=True))


def _scaled(figures: Sequence[Figure], scale: Decimal) -> list[Figure]:
    return [
        Figure(
            start=f.start, end=f.end, text=f.text, value=f.value * scale, kind=f.kind, unit=f.unit, scaled=True,
            precision=f.precision * scale,
        )
        for f in figures
        if not f.scaled and f.kind in ("currency", "count", "year")
    ]  # fmt: skip


def _names_scale(scale: Decimal, text: str) -> bool:
    word = {10**3: "thousand", 10**6: "million", 10**9: "billion"}[int(scale)]
    return word in text.lower() and bool(re.search(rf"(?<![\d.,]\s)(?<![\d.,])\b{word}s?\b", text, re.IGNORECASE))


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[^\W_]+", text)}


def _names(text: str) -> set[str]:
    said = (match.group().lower().removesuffix("'s") for match in NAME.finditer(text))
    return {word for name in said for word in re.findall(r"[^\W_]+", name)} - MONTHS
