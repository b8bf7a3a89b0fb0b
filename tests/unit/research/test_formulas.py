"""Questions whose answer is computed: the formula read, the arithmetic verified."""

import pytest

from app.agents.research.arithmetic import find_equations
from app.agents.research.formulas import Term, find_formula

REVENUE = Term(measure="revenue", period="FY2019")


@pytest.mark.parametrize(
    ("question", "expression", "measures"),
    [
        ("What was Apple's operating margin in Q3 2023?", "q2 / q3", ["operating income", "total revenue"]),
        ("What is the ratio of total debt to total assets?", "q2 / q3", ["total debt", "total assets"]),
        (
            "What share of Halden's net sales came from detectors?",
            "q2 / q3",
            ["detectors Halden's net sales", "Halden's net sales"],
        ),
        ("What was capex as a % of revenue in 2023?", "q2 / q3", ["capex", "revenue in 2023"]),
        (
            "What is the FY2018 - FY2019 two year average net margin?",
            "((q2 / q3) + (q4 / q5)) / 2",
            ["net income", "total revenue", "net income", "total revenue"],
        ),
    ],
)
def test_shares_ratios_and_margins_are_read(question: str, expression: str, measures: list[str]) -> None:
    formula = find_formula(question, question)
    assert formula is not None
    assert formula.expression == expression
    assert [term.measure for term in formula.terms] == measures


def test_a_definition_in_the_question_is_followed() -> None:
    asked = "What is the FY2019 asset turnover?"
    defined = "Asset turnover is defined as: FY2019 revenue / (average total assets between FY2018 and FY2019)."
    formula = find_formula(f"{asked} {defined}", asked)
    assert formula is not None
    assert formula.expression == "q2 / (((q3 + q4) / 2))"
    assert formula.terms[0] == REVENUE
    assert [term.period for term in formula.terms] == ["FY2019", "FY2018", "FY2019"]


@pytest.mark.parametrize(
    "question",
    [
        "What was Apple's revenue in Q3 2023?",
        "Which risks are defined as high?",
        "How does the revenue from new product launches compare with its marketing and advertising expenses?",
    ],
)
def test_other_questions_have_no_formula(question: str) -> None:
    assert find_formula(question, question) is None


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("25.9% = $21,213 million ÷ $81,797 million.", True),
        ("25.8% = $21,213 million ÷ $81,797 million.", False),
        ("24.26 = $6,489 million ÷ (($282 million plus $253 million) ÷ 2).", True),
        ("$8,000 million = $18,000 million minus $10,000 million.", True),
        ("$8,001 million = $18,000 million minus $10,000 million.", False),
    ],
)
def test_arithmetic_is_verified_at_its_own_precision(sentence: str, holds: bool) -> None:
    assert [equation.holds for equation in find_equations(sentence)] == [holds]
