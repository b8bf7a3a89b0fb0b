"""The check of a text against what it may cite."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.agents.research.citations import Given, find_problems, list_ids, render_citations, settle
from app.knowledge.claims.types import Slot

GIVEN = {
    "F1": Given(
        id="F1",
        text="Apple's total net sales were $81,797 million in the three months ended July 1, 2023.",
        passage="Total net sales 81,797",
        filename="2023 Q3 AAPL.pdf",
        pages=(4,),
    ),
    "F2": Given(
        id="F2",
        text="Apple's total net sales were $82,959 million in the three months ended June 25, 2022.",
        filename="2022 Q3 AAPL.pdf",
        pages=(4, 5),
    ),
}
TRUE = "Apple's total net sales were $81,797 million in the three months ended July 1, 2023 [F1]."


def reasons(text: str) -> list[str]:
    return [problem.reason for problem in find_problems(text, GIVEN)]


def test_a_sentence_that_says_what_it_cites_holds() -> None:
    assert reasons(TRUE) == []


def test_a_figure_rounded_to_its_own_precision_holds() -> None:
    assert reasons("Net sales came to $81.8 billion [F1].") == []
    assert reasons("Net sales came to $81.9 billion [F1].") == ['The figure "$81.9 billion" is not in what it cites.']


def test_a_difference_holds_only_beside_both_its_figures() -> None:
    assert reasons("Sales fell by $1,162 million (1.4%) from $82,959 million to $81,797 million [F1, F2].") == []
    assert reasons("Sales fell by $1,162 million [F1, F2].") != []


def test_a_figure_without_a_citation_of_its_own_fails() -> None:
    assert reasons("Sales were $81,797 million. They were reported by Apple [F1].") == [
        'The figure "$81,797 million" has no citation.'
    ]


def test_a_figure_in_another_unit_fails() -> None:
    assert reasons("Sales grew by 81,797% [F1].") != []
    assert reasons("Sales were €81,797 million [F1].") != []


def test_a_date_or_year_that_is_not_cited_fails() -> None:
    assert reasons("Sales were $81,797 million in the three months ended July 2, 2023 [F1].") != []
    assert reasons("Sales were $81,797 million in 2031 [F1].") != []


def test_a_quote_must_be_word_for_word() -> None:
    assert reasons('It says "total net sales were $81,797 million" [F1].') == []
    assert reasons('It says "total net sales were splendid" [F1].') != []


def net_sales(id: str, millions: int, period: str, words: str) -> Given:
    """Return what a writer was given about Apple's net sales, with its slot."""
    shown = f"${millions:,} million"
    slot = Slot(
        entity="Apple",
        measure="total net sales",
        value=Decimal(millions) * 10**6,
        unit="USD",
        period=period,
        shown=shown,
    )
    text = f"Apple's total net sales were {shown} in {words}."
    return Given(id=id, text=text, filename="2023 Q3 AAPL.pdf", pages=(4,), slots=(slot,))


TWO_YEARS = {
    "F1": net_sales("F1", 81797, "3m:2023-07-01", "the three months ended July 1, 2023"),
    "F2": net_sales("F2", 82959, "3m:2022-06-25", "the three months ended June 25, 2022"),
    "F3": Given(id="F3", text="Foreign currencies had an unfavorable impact on net sales of Apple in 2023."),
    "F4": Given(id="F4", text="Sales of iPhone increased in 2023 because of the new models."),
}


def test_a_cited_figure_of_another_period_is_refuted_by_the_claim_checker() -> None:
    swapped = "Apple's total net sales were $82,959 million in the three months ended July 1, 2023 [F1, F2]."
    (problem,) = find_problems(swapped, TWO_YEARS)
    assert problem.reason == (
        "What it cites refutes it: $82,959 million is claimed; [2023 Q3 AAPL.pdf, pg. 4] has $81,797 million."
    )


