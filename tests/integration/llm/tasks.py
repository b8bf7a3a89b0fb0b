"""Tasks for tests of the model layer."""

from typing import Literal

from pydantic import BaseModel

from app.llm.prompting import delimit
from app.llm.task import Task


class Question(BaseModel):
    text: str = "How many pages are there?"
    highest: int = 100


class Answer(BaseModel):
    reason: str
    verdict: Literal["yes", "no", "unknown"]
    pages: int
    notes: list[str] = []


class Essay(BaseModel):
    text: str
    language: str = "en"


def check_answer(question: Question, answer: Answer) -> list[str]:
    if answer.pages > question.highest:
        return [f"pages: {answer.pages} is more than there are ({question.highest})"]
    return []


JUDGE = Task(
    name="test.judge",
    version=1,
    role="judge",
    instructions="Judge the text.",
    input=Question,
    output=Answer,
    render=lambda question: delimit(question.text, "question"),
    check=check_answer,
    max_output_tokens=500,
)

WRITE = Task(
    name="test.write",
    version=1,
    role="writer",
    instructions="Write about the text.",
    input=Question,
    output=Essay,
    render=lambda question: delimit(question.text, "question"),
    prose_field="text",
)

GOOD = '{"reason": "counted", "verdict": "yes", "pages": 7, "notes": []}'
