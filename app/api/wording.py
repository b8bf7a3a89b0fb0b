"""What is wrong with a value, told in words a person can act on."""

from collections.abc import Callable
from typing import Any

from app.api.texts import NO_NUL

Told = Callable[[dict[str, Any]], str]


def _length(unit: str) -> tuple[Told, Told]:
    """Return the sentences for too few and too many of something; one of nothing is said as empty."""

    def few(about: dict[str, Any]) -> str:
        least = about["min_length"]
        return "Must not be empty." if least == 1 else f"Must have at least {least:,} {unit}."

    return few, lambda about: f"Must have at most {about['max_length']:,} {unit}."


def _mismatch(pattern: str) -> str:
    if pattern == NO_NUL:
        return "Must not have the NUL character."
    return f"Is not written as it must be: it does not match {pattern}"


def _plain(sentence: str) -> Told:
    return lambda about: sentence


NEEDED, WHOLE, NUMBER = _plain("This is needed."), _plain("Must be a whole number."), _plain("Must be a number.")
TEXT, FLAG, ID = _plain("Must be a text."), _plain("Must be true or false."), _plain("Must be an id (a UUID).")
OBJECT, LIST, TIME = _plain("Must be a JSON object."), _plain("Must be a list."), _plain("Must be a date or time.")
SHORT_TEXT, LONG_TEXT = _length("characters")
SHORT_LIST, LONG_LIST = _length("of these")

SENTENCES: dict[str, Told] = {
    "missing": NEEDED,
    "extra_forbidden": _plain("There is no such field here."),
    "json_invalid": lambda about: f"This is not JSON: {about['error']}.",
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "int_parsing_size": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "bool_type": FLAG,
    "bool_parsing": FLAG,
    "string_type": TEXT,
    "string_unicode": TEXT,
    "uuid_type": ID,
    "uuid_parsing": ID,
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "dataclass_type": OBJECT,
    "list_type": LIST,
    "tuple_type": LIST,
    "date_parsing": TIME,
    "date_from_datetime_parsing": TIME,
    "datetime_parsing": TIME,
    "datetime_from_date_parsing": TIME,
    "literal_error": lambda about: f"Must be {about['expected']}.",
    "enum": lambda about: f"Must be {about['expected']}.",
    "greater_than": lambda about: f"Must be more than {about['gt']}.",
    "greater_than_equal": lambda about: f"Must be at least {about['ge']}.",
    "less_than": lambda about: f"Must be less than {about['lt']}.",
    "less_than_equal": lambda about: f"Must be at most {about['le']}.",
    "string_too_short": SHORT_TEXT,
    "string_too_long": LONG_TEXT,
    "too_short": SHORT_LIST,
    "too_long": LONG_LIST,
    "string_pattern_mismatch": lambda about: _mismatch(str(about["pattern"])),
    "value_error": lambda about: _sentence(str(about["error"])),
}
"""By the type of a Pydantic error, from what it tells of the limits that were passed."""


def explain(error: dict[str, Any]) -> str:
    """Return a sentence on one Pydantic error; Pydantic's own words where there are no better ones."""
    tell = SENTENCES.get(error["type"])
    return _sentence(error["msg"]) if tell is None else tell(error.get("ctx") or {})


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
