"""Values that cross the store's border: what goes in for a document, what comes out of a search."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from app.convert.document import Table

Level = Literal["page", "insight", "concept", "abstract", "recollection"]
Grounding = Literal["grounded", "derived", "partial", "ungrounded"]
Direction = Literal["sources", "dependants", "siblings"]
Via = Literal["source", "dependant", "sibling", "document", "name", "similar"]
RecollectionKind = Literal["stated", "learned"]

LEVELS: tuple[Level, ...] = ("page", "insight", "concept", "abstract", "recollection")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A figure's slot: what is measured, of whom, when, in which unit, and how the source shows it.

    `value` is in plain units (81,797 million → 81797000000; 3.5% → 3.5 with unit "percent").
    `period` is `Period.form` of `knowledge.periods` ("3m:2023-07-01", "fy:2022-09-24", "at:2023-07-01").
    """

    entity: str
    measure: str
    value: Decimal
    unit: str
    period: str
    shown: str
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Where on a page an entry's text rests: character offsets into the page's Markdown."""

    page: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """An entry about to be stored. `key` is unique within the pyramid; `sources` are keys of the level below.

    Page entries have key "p{number}" and are made by the store itself.
    """

    key: str
    level: Level
    text: str
    pages: tuple[int, ...]
    sources: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    grounding: Grounding = "grounded"
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a search is limited to; empty means no limit. Metadata is equality on the document's metadata.

    The dates are the first and last day a document may be about: the end of its period, or the day it came.
    """

    collection_ids: tuple[UUID, ...] = ()
    document_ids: tuple[UUID, ...] = ()
    levels: tuple[Level, ...] = ()
    page_from: int | None = None
    page_to: int | None = None
    dated_from: date | None = None
    dated_to: date | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    include_ungrounded: bool = False


@dataclass(frozen=True, kw_only=True)
class EntryView:
    """An entry as read: where it stands and what it says."""

    id: UUID
    level: Level
    text: str
    document_id: UUID | None
    filename: str
    collection_id: UUID
    pages: tuple[int, ...]
    grounding: Grounding
    facts: tuple[Fact, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A search result: the entry, its fused score, and its rank in each leg (None where the leg did not find it).

    `folded` are entries that say the same and are not shown.
    """

    entry: EntryView
    score: float
    lexical_rank: int | None
    vector_rank: int | None
    walk_rank: int | None = None
    folded: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step from one entry to another; `name` is the shared name where that is the way."""

    via: Via
    start_id: UUID
    entry: EntryView
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What an ingestion starts from: the bytes of the version to read."""

    document_id: UUID
    collection_id: UUID
    version: int
    filename: str
    media_type: str
    content: bytes
    source_url: str = ""
    """Where the bytes are to be fetched; empty once they are here."""


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """A document as listed. `version` 0 means that no pyramid of it has been published yet."""

    id: UUID
    collection_id: UUID
    filename: str
    media_type: str
    sha256: str
    size_bytes: int
    status: Literal["queued", "processing", "ready", "failed"]
    error: dict[str, Any] | None
    version: int
    title: str
    page_count: int
    card: dict[str, Any]
    metadata: dict[str, Any]
    quality: dict[str, Any]
    run_id: UUID | None
    created_at: datetime
    updated_at: datetime
    source_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class PageView:
    """One page of the published version, its tables as cells."""

    document_id: UUID
    filename: str
    number: int
    label: str
    markdown: str
    tables: tuple[Table, ...]
    quality: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RecollectionView:
    """What is remembered beyond one document. Never a primary source: `sources` are what it rests on.

    `stated` is a person's word, `learned` what a run found. `stale` ones rest on something that changed or went and
    are left out of searches, `retired` ones are kept for their history only.
    """

    id: UUID
    collection_id: UUID
    text: str
    kind: RecollectionKind
    status: Literal["current", "stale", "retired"]
    stale_reason: str
    actor: str
    run_id: UUID | None
    sources: tuple[UUID, ...]
    created_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, kw_only=True)
class DiscrepancyView:
    """Two entries of different documents that differ on the same thing; `newer_entry_id` is of the later document.

    "restated": a later document gives another value for the same period; "unit_slip": the values differ by a scale
    exactly; "conflict": two values and neither known to be later; "text": two sentences that exclude each other.
    """

    id: UUID
    collection_id: UUID
    kind: Literal["restated", "unit_slip", "conflict", "text"]
    entry: EntryView
    other: EntryView
    newer_entry_id: UUID | None
    detail: dict[str, Any]
    settled_at: datetime | None
    settlement: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How far a batch is, in documents: `done` are read or failed, `failed` those that could not be; pages so far."""

    done: int
    total: int
    failed: int
    pages: int
