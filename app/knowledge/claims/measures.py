"""What a figure measures, by the names that accounts use for one and the same thing."""

import re

_BY_SHARE = r"(?:earnings|income|loss)[\w\s,()/-]{0,20} per[\w\s]{0,10} share[\w\s,()-]{0,40}"
_PER_SHARE = r"[\w\s,()/:-]{0,30}(?:eps|per (?:common )?share)"
_CASH = r"(?:net )?cash(?: flows?)?[\w\s()/,]{0,40} \(?(?:from|by|in|for)\)?"
_IN_CASH = r"activities \([^()]*cash[^()]*(?:\([^()]*\))?\)?"

_NAMES = (
    ("revenue", r"net sales|(?:net operating |net )?revenues?|sales|turnover"),
    ("cost of revenue", r"costs? of (?:goods sold|products sold|goods|revenues?|sales)|total cost(?! of)"),
    ("gross profit", r"gross (?:profit|margin)"),
    ("operating income", r"operating (?:income|profit|earnings|loss)|(?:income|profit|loss) from operations"),
    ("operating expenses", r"(?:total )?operating (?:expenses|costs)"),
    ("net income", r"net (?:income|earnings|profit|loss)(?! per)|profit for the (?:year|period)"),
    (
        "income before tax",
        r"(?:income|earnings|profit|loss)[\w\s]{0,30} before[\w\s]{0,30}tax(?:es)?|pre-?tax (?:income|profit)",
    ),
    ("income tax", r"income tax(?:es)?(?: (?:expense|benefit|provision))?|provision for (?:income )?taxes|tax expense"),
    ("diluted earnings per share", rf"diluted{_PER_SHARE}|{_BY_SHARE}dilut\w+"),
    ("basic earnings per share", rf"basic{_PER_SHARE}|{_BY_SHARE}basic"),
    ("research and development", r"research(?: and|,) development(?: and engineering)?|r&d|rd&e"),
    ("total assets", r"total assets"),
    ("current assets", r"total current assets"),
    ("total liabilities", r"total liabilities(?! and)"),
    ("current liabilities", r"total current liabilities"),
    ("liabilities and equity", r"total liabilities and [\w\s'’]{0,30}equity"),
    ("equity", r"(?:total )?(?:share(?:holder|owner)|stockholder)s?['’]?s? ?equity|total equity"),
    ("cash and equivalents", r"cash and (?:cash )?equivalents"),
    (
        "operating cash flow",
        rf"{_CASH} operating activities|{_CASH} operations|operating cash flow|operating {_IN_CASH}",
    ),
    ("investing cash flow", rf"{_CASH} investing activities|investing {_IN_CASH}"),
    ("financing cash flow", rf"{_CASH} financing activities|financing {_IN_CASH}"),
    ("inventory", r"(?:merchandise )?inventor(?:y|ies)"),
    ("long-term debt", r"long-?\s?term debt|term debt"),
)
_PATTERNS = [(name, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.I)) for name, pattern in _NAMES]


def find_measure(text: str) -> str | None:
    """Return the accounting measure a text names, by the longest of the names that stand in it; None for none."""
    found = [(len(match.group()), name) for name, pattern in _PATTERNS for match in pattern.finditer(text)]
    return max(found)[1] if found else None


def strip_measure(text: str, measure: str | None) -> str:
    """Return the text without the names of one measure."""
    return next((pattern.sub(" ", text) for name, pattern in _PATTERNS if name == measure), text)
