"""Whether two statements speak of one period."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from app.knowledge.periods import Period, find_periods, months_ended
from app.knowledge.slots import place_quarter

Sameness = Literal["same", "unsure", "other"]

SAME_DAYS = timedelta(days=10)
"""How far the end of a quarter may move from year to year, as years of whole weeks have it."""


def compare_periods(claimed: Sequence[Period], stated: Sequence[Period]) -> Sameness:
    """Compare two lists of periods: "unsure" where one is empty or the forms do not compare.

    A balance "as of" the last day of a period is of that period.
    """
    if not claimed or not stated:
        return "unsure"
    kinds = {_compare(mine, theirs) for mine in claimed for theirs in stated}
    if "same" in kinds:
        return "same"
    return "unsure" if "unsure" in kinds else "other"


def settle_quarters(periods: Sequence[Period], beside: Sequence[Period], document: Mapping[str, Any]) -> list[Period]:
    """Return periods with their quarters as a document counts them: "2023q1" → "3m:2022-12-31".

    The day is the one of the periods `beside` it that is near, else the one it would be.
    """
    return [_settle(period, [other.end for other in beside if other.end], document) for period in periods]


def _settle(period: Period, days: Sequence[date], document: Mapping[str, Any]) -> Period:
    ended = place_quarter(period.form, document)
    if ended is None:
        return period
    nearest = min(days, key=lambda day: abs(day - ended), default=ended)
    return months_ended(3, nearest if abs(nearest - ended) <= SAME_DAYS else ended)


def parse_period(form: str) -> Period:
    """Return the period of a stored form ("3m:2023-07-01", "fy:2022", "at:2023-07-01", "2023q3")."""
    head, _, day = form.partition(":")
    words = {"at": f"as of {day}", "fy": f"year ended {day}" if "-" in day else f"fiscal year {day}"}
    found = find_periods(words.get(head, f"{head.removesuffix('m')} months ended {day}" if day else form))
    return found[0][2] if found else Period(form=form)


def _compare(mine: Period, theirs: Period) -> Sameness:
    if mine.form == theirs.form or _is_balance_of(mine, theirs):
        return "same"
    if mine.months and theirs.months and mine.months != theirs.months:
        return "other"
    alike = mine.months == theirs.months
    if mine.end and theirs.end:
        return _compare_ends(mine.end, theirs.end, alike=alike, years=12 in (mine.months, theirs.months))
    years = _year_of(mine), _year_of(theirs)
    if None in years:
        return "unsure"
    if alike and mine.months == 12:
        return "same" if years[0] == years[1] else "other"
    return "unsure" if abs(int(years[0] or 0) - int(years[1] or 0)) <= 1 else "other"


def _is_balance_of(mine: Period, theirs: Period) -> bool:
    return mine.end is not None and mine.end == theirs.end and None in (mine.months, theirs.months)


def _compare_ends(mine: date, theirs: date, *, alike: bool, years: bool) -> Sameness:
    """Compare last days; `alike` tells that both last as long, `years` that one of them is a year."""
    if mine == theirs:
        return "same" if alike else "unsure"
    return "unsure" if years and not alike and mine.year == theirs.year else "other"


def _year_of(period: Period) -> int | None:
    if period.end is not None:
        return period.end.year
    found = re.search(r"(?:19|20)\d{2}", period.form)
    return int(found.group()) if found else None
