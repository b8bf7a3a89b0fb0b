"""Fixed phrases around what a table says: measures, verbs, amounts, periods."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from app.knowledge.figures import Figure
from app.knowledge.periods import Period

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "C$", "AUD": "A$", "HKD": "HK$"}
SCALE_WORDS = {10**3: "thousand", 10**6: "million", 10**9: "billion"}
MONTH_WORDS = {3: "three months", 6: "six months", 9: "nine months", 12: "year"}
ORDINALS = ("first", "second", "third", "fourth")
FOOTNOTE = re.compile(r"\s*(?:\((?:\d{1,2}|[a-z])\)|\[\d+\]|[*†‡§¹²³⁴⁵⁶⁷⁸⁹]+)\s*$")
COMPLETE = re.compile(
    r"\b(?:total|net|gross|cost|income|revenues?|sales|assets|liabilities|expenses?|cash)\b", re.IGNORECASE
)
OPENERS = frozenset(
    "total net gross cost operating income revenue revenues sales other basic diluted provision accounts cash "
    "inventories inventory deferred current long-term short-term research selling interest earnings dividends "
    "term".split()
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
    return text.capitalize() if len(text) > 5 and text.isupper() else text


def open_lower(text: str) -> str:
    """Return the text with its first letter in lower case unless the word looks like a name."""
    first, _, rest = text.partition(" ")
    second = rest.partition(" ")[0]
    plain = first[1:].islower() or first[1:] == "" or "-" in first
    if plain and (first.lower().strip(",") in OPENERS or (second and second.islower())):
        return text[:1].lower() + text[1:]
    return text


def name_measure(label: str, path: Sequence[str], *, caption: str = "", whole_path: bool = False) -> str:
    """Return what a row measures: "total net sales", "net sales, Products", "earnings per share, diluted"."""
    label = clean_label(label)
    heads = [clean_label(part) for part in path if clean_label(part)]
    heads = [head for head in heads if head.lower() != label.lower()]
    if not whole_path:
        heads = heads[-1:]
    if not heads and len(label.split()) == 1 and 0 < len(caption.split()) <= 8:
        heads = [clean_label(caption)]
    if heads and not whole_path and _stands_alone(label, heads[-1]):
        heads = []
    return ", ".join([open_lower(part) for part in [*heads[:1]]] + [*heads[1:], label]) if heads else open_lower(label)


def possessive(name: str) -> str:
    """Return "Apple's" for "Apple", "Symantec Systems'" for a name that ends in s."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def verb_for(label: str) -> str:
    """Return "were" where the head noun of a row's label is a plural, "was" otherwise."""
    head = HEAD_END.split(label, maxsplit=1)[0].strip()
    last = re.sub(r"\W*\([^)]*\)\W*$", "", head).split(" ")[-1].lower()
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    return "were" if plural else "was"


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


def _stands_alone(label: str, head: str) -> bool:
    words = {w.lower() for w in re.findall(r"[A-Za-z]{3,}", head)} - {"the", "and", "for", "from"}
    own = {w.lower() for w in re.findall(r"[A-Za-z]{3,}", label)}
    if label.lower().startswith("total ") or (words and words <= own):
        return True
    return len(label.split()) >= 2 and bool(COMPLETE.search(label)) and not label.lower().startswith("other")
