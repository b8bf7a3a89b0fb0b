"""What a person is told of a value that makes no sense."""

from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.api.wording import explain


class Order(BaseModel):
    """A body with one field of each kind."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("x", min_length=1, max_length=2_000, pattern=r"^[a-z ]*$")
    count: int = Field(1, ge=1, le=200)
    kind: Literal["red", "blue"] = "red"
    id: UUID | None = None
    rows: Annotated[list[bool], Field(min_length=2)] = Field(default=[True, True])
    day: str = ""

    @field_validator("day")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        if value == "soon":
            raise ValueError("a date is written as 2023-07-01")
        return value


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": 3}, "Must be a text."),
        ({"name": ""}, "Must not be empty."),
        ({"name": "x" * 2_001}, "Must have at most 2,000 characters."),
        ({"name": "A"}, "Is not written as it must be: it does not match ^[a-z ]*$"),
        ({"count": "many"}, "Must be a whole number."),
        ({"count": 201}, "Must be at most 200."),
        ({"kind": "green"}, "Must be 'red' or 'blue'."),
        ({"id": "7"}, "Must be an id (a UUID)."),
        ({"rows": [True]}, "Must have at least 2 of these."),
        ({"rows": [True, "perhaps"]}, "Must be true or false."),
        ({"rows": 5}, "Must be a list."),
        ({"day": "soon"}, "A date is written as 2023-07-01."),
        ({"colour": 1}, "There is no such field here."),
        ([], "Must be a JSON object."),
    ],
)
def test_each_kind_of_mistake_is_told_in_a_sentence(given: Any, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate(given)
    assert [explain(dict(error)) for error in caught.value.errors()] == [told]


def test_what_has_no_sentence_of_its_own_is_told_in_pydantics_words() -> None:
    assert explain({"type": "odd", "msg": "something is odd"}) == "Something is odd."
