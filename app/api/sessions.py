"""Who one is here; and, for browsers, the key in a cookie that only reads."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import select

from app.api.access import COOKIE, key_of
from app.api.deps import CallerDep, SessionDep
from app.api.errors import problems
from app.errors import Unauthorized
from app.projects.keys import SCOPES, Scope
from app.projects.models import Project

router = APIRouter(prefix="/v1/session", tags=["keys"])

COOKIE_SECONDS = 12 * 60 * 60


class SessionView(BaseModel):
    """The project one works in and what one may do there; without a key it is this machine's person."""

    project_id: UUID
    project: str
    key_id: UUID | None
    scopes: list[Scope]


@router.get("", operation_id="get_session", summary="Tell project and scopes of the key in use")
async def get_one(session: SessionDep, caller: CallerDep) -> SessionView:
    name = await session.scalar(select(Project.name).where(Project.id == caller.project_id))
    scopes = [scope for scope in SCOPES if caller.may(scope)]
    return SessionView(project_id=caller.project_id, project=name or "", key_id=caller.key_id, scopes=scopes)


@router.post(
    "",
    operation_id="open_session",
    summary="Put the key in a cookie that reads, for EventSource",
    description="HttpOnly, SameSite=Strict, for `GET` alone: no key stands in a URL, and no other page can use it.",
    status_code=204,
    response_class=Response,
    responses=problems(Unauthorized),
)
async def open_one(request: Request) -> Response:
    key = key_of(request)
    response = Response(status_code=204)
    if key is not None:
        response.set_cookie(
            COOKIE,
            key,
            max_age=COOKIE_SECONDS,
            path="/v1",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
    return response


@router.delete(
    "",
    operation_id="close_session",
    summary="Take the cookie back",
    status_code=204,
    response_class=Response,
    responses=problems(Unauthorized),
)
async def close_one() -> Response:
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/v1", httponly=True, samesite="strict")
    return response
