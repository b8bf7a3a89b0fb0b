"""The order of a debate as data, and what its caps mean. Pure."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Side = Literal["pro", "con"]
Stage = Literal["opening", "rebuttal", "counter", "question", "answer", "final"]

SIDES: tuple[Side, Side] = ("pro", "con")
MAX_TURNS = 40

STAGES: dict[Stage, str] = {
    "opening": "Open: state your case and its strongest evidence.",
    "rebuttal": "Answer the other side's points one by one, then add to your own case.",
    "counter": "Meet the other side's answer and defend your case.",
    "question": "Ask the other side one pointed question about what it has claimed.",
    "answer": "Answer the question that was put to you, directly and first.",
    "final": "Close: weigh both cases as they stand now; bring no new evidence.",
}
"""What each stage asks of its speaker."""


class Turn(BaseModel):
    """One place in the plan: who speaks, and what the stage asks."""

    model_config = ConfigDict(frozen=True)

    speaker: Side
    stage: Stage


def other(side: Side) -> Side:
    """Return the opposing side."""
    return "con" if side == "pro" else "pro"


def build_plan(*, first: Side = "pro", extra_rounds: int = 0, cross_examination: bool = False) -> list[Turn]:
    """Return the plan of Deb8flow (opening, rebuttal, counter, final argument), widened by the options."""
    second = other(first)
    examination: list[Turn] = []
    if cross_examination:
        examination = [*_examine(second), *_examine(first)]
    rounds: list[Turn] = [_turn(side, "rebuttal") for _ in range(extra_rounds) for side in (first, second)]
    return [
        _turn(first, "opening"),
        _turn(second, "rebuttal"),
        *examination,
        *rounds,
        _turn(first, "counter"),
        _turn(second, "final"),
    ]


def find_plan_problems(plan: Sequence[Turn]) -> list[str]:
    """Return what is wrong with a plan, a sentence each; empty when a debate can be held by it."""
    problems = []
    if len(plan) > MAX_TURNS:
        problems.append(f"A plan has at most {MAX_TURNS} turns.")
    if {turn.speaker for turn in plan if turn.stage != "question"} != set(SIDES):
        problems.append("Both sides must speak, in more than questions.")
    problems += [
        f"Turn {number}: an answer follows a question of the other side."
        for number, turn in enumerate(plan, start=1)
        if turn.stage == "answer" and not _answers(plan, number - 1)
    ]
    problems += [
        f"Turn {number}: a question is followed by the other side's answer."
        for number, turn in enumerate(plan, start=1)
        if turn.stage == "question" and not (number < len(plan) and _answers(plan, number))
    ]
    return problems


class Caps(BaseModel):
    """What bounds a debate."""

    max_drafts: int = Field(2, ge=1)
    max_strikes: int = Field(3, ge=1)


Ruling = Literal["accepted", "disputed", "rejected", "forfeited", "disqualified"]


def rule_on_draft(*, empty: bool, refuted: int, draft: int, strikes: int, caps: Caps) -> Ruling:
    """Rule on a checked draft; `strikes` already counts this one.

    A draft with a refuted claim is rejected until the drafts are used up, then stands as disputed; a draft without
    words is rejected until then and forfeits the turn; the last strike disqualifies before anything else.
    """
    last = draft >= caps.max_drafts
    if empty:
        return "forfeited" if last else "rejected"
    if not refuted:
        return "accepted"
    if strikes >= caps.max_strikes:
        return "disqualified"
    return "disputed" if last else "rejected"


def cut_to_words(text: str, cap: int) -> tuple[str, bool]:
    """Return the text within `cap` words, cut after its last whole sentence where there is one, and whether it was."""
    words = text.split()
    if len(words) <= cap:
        return text.strip(), False
    position = 0
    for word in words[:cap]:
        position = text.index(word, position) + len(word)
    head = text[:position].strip()
    end = max(head.rfind(mark) for mark in (". ", "! ", "? ", ".\n", "] "))
    return (head[: end + 1] if end > len(head) // 2 else head), True


def bound_steps(*, turns: int, max_drafts: int) -> int:
    """Return a recursion limit that no debate of this size can reach."""
    return 20 + turns * (3 + 6 * max_drafts)


def _turn(speaker: Side, stage: Stage) -> Turn:
    return Turn(speaker=speaker, stage=stage)


def _examine(asker: Side) -> list[Turn]:
    return [_turn(asker, "question"), _turn(other(asker), "answer")]


def _answers(plan: Sequence[Turn], index: int) -> bool:
    if index == 0 or plan[index].stage != "answer":
        return False
    before = plan[index - 1]
    return before.stage == "question" and before.speaker != plan[index].speaker
