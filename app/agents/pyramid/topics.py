"""Headings as topics, and which tables and sentences of a page are furniture that says nothing."""

import re

from app.agents.pyramid.wording import clean_label
from app.convert.document import Page, Table
from app.knowledge.periods import find_periods

TABLE_LEAD = re.compile(
    r"^(?:the\s+following\s+(?:tables?|schedules?)?|the\s+tables?\s+below|this\s+table)\s*"
    r"(?:shows?|presents?|provides?|summari[sz]es?|sets?\s+(?:forth|out)|details?|lists?|reconciles?|contains?)\s+"
    r"|^(?:an?\s+)?(?:summary|detail|breakdown)\s+of\s+|^note\s+\d+\s*[—–.:-]+\s*|^item\s+\d+[a-z]?\s*[—–.:-]+\s*|^the\s+",
    re.IGNORECASE,
)
TABLE_TAIL = re.compile(
    r"\s*(?:\b(?:for\s+the\s+(?:fiscal|three|six|nine|twelve|quarter|year|period|\d)|as\s+of\b|during\s+the\b|in\s+(?:millions"
    r"|thousands|billions)|and\s+related\s+information).*|,?\s+(?:is|are|was|were)\s+(?:as\s+follows|presented).*"
    r"|(?:,?\s+(?:is|are|was|were))?\s+in\s+the\s+following\s+.*|\((?:in|dollars|unaudited|amounts|continued)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
NO_TOPIC = re.compile(r"[•●▪*–-]|\(|\d+\s+[A-Z]|table of contents|form 10|see accompanying", re.IGNORECASE)
CONTENTS_ROW = re.compile(r"(?:part\s+[IVX]+|item\s+\d+[A-C]?|note\s+\d+|signatures?|exhibits?)\b", re.IGNORECASE)
STATEMENT_ROW = re.compile(
    r"statements?\b|balance sheets?\b|\breports?\b|\bnotes? to\b|\bsummary\b|\bresults\b|\bliquidity\b|\bestimates\b"
    r"|\bschedules?\b|\bproperties\b|\blegal proceedings\b|\bcontrols and procedures\b|\bdisclosures?\b",
    re.IGNORECASE,
)
COVER = re.compile(r"indicate\s+by\s+check\s*mark|commission\s+file\s+(?:number|no)|exact\s+name\s+of", re.IGNORECASE)
BOILERPLATE = re.compile(
    r"indicate by check\s*mark|^indicate the number of|\bfrom to\W*$|^(?:[☐□]|\[ ?\])"
    r"|pursuant to the requirements of the securities exchange act|incorporated (?:herein )?by"
    r" reference|duly caused this report|filed herewith|^(?:I|We), .* certify|^[(\[]?(?:mark one|see accompanying)"
    r"|accompanying notes are an integral part|^securities registered|forward-looking statements? (?:in|contained)"
    r"|^\(?\d{1,3}\.\d+\s*\*|^\*?\d{1,3}\.\d+\s+(?-i:[A-Z])|^\([a-z]{1,4}\)\s|is not deemed filed|section 906"
    r"|^to be (?:cited|completed)"
    r"|\((?:continued|(?:un)?audited|(?:[\w$]+ )?in (?:thousands|millions|billions)\b[^()]*)\)$"
    r"|^[^!]{1,31}![A-Z]{1,3}[0-9]+:[A-Z]{1,3}[0-9]+: |^attached: ",
    re.IGNORECASE,
)
LONGEST_TOPIC = 90


def name_topic(caption: str) -> str:
    """Return a caption as a short heading; "" when it is a bullet, a footnote, a period or several sentences."""
    text = clean_label(caption)
    if NO_TOPIC.match(text) or re.search(r"[.!?]\s+[A-Z]", text) or "table of contents" in text.lower():
        return ""
    while TABLE_LEAD.search(text):
        text = TABLE_LEAD.sub("", text, count=1)
    text = TABLE_TAIL.sub("", text).strip(" ,.:;–—-")
    if text.isupper():
        text = text.capitalize()
    if len(text) > LONGEST_TOPIC:
        text = text[: text.rfind(" ", 0, LONGEST_TOPIC)].rstrip(" ,;")
    found = find_periods(text)
    if not re.search(r"[A-Za-z]{3}", text) or (found and found[0][1] - found[0][0] > 0.6 * len(text)):
        return ""
    return text[:1].upper() + text[1:] if text[1:2].islower() else text


def is_furniture(table: Table, page: Page) -> bool:
    """Whether a table is a list of contents, a cover page's form fields or a list of exhibits."""
    if page.number <= 2 and len(COVER.findall(page.markdown)) >= 2:
        return True
    headers = [" ".join(path).lower() for path in table.columns]
    labels = [row.label for row in table.rows if row.label]
    listed = sum(bool(CONTENTS_ROW.match(label)) for label in labels)
    if labels and listed >= 0.4 * len(labels):
        return True
    said = f"{table.caption} {' '.join(headers)}".lower()
    if _counts_pages(table) and ("page" in said or sum(map(_names_statement, labels)) >= 0.4 * len(labels)):
        return True
    return "exhibit" in said or (bool(listed) and any(re.search(r"\bpage\b", header) for header in headers))


def _counts_pages(table: Table) -> bool:
    """Whether a table has one number a row, each whole and none smaller than the one before."""
    shown = [[cell for cell in row.cells if cell.strip()] for row in table.rows]
    numbers = [int(cells[0]) for cells in shown if len(cells) == 1 and re.fullmatch(r"\d{1,3}", cells[0].strip())]
    return len(numbers) >= 3 and len(numbers) == sum(map(bool, shown)) and numbers == sorted(numbers)


def _names_statement(label: str) -> bool:
    return STATEMENT_ROW.search(label) is not None


def is_boilerplate(text: str) -> bool:
    """Whether a sentence belongs to the form and says nothing of its filer."""
    return BOILERPLATE.search(text) is not None or (text.startswith("(") and text.rstrip(".").endswith(")"))
