"""Rows to values and back: what the tables hold as JSON, as the dataclasses the rest of the program uses."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row

from app.convert import document
from app.convert.document import Table, TableRow
from app.db import Json
from app.knowledge.models import Document, Entry, Page, Recollection
from app.knowledge.types import DocumentView, EntryView, Evidence, Fact, Grounding, Level, PageView, RecollectionView


def fact_row(fact: Fact) -> Json:
    """Return a fact as JSON; the value as text, so that no digit is lost."""
    return asdict(fact) | {"value": str(fact.value)}


def read_fact(row: Mapping[str, Any]) -> Fact:
    """Return a stored fact."""
    return Fact(**{**row, "value": Decimal(row["value"])})


def table_row(table: Table) -> Json:
    """Return a table as JSON."""
    return asdict(table)


def read_table(row: Mapping[str, Any]) -> Table:
    """Return a stored table."""
    return Table(
        number=row["number"],
        columns=tuple(tuple(column) for column in row["columns"]),
        rows=tuple(
            TableRow(label=r["label"], cells=tuple(r["cells"]), path=tuple(r.get("path", ()))) for r in row["rows"]
        ),
        caption=row["caption"],
        unit_note=row["unit_note"],
        stub=row.get("stub", ""),
    )


def page_hash(page: document.Page) -> str:
    """Return what tells whether a page has changed: its Markdown's sha256."""
    return sha256(page.markdown.encode()).hexdigest()


def read_page(row: Page) -> document.Page:
    """Return a stored page as conversion gave it."""
    tables = tuple(read_table(table) for table in row.tables)
    return document.Page(number=row.number, markdown=row.markdown, tables=tables, label=row.label)


def page_view(row: Page, filename: str) -> PageView:
    """Return a page as read."""
    return PageView(
        document_id=row.document_id,
        filename=filename,
        number=row.number,
        label=row.label,
        markdown=row.markdown,
        tables=tuple(read_table(table) for table in row.tables),
        quality=row.quality,
    )


def document_view(row: Document) -> DocumentView:
    """Return a document as listed."""
    return DocumentView(
        id=row.id,
        collection_id=row.collection_id,
        filename=row.filename,
        media_type=row.media_type,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        status=cast(Any, row.status),
        error=row.error,
        version=row.version,
        title=row.title,
        page_count=row.page_count,
        card=row.card,
        metadata=row.meta,
        quality=row.quality,
        run_id=row.run_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        source_url=row.source_url or None,
    )


def entry_view(row: Entry | Row[Any], filename: str | None) -> EntryView:
    """Return an entry as read; the file name is empty for an entry without a document."""
    return EntryView(
        id=row.id,
        level=cast(Level, row.level),
        text=row.text,
        document_id=row.document_id,
        filename=filename or "",
        collection_id=row.collection_id,
        pages=tuple(row.pages),
        grounding=cast(Grounding, row.grounding),
        facts=tuple(read_fact(fact) for fact in row.facts),
        evidence=tuple(Evidence(**span) for span in row.evidence),
        metadata=row.meta,
    )


def recollection_view(row: Recollection, sources: Sequence[UUID]) -> RecollectionView:
    """Return a recollection as read."""
    return RecollectionView(
        id=row.id,
        collection_id=row.collection_id,
        text=row.text,
        kind=cast(Any, row.kind),
        status=cast(Any, row.status),
        stale_reason=row.stale_reason,
        actor=row.actor,
        run_id=row.run_id,
        sources=tuple(sources),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
    )
