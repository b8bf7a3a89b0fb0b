"""Numbers and dates of spreadsheet cells as a person sees them, by the cell's number format."""

import re
from datetime import date, datetime, time, timedelta
from functools import cache

_TOKEN = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[(?:[^\]]*)\]|([0#?][0#?,.]*|\.[0#?]+)|E[+-]0+|.')
_SECTIONS = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[\d.]+)\]")
_DATE_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|\[[^\]]*\]|_.|\*.|(am/pm|a/p|y+|m+|d+|h+|s+(?:\.0+)?)|([^ymdhs\[]+?)', re.IGNORECASE
)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_COMPARE = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}

Moment = date | datetime | time | timedelta


def show_number(value: float, pattern: str) -> str:
    """Return a number in a format such as `#,##0.0;(#,##0.0);"–"`, `0%`, `[$€-2] #,##0`; unknown ones as General."""
    if pattern in ("General", "", "@") or "?/?" in pattern:
        return _general(value)
    section, magnitude = _choose_section(value, pattern)
    if "general" in section.lower():
        return _general(magnitude)
    return " ".join(_fill(magnitude, section).split())


def _general(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.11g}"


def _choose_section(value: float, pattern: str) -> tuple[str, float]:
    """Return the section of a format that holds for a value, and the value as that section shows it."""
    sections = _SECTIONS.split(pattern)
    if _CONDITION.search(pattern):
        return next((section for section in sections if _holds(value, section)), "General"), value
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _holds(value: float, section: str) -> bool:
    condition = _CONDITION.search(section)
    return condition is None or _COMPARE[condition.group(1)](value, float(condition.group(2)))


def _fill(value: float, section: str) -> str:
    scale = 100.0 if "%" in _literal_free(section) else 1.0
    pieces: list[str] = []
    shown = False
    for token in _TOKEN.finditer(section):
        quoted, escaped, currency, digits = token.groups()
        text = token.group()
        if digits is not None:
            pieces.append("" if shown else _digits(value * scale, digits, section))
            shown = True
        elif text.startswith(("_", "*")):
            pieces.append(" ")
        elif text.startswith("E") and len(text) > 2:
            return f"{value:.2E}"
        else:
            bracketed = text.startswith("[")
            pieces.append(
                next((part for part in (quoted, escaped, currency) if part is not None), "" if bracketed else text)
            )
    minus = "-" if value < 0 else ""
    return minus + "".join(pieces)


@cache
def _literal_free(section: str) -> str:
    return re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", section)


def _digits(value: float, pattern: str, section: str) -> str:
    whole, _, fraction = pattern.partition(".")
    thousands = len(pattern) - len(pattern.rstrip(","))
    number = abs(value) / 1000**thousands
    most, least = len(fraction.strip(",")), fraction.count("0")
    text = f"{number:,.{most}f}" if "," in whole.rstrip(",") else f"{number:.{most}f}"
    for _ in range(most - least):
        text = text.removesuffix("0")
    width = whole.count("0")
    integer, _, _ = text.partition(".")
    if integer == "0" and "0" not in _literal_free(section).partition(".")[0]:
        text, integer = text[1:], ""
    return text.rstrip(".").rjust(len(text.rstrip(".")) + max(0, width - len(integer)), "0")


def show_moment(value: Moment, pattern: str) -> str:
    """Return a date or time in a format such as `d mmm yyyy` or `[h]:mm`; ISO where the format is none of a date."""
    if isinstance(value, timedelta):
        return _show_span(value, pattern)
    tokens = [(m.group(3) or "").lower() for m in _DATE_TOKEN.finditer(_SECTIONS.split(pattern)[0])]
    if not any(token and token[0] in "ymdhs" for token in tokens):
        return _iso(value)
    pieces = []
    for index, match in enumerate(_DATE_TOKEN.finditer(_SECTIONS.split(pattern)[0])):
        quoted, escaped, _, other = match.groups()
        if tokens[index]:
            pieces.append(_date_part(value, tokens, index))
        else:
            pieces.append(next((part for part in (quoted, escaped, other) if part is not None), ""))
    return " ".join("".join(pieces).split())


def is_span(pattern: str) -> bool:
    """Whether a format counts hours, minutes or seconds on: 30:00 rather than 6:00 of the next day."""
    return bool(_ELAPSED.search(pattern))


def _show_span(span: timedelta, pattern: str) -> str:
    seconds = round(abs(span.total_seconds()))
    counted = {"h": seconds // 3600, "m": seconds // 60, "s": seconds}
    elapsed = _ELAPSED.search(pattern)
    first = elapsed.group(1)[0].lower() if elapsed else "h"

    def part(match: re.Match[str]) -> str:
        unit = match.group(1)[0].lower()
        amount = counted[unit] if unit == first else counted[unit] % 60
        return f"{amount:0{len(match.group(1))}d}"

    shown = re.sub(r"\[?(h+|m+|s+)\]?", part, pattern if elapsed else "h:mm:ss", flags=re.IGNORECASE)
    return f"-{shown}" if span < timedelta(0) else shown


def _iso(value: date | time) -> str:
    text = value.isoformat()
    return text.removesuffix("T00:00:00").replace("T", " ")


def _date_part(value: date | time, tokens: list[str], index: int) -> str:
    """Return one part of a date; `m` means minutes next to hours or seconds, months elsewhere."""
    token = tokens[index]
    before = next((t for t in reversed(tokens[:index]) if t), "-")
    after = next((t for t in tokens[index + 1 :] if t), "-")
    minutes = token in ("m", "mm") and (before[0] == "h" or after[0] == "s")
    code = _code(token, minutes=minutes, half=any(t in ("am/pm", "a/p") for t in tokens))
    try:
        text = value.strftime(code)
    except ValueError:
        return ""
    return text.lstrip("0") or "0" if len(token) == 1 and text.isdigit() else text


def _code(token: str, *, minutes: bool, half: bool) -> str:
    if token in ("am/pm", "a/p"):
        return "%p"
    kind, length = token[0], len(token)
    if kind == "y":
        return "%Y" if length > 2 else "%y"
    if kind == "m" and not minutes:
        return "%m" if length <= 2 else "%b" if length == 3 else "%B"
    if kind == "d":
        return "%d" if length <= 2 else "%a" if length == 3 else "%A"
    return {"m": "%M", "h": "%I" if half else "%H", "s": "%S"}[kind]
