from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from app.llm.structured import find_objects, parse_answer, parse_prose, strict_schema, strip_reasoning
from app.llm.task import Task


class Asked(BaseModel):
    known: list[str] = ["a"]


class Inner(BaseModel):
    title: str = Field("none", max_length=10)


class Found(BaseModel):
    id: str
    kind: Literal["fact", "opinion"] = "fact"
    inner: Inner | None = None


def check(asked: Asked, found: Found) -> list[str]:
    return [] if found.id in asked.known else [f"id: {found.id} is not known"]


TASK = Task(
    name="t",
    version=1,
    role="r",
    instructions="",
    input=Asked,
    output=Found,
    render=lambda asked: "",
    check=check,
)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a"}',
        '```json\n{"id": "a"}\n```',
        '<think>is it {"id": "b"}? no</think>{"id": "a"}',
        'so it is {"id": "b"}, hm</think>\n{"id": "a"}',
        'Here you are:\n{"id": "a"}\nAnything else?',
        'The set {x | x > 0} aside: {"id": "a"}',
        'First I thought {"id": "b"} but it is {"id": "a"}.',
        '{"id": "a", "kind": "fact", "extra": "<think>"}',
        '{"id": "a", "inner": {"title": "line\nbreak"}}',
    ],
)
def test_the_object_is_found_in_what_models_write(text: str) -> None:
    parsed = parse_answer(TASK, Asked(), text)
    assert parsed.output is not None
    assert parsed.output.id == "a"


@pytest.mark.parametrize(
    ("text", "error", "found"),
    [
        ("", "The answer is empty.", False),
        ("I can't.", "The answer has no JSON object.", False),
        ('{"id": "a", "inner": {"title"', "The JSON object is not complete or not valid JSON.", False),
        ('{"id": "z"}', "id: z is not known", True),
        (
            '{"id": "a", "kind": "rumour"}',
            "kind: Input should be 'fact' or 'opinion' (got 'rumour')",
            True,
        ),
        ("{}", "id: Field required (got {})", True),
        ("<think>{", "The JSON object is not complete or not valid JSON.", False),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, error: str, found: bool) -> None:
    parsed = parse_answer(TASK, Asked(), text)
    assert (parsed.output, parsed.errors, parsed.found) == (None, [error], found)


def test_reasoning_that_never_ends_leaves_nothing() -> None:
    assert strip_reasoning("<think>on and on") == ""


def test_many_braces_end_the_search_soon() -> None:
    assert list(find_objects("{" * 100_000)) == []


def test_prose_loses_its_reasoning_and_fence() -> None:
    class Text(BaseModel):
        text: str

    task: Task[Asked, Text] = Task(
        name="t",
        version=1,
        role="r",
        instructions="",
        input=Asked,
        output=Text,
        render=lambda asked: "",
        prose_field="text",
    )
    parsed = parse_prose(task, Asked(), "<think>x</think>\n```markdown\n# Title\n```")
    assert parsed.output == Text(text="# Title")
    assert parse_prose(task, Asked(), "<think>x</think>").errors == ["The answer is empty."]


def test_the_strict_schema_closes_objects_and_requires_all_fields() -> None:
    schema = strict_schema(Found)
    inner: dict[str, Any] = schema["$defs"]["Inner"]
    assert schema["required"] == ["id", "kind", "inner"]
    assert inner == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
