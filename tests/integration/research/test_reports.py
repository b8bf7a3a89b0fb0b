"""Reports: told section by section, with figures side by side and contradictions that touch what is cited."""

import pytest_asyncio

from app.agents.research import AGENT
from app.db import Sessions
from tests.support.embedders import HashEmbedder
from tests.support.research import publish_library, research

EMBEDDER = HashEmbedder()
QUESTION = "How has Apple's total net sales changed over time, and what legal proceedings does Apple disclose?"


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    await publish_library(sessions, EMBEDDER)


async def test_each_section_is_told_when_it_is_written(sessions: Sessions) -> None:
    output, said = await research(sessions, EMBEDDER, QUESTION, format="report")
    types = [event["type"] for event in said]
    first, last = types.index("research.section_written"), types.index("research.checked")
    assert types.index("research.planned") < first < last
    written = [event["data"] for event in said if event["type"] == "research.section_written"]
    assert all(section["text"] in output.answer for section in written)


async def test_figures_of_several_periods_stand_side_by_side(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, QUESTION, format="report")
    assert "| the three months ended July 1, 2023 | $81,797 million [2023 Q3 AAPL.pdf, pg. 4] |" in output.answer
    assert (output.not_supported, output.rejected) == ([], 0)


async def test_a_report_is_printed_with_its_tables_and_sources(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, QUESTION, format="report")
    page = AGENT.renderers["text/html"](output)
    assert "<td>$94,836 million [2023 Q2 AAPL.pdf, pg. 3]</td>" in page
    assert "<h2>Sources</h2>" in page
    assert "\n## Sources\n" in AGENT.renderers["text/markdown"](output)
