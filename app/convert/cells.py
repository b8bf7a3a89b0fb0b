"""Cells of a table before it is one: what they say, where they stand, and which pieces belong together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell's text and its horizontal extent, in grid columns (HTML, sheets) or points (PDF)."""

    text: str
    x0: float
    x1: float
    indent: float = 0.0
    strong: bool = False
    rule: tuple[float, float] | None = None
    """Extent of the line drawn right under the cell, which spans the columns it heads."""

    def overlap(self, x0: float, x1: float) -> float:
        """Return how much of [x0, x1] the cell covers."""
        return max(0.0, min(self.x1, x1) - max(self.x0, x0))


_CURRENCY = r"(?:US\$|C\$|A\$|HK\$|R\$|\$|€|£|¥|₩|₹|CHF|EUR|USD|GBP)"
_DASH = r"[—–−-]"
_NUMBER = rf"[+\-−–]?\s*{_CURRENCY}?\s*\(?\s*[+\-−–]?\s*{_CURRENCY}?\s*(?:\d{{1,3}}(?:,\d{{3}})+|\d+)?(?:\.\d+)?"
_SUFFIX = r"\s*\)?\s*(?:%|pts?\.?|bps|x|¢|bn|[MBK])?\s*\)?"
_VALUE = re.compile(
    rf"(?=.*\d){_NUMBER}{_SUFFIX}(?:\s*(?:to|{_DASH})\s*{_NUMBER}{_SUFFIX})?(?:\s*[*†‡]+)?$", re.IGNORECASE
)
_BLANK_VALUE = re.compile(
    rf"{_CURRENCY}?\s*\(?{_DASH}+\)?\s*%?$|n/?[am]\.?$|nm\.?$|not meaningful$|\*+$|{_CURRENCY}?\s*—\s*%?$",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"(?:FY|fiscal(?: year)?|CY)?\s*'?(?:19|20)\d\d(?:\s*\(?[A-Za-z0-9*]\)?)?(?:\s*[AEF])?$", re.IGNORECASE
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_PERIOD = re.compile(
    r"\b(?:(?:three|six|nine|twelve|\d+)[\s-]+(?:months?|weeks?)"
    r"|(?:fiscal\s+)?(?:years?|quarters?|periods?)[\s-]+(?:ended|ending|to)"
    rf"|{_MONTH}\.?\s+\d{{1,2}}\b|\d{{1,2}}\s+{_MONTH}\b|{_MONTH}\.?,?\s+(?:19|20)\d\d"
    r"|(?:first|second|third|fourth)\s+quarter|q[1-4]\b|[1-4]q\d\d|(?:fiscal|fy)\s*(?:19|20)?\d\d|as of|ended"
    r"|(?:19|20)\d\d\s+(?:vs?\.?|versus|compared|to|/)\s)",
    re.IGNORECASE,
)
_SCALE = r"(?:millions?|thousands?|billions?|dollars)"
_UNITS = re.compile(
    rf"\b(?:in|of)\s+(?:u\.?s\.?\s+)?(?:(?:dollars?|\$|€|£|euros?|usd)\s+)?(?:in\s+)?{_SCALE}\b"
    r"|\b(?:dollars|amounts|shares|dollar amounts|tabular amounts)[\w\s,]*\bin\b"
    rf"|\(\s*{_SCALE}\b|\$\s*(?:and shares\s+)?(?:in\s+)?{_SCALE}|^\(?(?:un)?audited\)?$|^{_SCALE}\b"
    r"|\bexcept (?:per|number|share|as)",
    re.IGNORECASE,
)
_BARE_UNITS = re.compile(
    r"(?:(?:u\.?s\.?\s+)?(?:dollars?|dollar amounts|amounts|shares|tabular amounts|\$|\$ and shares)\s+)?"
    rf"(?:are\s+)?(?:in\s+)?{_SCALE}\b"
    r"|(?:un)?audited$|shares in",
    re.IGNORECASE,
)
_PREFIX = re.compile(rf"[+\-−]?\(?\s*{_CURRENCY}\s*\(?$|\($")
_TAIL = re.compile(r"(?:\)\s*%?|%\s*\)?|pts?\.?|bps|x|¢|\)\s*pts?)$")
_PLAIN = re.compile(r"[\w.,()%-]+")
_STARTS_VALUE = re.compile(rf"[(\d.]|{_DASH}|[+]")


def tidy(text: str) -> str:
    """Collapse white space and close up what belongs to a number: "$ 81,797" → "$81,797", "(5 )%" → "(5)%"."""
    if _PLAIN.fullmatch(text):
        return text
    text = " ".join(text.replace("\u200b", "").replace("\u00ad", "").replace("\ufeff", "").split())
    text = re.sub(rf"({_CURRENCY})\s+(?=[(\d—–.-])", r"\1", text)
    text = re.sub(r"\(\s+(?=[\d$€£])", "(", text)
    text = re.sub(r"(?<=\d)\s+(?=\)|%)", "", text)
    return re.sub(r"\)\s+%", ")%", re.sub(r"\s+([:;,])", r"\1", text))


def is_value(text: str) -> bool:
    """Whether a cell shows a figure, a range, or the mark for none ("—", "N/A")."""
    return len(text) <= 48 and bool(_VALUE.match(text) or _BLANK_VALUE.match(text))


def is_year(text: str) -> bool:
    """Whether a cell is a year and nothing else."""
    return bool(_YEAR.match(text))


def is_figure(text: str) -> bool:
    """Whether a cell shows a figure that can't be a year in a header."""
    return is_value(text) and not is_year(text)


def is_period(text: str) -> bool:
    """Whether a header cell or stub names a period or a date."""
    return is_year(text) or (len(text) <= 90 and bool(_PERIOD.search(text)))


def is_unit_note(text: str) -> bool:
    """Whether a line only says in which units a table is, or that it is unaudited."""
    return len(text) <= 160 and bool(_UNITS.search(text)) and bool(text.startswith("(") or _BARE_UNITS.match(text))


def find_unit_note(text: str) -> str:
    """Return the bracketed remark about units within a sentence, or ""."""
    for remark in re.findall(r"\([^()]{3,160}\)", text):
        if _UNITS.search(remark) and "audited" not in remark.lower():
            return str(remark)
    return ""


def join_affixes(row: Sequence[Cell]) -> list[Cell]:
    """Join cells that only hold "$", "(", ")", "%" to the number they belong to; empty cells go."""
    joined: list[Cell] = []
    for cell in row:
        if not cell.text:
            continue
        last = joined[-1] if joined else None
        if last and _PREFIX.match(last.text) and _STARTS_VALUE.match(cell.text):
            joined[-1] = replace(last, text=tidy(last.text + cell.text), x1=cell.x1, strong=cell.strong)
        elif last and _TAIL.match(cell.text) and any(c.isdigit() or c in "—–-" for c in last.text):
            joined[-1] = replace(last, text=tidy(last.text + cell.text), x1=cell.x1)
        else:
            joined.append(replace(cell, text=tidy(cell.text)))
    return joined
