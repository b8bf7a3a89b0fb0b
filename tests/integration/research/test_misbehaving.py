"""A model that lies, loops or says nothing: each run ends within its caps and its report carries none of it."""

from collections.abc import Callable

import pytest
import pytest_asyncio

from app.agents.research.prompts import Assessed, Assessment, AssessRequest, Draft, Plan, WriteRequest
from app.agents.research.schemas import ResearchOutput
from app.db import Sessions
from app.llm.task import OfflineFunction
from tests.support.embedders import HashEmbedder
from tests.support.research import ScriptedModels, publish_library, research

EMBEDDER = HashEmbedder()
QUESTION = "What were Apple's total net sales in the three months ended July 1, 2023?"
TRUE = "Apple's total net sales were $81,797 million in the three months ended July 1, 2023 [F1]."


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    await publish_library(sessions, EMBEDDER)


def saying(text: str) -> Callable[[WriteRequest], Draft]:
    return lambda _: Draft(text=text)


def never_enough(request: AssessRequest) -> Assessment:
    useful = [g.id for g in request.findings]
    return Assessment(
        steps=[Assessed(step=s.id, status="missing", useful=useful, terms=["more"]) for s in request.steps]
    )


async def ask(sessions: Sessions, **functions: OfflineFunction) -> tuple[ResearchOutput, ScriptedModels]:
    models = ScriptedModels({f"research.{name}": function for name, function in functions.items()})
    output, _ = await research(sessions, EMBEDDER, QUESTION, models=models)
    return output, models


@pytest.mark.parametrize(
    ("lie", "trace"),
    [
        ("Apple's sales were splendid in that quarter [F99].", "splendid"),
        ("Apple's total net sales were $81,798 million in that quarter [F1].", "81,798"),
        ('Apple said that "our sales have never been better" [F1].', "never been better"),
        ("Apple's sales were splendid [Annual report, pg. 7].", "splendid"),
        ("Apple's total net sales were $81,797 million in 2031 [F1].", "2031"),
        (
            "Apple's total net sales were $82,959 million in the three months ended July 1, 2023 [F1, F2].",
            "82,959 million in the three months ended July 1, 2023",
        ),
        ("Everybody knows that Apple sells many phones.\n", "Everybody"),
    ],
    ids=[
        "unknown id",
        "changed digit",
        "invented quote",
        "invented source",
        "invented year",
        "figure of another period",
        "no citation",
    ],
)
async def test_a_lie_is_taken_out_and_listed(sessions: Sessions, lie: str, trace: str) -> None:
    text = f"{TRUE}\n\n{lie}"
    output, models = await ask(sessions, write=saying(text), repair=saying(text))
    assert "$81,797 million in the three months ended July 1, 2023 [2023 Q3 AAPL.pdf, pg. 4]" in output.answer
    assert trace not in output.answer
    assert [trace in n.text for n in output.not_supported] == [True]
    assert output.rejected == 1
    assert [name for name, _ in models.asked].count("research.repair") == 1


async def test_a_lie_that_is_corrected_when_told_is_not_listed(sessions: Sessions) -> None:
    output, _ = await ask(sessions, write=saying("Sales were $5 million [F1]."), repair=saying(TRUE))
    assert "$81,797 million" in output.answer
    assert output.not_supported == []


async def test_only_lies_give_no_prose_at_all(sessions: Sessions) -> None:
    text = "Sales were $5 million [F1]."
    output, _ = await ask(sessions, write=saying(text), repair=saying(text))
    assert (output.answer, output.citations) == ("Not in this collection.", [])
    assert output.unanswered == [QUESTION]


async def test_a_model_that_never_has_enough_is_stopped_by_the_caps(sessions: Sessions) -> None:
    output, models = await ask(sessions, assess=never_enough, write=saying(TRUE))
    assert output.usage.rounds <= 3
    assert [name for name, _ in models.asked].count("research.assess") <= 3
    assert "$81,797 million" in output.answer


async def test_the_same_search_is_never_run_twice(sessions: Sessions) -> None:
    models = ScriptedModels({"research.assess": never_enough, "research.write": saying(TRUE)})
    _, said = await research(sessions, EMBEDDER, QUESTION, models=models, rounds=10)
    keys = [event["key"] for event in said if event["type"] == "research.searched"]
    assert len(keys) == len(set(keys))


async def test_an_empty_plan_means_the_question_itself(sessions: Sessions) -> None:
    output, _ = await ask(sessions, plan=lambda _: Plan(steps=[]))
    assert [step.question for step in output.plan] == [QUESTION]
    assert "$81,797 million" in output.answer


async def test_a_run_without_tokens_left_still_ends_with_what_it_has(sessions: Sessions) -> None:
    models = ScriptedModels()
    output, _ = await research(sessions, EMBEDDER, QUESTION, models=models, budget={"tokens": 1000})
    assert "$81,797 million" in output.answer
    assert "research.assess" not in [name for name, _ in models.asked]
