"""The document's card, read from its first pages without a model."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from app.agents.pyramid.schemas import Card
from app.agents.pyramid.units import settle_units
from app.agents.pyramid.wording import say_date
from app.convert.document import Page
from app.knowledge.periods import find_periods

FORM = re.compile(r"\bform\s+(10-[KQ](?:/A)?|8-K|20-F|6-K|40-F|S-1|DEF\s*14A)\b", re.IGNORECASE)
FILE_FORM = re.compile(r"(?<![A-Za-z0-9])(10-?[kq]|8-?k|20-?f)(?![a-z0-9])", re.IGNORECASE)
EXACT_NAME = re.compile(r"\(\s*exact\s+name\s+of\s+(?:the\s+)?registrant", re.IGNORECASE)
ENDED = re.compile(
    r"for\s+the\s+(?P<kind>(?:fiscal\s+|transition\s+)?year|quarter(?:ly\s+period)?|quarterly\s+period"
    r"|(?:three|six|nine)\s+months)"
    r"\s*(?:period\s*)?ended:?\s*(?P<date>[A-Za-z]+\.?\s*\d{1,2}\s*,\s*\d{4})",
    re.IGNORECASE,
)
SUFFIX = re.compile(
    r"[,\s]+(?:inc(?:orporated)?|corp(?:oration)?|co(?:mpany)?|companies|ltd|limited|plc|l\.?l\.?c|l\.?p|n\.?v"
    r"|s\.?a|ag|se|gmbh|"
    r"holdings?|group|/[a-z]{2}/)\.?,?$",
    re.IGNORECASE,
)
COMPANY = re.compile(
    r"\b(?!(?:The|Our|This|Each|Parent|Such) +Company\b)"
    r"((?:[A-Z0-9][\w&'’.-]* +){0,4}[A-Z0-9][\w&'’.-]*,? +(?:Inc\.|Incorporated|Corporation|Corp\.|Company|Ltd\.?"
    r"|Limited|PLC|plc|LLC|AG|SE|N\.V\.|GmbH)(?!\w))"
)
VENUE = re.compile(r"\bexchange\b", re.IGNORECASE)
FORM_HEAD = re.compile(r"securities\s+and\s+exchange\s+commission", re.IGNORECASE)
CAPITALS = re.compile(
    r"^[*# ]*((?=[^a-z\n]*[A-Z])[A-Z0-9][A-Z0-9&.,' -]+ "
    r"(?:CORPORATION|INCORPORATED|COMPANY|INC\.?|CORP\.?|LTD\.?|LIMITED|PLC|CO\.?))[* ]*$",
    re.MULTILINE,
)
TABULAR = re.compile(
    r"\b(?:tabular|all)\s+(?:dollar\s+|financial\s+)?amounts?\b[^.|\n]{0,60}\bin\s+(?:thousands|millions|billions)"
    r"|\btabular\s+dollars?\s+in\s+(?:thousands|millions|billions)",
    re.IGNORECASE,
)
FISCAL_QUARTER = re.compile(
    r"\b(first|second|third|fourth)\s+quarter(?:\s+of)?\s+fiscal\s+(?:year\s+)?(20\d\d)", re.IGNORECASE
)
QUARTERS = {"first": "Q1", "second": "Q2", "third": "Q3", "fourth": "Q4"}
MONEY = (("US$", "USD"), ("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("¥", "JPY"), ("₹", "INR"))


def describe(filename: str, title: str, pages: Sequence[Page], unit_notes: Sequence[str] = ()) -> Card:
    """Return what the first pages and the name of the file say of the whole document; "" for what they don't say."""
    first = "\n".join(page.markdown for page in pages[:2])
    text = "\n".join(page.markdown for page in pages)
    issuer = find_issuer(pages[0].markdown if pages else "", text)
    form = _form(first, filename)
    period_end = _period_end(first)
    year, fiscal_period = _fiscal(filename, text, form, period_end)
    return Card(
        title=_title(title, issuer, pages) or _name(issuer, form, period_end) or PurePath(filename).stem,
        issuer=issuer,
        short_name=find_acronym(issuer, text) or shorten(issuer),
        form=form,
        period_end=period_end,
        fiscal_year=year,
        fiscal_period=fiscal_period,
        currency=next((code for mark, code in MONEY if mark in text), ""),
        units=match[0] if (match := TABULAR.search(text)) else settle_units(unit_notes),
    )


