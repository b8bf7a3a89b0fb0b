"""Numbers as people write them: found with kind, sign and scale, and matched against the numbers of a source."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

from app.knowledge.periods import find_periods
from app.knowledge.remembered import remember

Kind = Literal["currency", "percent", "basis_points", "count", "ratio", "year"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number in a text: `value` signed and scaled (percent 3.5 is 3.5), `precision` the size of its last digit.

    `unit` is a currency code, "percent", "basis_points", "x" or "". `scaled` tells that its own words carry a scale.
    """

    start: int
    end: int
    text: str
    value: Decimal
    kind: Kind
    unit: str = ""
    precision: Decimal = Decimal(1)
    scaled: bool = False


@dataclass(frozen=True, kw_only=True)
class Match:
    """A source figure that says the same, and how: same digits, same value, or equal when rounded as claimed."""

    source: Figure
    how: Literal["literal", "scaled", "rounded"]


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """Two source figures from which a claim follows, and the formula as text."""

    formula: str
    operands: tuple[Figure, Figure]


SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "lakh": 10**5,
    "crore": 10**7, "mn": 10**6, "mm": 10**6, "bn": 10**9, "tn": 10**12, "k": 10**3, "m": 10**6, "b": 10**9,
    "t": 10**12,
}  # fmt: skip
CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "C$": "CAD", "A$": "AUD", "HK$": "HKD"}
CODES = "USD|EUR|GBP|JPY|INR|CAD|AUD|HKD|CHF|CNY|SEK|NOK|DKK|KRW|BRL|MXN|SGD"
CURRENCY_WORDS = {"dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "pounds": "GBP", "yen": "JPY"}

POINTED = r"[0-9]{1,3}(?:(?:\.[0-9]{3}){2,}(?:,[0-9]+)?|(?:\.[0-9]{3})+,[0-9]{1,2}(?![0-9,]))"
"""Thousands set apart by points, as on the European continent; a single point alone is one before decimals."""
DECIMAL_COMMA = r"[0-9]{1,3},[0-9]{1,2}(?![0-9]|[.,][0-9])"
DIGITS = (
    rf"(?:{POINTED}|{DECIMAL_COMMA}"
    r"|[0-9]{1,3}(?:[,'’\u00a0\u202f\u2009][0-9]{3})+(?:\.[0-9]+)?"
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
)
SYMBOL = rf"(?:US\$|HK\$|C\$|A\$|[$€£¥₹]|(?:{CODES})\b)"
MINUS = r"[-−–‒]"
NUMBER = re.compile(
    rf"(?:(?<![\w.#\[])(?<![A-Za-z][-/])(?<![0-9][,:])|(?=\())(?P<sign>(?<![0-9)%])(?<![0-9)%]\s){MINUS}\s?)?"
    rf"(?P<open>\(\s?)?(?:(?P<symbol>{SYMBOL})\s?(?P<open2>\(\s?|{MINUS}\s?)?)?(?P<digits>{DIGITS})"
    r"(?P<close>\s?\))?"
    r"(?:\s?(?P<percent>%|(?:per\s?cent|percentage\s+points?)\b)|[\s-]?(?P<bps>basis\s+points?|bps?\b)"
    r"|(?P<times>x\b|\s+times\b)|(?:[\s-]?(?P<scale>hundreds?|thousands?|millions?|billions?|trillions?|lakhs?|crores?|mn|mm|bn|tn)\b"
    r"|(?P<suffix>[kKmMbBT])(?![\w-]))?(?:\s(?P<code>(?:" + CODES + r"|dollars?|euros?|pounds|yen)\b))?"
    r")"
    r"(?P<close2>\s?\))?(?P<close3>\s?\)\s?%)?",
    re.IGNORECASE,
)
DIGIT = re.compile("[0-9]")
LEAD = 16
"""More characters than a number has before its first digit: what lies ahead of them need not be searched."""
AFTER = re.compile(r"(?:[A-Za-z_]|\([a-z]\)|-[A-Za-z]|[-/][0-9]+-|:[0-9])")
RANGE = re.compile(r"\s*(?:-|–|—|to|through)\s*", re.IGNORECASE)
IN_SCALE = re.compile(r"\bin\s+(?:[A-Za-z$.]+\s+){0,4}?(thousands|millions|billions)\b", re.IGNORECASE)


def find_figures(text: str, *, scale: Decimal | int = 1) -> list[Figure]:
    """Return the numbers of a text in order; `scale` is applied to amounts and counts that carry no scale word.

    Parts of dates, footnote marks and identifiers (10-K, COVID-19) are no figures; a bare year has kind "year".
    """
    return [_apply(figure, Decimal(scale)) for figure in _find(text)]


@remember
def _find(text: str) -> tuple[Figure, ...]:
    return tuple(_spread_over_ranges(text, list(_scan(text))))


def find_scales(text: str) -> list[Decimal]:
    """Return the scales a text announces for its tables ("(In millions, except …)"), without repeats, in order."""
    words = (match[1].lower().rstrip("s") for match in IN_SCALE.finditer(text))
    return list(dict.fromkeys(Decimal(SCALES[word]) for word in words))


def match_figure(claimed: Figure, sources: Iterable[Figure]) -> Match | None:
    """Return the best source for a claim: same digits, else same value, else equal at the claim's own precision.

    Signs may differ ("a decrease of 5%" and "(5)%"). Nothing is "about" equal.
    """
    best: Match | None = None
    for source in sources:
        how = _compare(claimed, source)
        if how == "literal":
            return Match(source=source, how=how)
        if how and (best is None or how == "scaled"):
            best = Match(source=source, how=how)
    return best


def derive_figure(claimed: Figure, sources: Sequence[Figure]) -> Derivation | None:
    """Return two sources whose sum, difference, ratio or change in percent is the claim at its precision, or None.

    Give few sources (one row, one sentence): among many numbers some pair always fits.
    """
    for index, first in enumerate(sources):
        for second in sources[index + 1 :]:
            formula = _formula(claimed, first, second)
            if formula:
                return Derivation(formula=formula, operands=(first, second))
    return None


def normal_forms(text: str) -> list[str]:
    """Return lexical tokens for the numbers of a text: plain values ("1234500000"), percents as "3.5%"."""
    tokens = (_token(figure) for figure in find_figures(text) if figure.kind != "year")
    return list(dict.fromkeys(tokens))


def plain(value: Decimal) -> str:
    """Return a number without exponent, separators or trailing zeros."""
    return f"{value.normalize():f}"


def _token(figure: Figure) -> str:
    value = abs(figure.value)
    if figure.kind == "basis_points":
        value /= 100
    return plain(value) + ("%" if figure.kind in ("percent", "basis_points") else "")


def _scan(text: str) -> Iterator[Figure]:
    dated = find_periods(text)
    position = 0
    while digit := DIGIT.search(text, position):
        match = NUMBER.search(text, max(position, digit.start() - LEAD))
        if match is None:
            return
        inside = next((d for d in dated if d[0] < match.end("digits") and match.start("digits") < d[1]), None)
        if inside:
            position = max(inside[1], match.end("digits"))
            if inside[1] - inside[0] == 4 and inside[2].form.isdigit():
                yield _year(text, inside[0], inside[1])
            continue
        position = match.end()
        if not _is_mark(text, match):
            yield _read(match)


def _year(text: str, start: int, end: int) -> Figure:
    shown = text[start:end]
    return Figure(start=start, end=end, text=shown, value=Decimal(shown), kind="year")


def _is_mark(text: str, match: re.Match[str]) -> bool:
    if not match["suffix"] and not match["times"] and AFTER.match(text, match.end()):
        return True
    if not match["open"] or match["symbol"] or match["percent"] or not re.fullmatch(r"[0-9]{1,2}", match["digits"]):
        return False
    before = text[: match.start()].rstrip(" ")[-1:]
    return before.isalnum() or before in (")", "%", ",", ".") or bool(re.match(r"\s+[A-Za-z]", text[match.end() :]))


def _read(match: re.Match[str]) -> Figure:
    digits, decimals = _digits(match["digits"])
    factor = Decimal(_scale_of(match))
    closed = match["close"] or match["close2"] or match["close3"]
    negative = bool(match["sign"]) or bool(closed and (match["open"] or match["open2"]))
    negative = negative or bool(match["open2"] and "(" not in match["open2"])
    value = digits * factor
    kind, unit = _kind(match)
    start, end = match.span()
    if closed and not (match["open"] or match["open2"]):
        end = next(match.start(g) for g in ("close", "close2", "close3") if match[g])
    if match["open"] and not closed:
        start = match.start("open") + len(match["open"])
    return Figure(
        start=start,
        end=end,
        text=match.string[start:end].strip(),
        value=-value if negative else value,
        kind=kind,
        unit=unit,
        precision=Decimal(1).scaleb(-decimals) * factor,
        scaled=factor != 1,
    )


def _digits(shown: str) -> tuple[Decimal, int]:
    if re.fullmatch(f"{POINTED}|{DECIMAL_COMMA}", shown):
        shown = shown.replace(".", "").replace(",", ".")
    shown = re.sub(r"[,'’\u00a0\u202f\u2009]", "", shown)
    return Decimal(shown), len(shown.partition(".")[2])


def _scale_of(match: re.Match[str]) -> int:
    word = (match["scale"] or "").lower()
    if word:
        return SCALES[word] if word in SCALES else SCALES[word.rstrip("s")]
    suffix = match["suffix"]
    return SCALES[suffix.lower()] if suffix else 1


def _kind(match: re.Match[str]) -> tuple[Kind, str]:
    if match["percent"] or match["close3"]:
        return "percent", "percent"
    if match["bps"]:
        return "basis_points", "basis_points"
    if match["times"]:
        return "ratio", "x"
    mark = (match["symbol"] or "").upper().removeprefix("US")
    if mark:
        return "currency", CURRENCIES.get(mark, match["symbol"].upper())
    code = (match["code"] or "").lower()
    if code:
        return "currency", CURRENCY_WORDS.get(code, code.upper())
    return "count", ""


def _spread_over_ranges(text: str, found: list[Figure]) -> list[Figure]:
    for index in range(len(found) - 2, -1, -1):
        first, second = found[index], found[index + 1]
        if (
            first.kind not in ("count", "currency")
            or first.scaled
            or not RANGE.fullmatch(text, first.end, second.start)
        ):
            continue
        found[index] = _like(first, second)
    return found


def _like(first: Figure, second: Figure) -> Figure:
    if second.kind in ("percent", "basis_points", "ratio") and first.kind == "count":
        return replace(first, kind=second.kind, unit=second.unit)
    if not second.scaled:
        return first
    digits, _ = _digits(re.sub(r"[^0-9.,'’\u00a0\u202f\u2009]", "", second.text).strip(","))
    factor = abs(second.value) / digits if digits else Decimal(1)
    kind, unit = (first.kind, first.unit) if first.kind == "currency" else (second.kind, second.unit)
    return replace(
        first, value=first.value * factor, precision=first.precision * factor, scaled=True, kind=kind, unit=unit
    )


def _apply(figure: Figure, scale: Decimal) -> Figure:
    if scale == 1 or figure.scaled or figure.kind not in ("currency", "count"):
        return figure
    return replace(figure, value=figure.value * scale, precision=figure.precision * scale)


AMOUNTS = frozenset({"currency", "count", "year", "ratio"})


def _comparable(claimed: Figure, source: Figure) -> tuple[Decimal, Decimal] | None:
    if claimed.kind in AMOUNTS and source.kind in AMOUNTS:
        if claimed.kind == source.kind == "currency" and claimed.unit != source.unit:
            return None
        return claimed.value, source.value
    if claimed.kind in AMOUNTS:
        return None
    if source.kind in ("currency", "year"):
        return None
    mine = claimed.value / 100 if claimed.kind == "basis_points" else claimed.value
    theirs = source.value / 100 if source.kind == "basis_points" else source.value
    return mine, theirs


def _compare(claimed: Figure, source: Figure) -> Literal["literal", "scaled", "rounded"] | None:
    pair = _comparable(claimed, source)
    if pair is None:
        return None
    mine, theirs = abs(pair[0]), abs(pair[1])
    if mine == theirs:
        return "literal" if _bare(claimed.text) == _bare(source.text) else "scaled"
    precision = claimed.precision / 100 if claimed.kind == "basis_points" else claimed.precision
    coarser = source.precision < claimed.precision
    return "rounded" if coarser and _rounds_to(theirs, mine, precision) else None


def _bare(shown: str) -> str:
    return re.sub(r"[^0-9.]", "", shown)


def _rounds_to(exact: Decimal, claimed: Decimal, precision: Decimal) -> bool:
    steps = exact / precision
    return any(steps.quantize(Decimal(1), mode) * precision == claimed for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def _formula(claimed: Figure, first: Figure, second: Figure) -> str | None:
    for formula, value in _results(claimed, first, second):
        if _rounds_to(abs(value), abs(claimed.value), claimed.precision):
            return formula
    return None


def _results(claimed: Figure, first: Figure, second: Figure) -> Iterator[tuple[str, Decimal]]:
    a, b, x, y = first.value, second.value, first.text, second.text
    if claimed.kind == "percent":
        if b:
            yield f"({x} - {y}) / {y}", (a - b) / abs(b) * 100
            yield f"{x} / {y}", a / b * 100
        if a:
            yield f"({y} - {x}) / {x}", (b - a) / abs(a) * 100
            yield f"{y} / {x}", b / a * 100
    if claimed.kind == "ratio":
        yield from ((f"{p} / {q}", v / w) for p, q, v, w in ((x, y, a, b), (y, x, b, a)) if w)
    if _same_measure(claimed, first) and _same_measure(claimed, second):
        yield f"{x} + {y}", a + b
        yield f"{x} - {y}", a - b


def _same_measure(claimed: Figure, source: Figure) -> bool:
    return source.kind != "year" and _comparable(claimed, source) is not None
