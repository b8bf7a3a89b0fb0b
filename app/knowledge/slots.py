"""What two figures of different documents have to do with each other, decided in code at the precision they state.

A slot is what a figure measures, of whom and when. Only figures of one slot are compared: free likeness of sentences
would set true facts against each other.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Literal

from app.knowledge.claims.words import find_stems
from app.knowledge.figures import find_figures
from app.knowledge.periods import find_periods, move_months
from app.knowledge.types import Fact

Outcome = Literal["duplicate", "other_period", "other_scope", "unit_slip", "restated", "conflict"]
Newer = Literal["entry", "other"]

UNSAID = find_stems("total amount amounts other less plus thereafter in millions thousands billions balance number")
"""Words that name no measure by themselves."""
LEGAL = frozenset("inc co corp corpor compani ltd plc llc group hold ag sa n.v limit incorpor".split())
SLIPS = tuple(Decimal(10) ** power for power in (3, 6, 9))
SHARE_SLIPS = (Decimal(100), Decimal(10_000))
PERCENT = ("percent", "basis_points")
NAMES_ONLY = re.compile(r"[A-Z0-9][\w&.-]*[a-z][\w&.-]*|(?:[A-Z0-9][\w&.,’'-]*\s+)+[A-Z0-9][\w&.,’'-]*")
RESIDUAL = re.compile(r"\bother\b(?![\s-]+(?:comprehensive|than)\b)", re.IGNORECASE)
"""What such a row holds depends on the rows beside it, which a later document may group anew."""
FORMS_OF_CHANGE = re.compile(r"/A\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What two figures of one slot are to each other, and which document is the later one, where that is known."""

    outcome: Outcome
    newer: Newer | None = None


def hash_slot(fact: Fact, document: Mapping[str, Any]) -> int:
    """Return a signed 64-bit hash of a figure's entity, measure and last day, as the index keeps it."""
    entity = " ".join(sorted(find_stems(fact.entity) - LEGAL))
    measure = " ".join(sorted(find_stems(fact.measure)))
    period = settle_period(fact.period, document)
    said = f"{entity}\0{measure}\0{period.partition(':')[2] or period}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big", signed=True)


def is_complete(fact: Fact) -> bool:
    """Tell whether a figure says of whom, what and when it is; one that does not is compared with nothing.

    A year alone does not say when: fiscal or calendar, so far or whole. A row named by a date or a number says nothing
    of what it measures, nor does one that has nothing but a name.
    """
    dated = fact.period and not re.fullmatch(r"\d{4}", fact.period)
    return bool(fact.entity and dated and _name_words(fact.measure) and not NAMES_ONLY.fullmatch(fact.measure))


def _name_words(measure: str) -> frozenset[str]:
    """Return the words of a row's name that tell what it measures."""
    for start, end, _ in reversed(find_periods(measure)):
        measure = measure[:start] + " " + measure[end:]
    return frozenset(word for word in find_stems(measure) - UNSAID if word.isalpha())


def settle_period(form: str, document: Mapping[str, Any]) -> str:
    """Return a period with its last day where the document's own metadata tells it: "2023q3" → "3m:2023-07-01"."""
    end, year, part = (str(document.get(name, "")) for name in ("period_end", "fiscal_year", "fiscal_period"))
    if end and year and part.startswith("Q") and form == f"{year}q{part[1:]}":
        return f"3m:{end}"
    if end and year and part == "FY" and form == f"fy:{year}":
        return f"fy:{end}"
    return form


def place_quarter(form: str, document: Mapping[str, Any]) -> date | None:
    """Return about when a quarter ended as a document counts them: one of its own year, or its own of another year.

    Years of whole weeks move that day by some days. None for other periods, and where the document's count is unknown.
    """
    end, year, part = (str(document.get(name, "")) for name in ("period_end", "fiscal_year", "fiscal_period"))
    named, own = re.fullmatch(r"(\d{4})q([1-4])", form), re.fullmatch(r"Q([1-4])", part)
    if not (named and own and year.isdigit() and re.fullmatch(r"\d{4}-\d\d-\d\d", end)):
        return None
    years, quarters = int(named[1]) - int(year), int(named[2]) - int(own[1])
    return None if years and quarters else move_months(date.fromisoformat(end), 12 * years + 3 * quarters)


