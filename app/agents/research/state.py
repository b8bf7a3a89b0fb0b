"""What a run of research carries from step to step; reducers merge by id, so a repeated step changes nothing."""

from operator import or_
from typing import Annotated, TypedDict

from app.db import Json


def merge(old: dict[str, Json], new: dict[str, Json]) -> dict[str, Json]:
    """Return both mappings as one, newer values over older ones."""
    return {**old, **new}


def merge_findings(old: dict[str, Json], new: dict[str, Json]) -> dict[str, Json]:
    """Return findings by entry id; one found again keeps its better score and belongs to both sub-questions."""
    merged = dict(old)
    for key, finding in new.items():
        before = merged.get(key)
        merged[key] = finding if before is None else {**finding, **_joined(before, finding)}
    return merged


def _joined(one: Json, other: Json) -> Json:
    steps = dict.fromkeys([*one["sub_questions"], *other["sub_questions"]])
    return {"score": max(one["score"], other["score"]), "sub_questions": sorted(steps)}


class ResearchState(TypedDict, total=False):
    """Plain JSON throughout. `spent` is {step: {prompt, answer}} in tokens; `queue` the searches of the next round."""

    input: Json
    output: Json
    question: str
    clarifying: str
    collection_ids: list[str]
    documents: list[Json]
    turns: list[Json]
    steps: Annotated[dict[str, Json], merge]
    order: list[str]
    queue: list[Json]
    searched: Annotated[dict[str, Json], merge]
    findings: Annotated[dict[str, Json], merge_findings]
    useful: Annotated[dict[str, Json], merge]
    rounds: int
    spent: Annotated[dict[str, Json], merge]
    packed: list[Json]
    computed: dict[str, list[str]]
    groups: dict[str, str]
    contradictions: list[Json]
    gaps: dict[str, list[str]]
    sections: Annotated[dict[str, Json], merge]
    failing: dict[str, list[list[str]]]
    repaired: Annotated[bool, or_]
    rejected: int
    stopped_by: str
    lessons: list[Json]


class SearchOrder(TypedDict):
    """One search: for which sub-question, of which kind, in which documents (none: in all of the collections)."""

    key: str
    step: str
    query: str
    kind: str
    document_ids: list[str]


class SearchWork(TypedDict):
    """A search as it is sent to a node of its own."""

    order: SearchOrder
    step: Json
    question: str
    collection_ids: list[str]
    documents: list[Json]
    turns: list[Json]


class SectionWork(TypedDict):
    """A section as it is sent to be written or repaired; `draft` and `problems` only for a repair."""

    id: str
    title: str
    steps: list[Json]
    state: Json
    draft: str
    problems: list[list[str]]
