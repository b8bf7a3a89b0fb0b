"""Answers of the offline engine on a small library in the real store."""

import pytest
import pytest_asyncio

from app.db import Sessions
from app.errors import NotFound
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


async def test_a_change_is_computed_and_shown_with_both_figures(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, "How has Apple's total net sales changed over time?")
    assert "fell by $13,039 million (13.7%), from $94,836 million" in output.answer
    assert {s.filename for s in output.sources} == {"2023 Q2 AAPL.pdf", "2023 Q3 AAPL.pdf"}
    assert (output.not_supported, output.rejected) == ([], 0)


async def test_two_companies_are_set_side_by_side(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, "What was the revenue of Apple and Microsoft in the latest quarter?")
    assert "exceeded Microsoft's total revenue" in output.answer
    assert "$28,940 million" in output.answer


async def test_an_open_question_lists_what_each_document_says(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, "What legal proceedings are disclosed in these 10-Qs?")
    assert len(output.sources) == 3
    assert "Epic Games appealed" in output.answer


@pytest.mark.parametrize(
    "question",
    [
        "Who is Zyler Vance?",
        "who is zyler vance",
        "What was Tesla's revenue in Q3 2023?",
        "What were Apple's total net sales in the three months ended March 30, 2019?",
        "How much did Apple earn from Bitcoin mining in Q3 2023?",
        "How many employees does Microsoft have in Iceland?",
        "What is the boiling point of water?",
        "What is the capital of Mongolia?",
        "Which colour is the logo of Nestlé?",
        "How does photosynthesis work?",
        "What did Apple say about its plans for 2031?",
    ],
)
async def test_what_the_collection_does_not_have_gets_no_prose(sessions: Sessions, question: str) -> None:
    output, _ = await research(sessions, EMBEDDER, question)
    assert (output.answer, output.citations, output.findings) == ("Not in this collection.", [], [])
    assert output.unanswered == [question]


async def test_a_report_has_a_section_for_each_sub_question(sessions: Sessions) -> None:
    question = "What were Apple's total net sales in Q3 2023 and what legal proceedings does Apple disclose?"
    output, said = await research(sessions, EMBEDDER, question, format="report")
    assert output.answer.count("\n## ") == 2
    assert len({e["key"] for e in said if e["type"] == "research.section_written"}) == 2


async def test_what_can_be_asked_is_answered_from_the_abstracts(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, "What can I ask this collection?")
    assert len(output.sources) == 3


async def test_a_search_may_be_limited_to_documents(sessions: Sessions) -> None:
    every, _ = await research(sessions, EMBEDDER, "Which legal proceedings are there?")
    chosen = next(s.document_id for s in every.sources if s.filename == "2023 Q3 MSFT.pdf")
    only, _ = await research(sessions, EMBEDDER, "Which legal proceedings are there?", document_ids=[str(chosen)])
    assert [s.filename for s in only.sources] == ["2023 Q3 MSFT.pdf"]


async def test_an_unknown_collection_is_named(sessions: Sessions) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        await research(sessions, EMBEDDER, "What is in it?", collection="nowhere")


async def test_what_is_not_there_is_said_in_the_language_of_the_question(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, "Wer ist Zyler Vance und was hat er gesagt?")
    assert output.answer == "Nicht in dieser Sammlung."


async def test_a_share_is_computed_and_its_arithmetic_shown(sessions: Sessions) -> None:
    question = "What share of Apple's total net sales came from iPhone in the three months ended July 1, 2023?"
    output, _ = await research(sessions, EMBEDDER, question)
    assert "48.5% = $39,669 million ÷ $81,797 million" in output.answer
    assert (output.not_supported, output.unanswered) == ([], [])


async def test_a_formula_without_one_of_its_figures_shows_the_others_and_names_what_is_missing(
    sessions: Sessions,
) -> None:
    question = "What was Apple's operating margin in the three months ended July 1, 2023?"
    output, _ = await research(sessions, EMBEDDER, question)
    assert output.answer.startswith("Apple's total net sales were $81,797 million")
    assert "%" not in output.answer
    assert output.unanswered[0] == question
    assert "operating income" in output.unanswered[1]


async def test_a_difference_without_one_of_its_figures_shows_the_other_and_names_what_is_missing(
    sessions: Sessions,
) -> None:
    question = "How did Apple's total net sales change between the quarters ended July 1, 2023 and December 31, 2022?"
    output, _ = await research(sessions, EMBEDDER, question)
    assert "$81,797 million in the three months ended July 1, 2023" in output.answer
    assert output.unanswered == [f"{question} (nothing for the three months ended December 31, 2022)"]


async def test_a_part_without_an_answer_borrows_nothing_from_the_others(sessions: Sessions) -> None:
    question = "What were Apple's total net sales in the three months ended July 1, 2023, and who audits its accounts?"
    output, _ = await research(sessions, EMBEDDER, question)
    assert output.answer.startswith("Apple's total net sales were $81,797 million")
    assert output.answer.count("[2023 Q3 AAPL.pdf, pg. 4]") == 1
    assert [text.split(" (")[0] for text in output.unanswered] == ["Who audits its accounts"]


async def test_a_period_no_document_has_is_not_answered_with_others(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, "What was Microsoft's total revenue in its June 30, 2023 10-Q?")
    assert (output.answer, output.citations) == ("Not in this collection.", [])
