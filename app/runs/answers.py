"""Whether an answer fits the question a run waits with, told in words a person can act on."""

from collections.abc import Iterable, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.db import Json
from app.errors import FieldError, Invalid

TYPES = {
    "object": "a JSON object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def check_answer(schema: Json | None, answer: Any) -> None:
    """Do nothing when the answer fits the question's schema. Raises Invalid with everything that is wrong."""
    found = [] if schema is None else list(Draft202012Validator(schema).iter_errors(answer))
    if found:
        errors = tuple(FieldError(pointer=_point(error), detail=explain(error)) for error in found)
        raise Invalid("This does not answer the question.", errors=errors)


def explain(error: ValidationError) -> str:
    """Return a sentence on what is wrong; the validator's own words where there are no better ones."""
    wanted: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "type":
            return f"Must be {_join(TYPES.get(name, name) for name in _listed(wanted))}."
        case "required":
            missing = [name for name in wanted if name not in _given(error)]
            return f"{_join(missing)} is missing."
        case "additionalProperties":
            unknown = [name for name in _given(error) if name not in schema["properties"]]
            return f"{_join(unknown)} is not known here; known are {_join(schema['properties'], 'and')}."
        case "enum":
            return f"Must be {_join(map(str, wanted))}."
        case "anyOf" | "oneOf":
            return " Or: ".join(dict.fromkeys(explain(part) for part in error.context or ()))
    return f"{error.message[:1].upper()}{error.message[1:]}."


def _point(error: ValidationError) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.absolute_path)


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _given(error: ValidationError) -> Any:
    return error.instance


def _join(names: Iterable[str], last: str = "or") -> str:
    *first, final = names
    return f"{', '.join(first)} {last} {final}" if first else final
