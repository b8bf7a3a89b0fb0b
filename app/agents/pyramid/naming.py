"""What the rows of a table measure, as a noun phrase: "net sales from Services", "diluted earnings per share"."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.agents.pyramid.wording import clean_label, open_lower
from app.convert.document import Table
from app.knowledge.periods import find_periods

SHARE = re.compile(r"(?:as\s+a\s+)?(?:%|percentage|per\s?cent|share)\s+of\s+(?:the\s+)?(?P<whole>.+)", re.IGNORECASE)
MEASURE = re.compile(
    r"\b(?:sales|revenues?|income|loss(?:es)?|gains?|profits?|margins?|earnings|ebitd?a?|costs?|expenses?|assets?"
    r"|liabilit(?:y|ies)|receivables?|payables?|inventor(?:y|ies)|property|goodwill|charges?|expenditures?|amortization"
    r"|depreciation|cash|debt|shares?|compensation|deposits|loans|rates?|contracts?|values?|tax(?:es)?|equity|dividends?"
    r"|securities|investments?|stock|capital|interest|balances?|proceeds|payments?|purchases|repurchases|issuances?"
    r"|repayments?|maturities|research|administrative|marketing|adjustments?|effects?|provisions?|allowances?|notes"
    r"|borrowings?|benefits?|leases?|obligations?|reserves?|credits?|deficit|funds?|awards?|settlements?|price|paper"
    r"|acquisitions?|impairments?|intangibles?|accruals?|expected return|customers|employees|headcount|stores)\b",
    re.IGNORECASE,
)
METRIC = re.compile(
    r"\b(?:sales|revenues?|income|loss|profits?|margins?|earnings|ebitd?a?|ebit|costs?|expenses?|assets|receivables?"
    r"|inventor(?:y|ies)|property(?:,? plant and equipment)?|goodwill|charges|expenditures|amortization|depreciation"
    r"|debt|compensation|shares|customers|employees|headcount|percentage|expenses?,? net|income|rate)"
    r"(?:\W{1,2}\(?(?:expense|loss|income)\)?)?(?:,? net)?$",
    re.IGNORECASE,
)
CORE = re.compile(
    r"\b(?:sales|revenues?|income|loss|profit|margin|earnings|ebit|cost|expenses?|assets|receivable|inventor(?:y|ies)"
    r"|property)\b",
    re.IGNORECASE,
)
NEUTRAL = re.compile(
    r"(?:numerator|denominator|assets|liabilities|cash flows?.*|amounts?|components.*|operations|total|continued"
    r"|.*\bstatements?(?:\s+of\b.*)?|balance sheets?|item\s+\d.*|summary.*|.*\bdata|weighted average.*)",
    re.IGNORECASE,
)
ACTIVITIES = re.compile(r"(?:.*\b)?(?P<kind>operating|operations|investing|financing)(?:\s+activities)?", re.IGNORECASE)
CASH_TOTAL = re.compile(r"(?:total\s+|net\s+)*cash\b.*\b(?:activities|operations)\b.*", re.IGNORECASE)
CASH_HEAD = re.compile(
    r"(?:total\s+|net\s+)*cash\s+(?:flows?\s+)?\(?(?:provided|used|generated|from)\b.*", re.IGNORECASE
)
CHANGES = re.compile(r"changes?\s+in\s+.*\b(?:assets|liabilities|working capital)\b.*", re.IGNORECASE)
EXPENSES = re.compile(r"(?:.*\b)?(?:costs?(?:\s+and\s+expenses?)?|expenses?)", re.IGNORECASE)
UNSAID_EXPENSE = re.compile(
    r"(?:total\s+)?(?:research(?:,|\s+and)\s+development(?: and engineering)?"
    r"|(?:selling|sales|marketing|general)\b[\w\s,]*\b(?:administrative|marketing)"
    r"|technology and (?:content|development)|general and administrative)",
    re.IGNORECASE,
)
BALANCE = re.compile(
    r"(?:beginning|ending|opening|closing)\s+balances?|balances?,?\s+(?:at\s+)?(?:beginning|end)\s+of\s+.*",
    re.IGNORECASE,
)
AT_END_WORDS = re.compile(r",?\s+(?:at\s+)?(?:beginning|end)\s+of\s+(?:the\s+)?(?:period|year|quarter)$", re.IGNORECASE)
ASIDE = re.compile(r"\bpurchase price\b|\bpurchase consideration\b|\bassets acquired\b|\bpro forma\b", re.IGNORECASE)
QUALIFIER = re.compile(r"(?:basic|diluted)(?:\s*\([^)]*\))?", re.IGNORECASE)
REGION = re.compile(
    r"\b(?:americas?|europe|asia|africa|china|japan|pacific|germany|france|india|brazil|canada|mexico|korea|australia"
    r"|kingdom|states|countries|international|domestic|worldwide|middle east|emea|apac|region|north|south|world"
    r"|foreign)\b",
    re.IGNORECASE,
)
PLACE = re.compile(rf"(?:[\w.’'-]+\s+){{0,2}}?(?!foreign|domestic){REGION.pattern}(?:\s+[\w’'-]+)?", re.IGNORECASE)
"""A row's label that is a place, and so measures nothing by itself."""
PLACED = re.compile(r"\b(?:segments?|geograph\w*|regions?|countr(?:y|ies)|areas?)\b", re.IGNORECASE)
LEAD = re.compile(
    r"^(?:the\s+following\s+(?:tables?|schedules?)?|the\s+tables?\s+below|this\s+table)\s*"
    r"(?:shows?|presents?|provides?|summari[sz]es?|sets?\s+(?:forth|out)|details?|lists?|reconciles?|contains?)\s+"
    r"|^(?:an?|the)?\s*(?:breakdown|components?|composition|details?|summary|disaggregation|changes?|information)\s+"
    r"(?:of|in|on|about)\s+|^(?:the|our|its|total)\s+",
    re.IGNORECASE,
)
TAIL = re.compile(
    r"\s*(?:,\s*(?!net\b|plant\b)|\(\s*(?:in|dollars|unaudited|amounts)\b|:|\b(?:by|disaggregated|classified|for\s+the|as\s+of|at"
    r"|during|is|are|was|were|in\s+(?:millions|thousands|billions)|which|included|recognized|recorded|related|from|due)\b"
    r"|[—–]\s).*$",
    re.IGNORECASE | re.DOTALL,
)
LONGEST_METRIC = 7
LONGEST_COUNTED = 4


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a row measures, and the heading that tells it from rows of the same label ("" where none does)."""

    measure: str
    scope: str = ""


def name_rows(table: Table) -> list[Named]:
    """Return what each row of a table measures."""
    labels = Counter(tidy(row.label).lower() for row in table.rows if any(row.cells))
    names: list[Named] = []
    heading = above = ""
    for row in table.rows:
        label = tidy(row.label)
        if not any(row.cells):
            heading = label
        repeated = labels[label.lower()] > 1
        share = SHARE.fullmatch(label)
        head = find_head(row.path, label) or (heading if repeated and not is_period(heading) else "")
        scope = (above if share else head or above) if repeated else ""
        measure = name_measure(label, above if share else scope or head, caption=table.caption, repeated=repeated)
        names.append(Named(measure=_set_aside(measure, table.caption), scope=scope))
        if any(row.cells) and not share and not repeated:
            above = label
    return names


def _set_aside(measure: str, caption: str) -> str:
    """Return a measure that says so where its table is not of the accounts but of a purchase, or as if."""
    match = ASIDE.search(caption)
    aside = match.group().lower() if match else ""
    return f"{measure} ({aside})" if aside and aside not in measure.lower() else measure


def find_head(path: Sequence[str], label: str) -> str:
    """Return the nearest heading that says something of its own, "" for none."""
    heads = (tidy(part) for part in reversed(path))
    return next((head for head in heads if head and head.lower() != label.lower() and not is_period(head)), "")


def is_period(text: str) -> bool:
    """Whether a heading is a date or period and nothing else."""
    found = find_periods(text)
    said = sum(end - start for start, end in {(start, end) for start, end, _ in found})
    return bool(found) and said >= 0.7 * len(text.strip())


def tidy(label: str) -> str:
    """Return a label without trade marks, "Less:" and footnote marks."""
    text = re.sub(r"\s*[®™℠]", "", label)
    text = re.sub(r"^(?:less|plus|add|deduct)\s*:\s*", "", text.strip(), flags=re.IGNORECASE)
    return clean_label(text)


def name_measure(label: str, head: str = "", *, caption: str = "", repeated: bool = False) -> str:
    """Return what a row measures, from its label, the heading it stands under and the table's caption."""
    metric = find_metric(caption)
    share = SHARE.fullmatch(label)
    if share:
        base = head or metric
        return f"{open_lower(base)} as a percentage of {open_lower(share['whole'])}" if base else open_lower(label)
    if BALANCE.fullmatch(label) and (head or metric):
        return open_lower(head or metric)
    label = AT_END_WORDS.sub("", label)
    if label.lower() == "total" and (metric or head):
        return f"total {open_lower(metric or head)}"
    if UNSAID_EXPENSE.fullmatch(label):
        label = f"{label} expense"
    said = f"{head} {caption}"
    if head and (name := _name_under(label, head, said, repeated=repeated)):
        return name
    if metric and not MEASURE.search(label) and not label.lower().startswith("total"):
        return join_member(metric, label, said)
    return ("" if head else _name_place(label, caption)) or open_lower(label)


