"""Text made of findings without a model."""

from uuid import uuid4

from app.agents.research.extract import write_extract
from app.agents.research.prompts import GivenFinding, WriteRequest
from app.agents.research.schemas import Finding, PlanStep

STEPS = [PlanStep(id="q1", question="What does Tarn say of revenue?")]
LINE = "Tarn's revenue was $4 million in 2024. [F1]"


def given(id: str, text: str, *steps: str) -> GivenFinding:
    finding = Finding(
        id=id, entry_id=uuid4(), level="insight", document_id=None, filename="tarn.md", pages=[1], text=text,
        sub_questions=list(steps),
    )  # fmt: skip
    return GivenFinding(id=id, finding=finding)


def written(findings: list[GivenFinding], steps: list[PlanStep], computed: dict[str, list[str]] | None = None) -> str:
    question = steps[0].question
    return write_extract(
        WriteRequest(
            question=question, format="answer", title=question, steps=steps, findings=findings, computed=computed or {}
        )
    )


def test_every_sentence_of_a_passage_has_its_citation_and_none_is_said_twice() -> None:
    passage = given("F1", "Revenue was $4 million in 2024. It was $3 million in 2023.", "q1")
    repeat = given("F2", "Revenue was $4 million in 2024.", "q1")
    assert written([passage, repeat], STEPS) == "- Revenue was $4 million in 2024. [F1] It was $3 million in 2023. [F1]"


def test_figures_told_for_one_sub_question_are_not_told_again_for_the_next() -> None:
    steps = [*STEPS, PlanStep(id="q2", question="What was Tarn's revenue?", beside=True)]
    finding = given("F1", "Tarn's revenue was $4 million in 2024.", "q1", "q2")
    assert written([finding], steps, {"q1": [LINE], "q2": [LINE]}) == LINE


def test_a_quotation_that_ends_a_sentence_gets_no_second_stop() -> None:
    assert written([given("F1", "“Tarn sells revenue.”", "q1")], STEPS) == "- “Tarn sells revenue.” [F1]"
