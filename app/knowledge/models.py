"""Tables of the store: collections, documents and the entries distilled from them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, PrimaryKey, ProjectId


class Collection(Base):
    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]


class Document(Base):
    """A file in a collection. `version` is the one whose pyramid is shown; `pending_version` is being read.

    `profile` are the lexemes it can be asked for by.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("status in ('queued', 'processing', 'ready', 'failed')", name="status"),
        Index(None, "collection_id", "sha256"),
        Index(
            "uq_documents_collection_id_origin", "collection_id", "origin", unique=True, postgresql_where="origin <> ''"
        ),
        Index(None, "project_id", "created_at"),
        Index(None, "profile", postgresql_using="gin"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    filename: Mapped[str]
    media_type: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    source_url: Mapped[str] = mapped_column(default="")
    """Where the bytes come from; the run that reads a version fetches them."""
    origin: Mapped[str] = mapped_column(default="")
    """What a fetched document is known by: its URL, or a repository and path whose URL changes with every commit."""
    status: Mapped[str] = mapped_column(default="queued")
    error: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(default=0)
    pending_version: Mapped[int | None] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(default="")
    page_count: Mapped[int] = mapped_column(default=0)
    card: Mapped[dict[str, Any]] = mapped_column(default=dict)
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    quality: Mapped[dict[str, Any]] = mapped_column(default=dict)
    profile: Mapped[list[str]] = mapped_column(ARRAY(TEXT), default=list, server_default="{}", deferred=True)
    run_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class DocumentContent(Base):
    """The bytes as uploaded, one row a version."""

    __tablename__ = "document_contents"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Batch(Base):
    """Documents handed in together."""

    __tablename__ = "batches"
    __table_args__ = (Index(None, "project_id", "collection_id"),)

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]


class BatchItem(Base):
    """One file of a batch: the document it became, or the problem that kept it from being one."""

    __tablename__ = "batch_items"
    __table_args__ = (UniqueConstraint("batch_id", "document_id"), Index(None, "document_id"))

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    filename: Mapped[str]
    problem: Mapped[str] = mapped_column(default="")


class Page(Base):
    """One page of one version, as converted; stored before the pyramid is built, seen once its version is shown."""

    __tablename__ = "pages"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[ProjectId]
    label: Mapped[str] = mapped_column(default="")
    markdown: Mapped[str]
    tables: Mapped[list[Any]] = mapped_column(default=list)
    hash: Mapped[str]
    quality: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Window(Base):
    """What reading one window of pages gave, by the hash of what was read: read once, kept for later versions."""

    __tablename__ = "windows"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[ProjectId]
    result: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]