def _name_place(label: str, caption: str) -> str:
    """Return what is counted in a place: "retail sites in Europe"; "" for a row that is no place."""
    place = re.sub(r"^total\s+", "", label, flags=re.IGNORECASE)
    counted = _name_counted(caption) if PLACE.fullmatch(place) else ""
    return f"{'total ' if place != label else ''}{counted} in {place}" if counted else ""


def _name_counted(caption: str) -> str:
    """Return what a short caption says is counted ("retail sites"), "" for the name of a statement, table or sheet."""
    text = re.sub(r"\s*\([^()]*\)$", "", TAIL.sub("", tidy(caption))).strip(" :,")
    return "" if NEUTRAL.fullmatch(text) or len(text.split()) > LONGEST_COUNTED else open_lower(text)


def _name_under(label: str, head: str, said: str, *, repeated: bool) -> str:
    """Return the measure a row is under its heading, or "" when the label says it all."""
    if QUALIFIER.fullmatch(label):
        return _qualify(label, head)
    if CHANGES.fullmatch(head):
        return "" if CASH_TOTAL.fullmatch(label) else f"cash effect of the change in {open_lower(label)}"
    if (kind := ACTIVITIES.fullmatch(head)) and label.lower().rstrip(", net") == "other":
        return f"other {kind['kind'].lower().replace('operations', 'operating')} activities"
    if NEUTRAL.fullmatch(head) and not repeated:
        return ""
    if EXPENSES.fullmatch(head) and not MEASURE.search(label):
        return join_member(find_metric(head) or "expense", label, said)
    return _name_member(label, head, said, repeated=repeated)


