"""Where an insight rests: the place on the page, the heading above it, and the figures it carries as facts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.agents.pyramid.naming import MEASURE
from app.agents.pyramid.prose import LONGEST_QUOTE, read_prose
from app.agents.pyramid.rows import PageRows
from app.agents.pyramid.schemas import Card, Insight
from app.agents.pyramid.statements import Statement, read_tables
from app.agents.pyramid.wording import open_lower
from app.convert.document import Page
from app.knowledge.assertions import read_assertions
from app.knowledge.figures import find_figures
from app.knowledge.periods import find_periods
from app.knowledge.slots import is_complete
from app.knowledge.types import Evidence, Fact

LOOSE = re.compile(
    r"\b(?:increase|decrease|change|each|certain|maximum|minimum|remaining|aggregate|average)\b", re.IGNORECASE
)
"""Words of a measure that needs its sentence to be understood."""


@dataclass(frozen=True)
class _Line:
    start: int
    text: str
    words: frozenset[str]
    squeezed: str


class PagePlaces:
    """One page's table statements, sentences and lines, ready to be looked up."""

    def __init__(self, page: Page, card: Card, before: Page | None) -> None:
        self._page = page
        self._card = card
        self.statements = read_tables(page, card, before=before)
        self.sentences = read_prose(page.markdown, card)
        self._by_text = {statement.text: statement for statement in self.statements}
        self._spoken = {sentence.text: sentence for sentence in self.sentences}

    def place(self, insight: Insight) -> Insight:
        """Return the insight with its evidence, topic and facts."""
        if statement := self._by_text.get(insight.text):
            return self._with(insight, self._row_line(statement), statement.topic, statement.facts)
        if sentence := self._spoken.get(insight.text):
            return self._with(insight, (sentence.start, sentence.end), sentence.topic, tuple(self._read(insight.text)))
        kin = self._find_cell(insight.text)
        span = self._row_line(kin) if kin else self._nearest_line(insight.text)
        topic = kin.topic if kin else self._topic_at(span[0]) if span else ""
        return self._with(insight, span, topic, kin.facts if kin else tuple(self._read(insight.text)))

    def find_misplaced(self, text: str) -> list[str]:
        """Return a sentence for each figure in another row than a text names; what was read from the page is right."""
        return [] if text in self._by_text or text in self._spoken else self._rows.find_misplaced(text)

    def _read(self, text: str) -> Iterator[Fact]:
        """Yield the figures a sentence asserts of what accounts measure, whole enough to be compared."""
        names = [name for name in (self._card.short_name, self._card.issuer) if name]
        for fact in read_assertions(text, names):
            if MEASURE.search(fact.measure) and not LOOSE.search(fact.measure) and is_complete(fact):
                yield replace(fact, measure=open_lower(fact.measure))

    def _with(self, insight: Insight, span: tuple[int, int] | None, topic: str, facts: Sequence[Fact]) -> Insight:
        evidence: tuple[Evidence, ...] = ()
        if span:
            start, end = span[0], min(span[1], span[0] + LONGEST_QUOTE)
            shown = self._page.markdown[start:end]
            evidence = (Evidence(page=self._page.number, start=start, end=end, text=shown),)
        return insight.model_copy(update={"topic": topic, "facts": tuple(facts), "evidence": evidence})

    def _row_line(self, statement: Statement) -> tuple[int, int] | None:
        shown = [_squeeze(text) for text in statement.shown]
        for wanted in ([_squeeze(statement.label), *shown], shown[:1]):
            for line in self._lines:
                if wanted and all(part in line.squeezed for part in wanted):
                    return line.start, line.start + len(line.text)
        return None

    def _find_cell(self, text: str) -> Statement | None:
        values = {abs(f.value) for f in find_figures(text) if f.kind != "year"}
        if not values:
            return None
        words, periods = _words(text), {p.form for _, _, p in find_periods(text)}
        kin = [s for s in self.statements if any(abs(f.value) in values for f in s.facts)]
        kin = [s for s in kin if not periods or any(f.period in periods for f in s.facts)]
        shared = [(len(words & _words(s.label)), s) for s in kin]
        best = max(shared, key=lambda pair: pair[0], default=None)
        return best[1] if best and best[0] else None

    def _nearest_line(self, text: str) -> tuple[int, int] | None:
        words = _words(text)
        best = max(self._lines, key=lambda line: len(words & line.words), default=None)
        if best is None or not words & best.words:
            return None
        return best.start, best.start + len(best.text)

    def _topic_at(self, position: int) -> str:
        before = [s.topic for s in self.sentences if s.start <= position]
        return before[-1] if before else ""

    @cached_property
    def _rows(self) -> PageRows:
        return PageRows(self._page)

    @cached_property
    def _lines(self) -> list[_Line]:
        lines, position = [], 0
        for line in self._page.markdown.splitlines(keepends=True):
            text = line.rstrip("\n")
            if text.strip():
                lines.append(_Line(position, text, frozenset(_words(text)), _squeeze(text)))
            position += len(line)
        return lines


def _squeeze(text: str) -> str:
    return "".join(text.replace("|", "").replace("\\", "").split())


def _words(text: str) -> set[str]:
    return {word for word in "".join(c if c.isalnum() else " " for c in text.lower()).split() if len(word) > 2}
