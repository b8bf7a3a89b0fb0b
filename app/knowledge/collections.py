"""Collections: named sets of documents. Every function takes the session first and leaves the commit to its caller."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import Conflict, Invalid, NotFound
from app.knowledge.models import Collection, Document, Term, postings

DEFAULT = "default"


def parse_id(text: str) -> UUID | None:
    """Return the id a text spells, or None when it is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def ensure_default(session: AsyncSession, project_id: UUID) -> Collection:
    """Return the project's `default` collection, made when it is missing."""
    query = select(Collection).where(Collection.project_id == project_id, Collection.name == DEFAULT)
    found = await session.scalar(query)
    if found is not None:
        return found
    values = {"id": uuid7(), "project_id": project_id, "name": DEFAULT, "description": ""}
    await session.execute(insert(Collection).values(values).on_conflict_do_nothing())
    return (await session.scalars(query)).one()


async def get_collection(session: AsyncSession, project_id: UUID, name_or_id: str) -> Collection:
    """Return a collection of the project by id or name. Raises NotFound with what was asked for."""
    if name_or_id in ("", DEFAULT):
        return await ensure_default(session, project_id)
    given = parse_id(name_or_id)
    wanted = Collection.id == given if given else Collection.name == name_or_id
    query = select(Collection).where(Collection.project_id == project_id, wanted)
    found = None if "\x00" in name_or_id else await session.scalar(query)
    if found is None:
        raise NotFound(f"There is no collection “{name_or_id[:200]}”.")
    return found


async def resolve_collections(session: AsyncSession, project_id: UUID, names_or_ids: Sequence[str]) -> list[UUID]:
    """Return the ids of collections by id or name, the default one for none. Raises NotFound with the name."""
    names = names_or_ids or [DEFAULT]
    return [(await get_collection(session, project_id, name)).id for name in dict.fromkeys(names)]


async def list_collections(
    session: AsyncSession, project_id: UUID, *, after: UUID | None = None, limit: int = 50
) -> list[Collection]:
    """Return the project's collections in the order they were made."""
    query = select(Collection).where(Collection.project_id == project_id).order_by(Collection.id).limit(limit)
    if after is not None:
        query = query.where(Collection.id > after)
    return list(await session.scalars(query))


async def create_collection(session: AsyncSession, project_id: UUID, *, name: str, description: str = "") -> Collection:
    """Add a collection. Raises Conflict when the name is taken, Invalid when it looks like an id."""
    _check_name(name)
    values = {"id": uuid7(), "project_id": project_id, "name": name, "description": description}
    query = insert(Collection).values(values).on_conflict_do_nothing().returning(Collection)
    made = await session.scalar(query)
    if made is None:
        raise Conflict(f"There is a collection “{name}” already.")
    return made


async def update_collection(
    session: AsyncSession, collection: Collection, *, name: str | None = None, description: str | None = None
) -> Collection:
    """Change name or description. Raises Conflict when the name is taken or the collection is `default`."""
    if name is not None and name != collection.name:
        _check_name(name)
        await _refuse_taken_name(session, collection, name)
        collection.name = name
    if description is not None:
        collection.description = description
    await session.flush()
    return collection


async def count_entries(session: AsyncSession, collection_id: UUID) -> dict[str, int]:
    """Return how many entries a collection has at each level."""
    query = (
        select(Term.level, func.sum(postings.c.entries))
        .join(postings, postings.c.term_id == Term.id)
        .join(Collection, Collection.project_id == Term.project_id)
        .where(Collection.id == collection_id, postings.c.collection_id == collection_id, Term.lexeme == "")
        .group_by(Term.level)
    )
    return {level: int(entries) for level, entries in await session.execute(query)}


async def count_documents(session: AsyncSession, collection_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Return how many documents each collection has by status."""
    query = (
        select(Document.collection_id, Document.status, func.count())
        .where(Document.collection_id.in_(collection_ids))
        .group_by(Document.collection_id, Document.status)
    )
    counts: dict[UUID, dict[str, int]] = {collection_id: {} for collection_id in collection_ids}
    for collection_id, status, count in await session.execute(query):
        counts[collection_id][status] = count
    return counts


def _check_name(name: str) -> None:
    if parse_id(name):
        raise Invalid("A collection's name must not look like an id.")


async def _refuse_taken_name(session: AsyncSession, collection: Collection, name: str) -> None:
    if collection.name == DEFAULT:
        raise Conflict("The collection “default” keeps its name.")
    query = select(Collection.id).where(Collection.project_id == collection.project_id, Collection.name == name)
    if await session.scalar(query):
        raise Conflict(f"There is a collection “{name}” already.")
