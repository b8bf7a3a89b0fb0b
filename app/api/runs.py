"""Runs of every agent: list, one, its events, and what a person may do to it."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, RequestIdDep, Service, ServiceDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, Page, build_page, list_page
from app.api.submission import ENDED_IN_TIME, RETRY_AFTER, SubmissionDep, fingerprint_of
from app.api.texts import NO_NUL
from app.db import Json, now
from app.errors import Conflict, Invalid, NotFound
from app.metrics import Metrics
from app.runs.admit import give_input, readmit, replay, request_cancel
from app.runs.dispatch import Delivery
from app.runs.events import event_view, follow, publish, wait_until_ended
from app.runs.models import TERMINAL, Run
from app.runs.repository import get_run, list_events, lock_run
from app.runs.schemas import EventView, RunView, Status, view_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])

EVENT_STREAM = "text/event-stream"
FRAME_SCHEMA = {
    "type": "object",
    "description": "One event; a delta has no `id`.",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Its `seq`."},
        "event": {"type": "string", "description": "Its type."},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
CANCEL_SECONDS = 60.0


@router.get("", operation_id="list_runs", summary="List runs, newest first", responses=problems(Invalid))
async def list_runs(
    service: ServiceDep,
    session: SessionDep,
    project_id: ProjectDep,
    status: Annotated[Status | None, Query(description="Only runs of this status.")] = None,
    agent: Annotated[str | None, Query(description="Only runs of this agent.", pattern=NO_NUL)] = None,
    thread_id: Annotated[UUID | None, Query(description="Only runs of this thread.")] = None,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
) -> Page[RunView]:
    wanted = {Run.status: status, Run.agent: agent, Run.thread_id: thread_id}
    query = select(Run).where(Run.project_id == project_id)
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    return await list_page(session, query, key=Run.id, view=viewer(service), limit=limit, after=after)


@router.get("/{run_id}", operation_id="get_run", summary="Get a run", responses=problems(NotFound))
async def get_one(service: ServiceDep, session: SessionDep, project_id: ProjectDep, run_id: UUID) -> RunView:
    return viewer(service)(await get_run(session, project_id, run_id))


@router.get(
    "/{run_id}/events",
    operation_id="get_run_events",
    summary="Follow a run's events, or read them as a page",
    response_model=None,
    responses={
        200: {
            "description": "Server-sent events until the run ends; with `Accept: application/json` a page of the log.",
            "content": {
                EVENT_STREAM: {"schema": FRAME_SCHEMA},
                "application/json": {"schema": {"$ref": "#/components/schemas/Page_EventView_"}},
            },
        },
        **problems(NotFound, Invalid),
    },
)
async def get_events(
    service: ServiceDep,
    project_id: ProjectDep,
    run_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only events after this `seq`.")] = 0,
    limit: LimitQuery = 50,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**31 - 1)] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = EVENT_STREAM,
) -> Response:
    sessions = service.resources.sessions
    async with sessions() as session:
        await get_run(session, project_id, run_id)
        if wants_page(accept):
            page = await list_log(session, run_id, after=after, limit=limit)
            return JSONResponse(page.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
    events = follow(
        sessions,
        service.bus,
        run_id,
        after=after if last_event_id is None else last_event_id,
        on_live=lag_meter(service.resources.metrics),
    )
    return StreamingResponse(frames(events), media_type=EVENT_STREAM, headers=STREAM_HEADERS)


@router.post(
    "/{run_id}/cancel",
    operation_id="cancel_run",
    summary="Ask a run to stop",
    response_model=RunView,
    status_code=202,
    responses={200: {"model": RunView, "description": "The run has ended."}, **problems(NotFound)},
)
async def cancel(
    service: ServiceDep,
    project_id: ProjectDep,
    run_id: UUID,
    wait: Annotated[bool, Query(description="Answer only when the run has ended.")] = False,
) -> Response:
    sessions = service.resources.sessions
    async with sessions.begin() as session:
        run = await get_run(session, project_id, run_id)
        run, events = await request_cancel(session, project_id, run_id, service.agents.get(run.agent))
    await publish(service.bus, run_id, events)
    if run.status not in TERMINAL:
        await service.bus.publish_cancel(run_id)
        if wait:
            await wait_until_ended(sessions, service.bus, run_id, seconds=CANCEL_SECONDS, after=run.last_seq)
            async with sessions() as session:
                run = await get_run(session, project_id, run_id)
    view = viewer(service)(run).model_dump(mode="json")
    return JSONResponse(view, status_code=200) if run.status in TERMINAL else JSONResponse(view, 202, RETRY_AFTER)


@router.post(
    "/{run_id}/input",
    operation_id="give_run_input",
    summary="Answer the question a run waits with",
    status_code=202,
    responses=problems(NotFound, Conflict, Invalid),
)
async def answer_question(
    service: ServiceDep,
    project_id: ProjectDep,
    run_id: UUID,
    value: Annotated[Any, Body(description="What the question's `response_schema` asks for.")],
    question: Annotated[
        int | None, Query(description="`seq` of the `run.waiting` that is answered; 409 when it is closed.")
    ] = None,
) -> RunView:
    async with service.resources.sessions.begin() as session:
        run, events = await give_input(session, project_id, run_id, value, question=question)
    await publish(service.bus, run_id, events)
    await service.dispatcher.enqueue_many([Delivery.of(run)])
    return viewer(service)(run)


@router.post(
    "/{run_id}/retry",
    operation_id="retry_run",
    summary="Try a failed or cancelled run again, as a new run",
    response_model=RunView,
    status_code=202,
    responses={200: ENDED_IN_TIME, **problems(NotFound, Conflict, Invalid)},
)
async def retry(service: ServiceDep, submission: SubmissionDep, request_id: RequestIdDep, run_id: UUID) -> Response:
    async def prepare(session: AsyncSession) -> Run:
        run = await lock_run(session, submission.project_id, run_id)
        if run.agent not in service.agents:
            raise Conflict(f"There is no agent {run.agent!r} here any more.")
        agent = service.agents[run.agent]
        return await readmit(session, run, agent=agent, engine=service.engine, request_id=request_id)

    return await submission.accept(fingerprint_of("retry", str(run_id)), prepare)


@router.post(
    "/{run_id}/replay",
    operation_id="replay_run",
    summary="Run a succeeded run again, answered from its record",
    response_model=RunView,
    status_code=202,
    responses={200: ENDED_IN_TIME, **problems(NotFound, Conflict, Invalid)},
)
async def replay_one(
    service: ServiceDep, submission: SubmissionDep, request_id: RequestIdDep, run_id: UUID
) -> Response:
    async def prepare(session: AsyncSession) -> Run:
        run = await lock_run(session, submission.project_id, run_id)
        if run.agent not in service.agents:
            raise Conflict(f"There is no agent {run.agent!r} here any more.")
        return await replay(session, run, agent=service.agents[run.agent], request_id=request_id)

    return await submission.accept(fingerprint_of("replay", str(run_id)), prepare)


def viewer(service: Service) -> Callable[[Run], RunView]:
    """Return the function that turns a run's row into its wire form."""
    return lambda run: view_run(run, service.path_of(run.agent))


