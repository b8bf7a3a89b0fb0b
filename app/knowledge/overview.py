"""What is in a collection, put together from its abstracts and concepts without a model."""

import re
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.claims.measures import find_measure
from app.knowledge.collections import count_documents, count_entries
from app.knowledge.discrepancies import select_discrepancies
from app.knowledge.models import Collection, Document, Entry, EntrySource

SHOWN_DOCUMENTS = 100
SHOWN_CONCEPTS = 20
ASKED = 3
LOOKED_AT = 100
FIGURE = re.compile(
    r"(?P<subject>[^$€£¥\d]+) (?P<verb>was|were) -?[$€£¥]?\d.*? (?P<when>(?:in|as of) [^,($€£¥]*?(?:\d, )?\d{4})\b.*\."
)
"""A sentence that tells a figure of a period or a day, with or without more behind it."""
NAME = re.compile(r"\w+(?: [A-Z]\w+)*['’]s?\b|[A-Z]\w+ [A-Z]")


class OverviewDocument(BaseModel):
    """A document and its abstract."""

    id: UUID
    filename: str
    title: str
    page_count: int
    abstract: str


class Overview(BaseModel):
    """A collection at a glance: counts, its newest documents, the concepts most insights rest on, questions to ask.

    `entries` counts by level, recollections too; `discrepancies` those that nobody has settled.
    """

    id: UUID
    name: str
    description: str
    documents: dict[str, int]
    entries: dict[str, int]
    newest: list[OverviewDocument]
    discrepancies: int
    concepts: list[str]
    questions: list[str]


async def get_overview(session: AsyncSession, found: Collection) -> Overview:
    """Return a collection's overview."""
    newest = await _list_newest(session, found.id)
    concepts = await _list_concepts(session, found.id)
    return Overview(
        id=found.id,
        name=found.name,
        description=found.description,
        documents=(await count_documents(session, [found.id]))[found.id],
        entries=await count_entries(session, found.id),
        newest=newest,
        discrepancies=await _count_open(session, found),
        concepts=concepts,
        questions=[await _ask(session, each) for each in newest[:ASKED]],
    )


async def _count_open(session: AsyncSession, found: Collection) -> int:
    query = select_discrepancies(found.project_id, collection_ids=[found.id], settled=False)
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0


async def _ask(session: AsyncSession, document: OverviewDocument) -> str:
    """Return a question the document answers: for its first figure of a known measure, else for what it says."""
    told = select(Entry.text).where(Entry.document_id == document.id, Entry.level == "insight", Entry.facts != [])
    for text in await session.scalars(told.order_by(Entry.position).limit(LOOKED_AT)):
        if question := phrase_question(text):
            return question
    return f"What does “{document.title or document.filename}” say, in short?"


def phrase_question(text: str) -> str | None:
    """Return a question for the figure of a known measure that a sentence tells; None where it tells none."""
    match = FIGURE.fullmatch(text)
    if match is None or not find_measure(match["subject"]):
        return None
    subject = match["subject"]
    named = subject if NAME.match(subject) else f"{subject[0].lower()}{subject[1:]}"
    return f"What {match['verb']} {named} {match['when']}?"


async def _list_newest(session: AsyncSession, collection_id: UUID) -> list[OverviewDocument]:
    abstract = (
        select(Entry.text)
        .where(Entry.document_id == Document.id, Entry.level == "abstract")
        .order_by(Entry.position)
        .limit(1)
    )
    query = (
        select(Document, func.coalesce(abstract.scalar_subquery(), ""))
        .where(Document.collection_id == collection_id, Document.version > 0)
        .order_by(Document.id.desc())
        .limit(SHOWN_DOCUMENTS)
    )
    return [
        OverviewDocument(id=row.id, filename=row.filename, title=row.title, page_count=row.page_count, abstract=text)
        for row, text in await session.execute(query)
    ]


async def _list_concepts(session: AsyncSession, collection_id: UUID) -> list[str]:
    weight = func.count(EntrySource.source_id)
    query = (
        select(Entry.text)
        .outerjoin(EntrySource, EntrySource.entry_id == Entry.id)
        .where(Entry.collection_id == collection_id, Entry.level == "concept")
        .group_by(Entry.id)
        .order_by(weight.desc(), Entry.id)
        .limit(SHOWN_CONCEPTS)
    )
    return list(await session.scalars(query))
