import pytest

from app.agents.pyramid.grounding import Ground
from app.agents.pyramid.schemas import Card
from app.convert.document import Page

PAGE = Page(
    number=4,
    markdown=(
        "Consolidated statements (In millions)\n\nThree Months Ended July 1, 2023\n\n"
        "| Total net sales | $ 81,797 |\n| Cost of sales | 45,384 |\n\n"
        "Gross margin percentage was 44.5% under Luca Maestri. Revenue fell (1)% to 1,849.6 million.\n"
    ),
)
CARD = Card(issuer="Apple Inc.", short_name="Apple", period_end="2023-07-01")


@pytest.mark.parametrize(
    ("text", "grounding"),
    [
        ("Apple's total net sales were $81,797 million in the three months ended July 1, 2023.", "grounded"),
        ("Apple's total net sales were $81.797 billion.", "grounded"),
        ("Revenue decreased by 1% to 1.85 billion.", "grounded"),
        ("Apple's total net sales were $81,798 million.", "ungrounded"),
        ("Apple's total net sales were $81,797 million in the three months ended July 2, 2023.", "ungrounded"),
        ("Revenue was 1.86 billion.", "ungrounded"),
        ("The gross margin percentage was 45.4%.", "ungrounded"),
        ("The gross margin percentage of 44.5% was reported by Tim Cook.", "partial"),
        ("The gross margin percentage of 44.5% was reported by Luca Maestri.", "grounded"),
    ],
)
def test_figures_dates_and_names_must_stand_on_the_page(text: str, grounding: str) -> None:
    assert Ground([PAGE], CARD).check(text, 4).grounding == grounding


def test_a_problem_names_the_nearest_figure() -> None:
    verdict = Ground([PAGE], CARD).check("Apple's total net sales were $81,799 million.", 4)
    assert "81,797" in verdict.problems[0]


def test_an_insight_moves_to_the_page_that_says_it() -> None:
    other = Page(number=5, markdown="There were 161,000 employees.")
    verdict = Ground([PAGE, other], CARD).check("There were 161,000 employees.", 4)
    assert (verdict.grounding, verdict.page) == ("grounded", 5)


def test_a_figure_may_follow_from_two_of_a_line() -> None:
    page = Page(number=1, markdown="Net sales of products were $100 and net sales of services were $80.")
    verdict = Ground([page], Card()).check("Net sales of products and services were $180.", 1)
    assert (verdict.grounding, verdict.formula) == ("derived", "$100 + $80")
