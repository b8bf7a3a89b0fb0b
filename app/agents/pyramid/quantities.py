"""Units other than money as a row's label or a table's note names them: "(mb/d)", "($/boe)", "(#)", "million acres"."""

import re

from app.knowledge.figures import CURRENCIES, SCALES

NAMED = re.compile(r"\(([^()]{1,24})\)|\s[–—-]\s(\S{1,12})$")
MONEY_PER = re.compile(r"(?:US)?(?P<mark>[$€£¥])\s?/\s?(?P<per>[a-z]{1,10})", re.IGNORECASE)
RATE = re.compile(
    r"(?!(?:and|or|n|w|he|either)/)[a-z]{1,8}/(?:d|day|h|hr|hour|s|y|yr|year|month|m|km|t|kg|l)", re.IGNORECASE
)
COUNT = re.compile(r"(?:#|no\.)(?:\s+(?P<scale>thousand|million|billion)s?)?", re.IGNORECASE)
PLAIN = re.compile(
    r"[kMGT]Wh?p?|[kMG]?t(?:pa)?|(?:metric )?tonnes|tons|kg|km|m[23²³]|sq\.? ?(?:ft|m)|acres|hectares|litres|gallons"
    r"|(?:m|mm|k)?(?:bbl|boe|cf)s?|bcf|barrels|cents|pence|hours|days|months|years|people|employees|FTEs?",
)
QUANTITY = re.compile(
    r"\W*(?P<scale>thousand|million|billion)s?\s+(?:of\s+)?"
    r"(?!.*(?:dollar|euro|pound|yen|rupee|franc|currency|share|except|unless|and\b|[$€£¥]))"
    r"(?P<what>[a-z]{3,}[a-z ]{0,40}?)\W*",
    re.IGNORECASE,
)


def read_own_unit(label: str) -> tuple[str, int] | None:
    """Return the unit and scale a label names in brackets or after a dash, None for none; a bare count has unit ""."""
    for match in reversed(list(NAMED.finditer(label))):
        said = (match[1] or match[2]).strip(" *")
        if money := MONEY_PER.fullmatch(said):
            return f"{CURRENCIES[money['mark']]}/{money['per'].lower()}", 1
        if count := COUNT.fullmatch(said):
            return "", SCALES[count["scale"].lower()] if count["scale"] else 1
        if RATE.fullmatch(said) or PLAIN.fullmatch(said):
            return said, 1
    return None


def read_quantity(note: str) -> str:
    """Return what a table's unit note says it counts ("barrels per day"), "" for a note of amounts."""
    match = QUANTITY.fullmatch(note)
    return match["what"].strip() if match else ""
