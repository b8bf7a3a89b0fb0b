"""The ledger: one row a call or step, written in batches, read back when a run goes on after a crash."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import column, func, insert, or_, select, table, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Base, Json, Sessions
from app.errors import BudgetExceeded
from app.llm.models import LlmCall
from app.llm.usage import Totals
from app.log import get_logger

FINISHED = "ok"
EMBEDDER = "embedder"
"""The role of embedding calls, whose tokens and number count apart from those of a run's model calls."""
BATCH = 500
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each try to write."""

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class CallKey:
    """A call within a run: the step it was made in, what was asked, and how often that was asked there before."""

    scope: str
    request_hash: str
    ordinal: int


class Ledger:
    """Writes rows of many runs together: one insert takes all rows that came while the last one was written."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._pending: list[_Pending] = []
        self._writer: asyncio.Task[None] | None = None

    def add(self, row: Json, *, wait: bool, into: type[Base] = LlmCall) -> asyncio.Future[None]:
        """Take a row of a table; it is written whatever becomes of the caller.

        The future is done when the row is committed (it raises SQLAlchemyError), at once without `wait`.
        """
        written = asyncio.get_running_loop().create_future()
        if not wait:
            written.set_result(None)
        self._pending.append(_Pending(into=into, row=row, written=written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_pending(), name="ledger")
        return written

    async def aclose(self) -> None:
        """Return when all rows are written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.shield(self._writer)

    async def _write_pending(self) -> None:
        while self._pending:
            batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
            problem = await self._write(batch)
            for each in batch:
                if not each.written.done():
                    each.written.set_exception(problem) if problem else each.written.set_result(None)

    async def _write(self, batch: list["_Pending"]) -> SQLAlchemyError | None:
        """Write rows, again and again for a while when the database is away: what was paid should be known."""
        problem: SQLAlchemyError | None = None
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                await self._insert(batch)
            except SQLAlchemyError as error:
                problem = error
                if not isinstance(error, OperationalError | InterfaceError):
                    break
            else:
                return None
        log.error("ledger.lost", rows=len(batch), error=type(problem).__name__)
        return problem

    async def _insert(self, batch: list["_Pending"]) -> None:
        try:
            async with self._sessions.begin() as session:
                for table in {each.into for each in batch}:
                    rows = [each.row for each in batch if each.into is table]
                    await session.execute(insert(table), sorted(rows, key=_counted_as))
        except IntegrityError:
            await self._write_singly(batch)

    async def _write_singly(self, batch: list["_Pending"]) -> None:
        for each in batch:
            try:
                async with self._sessions.begin() as session:
                    await session.execute(insert(each.into), [each.row])
            except IntegrityError:
                log.info("ledger.run_is_gone", run_id=str(each.row["run_id"]))


def _counted_as(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the total a row is counted in: totals are locked in one order, so no two writers wait for each other."""
    return tuple(str(row.get(name)) for name in ("engine", "model", "outcome"))


@dataclass(frozen=True, kw_only=True)
class _Pending:
    into: type[Base]
    row: Json
    written: asyncio.Future[None]


async def list_finished(session: AsyncSession, run_id: UUID) -> dict[CallKey, UUID]:
    """Return the ids of a run's finished model calls by key, for a run that goes on after a crash."""
    rows = await session.execute(
        select(LlmCall.scope, LlmCall.request_hash, LlmCall.ordinal, LlmCall.id).where(
            LlmCall.run_id == run_id, LlmCall.outcome == FINISHED, LlmCall.role != EMBEDDER
        )
    )
    return {CallKey(scope=s, request_hash=h, ordinal=o): id for s, h, o, id in rows}


async def find_answer(session: AsyncSession, call_id: UUID) -> Json | None:
    """Return a call's stored answer, None when it was not kept."""
    return cast("Json | None", await session.scalar(select(LlmCall.answer).where(LlmCall.id == call_id)))


async def sum_usage(session: AsyncSession, run_id: UUID) -> Totals:
    """Return what a run's calls used so far, by the ledger; a call the budget refused is none.

    Embeddings count by their cost only.
    """
    counted = (
        LlmCall.tries,
        LlmCall.input_tokens,
        LlmCall.output_tokens,
        LlmCall.cached_tokens,
        LlmCall.reasoning_tokens,
    )
    of_models = LlmCall.role != EMBEDDER
    sums = [func.coalesce(func.sum(figure).filter(of_models), 0).label(figure.key) for figure in counted]
    cost = func.coalesce(func.sum(LlmCall.cost_usd), 0).label("cost")
    unpriced = func.count().filter(LlmCall.cost_usd.is_(None)).label("unpriced")
    made = or_(LlmCall.outcome != BudgetExceeded.code, LlmCall.tries > 0)
    query = select(func.count().filter(of_models).label("calls"), *sums, cost, unpriced).where(
        LlmCall.run_id == run_id, made
    )
    row = (await session.execute(query)).mappings().one()
    return Totals(
        calls=row["calls"],
        requests=row["tries"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cached_tokens=row["cached_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
        cost_usd=None if row["unpriced"] else row["cost"],
    )


async def list_calls(session: AsyncSession, run_id: UUID) -> Sequence[LlmCall]:
    """Return a run's model calls in the order they began."""
    query = (
        select(LlmCall)
        .where(LlmCall.run_id == run_id, LlmCall.role != EMBEDDER)
        .order_by(LlmCall.started_at, LlmCall.id)
    )
    return (await session.scalars(query)).all()


async def forget_answers(session: AsyncSession) -> int:
    """Drop the answers of ended runs whose prompts were not kept either (`store_prompts` off); return how many."""
    runs = table("runs", column("id"), column("status"))
    ended = select(runs.c.id).where(runs.c.status.in_(("succeeded", "failed", "cancelled")))
    result: Any = await session.execute(
        update(LlmCall)
        .where(LlmCall.prompt.is_(None), LlmCall.answer.is_not(None), LlmCall.run_id.in_(ended))
        .values(answer=None)
    )
    return cast("CursorResult[Any]", result).rowcount
