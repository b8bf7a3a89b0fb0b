"""What a document is known by before it is read: the words of its file name, title and metadata."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from app.knowledge.lexical import lexemes

COMPOUND = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\W]+")
UNTELLING = frozenset(
    lexemes(
        "inc incorporated corp corporation co company companies ltd limited plc llc group holdings form report file"
    )
)
"""Legal forms and the like: they stand in questions without meaning a document."""


def profile_words(filename: str, title: str, metadata: Mapping[str, Any]) -> list[str]:
    """Return the lexemes a document can be asked for by, sorted, each once."""
    year, period = str(metadata.get("fiscal_year", "")), str(metadata.get("fiscal_period", ""))
    said = [
        COMPOUND.sub(" ", PurePath(filename).stem),
        title,
        *(str(value) for value in metadata.values()),
        f"{period} {year}" if year else "",
        f"FY{year}" if year else "",
    ]
    return sorted(asked_words("\n".join(said)))


def asked_words(text: str) -> set[str]:
    """Return the lexemes of a text that may tell documents apart; a code stands without its hyphens ("10-K": "10k").

    Single letters and numbers of one or two digits tell nothing.
    """
    plain = {word.removeprefix("=").replace("-", "") if word.startswith("=") else word for word in lexemes(text)}
    return {word for word in plain - UNTELLING if len(word) > 2 or (len(word) == 2 and not word.isdigit())}
