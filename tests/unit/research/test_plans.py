"""How a question is planned without a model."""

import pytest

from app.agents.research.offline import plan
from app.agents.research.prompts import PlanRequest
from tests.unit.research.test_questions import LIBRARY


def planned(question: str) -> list[tuple[str, str]]:
    """Return the sub-questions with their formulas."""
    steps = plan(PlanRequest(question=question, format="answer", documents=LIBRARY)).steps
    return [(step.question, step.formula) for step in steps]


def test_an_open_question_is_answered_with_the_figures_of_what_it_is_about() -> None:
    question = "Why did Apple's inventory levels shift in Q3 2023?"
    assert planned(question) == [(question, ""), ("What was Apple's inventory (Q3 2023)?", "")]


def test_liquidity_and_cash_flow_are_told_by_the_figures_accounts_have_of_them() -> None:
    _, *beside = planned("Discuss Apple's liquidity and cash flow in Q3 2023.")
    assert [text.split("'s ")[1].split(" (")[0] for text, _ in beside] == [
        "net cash from operating activities",
        "net cash from investing activities",
        "net cash from financing activities",
        "cash and cash equivalents",
    ]


@pytest.mark.parametrize(
    "question",
    ["Why did Apple's iPhone revenue fall in Q3 2023?", "Why did Apple's revenue from services rise in Q3 2023?"],
)
def test_a_narrower_measure_is_not_told_by_the_whole(question: str) -> None:
    assert planned(question) == [(question, "")]


def test_a_formula_in_a_question_of_two_parts_counts_on_from_the_steps_before() -> None:
    question = "What legal proceedings does Apple disclose in Q3 2023, and what was its operating margin?"
    steps = planned(question)
    assert [formula for _, formula in steps] == ["", "q3 / q4", "", ""]
    assert steps[2][0] == "What was operating income (Apple, Q3 2023)?"


def test_what_an_open_question_is_answered_with_beside_is_not_missed_where_there_is_none() -> None:
    request = PlanRequest(question="Why did Apple's operating expenses grow?", format="answer", documents=LIBRARY)
    asked, *beside = plan(request).steps
    assert not asked.beside
    assert beside
    assert all(step.beside for step in beside)
