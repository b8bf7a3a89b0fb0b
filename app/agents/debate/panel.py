"""A panel's ballots into a verdict. Pure."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from app.agents.debate.rules import SIDES, Side

Criterion = Literal["argument", "evidence", "rebuttal", "clarity"]
CRITERIA: tuple[Criterion, ...] = ("argument", "evidence", "rebuttal", "clarity")
Order = Literal["pro_first", "con_first"]
ORDERS: tuple[Order, Order] = ("pro_first", "con_first")
Winner = Literal["pro", "con", "tie"]


class SideScores(BaseModel):
    """What both sides got for one criterion, 0 to 10."""

    pro: float = Field(ge=0, le=10)
    con: float = Field(ge=0, le=10)


class Ballot(BaseModel):
    """One judge's scores for one order of presentation."""

    judge: int
    order: Order
    scores: dict[Criterion, SideScores]
    reason: str = ""

    @property
    def winner(self) -> Winner:
        """Return the side with the higher total, or tie."""
        return compare(total(self.scores, "pro"), total(self.scores, "con"))


class Tally(BaseModel):
    """What the ballots say together. `scores` are means over all counted ballots."""

    winner: Winner
    scores: dict[Criterion, SideScores]
    agreement: float | None
    swap_consistency: float | None
    judges: int


def total(scores: dict[Criterion, SideScores], side: Side) -> float:
    """Return the sum of a side's scores."""
    return sum(score.pro if side == "pro" else score.con for score in scores.values())


def compare(pro: float, con: float) -> Winner:
    """Return who has more; a difference below one millionth is a tie."""
    if abs(pro - con) < 1e-6:
        return "tie"
    return "pro" if pro > con else "con"


def tally(ballots: Sequence[Ballot]) -> Tally:
    """Weigh the ballots of all judges who voted in both orders.

    A judge is for a side when both of their ballots are; a side wins with more judges for it and a higher mean total,
    anything else is a tie. `swap_consistency` is the share of judges with the same winner in both orders, `agreement`
    the share of judges with the commonest vote; both None when nobody voted twice.
    """
    pairs = [pair for pair in _pair(ballots).values() if len(pair) == len(ORDERS)]
    if not pairs:
        return Tally(winner="tie", scores={}, agreement=None, swap_consistency=None, judges=0)
    votes = [_vote(pair) for pair in pairs]
    scores = _mean([ballot for pair in pairs for ballot in pair])
    return Tally(
        winner=_decide(votes, scores),
        scores=scores,
        agreement=max(votes.count(vote) for vote in votes) / len(votes),
        swap_consistency=sum(first.winner == second.winner for first, second in pairs) / len(pairs),
        judges=len(pairs),
    )


def _pair(ballots: Sequence[Ballot]) -> dict[int, list[Ballot]]:
    by_judge: dict[int, dict[Order, Ballot]] = {}
    for ballot in ballots:
        by_judge.setdefault(ballot.judge, {})[ballot.order] = ballot
    return {judge: [orders[order] for order in ORDERS if order in orders] for judge, orders in by_judge.items()}


def _vote(pair: Sequence[Ballot]) -> Winner:
    winners = {ballot.winner for ballot in pair}
    return winners.pop() if len(winners) == 1 else "tie"


def _decide(votes: Sequence[Winner], scores: dict[Criterion, SideScores]) -> Winner:
    by_votes = compare(votes.count("pro"), votes.count("con"))
    by_scores = compare(total(scores, "pro"), total(scores, "con"))
    return by_votes if by_votes == by_scores else "tie"


def _mean(ballots: Sequence[Ballot]) -> dict[Criterion, SideScores]:
    means = {}
    for criterion in CRITERIA:
        scores = [ballot.scores[criterion] for ballot in ballots]
        pro, con = (round(sum(getattr(score, side) for score in scores) / len(scores), 3) for side in SIDES)
        means[criterion] = SideScores(pro=pro, con=con)
    return means
