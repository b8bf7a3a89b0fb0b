"""The vocabulary: lexemes that no entry has any more go, unless someone is about to use them."""

from collections.abc import Iterable

from sqlalchemy import Integer, cast, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.models import Term
from app.knowledge.store import Draft


class TermsGone(Exception):
    """Lexemes have been dropped since drafts were given their ids."""


async def hold_terms(session: AsyncSession, drafts: Iterable[Draft]) -> None:
    """Keep the drafts' lexemes from being dropped until the transaction ends. Raises TermsGone."""
    wanted = sorted({term_id for draft in drafts for term_id in draft.term_ids})
    there = select(Term.id).where(Term.id == func.any(cast(wanted, ARRAY(Integer))))
    if len((await session.scalars(there.with_for_update(read=True, key_share=True))).all()) < len(wanted):
        raise TermsGone


async def drop_unused_terms(session: AsyncSession) -> int:
    """Drop the lexemes of all projects that stand in no entry, but for those just being used; return how many."""
    unused = select(Term.id).where(Term.entries == 0, Term.lexeme != "").with_for_update(skip_locked=True)
    dropped = await session.scalars(delete(Term).where(Term.id.in_(unused)).returning(Term.id))
    return len(dropped.all())
