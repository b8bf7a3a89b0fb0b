"""What goes in and out of the pyramid agent, and of each of its tasks."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.convert.document import Page
from app.knowledge.types import Evidence, Fact, Grounding
from app.llm.budget import Budgeted


class PyramidInput(Budgeted):
    """Which version of a document to read."""

    model_config = ConfigDict(extra="forbid")

    document_id: UUID
    version: int = Field(1, ge=1)


class PyramidOutput(BaseModel):
    """What reading gave. `dropped` counts insights that were not grounded, `windows_reused` those known already.

    `discrepancies` counts the figures and sentences that other documents of the collection contradict.
    """

    engine: Literal["openai", "offline"]
    document_id: UUID
    version: int
    pages: int
    insights: int
    concepts: int
    dropped: int
    windows_read: int
    windows_reused: int
    discrepancies: int = 0


class Card(BaseModel):
    """What holds for the whole document, dates as ISO; `short_name` is the issuer as sentences call it."""

    title: str = ""
    issuer: str = ""
    short_name: str = ""
    form: str = ""
    period_end: str = ""
    fiscal_year: str = ""
    fiscal_period: str = ""
    currency: str = ""
    units: str = ""
    notes: list[str] = Field(default_factory=list, description="facts said once that hold for every page")


class Insight(BaseModel):
    """A statement that stands alone, where it rests, and under which heading it was found."""

    page: int
    text: str
    topic: str = ""
    grounding: Grounding = "grounded"
    facts: tuple[Fact, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Drop(BaseModel):
    """An insight that was not kept, and why."""

    page: int
    text: str
    reason: str


class WindowResult(BaseModel):
    """What reading one window gave: the insights of its pages, notes for the card, and what was dropped."""

    insights: list[Insight] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    dropped: list[Drop] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)


class Numbered(BaseModel):
    """An insight as the model sees it: by number."""

    number: int
    page: int
    text: str


class DescribeInput(BaseModel):
    """The first pages, and the unit notes of all tables, one each."""

    filename: str
    title: str
    pages: list[Page]
    unit_notes: list[str] = Field(default_factory=list)


class WindowInput(BaseModel):
    """Two pages to read, the card, the numbered insights of the page read before, and the page ahead of them."""

    card: Card
    pages: list[Page]
    insights: list[Numbered] = Field(default_factory=list)
    before: Page | None = None


class Edit(BaseModel):
    """One change to the list of insights: `number` for replace and drop, `page` and `text` for add and replace."""

    op: Literal["add", "replace", "drop"]
    number: int = 0
    page: int = 0
    text: str = ""


class WindowReading(BaseModel):
    """The edits, and what the pages say once for the whole document."""

    edits: list[Edit]
    notes: list[str] = Field(default_factory=list)


class RepairInput(BaseModel):
    """Insights that are not on their pages, each with what is wrong."""

    card: Card
    pages: list[Page]
    insights: list[Numbered]
    problems: list[str]


class CoverInput(BaseModel):
    """Figures and names of the pages that no insight carries."""

    card: Card
    pages: list[Page]
    missing: list[str]


class ConceptsInput(BaseModel):
    """Insights of some neighbouring pages, with the heading each stood under, in `topics`."""

    card: Card
    insights: list[Numbered]
    topics: list[str]
    wanted: int


class Concept(BaseModel):
    """An idea several insights share. `numbers` are the insights it rests on."""

    text: str
    numbers: list[int]


class ConceptsFound(BaseModel):
    concepts: list[Concept]


class AbstractInput(BaseModel):
    """The concepts of a document and the insights that weigh most."""

    card: Card
    filename: str
    concepts: list[str]
    insights: list[str]


class Abstract(BaseModel):
    text: str


class StatementPair(BaseModel):
    """Two sentences of two documents, with what is known of when each is of."""

    number: int
    one: str
    other: str
    one_of: dict[str, str] = Field(default_factory=dict)
    other_of: dict[str, str] = Field(default_factory=dict)


class CompareInput(BaseModel):
    """Pairs of sentences that may exclude each other."""

    pairs: list[StatementPair]


class Comparison(BaseModel):
    """What a pair is; the reason first."""

    number: int
    reason: str = ""
    verdict: Literal["conflict", "same", "compatible", "unsure"]


class Comparisons(BaseModel):
    comparisons: list[Comparison]
