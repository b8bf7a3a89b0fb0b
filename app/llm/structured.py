"""From a model's raw text to a validated output, or to a list of what is wrong with it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic

from pydantic import BaseModel, ValidationError

from app.llm.task import I, O, Task

REASONING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
REASONING_END = re.compile(r"</(?:think|thinking|reasoning)>")
REASONING_START = re.compile(r"\A\s*<(?:think|thinking|reasoning)>")
FENCE = re.compile(r"\A\s*```[\w-]*\n(.*?)\n?```\s*\Z", re.DOTALL)
MAX_BRACES = 200
MAX_ERRORS = 8


@dataclass(frozen=True, kw_only=True)
class Parsed(Generic[O]):
    """An output, or the errors that keep it from being one. `found` says whether there was a JSON object at all."""

    output: O | None = None
    errors: list[str] = field(default_factory=list)
    found: bool = True


def strip_reasoning(text: str) -> str:
    """Return the text without leading `<think>` blocks; a block that never ends leaves nothing."""
    while match := REASONING.match(text):
        text = text[match.end() :]
    if REASONING_START.match(text):
        return ""
    if not text.lstrip().startswith("{") and (ends := list(REASONING_END.finditer(text))):
        return text[ends[-1].end() :]
    return text


def strip_fence(text: str) -> str:
    """Return the inside of a code fence that holds the whole text."""
    match = FENCE.match(text)
    return match.group(1) if match else text


def find_objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the balanced JSON objects of a text, outermost only, in order."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    for _ in range(MAX_BRACES):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def parse_answer(task: Task[I, O], input: I, text: str) -> Parsed[O]:
    """Return the first object of the text that is a valid output, checked by the task."""
    first: Parsed[O] | None = None
    for found in find_objects(strip_reasoning(text)):
        parsed = validate_output(task, input, found)
        if parsed.output is not None:
            return parsed
        first = first or parsed
    return first or Parsed(errors=[_explain_missing(text)], found=False)


def validate_output(task: Task[I, O], input: I, found: dict[str, Any]) -> Parsed[O]:
    """Return the object as the task's output type, or what Pydantic or the task's check holds against it."""
    try:
        output = task.output.model_validate(found)
    except ValidationError as error:
        return Parsed(errors=list_errors(error))
    return check_output(task, input, output)


def check_output(task: Task[I, O], input: I, output: O) -> Parsed[O]:
    """Return the output when the task's own check has nothing against it."""
    errors = task.check(input, output) if task.check else []
    return Parsed(errors=errors[:MAX_ERRORS]) if errors else Parsed(output=output)


def parse_prose(task: Task[I, O], input: I, text: str) -> Parsed[O]:
    """Return the text, or that of a JSON object it came in, as the task's prose field, others at their defaults."""
    prose, name = strip_fence(strip_reasoning(text)).strip(), str(task.prose_field)
    if not prose:
        return Parsed(errors=["The answer is empty."], found=False)
    wrapped = next(find_objects(prose), {}) if prose.startswith("{") else {}
    return validate_output(task, input, wrapped if isinstance(wrapped.get(name), str) else {name: prose})


def list_errors(error: ValidationError) -> list[str]:
    """Return Pydantic's errors, a sentence each, with the place and the value that is wrong."""
    return [
        f"{'.'.join(str(part) for part in e['loc']) or 'answer'}: {e['msg']} (got {_shorten(e.get('input'))})"
        for e in error.errors(include_url=False, include_context=False)[:MAX_ERRORS]
    ]


def _shorten(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _explain_missing(text: str) -> str:
    if not text.strip():
        return "The answer is empty."
    if "{" in text:
        return "The JSON object is not complete or not valid JSON."
    return "The answer has no JSON object."


@cache
def plain_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's JSON schema, made once; not to be changed."""
    return model.model_json_schema()


@cache
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema in the form strict servers take: closed objects, all fields required. Not to be changed."""
    schema: dict[str, Any] = _tighten(plain_schema(model))
    return schema


DROPPED = frozenset({"default", "title", "examples", "minLength", "maxLength", "uniqueItems", "format", "pattern"})


def _tighten(node: Any) -> Any:
    if isinstance(node, list):
        return [_tighten(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kept = {key: _tighten(value) for key, value in node.items() if key not in DROPPED or isinstance(value, dict)}
    for named in ("properties", "$defs"):
        if named in node:
            kept[named] = {name: _tighten(value) for name, value in node[named].items()}
    if "properties" in kept:
        kept |= {"additionalProperties": False, "required": list(kept["properties"])}
    return kept
