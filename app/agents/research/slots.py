"""Figures chosen by their slot: the fact whose entity, measure and period are the ones asked for."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from itertools import islice, product
from uuid import UUID

from app.agents.research.documents import Known, age_key
from app.agents.research.questions import Reading
from app.agents.research.schemas import Finding, SlotValue
from app.agents.research.vocabulary import QUALIFIERS, SURFACES
from app.agents.research.words import WORD, core_name, list_stems, normalise, stem
from app.knowledge.periods import Period, calendar_year, fiscal_year, instant, months_ended, quarter

ACCEPTED = 0.6
SAME_QUARTER_DAYS = 10
"""How far the end of a quarter may move from year to year, as years of whole weeks have it."""
HEADING_WEIGHT = 0.3
"""What a word of the headings above a row counts that the question does not have, a word of the row being 1."""
DEFICITS = frozenset(list_stems("deficit loss losses liabilities debt"))
"""What may stand below zero in a balance sheet; anything else there is a deduction from what is asked."""
FILLERS = frozenset(list_stems("of the and in for to by from on a an at other amount item per expense"))

ASKED_FILLERS = FILLERS | frozenset(list_stems("cost costs"))
FLOWS = frozenset(
    list_stems("revenue net income operating income gross profit cost of sales depreciation amortization earnings")
) | {"capitalexpenditur", "operatingcashflow", "researchdevelop", "expens"}
"""What is of a span of time: no balance of a day answers for it."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A figure found for a question: the finding that says it, which of its values, and how well it fits."""

    finding: Finding
    value: SlotValue
    period: Period
    measure_fit: float
    period_fit: float

    @property
    def entity(self) -> str:
        """The entity's name without its legal form."""
        return core_name(self.value.entity)

    @property
    def line(self) -> frozenset[str]:
        """What the row is called, as stems: the same for the same line under other headings or in other documents."""
        stems = _label_stems(self.value) - FILLERS
        return frozenset(stems - QUALIFIERS) or frozenset(stems)

    @property
    def fit(self) -> float:
        """How well it answers, 0 to 1."""
        return self.measure_fit * self.period_fit


def parse_form(form: str) -> Period | None:
    """Return the period of a form such as "3m:2023-07-01", or None where it is none."""
    if match := re.fullmatch(r"(?:(\d+)m|fy|at):(\d{4}-\d\d-\d\d)", form):
        day = date.fromisoformat(match[2])
        return instant(day) if form.startswith("at:") else months_ended(int(match[1] or 12), day)
    if match := re.fullmatch(r"fy:(\d{4})", form):
        return fiscal_year(int(match[1]))
    if match := re.fullmatch(r"(\d{4})q([1-4])", form):
        return quarter(int(match[1]), int(match[2]))
    return calendar_year(int(form)) if re.fullmatch(r"\d{4}", form) else None


def list_terms(reading: Reading) -> list[tuple[str, ...]]:
    """Return the words to look facts up by, as alternatives: each a set of words that a measure must all have."""
    spelled = [SURFACES.get(s, (s.rstrip("i"),)) for s in sorted(reading.core)]
    return [tuple(words) for words in islice(product(*spelled), 8)] if spelled else []


def measure_fit(reading: Reading, value: SlotValue) -> float:
    """Return how well a fact's measure is the one asked, 0 to 1; 0 when a word of the question is missing from it."""
    own = set(list_stems(value.entity))
    have = set(_measure_stems(value)) - FILLERS
    asked = set(reading.core) - ASKED_FILLERS
    if not asked or not asked <= have | own:
        return 0.0
    last = _label_stems(value)
    extra = have - asked - QUALIFIERS - own
    weight = len(extra & last) + HEADING_WEIGHT * len(extra - last) + len(extra & _head_stems(value, asked))
    qualifiers = (have ^ set(reading.measure)) & QUALIFIERS - {"total"}
    fit = len(asked) / (len(asked) + weight) - 0.04 * len(qualifiers)
    wanted_total = "total" in reading.measure or not set(reading.measure) & QUALIFIERS
    return max(0.0, fit - (0.02 if wanted_total and "total" not in have else 0.0))


def period_fit(wanted: Period, period: Period, document: Known | None) -> float:
    """Return how well a fact's period is the wanted one, 0 to 1; three months are never nine."""
    if wanted.form == period.form:
        return 1.0
    if wanted.end and ":" in wanted.form:
        return _fit_dated(wanted, period)
    if re.fullmatch(r"\d{4}q[1-4]", wanted.form):
        return _fit_quarter(wanted, period, document)
    year = re.search(r"\d{4}", wanted.form)
    return _fit_year(int(year[0]), period, document) if year else 0.0


