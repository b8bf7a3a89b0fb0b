from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.figures import Figure, derive_figure, find_figures, find_scales, match_figure, normal_forms

READ = {
    "$81,797 million": [("81797000000", "currency", "USD")],
    "(1,234)": [("-1234", "count", "")],
    "$(1,234)": [("-1234", "currency", "USD")],
    "($1,234)": [("-1234", "currency", "USD")],
    "(5)%": [("-5", "percent", "percent")],
    "(5.2%)": [("-5.2", "percent", "percent")],
    "−5.2%": [("-5.2", "percent", "percent")],
    "3.5 percent": [("3.5", "percent", "percent")],
    "10% to 12%": [("10", "percent", "percent"), ("12", "percent", "percent")],
    "5-7%": [("5", "percent", "percent"), ("7", "percent", "percent")],
    "$10–12 million": [("10000000", "currency", "USD"), ("12000000", "count", "")],
    "$1.5 to $2.0 billion": [("1500000000", "currency", "USD"), ("2000000000", "currency", "USD")],
    "1.5-2.5x": [("1.5", "ratio", "x"), ("2.5", "ratio", "x")],
    "50 basis points": [("50", "basis_points", "basis_points")],
    "25bps": [("25", "basis_points", "basis_points")],
    "2.5 times": [("2.5", "ratio", "x")],
    "$5M and 300K": [("5000000", "currency", "USD"), ("300000", "count", "")],
    "US$5.5bn": [("5500000000", "currency", "USD")],
    "€1,000": [("1000", "currency", "EUR")],
    "5 million dollars": [("5000000", "currency", "USD")],
    "1.234.567,89 EUR": [("1234567.89", "currency", "EUR")],
    "1.234,50 EUR": [("1234.50", "currency", "EUR")],
    "12,5 % und 4,50 EUR.": [("12.5", "percent", "percent"), ("4.50", "currency", "EUR")],
    "1,2,3 and 09:30:05 and a ratio of 0.91:1": [("1", "count", "")],
    "1\u202f234\u202f567": [("1234567", "count", "")],
    "12,34,567": [("1234567", "count", "")],
    ".81": [("0.81", "count", "")],
    "81,797(2)": [("81797", "count", "")],
    "Net sales (1) of 81,797²": [("81797", "count", "")],
    "| (5) | (2,300) |": [("-5", "count", ""), ("-2300", "count", "")],
    "in 2023 we sold 2,023 cars": [("2023", "year", ""), ("2023", "count", "")],
    "on July 1, 2023 there were 3 stores": [("3", "count", "")],
    "Form 10-K, COVID-19, a 401(k) plan, Item 1A, see [12]": [],
    "(1) the first, (2) the second": [],
}


@pytest.mark.parametrize("text", READ)
def test_numbers_are_read_with_sign_scale_and_kind(text: str) -> None:
    expected = [(Decimal(value), kind, unit) for value, kind, unit in READ[text]]
    assert [(f.value, f.kind, f.unit) for f in find_figures(text)] == expected


def one(text: str, scale: int = 1) -> Figure:
    (figure,) = find_figures(text, scale=scale)
    return figure


def test_a_table_scale_leaves_percents_years_and_scaled_words_alone() -> None:
    values = [f.value for f in find_figures("5 and 5% in 2023 and 5 billion", scale=10**6)]
    assert values == [5 * 10**6, 5, 2023, 5 * 10**9]


def test_the_scale_of_a_table_is_read_from_its_note() -> None:
    note = "(In millions, except number of shares, which are reflected in thousands, and per-share amounts)"
    assert find_scales(note) == [10**6, 10**3]
    assert find_scales("(dollars in billions)") == [10**9]


@pytest.mark.parametrize(
    ("claim", "source", "how"),
    [
        ("$81,797 million", "$81,797 million", "literal"),
        ("$14.968 billion", "$14,968 million", "scaled"),
        ("1.85 billion", "1,849.6 million", "rounded"),
        ("0.5%", "50 basis points", "scaled"),
        ("5%", "(5)%", "literal"),
        ("0.81", "0.78", None),
        ("1.86 billion", "1,849.6 million", None),
        ("1,849.6 million", "1.85 billion", None),
        ("$5", "€5", None),
        ("5%", "$5", None),
        ("$81,796 million", "$81,797 million", None),
    ],
)
def test_a_claim_matches_at_its_own_precision_only(claim: str, source: str, how: str | None) -> None:
    match = match_figure(one(claim), [one(source)])
    assert (match.how if match else None) == how


def test_the_same_digits_are_preferred_to_the_same_value() -> None:
    match = match_figure(one("$14,968 million"), [one("14.968 billion"), one("14,968 million")])
    assert match is not None
    assert match.source.text == "14,968 million"


@pytest.mark.parametrize(
    ("claim", "formula"),
    [
        ("$180", "100 + 80"),
        ("$20", "100 - 80"),
        ("25%", "(100 - 80) / 80"),
        ("1.25x", "100 / 80"),
        ("$21", None),
    ],
)
def test_a_figure_may_follow_from_two_others(claim: str, formula: str | None) -> None:
    derivation = derive_figure(one(claim), find_figures("100 against 80"))
    assert (derivation.formula if derivation else None) == formula


def test_numbers_have_one_lexical_token_however_they_are_written() -> None:
    assert normal_forms("$14,968 million") == normal_forms("14.968 billion") == ["14968000000"]
    assert normal_forms("3.5% or 350 basis points in 2023") == ["3.5%"]


@given(st.integers(0, 10**12), st.integers(0, 4), st.booleans())
def test_every_amount_is_read_back(number: int, decimals: int, negative: bool) -> None:
    value = Decimal(number).scaleb(-decimals)
    figure = one(f"$({value:,f})" if negative else f"${value:,f}")
    assert figure.value == (-value if negative else value)


@given(st.integers(1, 10**9), st.integers(0, 8), st.integers(1, 9))
def test_a_changed_digit_never_matches(number: int, place: int, step: int) -> None:
    digits = f"{number:09d}"
    changed = digits[:place] + str((int(digits[place]) + step) % 10) + digits[place + 1 :]
    assert match_figure(one(f"${int(changed):,}"), [one(f"${number:,}")]) is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_error(text: str) -> None:
    for figure in find_figures(text):
        assert figure.text in text
        assert 0 <= figure.start < figure.end <= len(text)
