"""Answers of the offline engine on a small library in the real store."""

import pytest_asyncio

from app.db import Sessions
from tests.support.embedders import HashEmbedder
from tests.support.research import publish_library, research

EMBEDDER = HashEmbedder()


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    await publish_library(sessions, EMBEDDER)


async def test_a_fact_question_gets_the_figure_and_the_page(sessions: Sessions) -> None:
    output, _ = await research(
        sessions, EMBEDDER, "What were Apple's total net sales in the three months ended July 1, 2023?"
    )
    assert output.answer == (
        "Apple's total net sales were $81,797 million in the three months ended July 1, 2023. [2023 Q3 AAPL.pdf, pg. 4]"
    )
    assert [c.pages for c in output.citations] == [[4]]
    assert output.plan[0].status == "answered"
