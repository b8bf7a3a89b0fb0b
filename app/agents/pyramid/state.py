"""What travels between the nodes: ids, counters and the card. Texts stay in tables."""

import operator
from typing import Annotated, TypedDict

from app.db import Json

NOTES = 20


def merge_card(old: Json, new: Json) -> Json:
    """Return the card with new values where given and the notes of both, each once."""
    notes = list(dict.fromkeys([*old.get("notes", []), *new.get("notes", [])]))[:NOTES]
    return {**old, **{key: value for key, value in new.items() if value}, "notes": notes}


class PyramidState(TypedDict, total=False):
    """The run. `windows` maps a window's first page to the key its reading is stored under, `chunks` likewise."""

    input: Json
    output: Json
    filename: str
    title: str
    page_count: int
    card: Annotated[Json, merge_card]
    segments: list[tuple[int, int]]
    windows: Annotated[dict[str, str], operator.or_]
    read: Annotated[int, operator.add]
    reused: Annotated[int, operator.add]
    chunks: Annotated[dict[str, str], operator.or_]
    abstract: str


class SegmentState(TypedDict):
    """One segment's reader: the first and the last of its windows, named by their first pages."""

    input: Json
    filename: str
    page_count: int
    card: Json
    segments: int
    first: int
    last: int


class ChunkState(TypedDict):
    """Some neighbouring pages' insights, stored under `chunk`, to be gathered into concepts."""

    input: Json
    card: Json
    number: int
    chunk: str


class DocumentState(TypedDict):
    """The document whose pages are embedded."""

    input: Json


class ChunksState(TypedDict):
    """The chunks whose insights are embedded, by the keys they are stored under."""

    input: Json
    chunks: list[str]
