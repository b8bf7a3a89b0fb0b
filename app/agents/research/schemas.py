"""What research takes and gives."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.llm.budget import Budgeted, Caps

Format = Literal["answer", "report"]
TOKENS: dict[Format, int] = {"answer": 10_000, "report": 40_000}
Status = Literal["answered", "partly", "missing"]


class ResearchInput(Budgeted):
    """A question to one or several collections."""

    model_config = ConfigDict(str_strip_whitespace=True)

    question: str = Field(min_length=2, max_length=4000)
    collection: str | None = None
    collections: list[str] = Field(default_factory=list, max_length=20)
    document_ids: list[UUID] = Field(default_factory=list, max_length=500)
    format: Format = "answer"
    interactive: StrictBool = False
    remember: StrictBool = Field(
        True, description="whether what is learned from several sources is kept as recollections"
    )
    rounds: int = Field(3, ge=1, le=10, description="rounds of searching and assessing")

    def default_caps(self) -> Caps:
        """Return the caps of an answer or a report."""
        return Caps(tokens=TOKENS[self.format], searches=60, seconds=300)

    def cap(self, unit: Literal["tokens", "searches"]) -> int:
        """Return the cap in force."""
        cap: int = getattr(self.budget.over(self.default_caps()), unit)
        return cap

    @property
    def collection_names(self) -> list[str]:
        """The collections asked, each once; empty means the default one."""
        return list(dict.fromkeys([*([self.collection] if self.collection else []), *self.collections]))


class SlotValue(BaseModel):
    """A figure of a finding: what, whose, when, how much in plain units, and as the source shows it."""

    entity: str
    measure: str
    value: Decimal
    unit: str
    period: str
    shown: str
    scope: str = ""


class Finding(BaseModel):
    """An entry that helps with the question."""

    id: str = ""
    entry_id: UUID
    level: str
    document_id: UUID | None
    filename: str
    pages: list[int]
    text: str
    score: float = 0.0
    sub_questions: list[str] = Field(default_factory=list)
    facts: list[SlotValue] = Field(default_factory=list)
    quote: str = ""


class Citation(BaseModel):
    """A source the answer rests on; `quote` is the passage of the page."""

    id: str
    entry_id: UUID
    document_id: UUID | None
    filename: str
    pages: list[int]
    quote: str


class PlanStep(BaseModel):
    """A sub-question, the terms it was searched with, and how it ended."""

    id: str = ""
    question: str
    terms: list[str] = Field(default_factory=list)
    formula: str = Field("", description="computed from the answers to others, like q2 / q3")
    beside: bool = Field(False, description="figures told beside an open question; not missed where there are none")
    status: Status = "missing"


class Side(BaseModel):
    """One side of a contradiction."""

    finding: str
    filename: str
    pages: list[int]
    shown: str
    text: str


class Contradiction(BaseModel):
    """Different values for the same entity, measure, period and scope, newest document first.

    `kind` is "found" for what this run has set side by side, else the kind of an open discrepancy of the collection.
    """

    entity: str
    measure: str
    period: str
    sides: list[Side]
    kind: str = "found"


class NotSupported(BaseModel):
    """A sentence taken out of the answer, and why."""

    text: str
    reason: str


class Source(BaseModel):
    """A document that is cited, with the pages."""

    document_id: UUID | None
    filename: str
    pages: list[int]


class Usage(BaseModel):
    """What the run took; tokens are estimates of what a model would have received and written."""

    prompt_tokens: int = 0
    answer_tokens: int = 0
    searches: int = 0
    rounds: int = 0
    reused_findings: int = 0
    stopped_by: str = ""


class ResearchOutput(BaseModel):
    """A cited answer, what it rests on, and what it could not say. `answer` is empty-handed when nothing was found."""

    engine: str
    question: str
    format: Format
    answer: str
    citations: list[Citation] = Field(default_factory=list)
    plan: list[PlanStep] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    contradictions: list[Contradiction] = Field(default_factory=list)
    unanswered: list[str] = Field(default_factory=list)
    not_supported: list[NotSupported] = Field(default_factory=list)
    follow_ups: list[str] = Field(default_factory=list)
    sources: list[Source] = Field(default_factory=list)
    learned: list[str] = Field(default_factory=list)
    rejected: int = 0
    usage: Usage = Field(default_factory=Usage)
