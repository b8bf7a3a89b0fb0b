"""Who is told of what happens in a project's store."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

OnDiscrepancies = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Called before every search (it may raise to refuse it), with each leg's seconds, and with the ids of new
    discrepancies in the transaction that writes them.
    """

    on_search: Callable[[], None] | None = None
    on_timed: Callable[[str, float], None] | None = None
    on_discrepancies: OnDiscrepancies | None = None