def _name_member(label: str, head: str, said: str, *, repeated: bool) -> str:
    """Return the measure where either the heading or the label names one and the other its member."""
    metric = find_metric(head)
    if CASH_HEAD.fullmatch(head) and ACTIVITIES.fullmatch(label):
        link = re.search(r"\b(?:provided|generated|used)$", head, re.IGNORECASE)
        way = f" {'in' if link.group().lower() == 'used' else 'by'}" if link else ""
        return f"{open_lower(head)}{way} {open_lower(label)}"
    if metric and not MEASURE.search(label) and not label.lower().startswith("total"):
        return join_member(metric, label, said)
    if not MEASURE.search(head) and CORE.search(label) and not ACTIVITIES.fullmatch(head) and len(head.split()) < 8:
        return "" if label.lower().startswith("total ") and not repeated else join_member(label, head, said)
    other = re.match(r"other\b(?!\s+\w+\s*\w)", label, re.IGNORECASE)
    alone = MEASURE.search(label) and not other and not repeated
    return "" if alone else f"{open_lower(label)} ({open_lower(head)})"


def _qualify(label: str, head: str) -> str:
    word = label.split(maxsplit=1)[0].lower()
    before, found, after = head.partition("earnings per ")
    return f"{open_lower(before)}{word} {found}{after}" if found and before else f"{word} {open_lower(head)}"


def find_metric(heading: str) -> str:
    """Return the metric a caption or heading names: "net sales" for "Net sales by category:", "" for none."""
    text = tidy(heading)
    while LEAD.search(text):
        text = LEAD.sub("", text, count=1)
    text = TAIL.sub("", text).strip(" :,")
    return open_lower(text) if METRIC.search(text) and len(text.split()) <= LONGEST_METRIC else ""


def join_member(metric: str, member: str, said: str) -> str:
    """Return "net sales in Europe", "revenue from Services", "net sales of iPhone", "gross margin for Products"."""
    metric, member = open_lower(metric), member[:1].upper() + member[1:] if member[1:2].islower() else member
    if not re.search(r"\b(?:sales|revenues?)$", metric, re.IGNORECASE) or re.search(r"\bcosts? of\b", metric, re.I):
        return f"{metric} for {member}"
    if REGION.search(member) or PLACED.search(said):
        return f"{metric} in {member}"
    sold = metric.lower().endswith("sales") and not re.search(r"\b(?:products|services?|subscriptions?)$", member, re.I)
    return f"{metric} {'of' if sold else 'from'} {member}"
