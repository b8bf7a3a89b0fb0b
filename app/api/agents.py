"""A typed route for every agent that was found: start it, and read what it made."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.agents.base import Agent
from app.api.deps import ProjectDep, RequestIdDep, ServiceDep, SessionDep
from app.api.errors import problems
from app.api.submission import ENDED_IN_TIME, RETRY_AFTER, SubmissionDep, fingerprint_of
from app.errors import AppError, Conflict, Invalid, NotFound
from app.knowledge.collections import resolve_collections
from app.runs.admit import admit
from app.runs.models import TERMINAL, Run
from app.runs.repository import get_run
from app.runs.schemas import RunView, view_run

JSON_TYPE = "application/json"
THREAD = (
    "The thread this run follows up: the `thread_id` of an earlier run. Left out, the run begins a thread of its own; "
    "an id that no run has had yet begins a thread of that id."
)


class NotAcceptable(AppError):
    """The result is not to be had in this media type."""

    status, code, title = 406, "not_acceptable", "Not acceptable"


def build_router(agent: Agent[Any, Any]) -> APIRouter:
    """Return the routes of one agent: `POST /v1/{path}` and `GET /v1/{path}/{run_id}`."""
    router = APIRouter(prefix=f"/v1/{agent.path}", tags=[agent.path or agent.name])
    add_create_route(router, agent)
    add_result_route(router, agent)
    return router


def add_create_route(router: APIRouter, agent: Agent[Any, Any]) -> None:
    """Add the route that starts the agent."""
    examples = {"example": {"value": agent.example}}

    async def create(
        service: ServiceDep,
        submission: SubmissionDep,
        request_id: RequestIdDep,
        input: Annotated[agent.input, Body(openapi_examples=examples)],  # type: ignore[name-defined]
        thread_id: Annotated[UUID | None, Query(description=THREAD)] = None,
    ) -> Response:
        async def prepare(session: AsyncSession) -> Run:
            return await admit(
                session,
                project_id=submission.project_id,
                agent=agent,
                input=input.within(service.resources.model_servers.default_caps),
                engine=service.engine,
                thread_id=thread_id,
                collection_id=await find_collection(session, submission.project_id, input),
                request_id=request_id,
            )

        return await submission.accept(fingerprint_of(agent.name, str(thread_id), input.model_dump_json()), prepare)

    router.add_api_route(
        "",
        create,
        methods=["POST"],
        operation_id=f"create_{agent.name}",
        summary=agent.summary,
        response_model=RunView,
        status_code=202,
        responses={
            200: ENDED_IN_TIME,
            **problems(NotFound, Conflict, Invalid),
        },
    )


def add_result_route(router: APIRouter, agent: Agent[Any, Any]) -> None:
    """Add the route that gives what a run made, in the media type asked for."""

    async def get_result(
        service: ServiceDep,
        session: SessionDep,
        project_id: ProjectDep,
        run_id: UUID,
        accept: Annotated[str, Header(include_in_schema=False)] = JSON_TYPE,
    ) -> Response:
        run = await get_run(session, project_id, run_id)
        if run.agent != agent.name:
            raise NotFound("There is no such run.")
        if run.status not in TERMINAL:
            view = view_run(run, agent.path).model_dump(mode="json")
            return JSONResponse(view, 202, RETRY_AFTER)
        if run.output is None:
            raise Conflict(f"This run has no result: {(run.error or {}).get('detail', 'it was cancelled.')}")
        return render(agent, agent.output.model_validate(run.output), accept)

    router.add_api_route(
        "/{run_id}",
        get_result,
        methods=["GET"],
        operation_id=f"get_{agent.name}",
        summary=f"Get what a {agent.name} run made",
        response_model=agent.output,
        responses={
            200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in agent.renderers}},
            202: {"model": RunView, "description": "The run has not ended."},
            **problems(NotFound, Conflict, NotAcceptable),
        },
    )


async def find_collection(session: AsyncSession, project_id: UUID, input: BaseModel) -> UUID | None:
    """Return the collection an input names, when it is one. Raises NotFound for any that is not there."""
    names = getattr(input, "collection_names", None)
    if names is None:
        given = getattr(input, "collection", None)
        names = [given] if given else None
    if names is None:
        return None
    ids = await resolve_collections(session, project_id, names)
    return ids[0] if len(ids) == 1 else None


def render(agent: Agent[Any, Any], output: BaseModel, accept: str) -> Response:
    """Return an output in the first media type of an `Accept` header that the agent can give. Raises NotAcceptable."""
    for media_type in preferred(accept):
        if media_type in (JSON_TYPE, "application/*", "*/*"):
            return Response(output.model_dump_json(), media_type=JSON_TYPE)
        if media_type in agent.renderers:
            return Response(agent.renderers[media_type](output), media_type=media_type)
    raise NotAcceptable(f"To be had as: {', '.join([JSON_TYPE, *agent.renderers])}.")


def preferred(accept: str) -> list[str]:
    """Return the media types of an `Accept` header, best first."""
    ranked = []
    for position, part in enumerate(accept.split(",")):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        ranked.append((-_number(quality), position, media_type))
    return [media_type for quality, _, media_type in sorted(ranked) if quality < 0]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
