"""Accepting a run, answering its question, asking for its end, trying it again: what a request does to a run."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.agents.base import Agent
from app.db import Json, insert_all, new_row, now
from app.errors import Conflict
from app.runs.answers import check_answer
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.repository import Ending, NewEvent, append_to, conclude, get_question, lock_run
from app.telemetry import note_traceparent


async def admit(
    session: AsyncSession,
    *,
    project_id: UUID,
    agent: Agent[Any, Any],
    input: BaseModel,
    engine: str,
    thread_id: UUID | None = None,
    collection_id: UUID | None = None,
    request_id: str | None = None,
) -> Run:
    """Add a queued run; put it on the queue after the commit."""
    asked = _asked(engine, collection_id, request_id)
    run = Run(**_describe(project_id, agent, input, **asked))
    run.thread_id = thread_id or run.id
    session.add(run)
    await session.flush()
    return run


async def admit_many(
    session: AsyncSession,
    *,
    project_id: UUID,
    agent: Agent[Any, Any],
    inputs: Sequence[BaseModel],
    engine: str,
    collection_id: UUID | None = None,
    request_id: str | None = None,
) -> list[Run]:
    """Add a queued run for each input, in one statement; put them on the queue after the commit."""
    asked = _asked(engine, collection_id, request_id)
    runs = [new_row(Run, **_describe(project_id, agent, input, **asked)) for input in inputs]
    await insert_all(session, runs)
    return runs


def _asked(engine: str, collection_id: UUID | None, request_id: str | None) -> Json:
    return {
        "engine": engine,
        "collection_id": collection_id,
        "request_id": request_id,
        "traceparent": note_traceparent(),
    }


def _describe(project_id: UUID, agent: Agent[Any, Any], input: BaseModel, **asked: Any) -> Json:
    """Return the columns of a new run."""
    run_id = uuid7()
    return {
        "id": run_id,
        "project_id": project_id,
        "agent": agent.name,
        "queue": agent.queue,
        "status": "queued",
        "attempt": 0,
        "thread_id": run_id,
        "input": input.model_dump(mode="json"),
        "created_at": now(),
        **asked,
    }


async def readmit(
    session: AsyncSession, run: Run, *, agent: Agent[Any, Any], engine: str, request_id: str | None
) -> Run:
    """Add a new run of the same input as one that failed or was cancelled. Raises Conflict."""
    if run.status not in ("failed", "cancelled"):
        raise Conflict(f"Only a failed or cancelled run can be tried again; this one is {run.status}.")
    again = await admit(
        session,
        project_id=run.project_id,
        agent=agent,
        input=agent.input.model_validate(run.input),
        engine=engine,
        thread_id=run.thread_id,
        collection_id=run.collection_id,
        request_id=request_id,
    )
    again.retry_of, again.replays = run.id, run.replays
    return again


async def replay(session: AsyncSession, run: Run, *, agent: Agent[Any, Any], request_id: str | None) -> Run:
    """Add a run of the same input that is answered from this one's record. Raises Conflict."""
    if run.status != "succeeded":
        raise Conflict(f"Only a run that succeeded can be replayed; this one is {run.status}.")
    if agent.path is None:
        raise Conflict("Reading a document changes the store; it is not replayed.")
    again = await admit(
        session,
        project_id=run.project_id,
        agent=agent,
        input=agent.input.model_validate(run.input),
        engine=run.engine,
        thread_id=run.thread_id,
        collection_id=run.collection_id,
        request_id=request_id,
    )
    again.replays = run.replays or run.id
    return again


async def request_cancel(
    session: AsyncSession, project_id: UUID, run_id: UUID, agent: Agent[Any, Any] | None
) -> tuple[Run, list[RunEvent]]:
    """Ask for a run's end; one that no worker has ends at once, one that has ended stays as it is."""
    run = await lock_run(session, project_id, run_id)
    if run.status in TERMINAL:
        return run, []
    run.cancel_requested_at = run.cancel_requested_at or now()
    if run.status == "running":
        return run, []
    events = await conclude(session, run, Ending(status="cancelled"), path=agent.path if agent else None)
    if agent is not None and agent.settle is not None:
        await agent.settle(session, run.input, run.status, None)
    return run, events


async def give_input(
    session: AsyncSession, project_id: UUID, run_id: UUID, value: Json, *, question: int | None = None
) -> tuple[Run, list[RunEvent]]:
    """Answer a waiting run's question and queue it; `question` is the `seq` of the one that was read.

    Raises Conflict when it does not wait, or waits with another question, Invalid when the answer does not fit.
    """
    run = await lock_run(session, project_id, run_id)
    if run.status != "waiting":
        raise Conflict(f"This run does not wait for input; it is {run.status}.")
    asked = await get_question(session, run_id)
    if question not in (None, asked.seq):
        raise Conflict("This question is closed; the run waits with another one.")
    check_answer(asked.data.get("response_schema"), value)
    run.status = "queued"
    return run, append_to(session, run, NewEvent(type="run.resumed", data={"input": value}))