class EmbeddingModel(Base):
    """A model whose vectors entries may carry; searches read those of the current one."""

    __tablename__ = "embedding_models"
    __table_args__ = (
        Index("uq_embedding_models_is_current", "is_current", unique=True, postgresql_where="is_current"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    dimension: Mapped[int]
    is_current: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[CreatedAt]


class NextEmbedding(Base):
    """An entry's vector of a model that is not current yet; `digest` is that of the text it was made from."""

    __tablename__ = "next_embeddings"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("embedding_models.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str]
    embedding: Mapped[Any] = mapped_column(HALFVEC())


class Entry(Base):
    """A statement of any level.

    `number` is what the postings call it; `term_ids` and `term_counts` are its words, `length` how many it has in all;
    `name` is the name it opens with, as names are compared;
    `slots` are hashes of what its figures measure, by which other documents' figures for the same are found.
    """

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("level in ('page', 'insight', 'concept', 'abstract', 'recollection')", name="level"),
        CheckConstraint("grounding in ('grounded', 'derived', 'partial', 'ungrounded')", name="grounding"),
        Index(None, "document_id"),
        Index(None, "project_id", "collection_id", "level"),
        Index("ix_entries_name", "project_id", "name", postgresql_where="name <> ''"),
        Index("ix_entries_slots", "slots", postgresql_using="gin", postgresql_where="slots <> '{}'"),
        UniqueConstraint("number"),
    )

    id: Mapped[PrimaryKey]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    project_id: Mapped[ProjectId]
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    level: Mapped[str]
    text: Mapped[str]
    pages: Mapped[list[int]] = mapped_column(ARRAY(INTEGER), default=list)
    position: Mapped[int] = mapped_column(default=0)
    grounding: Mapped[str] = mapped_column(default="grounded")
    facts: Mapped[list[Any]] = mapped_column(default=list)
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    slots: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}", deferred=True)
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    embedding_model_id: Mapped[int | None] = mapped_column(ForeignKey("embedding_models.id"))
    embedding: Mapped[Any | None] = mapped_column(HALFVEC(), deferred=True)
    term_ids: Mapped[list[int]] = mapped_column(ARRAY(INTEGER), default=list, deferred=True)
    term_counts: Mapped[list[int]] = mapped_column(ARRAY(INTEGER), default=list, deferred=True)
    length: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[CreatedAt]


class Term(Base):
    """A lexeme at one level of one project, with the sums over its postings, kept by a trigger.

    The empty lexeme stands in every entry, as often as the entry has words: it counts entries and words.
    """

    __tablename__ = "terms"
    __table_args__ = (UniqueConstraint("project_id", "level", "lexeme", name="uq_terms_project_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[ProjectId]
    level: Mapped[str]
    lexeme: Mapped[str]
    entries: Mapped[int] = mapped_column(default=0, server_default="0")
    occurrences: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


postings = Table(
    "postings",
    Base.metadata,
    Column("term_id", ForeignKey("terms.id", ondelete="CASCADE"), nullable=False),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE")),
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE")),
    Column("collection_id", Uuid, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("occurrences", Integer, nullable=False),
    Column("numbers", ARRAY(BigInteger), nullable=False),
    Column("counts", ARRAY(Integer), nullable=False),
    Column("lengths", ARRAY(Integer), nullable=False),
    Index(None, "term_id", "document_id"),
    Index(None, "document_id"),
    Index("ix_postings_entry_id", "entry_id", postgresql_where="entry_id is not null"),
    CheckConstraint("num_nonnulls(document_id, entry_id) = 1", name="owner"),
)
"""Where a term stands within one document (or one entry that has none): entry numbers, counts and entry lengths."""


class EntrySource(Base):
    """`entry` was made from `source`: the audit trail, and the paths to walk."""

    __tablename__ = "entry_sources"
    __table_args__ = (Index(None, "source_id"),)

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)


class Recollection(Base):
    """What is remembered beyond one document. Its entry has the same id and is there until it is retired."""

    __tablename__ = "recollections"
    __table_args__ = (
        CheckConstraint("kind in ('stated', 'learned')", name="kind"),
        CheckConstraint("status in ('current', 'stale', 'retired')", name="status"),
        Index(None, "project_id", "collection_id", "status"),
        Index(None, "run_id"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    text: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default="current")
    stale_reason: Mapped[str] = mapped_column(default="")
    actor: Mapped[str]
    run_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    confirmed_at: Mapped[CreatedAt]


class RecollectionChange(Base):
    """One step of a recollection's history: who did what and why, with what it was before and after."""

    __tablename__ = "recollection_changes"
    __table_args__ = (Index(None, "recollection_id"),)

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    recollection_id: Mapped[UUID] = mapped_column(ForeignKey("recollections.id", ondelete="CASCADE"))
    action: Mapped[str]
    actor: Mapped[str]
    run_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[CreatedAt]


class Discrepancy(Base):
    """Two entries of different documents that say different things about the same.

    `entry_id` is of the document read last when they were found. `newer` names the side ("entry" or "other") of the
    later document, null when neither is known to be. `settlement` is a person's decision.
    """

    __tablename__ = "discrepancies"
    __table_args__ = (
        CheckConstraint("kind in ('restated', 'unit_slip', 'conflict', 'text')", name="kind"),
        CheckConstraint("newer in ('entry', 'other')", name="newer"),
        Index(None, "project_id", "collection_id"),
        Index(None, "other_id"),
        UniqueConstraint("entry_id", "other_id"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"))
    other_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"))
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    newer: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    settlement: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[CreatedAt]


class SearchSample(Base):
    """A live search kept to measure recall with; the newest few of a project stay."""

    __tablename__ = "search_samples"
    __table_args__ = (Index(None, "project_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    project_id: Mapped[ProjectId]
    query: Mapped[str]
    filters: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
