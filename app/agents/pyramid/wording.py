"""Fixed phrases around what a table says: measures, verbs, amounts, periods."""

import re
from datetime import date
from decimal import Decimal

from app.knowledge.figures import Figure
from app.knowledge.periods import Period

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "C$", "AUD": "A$", "HKD": "HK$"}
SCALE_WORDS = {10**3: "thousand", 10**6: "million", 10**9: "billion"}
MONTH_WORDS = {3: "three months", 6: "six months", 9: "nine months", 12: "year"}
ORDINALS = ("first", "second", "third", "fourth")
ACRONYM = re.compile(r"[A-Z]{2,6}%?")
FOOTNOTE = re.compile(r"\s*(?:\((?:\d{1,2}|[a-z])\)|\[\d+\]|[*†‡§¹²³⁴⁵⁶⁷⁸⁹]+)\s*$")
COMMON = frozenset(
    """total net gross cost costs of operating income revenue revenues sales other basic diluted provision provisions
    accounts account cash equivalents inventories inventory deferred current non-current noncurrent long-term short-term
    research development selling general administrative interest earnings dividends term debt loss losses gain gains
    profit margin expense expenses tax taxes assets liabilities equity shareholders’ shareholders' stockholders’
    stockholders' shareowners shareholders stockholders payable payables receivable receivables goodwill intangible
    property plant equipment prepaid accrued accumulated retained comprehensive common stock preferred capital share
    shares outstanding average weighted weighted-average per and before after from for in on to by at the
    attributable noncontrolling interests noncontrolling end beginning period depreciation amortization compensation
    share-based stock-based purchases purchase sale proceeds payments issuance issuances repurchases repayments
    repayment maturities marketable securities investments investment restricted increase decrease change changes
    effect rate effective statutory number price paid balance balances contracts trade vendor non-trade cumulative
    translation adjustment adjustments additional paid-in paid leases lease unrealized realized charges selling,
    general, demand creation overhead subtotal fair value values amount amounts less""".split()
)
HEAD_END = re.compile(
    r"\s+(?:of|for|from|per|in|to|on|before|by|attributable|provided|used|generated|with|at|after|under)\b|,"
)


def clean_label(label: str) -> str:
    """Return a row's label or heading without leader dots, footnote marks, colon and needless capitals."""
    text = re.sub(r"[.\s…]{3,}$", "", re.sub(r"\s+", " ", label)).strip(" :;")
    while FOOTNOTE.search(text):
        text = FOOTNOTE.sub("", text).strip(" :;")
    text = re.sub(r"\s+(?:by|of|in|for)$", "", text)
    acronym = ACRONYM.fullmatch(text) and text.rstrip("%").lower() not in COMMON
    return text.capitalize() if len(text) > 5 and text.isupper() and not acronym else text


def open_lower(text: str) -> str:
    """Return the text as it goes on within a sentence: common words lose their capital, names keep it."""
    first, _, rest = text.partition(" ")
    if _is_common(first):
        return " ".join(word.lower() if _is_common(word) else word for word in text.split(" "))
    second = rest.partition(" ")[0]
    plain = first[1:].islower() or first[1:] == "" or "-" in first
    if plain and second[:1].islower() and not re.fullmatch(r"[a-z]+s? (?:of|and)", f"{first} {second}"):
        return text[:1].lower() + text[1:]
    return text


def _is_common(word: str) -> bool:
    bare = re.sub(r"[^\w’'-]", "", word).lower()
    return bare in COMMON and not (word.isupper() and len(bare) > 3 and not word.istitle())


def verb_for(measure: str) -> str:
    """Return "were" where the head noun of a measure is a plural, "was" otherwise."""
    if measure.startswith("cash, cash equivalents"):
        return "were"
    words = re.sub(r"\s*\([^)]*\)", "", HEAD_END.split(measure, maxsplit=1)[0]).lower().split()
    while len(words) > 1 and words[-1].endswith("ed"):
        words.pop()
    if not words:
        return "was"
    joined = " and " in " ".join(words) and _is_plural(words[words.index("and") - 1]) if "and" in words[1:] else False
    if joined or words[-1].startswith(("accounts receivable", "accounts payable")) or words[:1] == ["accounts"]:
        return "were"
    return "were" if _is_plural(words[-1]) else "was"


def _is_plural(word: str) -> bool:
    bare = word.strip(".,;:/")
    return bare.endswith("s") and not bare.endswith(("ss", "us", "is", "'s", "’s"))


def say_period(period: Period) -> str:
    """Return a period with its preposition: "in the three months ended July 1, 2023", "as of June 30, 2023"."""
    head, _, tail = period.form.partition(":")
    if head == "at" and period.end:
        return f"as of {say_date(period.end)}"
    if period.end and tail and period.months:
        return f"in the {MONTH_WORDS.get(period.months, f'{period.months} months')} ended {say_date(period.end)}"
    return f"in fiscal {tail}" if head == "fy" else _say_calendar(head, period)


def _say_calendar(head: str, period: Period) -> str:
    match = re.fullmatch(r"(\d{4})([qh])([1-4])", head)
    if match:
        return f"in the {ORDINALS[int(match[3]) - 1]} {'quarter' if match[2] == 'q' else 'half'} of {match[1]}"
    return f"in {period.end:%B %Y}" if period.months == 1 and period.end else f"in {head}"


def say_date(day: date) -> str:
    """Return "July 1, 2023"."""
    return f"{day:%B} {day.day}, {day.year}"


def say_amount(figure: Figure, unit: str, scale: int) -> str:
    """Return a cell's number in words: its digits as shown, with currency, scale, percent or unit."""
    digits = _bare_digits(figure.text)
    sign = "-" if figure.value < 0 else ""
    scale_word = f" {SCALE_WORDS[scale]}" if scale in SCALE_WORDS else ""
    if unit == "percent":
        return f"{sign}{digits}%"
    currency, _, per = unit.partition("/")
    if currency in SYMBOLS:
        return f"{sign}{SYMBOLS[currency]}{digits}{'' if per else scale_word}"
    if len(currency) == 3 and currency.isupper():
        return f"{sign}{currency} {digits}{scale_word}"
    return f"{sign}{digits}{scale_word}{f' {unit}' if unit else ''}"


def plain_value(figure: Figure, scale: int) -> Decimal:
    """Return a cell's number in plain units."""
    return figure.value * scale if not figure.scaled else figure.value


def _bare_digits(shown: str) -> str:
    digits = re.sub(r"^[^0-9.]+", "", shown.replace("(", "").replace(")", ""))
    digits = re.sub(r"\s*(?:%|percent)$", "", digits.strip()).strip()
    return f"0{digits}" if digits.startswith(".") else digits
