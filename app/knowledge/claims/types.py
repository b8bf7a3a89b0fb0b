"""What the claim checker takes and gives."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["supported", "partly", "refuted", "not_enough_evidence", "not_checked"]


class Source(BaseModel):
    """A text handed in with a request to be used as evidence beside the collection."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=200_000)


class Slot(BaseModel):
    """A figure of a passage with what it measures, of whom and when; `value` in plain units."""

    model_config = ConfigDict(frozen=True)

    entity: str
    measure: str
    value: Decimal
    unit: str
    period: str
    shown: str = ""
    scope: str = ""


class Passage(BaseModel):
    """A piece of evidence: its words and where they stand. `entry_id` is None for a source of the request."""

    model_config = ConfigDict(frozen=True)

    id: str
    text: str
    filename: str
    pages: tuple[int, ...] = ()
    url: str = Field("", description="the page of the web it was found on; its words are those of the search")
    entry_id: UUID | None = None
    document_id: UUID | None = None
    context: str = Field("", description="what the passage is about, where its own words do not say it")
    document: dict[str, Any] = Field(default_factory=dict, description="metadata; by it, what its quarters are")
    slots: tuple[Slot, ...] = ()


class Claim(BaseModel):
    """One checkable statement of a text. `span` is (start, end) in characters of the text it was taken from."""

    id: str
    span: tuple[int, int]
    text: str


class Evidence(BaseModel):
    """What a verdict rests on."""

    text: str
    filename: str
    pages: list[int] = Field(default_factory=list)
    url: str = Field("", description="set where it was found on the web; its words are those of the search")
    entry_id: UUID | None = None
    document_id: UUID | None = None


class CheckedClaim(Claim):
    """A claim with what was found about it."""

    verdict: Verdict
    reason: str
    evidence: list[Evidence] = Field(default_factory=list)


def as_evidence(passage: Passage) -> Evidence:
    """Return the part of a passage that goes on record."""
    return Evidence(
        text=passage.text,
        filename=passage.filename,
        pages=list(passage.pages),
        url=passage.url,
        entry_id=passage.entry_id,
        document_id=passage.document_id,
    )