def lag_meter(metrics: Metrics) -> Callable[[Json], None]:
    """Return what notes how old an event is when it goes out."""

    def note(event: Json) -> None:
        metrics.event_lag_seconds.observe(max(0.0, (now() - datetime.fromisoformat(event["at"])).total_seconds()))

    return note


def wants_page(accept: str) -> bool:
    """Whether a client asks for JSON rather than a stream."""
    return "application/json" in accept and EVENT_STREAM not in accept


async def list_log(session: AsyncSession, run_id: UUID, *, after: int, limit: int) -> Page[EventView]:
    """Return a page of a run's log, oldest first; the cursor is the last `seq`."""
    rows = await list_events(session, run_id, after=after, limit=limit + 1)
    return build_page(
        rows, limit=limit, view=lambda row: EventView.model_validate(event_view(row)), cursor=lambda row: row.seq
    )


async def frames(events: AsyncGenerator[Json | None]) -> AsyncIterator[str]:
    """Turn events into frames of `text/event-stream`; a quiet while becomes a comment."""
    async with aclosing(events):
        yield ": open\n\n"
        async for event in events:
            yield ": quiet\n\n" if event is None else frame(event)


def frame(event: Json) -> str:
    """Return one frame, the same to the byte live and replayed; a delta has no id, for it is never replayed."""
    identity = f"id: {event['seq']}\n" if "seq" in event else ""
    data = json.dumps(event["data"], ensure_ascii=False, sort_keys=True)
    return f"{identity}event: {event['type']}\ndata: {data}\n\n"
