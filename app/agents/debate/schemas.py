"""What a debate takes and gives."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StrictBool, StringConstraints, model_validator

from app.agents.debate.panel import Ballot, Criterion, SideScores, Winner
from app.agents.debate.rules import MAX_TURNS, Caps, Side, Stage, Turn, build_plan, find_plan_problems
from app.knowledge.claims.types import CheckedClaim, Source
from app.llm.budget import Budgeted

Topic = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Status = Literal["accepted", "rejected", "disputed", "forfeited"]


class DebateInput(Budgeted):
    """A debate to hold. Without a topic one is proposed, from the documents where there are any."""

    topic: Topic | None = None
    theme: str = Field("", max_length=500, description="what a generated topic should be about")
    earlier_topics: list[str] = Field(default_factory=list, max_length=500, description="topics not to come near again")
    collection: str | None = Field("default", description="evidence: a collection's name or id; null for none")
    sources: list[Source] = Field(default_factory=list, max_length=20, description="texts to use as evidence as well")
    web: StrictBool = Field(False, description="search the web for evidence as well, where the model server offers it")
    first: Side = Field("pro", description="who opens")
    extra_rounds: int = Field(0, ge=0, le=5, strict=True)
    cross_examination: StrictBool = False
    plan: list[Turn] | None = Field(None, max_length=MAX_TURNS, description="the whole order, in place of the options")
    human: Side | None = Field(None, description="the side a person plays")
    answer_seconds: int | None = Field(
        None, ge=10, le=604_800, strict=True, description="after which a person forfeits the turn"
    )
    word_cap: int = Field(300, ge=30, le=2000, strict=True)
    max_drafts: int = Field(2, ge=1, le=5, strict=True, description="drafts of one speech before it stands as disputed")
    max_strikes: int = Field(3, ge=1, le=10, strict=True, description="refuted drafts that disqualify a side")
    judges: int = Field(3, ge=1, le=9, strict=True)
    seed: int = Field(0, ge=0, le=2**31 - 1, strict=True, description="sent to the models as well, unless 0")

    @model_validator(mode="after")
    def _check_plan(self) -> Self:
        if problems := find_plan_problems(self.turns):
            raise ValueError(" ".join(problems))
        return self

    @property
    def turns(self) -> list[Turn]:
        """Return the plan in force."""
        if self.plan is not None:
            return self.plan
        return build_plan(first=self.first, extra_rounds=self.extra_rounds, cross_examination=self.cross_examination)

    @property
    def caps(self) -> Caps:
        """Return what bounds retries and strikes."""
        return Caps(max_drafts=self.max_drafts, max_strikes=self.max_strikes)


class Quote(BaseModel):
    """Words a speech presents as quoted, and whether they stand so in the evidence."""

    text: str
    filename: str = ""
    page: int | None = None
    verified: bool


class Speech(BaseModel):
    """One draft of one turn. `turn` counts from 1; only accepted and disputed speeches stand in the debate."""

    id: str
    turn: int
    speaker: Side
    stage: Stage
    draft: int
    by: Literal["model", "person"] = "model"
    status: Status
    text: str
    cut: bool = Field(False, description="whether it was cut at the word cap")
    reason: str = Field("", description="why it was rejected, disputed or forfeited")
    quotes: list[Quote] = Field(default_factory=list)
    claims: list[CheckedClaim] = Field(default_factory=list)

    @property
    def stands(self) -> bool:
        """Tell whether later speakers and judges see it."""
        return self.status in ("accepted", "disputed")


class Strikes(BaseModel):
    """Refuted drafts a side."""

    pro: int = 0
    con: int = 0


class DebateVerdict(BaseModel):
    """Who won and by what. `scores` are the panel's means; agreement and consistency are shares of its judges."""

    winner: Winner
    by: Literal["judgement", "disqualification"]
    reason: str
    scores: dict[Criterion, SideScores] = Field(default_factory=dict)
    panel: list[Ballot] = Field(default_factory=list)
    agreement: float | None = None
    swap_consistency: float | None = None


class DebateOutput(BaseModel):
    """A debate on record."""

    engine: Literal["openai", "offline"]
    topic: str
    topic_candidates: list[str] = Field(default_factory=list)
    human: Side | None = None
    plan: list[Turn]
    speeches: list[Speech]
    strikes: Strikes
    verdict: DebateVerdict
    notes: list[str] = Field(default_factory=list, description="what was asked for and could not be had")
