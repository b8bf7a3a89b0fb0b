"""Questions whose answer is computed from several figures: shares, ratios, averages, definitions in the question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.agents.research.schemas import PlanStep
from app.agents.research.vocabulary import MEASURED, QUALIFIERS
from app.agents.research.words import content_stems

NAMED: tuple[tuple[str, str], ...] = (
    (
        r"ebitda (?:% |percent(?:age)? )?margin",
        "([operating income] + [depreciation and amortization]) / [total revenue]",
    ),
    (r"operating (?:profit |income )?margin", "[operating income] / [total revenue]"),
    (r"net (?:profit |income )?margin", "[net income] / [total revenue]"),
    (r"gross (?:profit )?margin (?:percent(?:age)?|ratio|%)", "[gross profit] / [total revenue]"),
    (r"current ratio", "[total current assets] / [total current liabilities]"),
    (r"return on assets", "[net income] / [total assets]"),
    (r"(?:net )?working capital", "[total current assets] - [total current liabilities]"),
    (r"free cash flow", "[net cash provided by operating activities] - [capital expenditures]"),
)
"""Pattern → the formula by which the ratio is commonly defined."""
YEAR = r"(?:FY ?|fiscal (?:year )?)?(?:19|20)\d{2}"
DEFINED = re.compile(r"(?:defined|calculated|computed) as:?\s+(?P<body>.+?)(?:\.(?:\s|$)|\?|$)", re.IGNORECASE)
AVERAGE_OF = re.compile(
    rf"average (?:of )?(?P<measure>[^()/*+]+?) (?:between|of|in) (?P<one>{YEAR}) and (?P<two>{YEAR})", re.IGNORECASE
)
CHANGE_IN = re.compile(rf"change in (?P<measure>[^()/*+]+?) between (?P<one>{YEAR}) and (?P<two>{YEAR})", re.IGNORECASE)
OPERAND = re.compile(rf"(?P<period>{YEAR} )?(?P<measure>[A-Za-z][A-Za-z&,' -]*[A-Za-z])")
OVER_YEARS = re.compile(
    rf"(?P<one>{YEAR})\s*(?:-|–|to|through)\s*(?P<two>{YEAR})\s+(?:\w+[- ])?years? average (?:of )?", re.IGNORECASE
)
SHARES = (
    re.compile(
        r"(?:share|percentage|percent|proportion|fraction|%) of (?P<whole>.+?) "
        r"(?:did|was|were|is|are|does|do|came from|comes? from|stemmed from|made up(?: of)?) (?P<part>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<part>[\w&,' -]+?) as a (?:share|percentage|percent|proportion|fraction|%) of (?P<whole>[\w&,' -]+)",
        re.IGNORECASE,
    ),
    re.compile(r"ratio of (?P<part>.+?) to (?P<whole>.+)", re.IGNORECASE),
    re.compile(
        r"how (?:did|do|does) (?P<part>.+?) (?:compare (?:to|with)|measure up against) (?:its|their) (?P<whole>.+)",
        re.IGNORECASE,
    ),
)
TERM = re.compile(r"\[(?P<measure>[^\[\]|]+)(?:\|(?P<period>[^\[\]]*))?\]")
ASKING = re.compile(r"^\W*(?:what|how)\b.*?\b(?:was|were|is|are|much|many)\b(?: the)?|^\W*what(?: the)?", re.IGNORECASE)
MOST_YEARS = 5


@dataclass(frozen=True, kw_only=True)
class Term:
    """A figure of a formula; `period` empty where the question's own holds."""

    measure: str
    period: str = ""


@dataclass(frozen=True, kw_only=True)
class Formula:
    """An expression of q2, q3 …, its terms in this order."""

    expression: str
    terms: tuple[Term, ...]


def find_formula(text: str, asked: str) -> Formula | None:
    """Return the formula a question asks for: one it defines itself, a share or ratio, or one known by name.

    `asked` is the question without its instructions, `text` all of it.
    """
    defined = DEFINED.search(text)
    written = _read_definition(defined["body"]) if defined else _over_years(asked) or _read_ratio(asked)
    return _number(written) if written else None


def plan_formula(question: str, formula: Formula, issuer: str, frame: Sequence[str]) -> list[PlanStep]:
    """Return the computed question and the questions for its terms."""
    whose = f"{issuer}'s " if issuer else ""
    terms = [_ask(term, whose, frame) for term in formula.terms]
    return [PlanStep(question=question, formula=formula.expression), *(PlanStep(question=asked) for asked in terms)]


def _ask(term: Term, whose: str, frame: Sequence[str]) -> str:
    if term.period:
        return f"What was {whose}{term.measure} in {term.period}?"
    missing = [words for words in frame if words.lower() not in term.measure.lower()]
    return f"What was {term.measure} ({', '.join(missing)})?" if missing else f"What was {term.measure}?"


def _over_years(asked: str) -> str | None:
    found = OVER_YEARS.search(asked)
    inner = _read_ratio(asked[found.end() :]) if found else None
    if found is None or inner is None:
        return None
    first, last = (int(re.sub(r"\D", "", found[name])) for name in ("one", "two"))
    years = range(first, last + 1)
    if not 1 < len(years) <= MOST_YEARS:
        return None
    each = [TERM.sub(lambda term, year=year: f"[{term['measure']}|FY{year}]", inner) for year in years]  # type: ignore[misc]
    return f"({' + '.join(f'({one})' for one in each)}) / {len(years)}"


def _read_ratio(asked: str) -> str | None:
    named = next((formula for pattern, formula in NAMED if re.search(rf"\b{pattern}", asked, re.IGNORECASE)), None)
    if named:
        return named
    for pattern in SHARES:
        if found := pattern.search(asked.rstrip(" ?.")):
            part, whole = (ASKING.sub("", found[name]).strip(" ,") for name in ("part", "whole"))
            if pattern is SHARES[-1] and not (_is_plain(part) and _is_plain(whole)):
                continue
            return f"[{part}] / [{whole}]" if pattern is not SHARES[0] else f"[{part} {whole}] / [{whole}]"
    return None


def _is_plain(side: str) -> bool:
    """Tell whether a side of a comparison is a measure of accounts, with no more said of it than whose it is."""
    stems = set(content_stems(side)) - QUALIFIERS
    return bool(stems & MEASURED) and len(stems - MEASURED) <= 1


def _read_definition(body: str) -> str | None:
    body = AVERAGE_OF.sub(r"(([\g<measure>|\g<one>] + [\g<measure>|\g<two>]) / 2)", body.strip())
    body = CHANGE_IN.sub(r"([\g<measure>|\g<two>] - [\g<measure>|\g<one>])", body)
    pieces = re.split(r"(\[[^\]]*\])", body)
    outer = [piece if piece.startswith("[") else OPERAND.sub(_term, piece) for piece in pieces]
    written = "".join(outer)
    bare = TERM.sub("", written)
    return written if re.search(r"[-+*/]", bare) and not re.search(r"[A-Za-z]", bare) else None


def _term(match: re.Match[str]) -> str:
    return f"[{match['measure']}|{(match['period'] or '').strip()}]"


def _number(written: str) -> Formula:
    terms: dict[Term, str] = {}

    def name(match: re.Match[str]) -> str:
        term = Term(measure=match["measure"].strip(), period=(match["period"] or "").strip())
        return terms.setdefault(term, f"q{len(terms) + 2}")

    return Formula(expression=TERM.sub(name, written), terms=tuple(terms))
