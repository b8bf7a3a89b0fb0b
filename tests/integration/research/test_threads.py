"""Follow-up questions: what the thread knows is looked at first, and a question may lean on the one before."""

from collections.abc import Sequence

import pytest
import pytest_asyncio

from app.agents.research.schemas import ResearchOutput
from app.db import Json, Sessions
from tests.support.embedders import HashEmbedder
from tests.support.research import publish_library, research

EMBEDDER = HashEmbedder()
FIRST = "What were Apple's total net sales in the three months ended July 1, 2023?"


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    await publish_library(sessions, EMBEDDER)


async def ask(sessions: Sessions, *questions: str) -> list[tuple[ResearchOutput, Sequence[Json]]]:
    """Ask questions one after another in one thread."""
    asked: list[tuple[ResearchOutput, Sequence[Json]]] = []
    for question in questions:
        earlier = [output.model_dump(mode="json") for output, _ in asked]
        asked.append(await research(sessions, EMBEDDER, question, earlier=earlier))
    return asked


@pytest.mark.parametrize(
    ("follow_up", "stood_for", "figure"),
    [
        ("And in the year before?", "Q3 2022", "$82,959 million"),
        ("and in the quarter before?", "the three months ended April 1, 2023", "$94,836 million"),
        ("What about the three months ended June 25, 2022?", "the three months ended June 25, 2022", "$82,959 million"),
        ("And its iPhone net sales?", "July 1, 2023", "$39,669 million"),
    ],
)
async def test_a_follow_up_leans_on_the_question_before(
    sessions: Sessions, follow_up: str, stood_for: str, figure: str
) -> None:
    _, (output, _) = await ask(sessions, FIRST, follow_up)
    assert stood_for in output.plan[0].question
    assert figure in output.answer


async def test_a_follow_up_about_another_company_keeps_the_measure(sessions: Sessions) -> None:
    _, (output, _) = await ask(sessions, "What was Apple's revenue in the latest quarter?", "And Microsoft?")
    assert "$52,857 million" in output.answer


async def test_a_follow_up_may_ask_for_the_latest_period(sessions: Sessions) -> None:
    _, (output, _) = await ask(sessions, FIRST, "And Microsoft in its latest quarter?")
    assert "$52,857 million" in output.answer


async def test_a_follow_up_takes_fewer_searches_and_says_what_it_recalled(sessions: Sessions) -> None:
    (first, _), (second, said) = await ask(sessions, FIRST, "And in the three months ended June 25, 2022?")
    assert second.usage.searches == 1 < first.usage.searches
    recalled = next(event for event in said if event["type"] == "research.recalled")
    assert recalled["data"] == {"questions": [FIRST], "findings": len(first.findings)}
    assert second.usage.reused_findings > 0


async def test_what_the_thread_does_not_know_is_searched(sessions: Sessions) -> None:
    _, (output, _) = await ask(sessions, FIRST, "What legal proceedings does Microsoft disclose?")
    assert "patents" in output.answer
    assert output.usage.searches > 1


async def test_a_third_question_leans_on_the_second(sessions: Sessions) -> None:
    asked = await ask(sessions, FIRST, "And in the quarter before?", "And its iPhone net sales?")
    assert "$51,334 million" in asked[2][0].answer


async def test_a_question_that_stands_alone_is_left_as_it_is(sessions: Sessions) -> None:
    question = "What was Microsoft's total revenue in the three months ended March 31, 2023?"
    _, (output, _) = await ask(sessions, FIRST, question)
    assert output.plan[0].question == question
