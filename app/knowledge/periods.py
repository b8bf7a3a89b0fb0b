"""Periods as people write them ("three months ended July 1, 2023", "Q3 2024") and one form for each."""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from app.knowledge.remembered import remember


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of time or an instant.

    `form` is one of "3m:2023-07-01" (so many months ended), "fy:2022-09-24" (year ended), "fy:2022" (fiscal year),
    "2023q3" (quarter, fiscal or calendar as its author counts), "2023h1", "2023-06" (month), "at:2023-07-01"
    (instant), "2023" (year).
    """

    form: str
    start: date | None = None
    end: date | None = None
    months: int | None = None


Found = tuple[int, int, Period]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
YEAR = r"(?:19|20)\d{2}(?![\w%]|[.,]\d|[-/]\d{1,3}(?!\d))"
DAY = r"\d{1,2}(?:st|nd|rd|th)?(?!\d)"
DATE = (
    rf"(?:{MONTH}\s*{DAY}\s*,?\s*{YEAR}|\d{{1,2}}(?:st|nd|rd|th)?\s+{MONTH},?\s+{YEAR}"
    rf"|(?:19|20)\d{{2}}-\d{{2}}-\d{{2}}(?!\d)|\d{{1,2}}/\d{{1,2}}/(?:19|20)\d{{2}}(?!\d))"
)
DAY_ONLY = rf"{MONTH}\s*{DAY}(?!\d)"
SEPARATOR = r"(?:\s*(?:,\s*and|and|or|&|versus|vs\.?|through|to|,|\||–|-)\s*|\s+)"
DATES = rf"(?:{DATE}|{DAY_ONLY}{SEPARATOR}(?={DATE}))(?:{SEPARATOR}(?:{DATE}|{YEAR}))*"
YEARS = rf"{YEAR}(?:{SEPARATOR}{YEAR})*"

COUNTS = {
    "three": 3, "six": 6, "nine": 9, "twelve": 12, "3": 3, "6": 6, "9": 9, "12": 12,
}  # fmt: skip
WEEKS = {
    "thirteen": 3, "fourteen": 3, "twenty-six": 6, "twenty-seven": 6, "thirty-nine": 9, "forty": 9,
    "fifty-two": 12, "fifty-three": 12, "13": 3, "14": 3, "26": 6, "27": 6, "39": 9, "40": 9, "52": 12, "53": 12,
}  # fmt: skip
COUNT = "(?:" + "|".join(sorted(COUNTS, key=len, reverse=True)) + ")"
WEEK = "(?:" + "|".join(sorted(WEEKS, key=len, reverse=True)).replace("-", r"[-\s]") + ")"
LEAD = (
    rf"(?:(?P<counts>{COUNT}(?:\s*-?\s*(?:,|and|or|/)\s*{COUNT})*)[-\s]*months?"
    rf"|(?P<weeks>{WEEK}(?:\s*-?\s*(?:and|or|/)\s*{WEEK})*)[-\s]*weeks?"
    r"|(?P<quarter>(?:fiscal\s+)?quarters?|quarterly\s+periods?)"
    r"|(?P<year>(?:fiscal\s+)?years?))"
)
ENDED = r"(?:\s*periods?)?[\s-]+end(?:ed|ing)(?:\s+on)?[\s:]+"
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
ORDINAL = "(?:" + "|".join(ORDINALS) + ")"
OF_YEAR = r"(?:\s+of)?(?:\s+(?:the\s+)?(?:fiscal|calendar)(?:\s+years?)?|\s+fy)?\s+"


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$€£¥#])(?:{pattern})", re.IGNORECASE)


SOME_YEAR = re.compile(r"(?:19|20)\d\d|fy[\s'’-]*\d\d|fiscal\s+\d\d|q[1-4]|[1-4]q", re.IGNORECASE)
SPAN_ENDED = _compile(rf"{LEAD}{ENDED}(?P<dates>{DATES})")
INSTANT = _compile(rf"(?:as\s+(?:of|at)\s+|at\s+|on\s+)?(?P<dates>{DATES})")
NAMED_QUARTER = _compile(rf"(?P<ordinal>{ORDINAL})[-\s](?:fiscal\s+)?quarters?,?{OF_YEAR}(?P<years>{YEARS})")
SHORT_QUARTER = _compile(
    rf"(?:q(?P<q>[1-4])|(?P<q2>[1-4])q)[\s,'’-]*(?:of\s+)?(?:fiscal\s*(?:year\s*)?|fy\s*)?(?P<years>{YEARS}|\d{{2}}(?!\d))"
)
YEAR_QUARTER = _compile(r"(?P<y>(?:19|20)\d{2})[\s-]?q(?P<q>[1-4])(?!\w)")
HALF = _compile(rf"(?P<half>first|second)[-\s]half{OF_YEAR}(?P<years>{YEARS})")
FISCAL = _compile(rf"(?:fiscal(?:\s+years?)?|fy)[\s'’-]*(?P<years>{YEARS}|\d{{2}}(?![\w%.,]))")
MONTH_YEAR = _compile(rf"(?P<month>{MONTH})\s+(?:of\s+)?(?P<y>{YEAR})")
BARE_YEAR = re.compile(
    rf"(?<![\w$€£¥#.,/])(?<!\d[-–])(?P<y>{YEAR})(?!\s*(?:thousand|million|billion|trillion|percent|shares|units))"
    rf"|(?<=\d{{4}}[-–])(?P<y2>{YEAR})",
    re.IGNORECASE,
)


def find_periods(text: str) -> list[Found]:
    """Return every period named in the text as (start, end, period), in order; lists give one item a member."""
    return list(_find(text)) if SOME_YEAR.search(text) else []


@remember
def _find(text: str) -> tuple[Found, ...]:
    taken = bytearray(len(text))
    lower = text.lower()
    found: list[Found] = []
    for hints, pattern, read in READERS:
        if hints and not any(hint in lower for hint in hints):
            continue
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            periods = list(read(match))
            if periods:
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                found.extend((match.start(), match.end(), period) for period in periods)
    return tuple(sorted(found, key=lambda item: (item[0], item[1])))


def normal_forms(text: str) -> list[str]:
    """Return the lexical tokens of the periods in the text: "3m20230701", "20230701", "2023q3", "fy2022"."""
    tokens: dict[str, None] = {}
    for _, _, period in find_periods(text):
        tokens.update(dict.fromkeys(_tokens(period)))
    return list(tokens)


def months_ended(months: int, end: date) -> Period:
    """Return the period of so many months that ended on a day; twelve months are a year."""
    head = "fy" if months == 12 else f"{months}m"
    return Period(form=f"{head}:{end.isoformat()}", start=_start(end, months), end=end, months=months)


def instant(day: date) -> Period:
    """Return the instant of a day."""
    return Period(form=f"at:{day.isoformat()}", end=day)


def fiscal_year(year: int) -> Period:
    """Return the fiscal year of a number, whose days are not known."""
    return Period(form=f"fy:{year}", months=12)


def calendar_year(year: int) -> Period:
    """Return the year of a number."""
    return Period(form=str(year), start=date(year, 1, 1), end=date(year, 12, 31), months=12)


def quarter(year: int, number: int) -> Period:
    """Return a quarter as its author counts it, whose days are not known."""
    return Period(form=f"{year}q{number}", months=3)


def move_months(day: date, months: int) -> date:
    """Return the day so many months later (earlier for less than none); the last of a month stays the last of one."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = calendar.monthrange(year, month)[1]
    ends = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month, last if ends else min(day.day, last))


