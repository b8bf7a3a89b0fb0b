"""What a debate knows between its steps."""

from typing import Annotated, Any, TypedDict

from app.agents.debate.rules import Side
from app.db import Json


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Put new values in by key, so that a step taken twice leaves one."""
    return {**old, **new}


class DebateState(TypedDict, total=False):
    """The debate so far.

    `turn` counts from 0 into the plan, `draft` from 1 within a turn. `pending` is the draft under check, `to_check`
    its claims. `claims`, `speeches`, `ballots` and what was found on the `web` are kept by id; `notes` tell of
    what was asked for and could not be had.
    """

    input: Json
    topic: str
    candidates: list[str]
    turn: int
    draft: int
    queries: list[str]
    evidence: list[Json]
    web: Annotated[dict[str, Json], merge]
    notes: Annotated[dict[str, Json], merge]
    pending: Json
    to_check: list[Json]
    claims: Annotated[dict[str, Json], merge]
    feedback: Json | None
    speeches: Annotated[dict[str, Json], merge]
    strikes: dict[str, int]
    disqualified: Side | None
    ballots: Annotated[dict[str, Json], merge]
    output: Json


class ClaimState(TypedDict):
    """What one fact check gets."""

    input: Json
    speech_id: str
    claim: Json
    web: list[Json]


class BallotState(TypedDict):
    """What one judge gets for one order of presentation."""

    judge: int
    order: str
    topic: str
    speeches: list[Json]