def _is_ahead(form: str, document: Mapping[str, Any]) -> bool:
    """Whether a period is still to come when a document ends: what is said of it is expected, and later anew."""
    told = settle_period(form, document).partition(":")[2] or form
    last = str(document.get("period_end" if "-" in told else "fiscal_year", ""))
    return bool(last) and told[: len(last)] > last


def compare_facts(mine: Fact, theirs: Fact, *, document: Mapping[str, Any], other: Mapping[str, Any]) -> Finding:
    """Return what two figures of one slot hash are to each other, given what is known of their documents.

    "restated": the later document gives another value for the same period. "conflict": neither is known to be later.
    """
    if settle_period(mine.period, document) != settle_period(theirs.period, other):
        return Finding(outcome="other_period")
    ahead = _is_ahead(mine.period, document) or _is_ahead(theirs.period, other)
    if ahead or _scope(mine) != _scope(theirs) or _kind(mine) != _kind(theirs):
        return Finding(outcome="other_scope")
    if _agree(mine, theirs):
        return Finding(outcome="duplicate")
    newer = find_newer(document, other)
    if _is_slip(mine, theirs):
        return Finding(outcome="unit_slip", newer=newer)
    if newer and RESIDUAL.search(mine.measure):
        return Finding(outcome="other_scope", newer=newer)
    return Finding(outcome="restated" if newer else "conflict", newer=newer)


def find_newer(document: Mapping[str, Any], other: Mapping[str, Any]) -> Newer | None:
    """Return which of two documents is later: by the end of its period, then by being an amendment; None if unknown."""
    mine, theirs = str(document.get("period_end", "")), str(other.get("period_end", ""))
    if mine and theirs and mine != theirs:
        return "entry" if mine > theirs else "other"
    amended = [bool(FORMS_OF_CHANGE.search(str(each.get("form", "")))) for each in (document, other)]
    if mine and mine == theirs and amended[0] != amended[1]:
        return "entry" if amended[0] else "other"
    return None


def precision_of(fact: Fact) -> Decimal:
    """Return the size of a figure's last digit as its source shows it, in plain units."""
    shown = [figure for figure in find_figures(fact.shown) if figure.kind != "year" and figure.value]
    if len(shown) != 1:
        return Decimal(1)
    return abs(shown[0].precision * fact.value / shown[0].value)


def _agree(mine: Fact, theirs: Fact) -> bool:
    """Whether two values are equal once both are rounded to the coarser one's last digit."""
    one, two = abs(_plain(mine)), abs(_plain(theirs))
    coarse = max(precision_of(mine), precision_of(theirs)) or Decimal(1)
    if one == two:
        return _same_sign(mine, theirs)
    if abs(one - two) > coarse:
        return False
    rounded = [
        {(v / coarse).quantize(Decimal(1), mode) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN)} for v in (one, two)
    ]
    return bool(rounded[0] & rounded[1])


def _same_sign(mine: Fact, theirs: Fact) -> bool:
    """Filings print outflows with and without parentheses; only a measure that names its direction must agree."""
    return True if mine.value == 0 else (mine.value > 0) == (theirs.value > 0) or _is_flow(mine)


def _is_flow(fact: Fact) -> bool:
    return not re.search(r"\bincome\b|\bprofit\b|\bearnings\b|\bmargin\b", fact.measure, re.IGNORECASE)


def _is_slip(mine: Fact, theirs: Fact) -> bool:
    small, large = sorted((abs(mine.value), abs(theirs.value)))
    if not small:
        return False
    factors = SHARE_SLIPS if mine.unit in PERCENT else SLIPS
    return large / small in factors


def _plain(fact: Fact) -> Decimal:
    return fact.value / 100 if fact.unit == "basis_points" else fact.value


def _kind(fact: Fact) -> str:
    return "percent" if fact.unit in PERCENT else fact.unit


def _scope(fact: Fact) -> str:
    return " ".join(sorted(find_stems(fact.scope) - {"consolid", "total"}))