def _tokens(period: Period) -> Iterator[str]:
    plain = period.form.replace(":", "").replace("-", "")
    if period.form.startswith("at:"):
        plain = plain[2:]
    yield plain
    if ":" in period.form and period.end is not None:
        yield period.end.strftime("%Y%m%d")
        if period.months == 12 and period.end.month > 2:
            yield f"fy{period.end.year}"


def _start(end: date, months: int) -> date | None:
    if end.day != calendar.monthrange(end.year, end.month)[1]:
        return None
    index = end.year * 12 + end.month - months
    return date(index // 12, index % 12 + 1, 1)


def _read_dates(text: str) -> list[date]:
    days: list[date] = []
    month_day: tuple[int, int] | None = None
    for match in re.finditer(rf"{DATE}|{YEAR}|{DAY_ONLY}", text, re.IGNORECASE):
        token = match.group()
        if re.fullmatch(YEAR, token):
            day = _day(int(token), *month_day) if month_day else None
        else:
            day = _read_date(token)
        if day is not None:
            month_day = (day.month, day.day)
            days.append(day)
    return days


def _read_date(token: str) -> date | None:
    numbers = [int(n) for n in re.findall(r"\d+", token)]
    word = re.search(r"[a-z]{3}", token, re.IGNORECASE)
    if len(numbers) == 3 and "/" in token:
        return _day(numbers[2], numbers[0], numbers[1])
    if len(numbers) == 3:
        return _day(*numbers)
    months = re.findall(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", token.lower())
    if word is None or len(numbers) != 2 or not months:
        return None
    return _day(numbers[1], MONTHS.index(months[0]) + 1, numbers[0])


def _day(year: int, month: int, day: int) -> date | None:
    if not 1 <= month <= 12 or day < 1:
        return None
    last = calendar.monthrange(year, month)[1]
    if day > last and not (month == 2 and day == 29):
        return None
    return date(year, month, min(day, last))


def _years(text: str) -> list[int]:
    return [int(y) if len(y) == 4 else 2000 + int(y) for y in re.findall(r"\d+", text)]


def _span_ended(match: re.Match[str]) -> Iterator[Period]:
    if match["counts"]:
        lengths = [COUNTS[c] for c in re.findall(r"[a-z]+|\d+", match["counts"].lower()) if c in COUNTS]
    elif match["weeks"]:
        words = re.findall(WEEK, match["weeks"].lower())
        lengths = [WEEKS[re.sub(r"\s+", "-", w)] for w in words]
    else:
        lengths = [3 if match["quarter"] else 12]
    for day in _read_dates(match["dates"]):
        for months in lengths:
            yield months_ended(months, day)


def _instants(match: re.Match[str]) -> Iterator[Period]:
    return map(instant, _read_dates(match["dates"]))


def _named_quarter(match: re.Match[str]) -> Iterator[Period]:
    number = ORDINALS[match["ordinal"].lower()]
    return (quarter(year, number) for year in _years(match["years"]))


def _short_quarter(match: re.Match[str]) -> Iterator[Period]:
    number = int(match["q"] or match["q2"])
    return (quarter(year, number) for year in _years(match["years"]))


def _year_quarter(match: re.Match[str]) -> Iterator[Period]:
    yield quarter(int(match["y"]), int(match["q"]))


def _half(match: re.Match[str]) -> Iterator[Period]:
    number = 1 if match["half"].lower() == "first" else 2
    return (Period(form=f"{year}h{number}", months=6) for year in _years(match["years"]))


def _month_year(match: re.Match[str]) -> Iterator[Period]:
    year, month = int(match["y"]), MONTHS.index(match["month"][:3].lower()) + 1
    last = calendar.monthrange(year, month)[1]
    yield Period(form=f"{year}-{month:02}", start=date(year, month, 1), end=date(year, month, last), months=1)


def _bare_year(match: re.Match[str]) -> Iterator[Period]:
    yield calendar_year(int(match["y"] or match["y2"]))


Hints = tuple[str, ...]
"""A reader is tried only where one of its words stands; no words: always."""

READERS: tuple[tuple[Hints, re.Pattern[str], Callable[[re.Match[str]], Iterator[Period]]], ...] = (
    (("ended", "ending"), SPAN_ENDED, _span_ended),
    (("quarter",), NAMED_QUARTER, _named_quarter),
    (("q",), SHORT_QUARTER, _short_quarter),
    (("q",), YEAR_QUARTER, _year_quarter),
    (("half",), HALF, _half),
    (("fiscal", "fy"), FISCAL, lambda match: map(fiscal_year, _years(match["years"]))),
    ((*MONTHS, "-", "/"), INSTANT, _instants),
    (MONTHS, MONTH_YEAR, _month_year),
    ((), BARE_YEAR, _bare_year),
)