def find_slots(reading: Reading, findings: Iterable[Finding], documents: Mapping[UUID, Known]) -> list[Slot]:
    """Return the figures that answer a question, best first: measure, entity and period all fit."""
    found = [slot for finding in findings for slot in _slots_of(reading, finding, documents)]
    return sorted(
        found, key=lambda s: (-s.fit, _age(s, documents), s.finding.pages[:1] or [0], str(s.finding.entry_id))
    )


def choose_slots(reading: Reading, slots: Sequence[Slot], documents: Mapping[UUID, Known]) -> list[Slot]:
    """Return one figure per entity and period asked, all of one measure and unit, oldest period first."""
    chosen: dict[tuple[str, str], Slot] = {}
    for entity in dict.fromkeys(s.entity for s in slots):
        mine = [s for s in slots if s.entity == entity]
        line = _best_line(mine)
        for slot in _per_period(reading, line, documents):
            chosen.setdefault((entity, slot.period.form), slot)
    return sorted(chosen.values(), key=lambda s: (s.entity, _end(s.period), s.period.form))


def is_complete(reading: Reading, slots: Sequence[Slot], documents: Mapping[UUID, Known]) -> bool:
    """Tell whether each entity meant has a figure for each period asked; for its newest document when none is named."""
    meant: dict[str, list[Known]] = {}
    for document in (documents[i] for i in reading.document_ids if i in documents):
        meant.setdefault(core_name(document.issuer), []).append(document)
    return bool(slots) and all(
        all(_has_period(wanted, own, slots, documents) for wanted in reading.periods)
        if reading.periods
        else all(_has_document(d, slots) for d in (own if reading.spread else [max(own, key=age_key)]))
        for own in meant.values()
    )


def _has_period(wanted: Period, own: Sequence[Known], slots: Sequence[Slot], documents: Mapping[UUID, Known]) -> bool:
    names = {core_name(d.issuer) for d in own}
    mine = (s for s in slots if not s.entity or s.entity in names or _document_of(s, documents) in own)
    return any(period_fit(wanted, s.period, _document_of(s, documents)) > 0 for s in mine)


def _has_document(document: Known, slots: Iterable[Slot]) -> bool:
    return any(
        s.finding.document_id == document.id or (document.end is not None and s.period.end == document.end)
        for s in slots
    )


def _document_of(slot: Slot, documents: Mapping[UUID, Known]) -> Known | None:
    return documents.get(slot.finding.document_id) if slot.finding.document_id else None


def _slots_of(reading: Reading, finding: Finding, documents: Mapping[UUID, Known]) -> Iterable[Slot]:
    document = documents.get(finding.document_id) if finding.document_id else None
    for value in finding.facts:
        period = parse_form(value.period)
        fit = measure_fit(reading, value)
        if period is None or fit < ACCEPTED or not _is_entity(reading, value, document):
            continue
        if period.months is None and period.end and reading.core <= FLOWS:
            continue
        if reading.instant and value.value < 0 and not DEFICITS & set(reading.measure):
            continue
        in_time = max((period_fit(p, period, document) for p in reading.periods), default=_unasked(period))
        in_time *= 0.9 if reading.instant and period.months is not None else 1.0
        if in_time > 0:
            yield Slot(finding=finding, value=value, period=period, measure_fit=fit, period_fit=in_time)


def _measure_stems(value: SlotValue) -> tuple[str, ...]:
    return list_stems(f"{value.scope} {value.measure}" if value.scope else value.measure)


def _label_stems(value: SlotValue) -> set[str]:
    return {stem(word) for word in WORD.findall(normalise(f"{value.scope} {value.measure}").rsplit(", ", 1)[-1])}


def _head_stems(value: SlotValue, asked: Set[str]) -> Set[str]:
    """Return the stems of X where a measure is "X of Y" and only Y is asked: repayments of debt are no debt."""
    head, joint, _ = normalise(value.measure).partition(" of ")
    stems = set(list_stems(head)) if joint else set()
    return set() if stems & asked else stems


def _is_entity(reading: Reading, value: SlotValue, document: Known | None) -> bool:
    if not reading.issuers:
        return True
    own = core_name(value.entity)
    named = set(reading.issuers)
    if {own, own.replace(" ", "")} & named:
        return True
    return document is not None and bool(document.names & named) and (not own or own in document.names)


def _unasked(period: Period) -> float:
    return {None: 0.95, 3: 1.0, 12: 1.0}.get(period.months, 0.8)