def shorten(issuer: str) -> str:
    """Return the name sentences use: "Apple" for "Apple Inc.", "Home Depot" for "The Home Depot, Inc."."""
    name = issuer.strip()
    while SUFFIX.search(name):
        name = SUFFIX.sub("", name).strip(" ,")
    return re.sub(r"^the\s+", "", name, flags=re.IGNORECASE) or issuer


def find_acronym(issuer: str, text: str) -> str:
    """Return the initials of a long name where the document itself calls the issuer by them ("IBM"), else ""."""
    words = [word for word in re.findall(r"[A-Za-z]+", shorten(issuer)) if word.lower() not in ("of", "and", "the")]
    initials = "".join(word[0] for word in words).upper()
    return initials if len(words) >= 3 and len(re.findall(rf"\b{initials}\b", text)) >= 3 else ""


def find_issuer(cover: str, text: str) -> str:
    """Return the registrant named on a cover page, else the company named most often, else ""."""
    match = EXACT_NAME.search(cover)
    if match and (name := _name_before(cover[: match.start()])):
        return _tidy_case(name)
    if match := CAPITALS.search(cover):
        return _tidy_case(match[1])
    spoken = (found[1].strip() for found in COMPANY.finditer(re.sub(r"[*#|]", " ", text)))
    named = Counter(name for name in spoken if not VENUE.search(name))
    if not named:
        return ""
    name, count = named.most_common(1)[0]
    return name if count >= 2 or text.find(name) < 600 else ""


def _name_before(text: str) -> str:
    for line in reversed(text.splitlines()):
        name = re.sub(r"\s+", " ", re.sub(r"[*#|_]+|:?-{3,}:?", " ", line)).strip(" -–")
        if len(re.findall(r"[A-Za-z]", name)) >= 2 and not re.search(
            r"commission|file number|\d{3}-\d", name, re.IGNORECASE
        ):
            return name
    return ""


def _tidy_case(name: str) -> str:
    if not name.isupper():
        return name
    words = [
        w if len(re.sub(r"\W", "", w)) <= 3 and w[-1] != "." and w != "THE" and i == 0 else w.capitalize()
        for i, w in enumerate(name.split(" "))
    ]
    return " ".join(words)


def _form(first: str, filename: str) -> str:
    match = FORM.search(first) or FILE_FORM.search(filename)
    if not match:
        return ""
    form = match[1].upper().replace(" ", "")
    return form if "-" in form else f"{form[:-1]}-{form[-1]}"


def _period_end(first: str) -> str:
    match = ENDED.search(re.sub(r"[*|]+", " ", first))
    found = find_periods(match["date"]) if match else []
    end = found[0][2].end if found else None
    return end.isoformat() if end else ""


def _fiscal(filename: str, text: str, form: str, period_end: str) -> tuple[str, str]:
    if form.startswith("10-K"):
        return period_end[:4], "FY"
    spoken = Counter((match[2], QUARTERS[match[1].lower()]) for match in FISCAL_QUARTER.finditer(text))
    if spoken:
        return max(spoken, key=lambda found: (found[0], spoken[found]))
    stem = PurePath(filename).stem.replace("_", " ")
    quarter = re.search(r"(20\d\d)[\s-]*Q([1-4])|Q([1-4])[\s-]*(20\d\d)", stem, re.IGNORECASE)
    if quarter:
        return quarter[1] or quarter[4], f"Q{quarter[2] or quarter[3]}"
    return period_end[:4], ""


def _name(issuer: str, form: str, period_end: str) -> str:
    """Return what a form without a title is called: "Apple Inc., Form 10-Q, July 1, 2023"; "" where that is unknown."""
    end = next((p.end for _, _, p in find_periods(period_end)), None)
    return ", ".join([issuer, f"Form {form}", *([say_date(end)] if end else [])]) if issuer and form else ""


def _title(title: str, issuer: str, pages: Sequence[Page]) -> str:
    """Return the file's own title where it is one: neither the head of a form nor the issuer's name alone."""
    if FORM_HEAD.search(title) or title == issuer:
        return ""
    if " " in title and re.search(r"[a-z]{3}", title):
        return title
    for page in pages[:1]:
        for line in page.markdown.splitlines():
            if match := re.match(r"#{1,3}\s+(.{4,120})", line):
                return re.sub(r"[*_]+", "", match[1]).strip()
    return ""
