"""API keys of the caller's project."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, ServiceDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, Page, list_page
from app.api.submission import Answer, SubmissionDep, fingerprint_of
from app.errors import Conflict, Invalid, NotFound
from app.projects.keys import Scope, create_key, get_key, revoke_key
from app.projects.models import ApiKey

router = APIRouter(prefix="/v1/keys", tags=["keys"])

KeyName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*[^\x00-\x1f\s][^\x00-\x1f]*$"),
    AfterValidator(str.strip),
]


class NewKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "console", "scopes": ["write"]}})

    name: KeyName
    scopes: list[Scope] = Field(
        min_length=1, max_length=3, description="What it may do; `admin` includes `write`, `write` includes `read`."
    )
    requests_per_minute: int | None = Field(
        None, ge=1, le=1_000_000, strict=True, description="The service's limit when left out."
    )


class KeyView(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    prefix: str = Field(description="The key begins with `sym_` and this.")
    scopes: list[Scope]
    requests_per_minute: int | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


class CreatedKey(KeyView):
    """A key that was just made; an answer given again has no `key`."""

    key: str | None = Field(None, description="The whole key. It is not kept and not shown again.")


@router.post(
    "",
    operation_id="create_key",
    summary="Make a key; the answer shows it, once",
    status_code=201,
    response_model=CreatedKey,
    responses=problems(Conflict, Invalid),
)
async def create(submission: SubmissionDep, body: NewKey) -> JSONResponse:
    async def prepare(session: AsyncSession) -> Answer:
        made, text = await create_key(session, submission.project_id, **body.model_dump())
        await session.refresh(made)
        view = CreatedKey.model_validate(made).model_dump(mode="json")
        return Answer(status=201, body=view, once={"key": text})

    answer = await submission.accept(fingerprint_of("key", body.model_dump()), prepare)
    submission.service.callers.forget()
    return answer


@router.get("", operation_id="list_keys", summary="List keys, newest first", responses=problems(Invalid))
async def list_all(
    session: SessionDep, project_id: ProjectDep, limit: LimitQuery = 50, after: AfterQuery = None
) -> Page[KeyView]:
    query = select(ApiKey).where(ApiKey.project_id == project_id)
    return await list_page(session, query, key=ApiKey.id, view=KeyView.model_validate, limit=limit, after=after)


@router.delete(
    "/{key_id}",
    operation_id="revoke_key",
    summary="Let a key in no more, from now on",
    status_code=204,
    response_class=Response,
    responses=problems(NotFound, Invalid),
)
async def revoke(service: ServiceDep, project_id: ProjectDep, key_id: UUID) -> None:
    async with service.resources.sessions.begin() as session:
        await revoke_key(session, await get_key(session, project_id, key_id))
    service.callers.forget()