@pytest.mark.parametrize(
    ("sentence", "refuted"),
    [
        ("Sales of iPhone increased in 2023 because of the new models [F4].", False),
        ("Sales of iPhone decreased in 2023 because of the new models [F4].", True),
        ("Foreign currencies had no unfavorable impact on net sales of Apple in 2023 [F3].", True),
        ("Foreign currencies weighed on the net sales of Apple in 2023 [F3].", False),
    ],
)
def test_a_statement_that_turns_its_source_round_is_refuted(sentence: str, refuted: bool) -> None:
    assert bool(find_problems(sentence, TWO_YEARS)) == refuted


def test_figures_of_two_periods_in_their_places_are_not_refuted() -> None:
    said = (
        "Apple's total net sales fell from $82,959 million in the three months ended June 25, 2022 to $81,797 million"
    )
    assert find_problems(f"{said} in the three months ended July 1, 2023 [F1, F2].", TWO_YEARS) == []


def test_sources_that_were_not_given_fail_however_they_are_written() -> None:
    for shown in ("[F9]", "[other.pdf, pg. 4]", "[12]", "[a report](https://example.org)", "https://example.org"):
        assert reasons(f"Apple did well in that quarter {shown}.") != [], shown


def test_prose_without_any_citation_fails() -> None:
    assert reasons("Apple did very well in that quarter.") == ["It has no citation."]


def test_settling_keeps_words_whose_known_citation_carries_them() -> None:
    settled = settle("Apple's total net sales were $81,797 million [F1, F9].", GIVEN)
    assert settled.text == "Apple's total net sales were $81,797 million [F1]."
    assert settled.corrected == 1


def test_settling_takes_out_sentences_rows_and_empty_headings() -> None:
    text = f"# Sales\n\n{TRUE} They were 5 million [F1].\n\n## Other\n\n- Costs were 7 million [F2].\n"
    settled = settle(text, GIVEN)
    assert settled.text == f"# Sales\n\n{TRUE}"
    assert len(settled.removed) == 2


def test_citations_are_shown_as_file_and_page() -> None:
    assert render_citations("So [F1, F2].", GIVEN) == "So [2023 Q3 AAPL.pdf, pg. 4][2022 Q3 AAPL.pdf, pg. 4-5]."


@given(place=st.integers(0, 4), digit=st.integers(0, 9))
def test_a_changed_digit_is_always_caught(place: int, digit: int) -> None:
    digits = "81797"
    changed = digits[:place] + str(digit) + digits[place + 1 :]
    shown = f"{changed[:2]},{changed[2:]}"
    caught = bool(reasons(f"Apple's total net sales were ${shown} million [F1]."))
    assert caught == (changed != digits)


@settings(max_examples=200)
@given(st.text(alphabet="F0123456789[],; .ab\n|#-", max_size=80))
def test_unknown_ids_never_survive(text: str) -> None:
    settled = settle(text, GIVEN).text
    assert set(list_ids(settled)) <= set(GIVEN)
    assert find_problems(settled, GIVEN) == []


EQUATION = {
    "F1": Given(id="F1", text="iPhone net sales were $39,669 million."),
    "F2": Given(id="F2", text="Total net sales were $81,797 million."),
}


def test_a_figure_that_follows_from_cited_ones_by_the_arithmetic_shown_holds() -> None:
    assert find_problems("Computed: 48.5% = $39,669 million ÷ $81,797 million [F1, F2].", EQUATION) == []


@pytest.mark.parametrize(
    "text",
    [
        "Computed: 49.5% = $39,669 million ÷ $81,797 million [F1, F2].",
        "Computed: 48.5% = $39,669 million ÷ $81,797 million [F1].",
        "Computed: 0.97 = $39,669 million ÷ $81,797 million × 2 [F1, F2], or 99% of it.",
        "Computed: 24.2% = $39,669 million ÷ ($81,797 million plus $82,000 million) [F1, F2].",
    ],
)
def test_arithmetic_proves_nothing_that_does_not_follow_or_is_not_cited(text: str) -> None:
    assert len(find_problems(text, EQUATION)) == 1