def _fit_dated(wanted: Period, period: Period) -> float:
    if period.end != wanted.end:
        return 0.0
    if wanted.months is None:
        return {3: 0.8, 12: 0.8}.get(period.months or 0, 0.6)
    return 0.7 if period.months is None else 0.0


def _fit_quarter(wanted: Period, period: Period, document: Known | None) -> float:
    if document is None or period.end is None:
        return 0.0
    if wanted.form not in document.labels:
        return _fit_earlier_quarter(wanted.form, period, period.end, document)
    if document.end and period.end != document.end:
        return 0.0
    return {3: 0.95, None: 0.85}.get(period.months, 0.7)


def _fit_earlier_quarter(form: str, period: Period, end: date, document: Known) -> float:
    """Return the fit of the same quarter of an earlier year, which a report sets beside its own."""
    year, _, number = form.partition("q")
    own = next((label for label in document.labels if re.fullmatch(rf"\d{{4}}q{number}", label)), None)
    if own is None or document.end is None or int(own[:4]) <= int(year):
        return 0.0
    days = 365.25 * (int(own[:4]) - int(year))
    near = abs((document.end - end).days - days) <= SAME_QUARTER_DAYS
    return {3: 0.9, None: 0.8}.get(period.months, 0.0) if near else 0.0


def _fit_year(year: int, period: Period, document: Known | None) -> float:
    if period.months not in (None, 12):
        return 0.0
    if period.end is None:
        return 0.95 if str(year) in period.form else 0.0
    if period.end.month <= 2 and period.end.year == year + 1 and document and f"fy:{year}" in document.labels:
        return 0.7
    if period.end.year != year:
        return 0.0
    return 0.98 if period.months == 12 else 0.9


def _end(period: Period) -> str:
    return period.end.isoformat() if period.end else period.form


def _age(slot: Slot, documents: Mapping[UUID, Known]) -> tuple[int, ...]:
    document = _document_of(slot, documents)
    return tuple(-ord(c) for c in age_key(document)[0]) if document else (0,)


def _best_line(slots: Sequence[Slot]) -> list[Slot]:
    lines: dict[tuple[frozenset[str], str], list[Slot]] = {}
    for slot in slots:
        lines.setdefault((slot.line, slot.value.unit), []).append(slot)
    return max(
        lines.values(), key=lambda line: (round(max(s.fit for s in line), 1), len({s.period.form for s in line}))
    )


def _per_period(reading: Reading, line: Sequence[Slot], documents: Mapping[UUID, Known]) -> list[Slot]:
    if reading.periods:
        best = (
            max(line, key=lambda s: _asked_fit(wanted, s, documents, reading.instant)) for wanted in reading.periods
        )
        fits = [
            s
            for s, wanted in zip(best, reading.periods, strict=True)
            if _asked_fit(wanted, s, documents, reading.instant) > 0
        ]
        return list({s.period.form: s for s in fits}.values())
    months = _usual_months(line)
    usual = [s for s in line if s.period.months == months]
    if reading.spread or (reading.kind == "change" and not reading.latest):
        return _own_periods(reading, sorted(line, key=lambda s: s.period.months == months), documents)
    return [max(usual, key=lambda s: (_end(s.period), s.measure_fit))]


def _own_periods(reading: Reading, slots: Sequence[Slot], documents: Mapping[UUID, Known]) -> list[Slot]:
    """Return a figure for the period each document is about, its own before another's, the better fitting first.

    Slots of the usual length come last; other lengths only stand in where a document has none of it.
    """
    meant = [documents[i] for i in reading.document_ids if i in documents]
    best: dict[str, Slot] = {}
    for document in meant:
        ended = [s for s in slots if document.end is None or s.period.end == document.end]
        own = [s for s in ended if s.finding.document_id == document.id]
        if found := own or (ended if document.end else []):
            usual = [s for s in found if s.period.months == slots[-1].period.months]
            slot = max(usual or found, key=lambda s: (_end(s.period), s.measure_fit))
            best.setdefault(slot.period.form, slot)
    return list(best.values()) or list(slots[-1:])


def _asked_fit(wanted: Period, slot: Slot, documents: Mapping[UUID, Known], instant: bool) -> float:
    document = _document_of(slot, documents)
    spoilt = 0.8 if instant and slot.period.months is not None else 1.0
    return period_fit(wanted, slot.period, document) * slot.measure_fit * spoilt


def _usual_months(line: Sequence[Slot]) -> int | None:
    present = [s.period.months for s in line]
    return next((m for m in (3, 12, None, 6, 9) if m in present), present[0])
