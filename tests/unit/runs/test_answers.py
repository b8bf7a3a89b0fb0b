"""Answers that do not fit their question are told in plain words."""

from typing import Any

import pytest

from app.agents.debate.nodes import ANSWER_SCHEMA
from app.errors import Invalid
from app.runs.answers import check_answer

COLOUR = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}


@pytest.mark.parametrize(
    ("schema", "answer", "pointer", "told"),
    [
        (COLOUR, {}, "", "colour is missing."),
        (COLOUR, {"colour": "green"}, "/colour", "Must be red or blue."),
        (COLOUR, "red", "", "Must be a JSON object."),
        (ANSWER_SCHEMA, {}, "", "text is missing. Or: forfeit is missing."),
        (ANSWER_SCHEMA, {"text": 3}, "/text", "Must be a text."),
        (ANSWER_SCHEMA, {"text": "Yes.", "words": 1}, "", "words is not known here; known are text and forfeit."),
        ({"type": "object", "properties": {"a/b": {"type": ["integer", "null"]}}}, {"a/b": "x"}, "/a~1b", "whole"),
        ({"type": "array", "minItems": 1}, [], "", "[] should be non-empty."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(schema: Any, answer: Any, pointer: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_answer(schema, answer)
    (error,) = refused.value.errors
    assert error.pointer == pointer
    assert told in error.detail


@pytest.mark.parametrize("answer", [{"text": "We say no."}, {"forfeit": True}])
def test_fitting_answer_passes(answer: dict[str, Any]) -> None:
    check_answer(ANSWER_SCHEMA, answer)


def test_question_without_schema_takes_any_answer() -> None:
    check_answer(None, ["anything"])
