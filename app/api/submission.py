"""Requests that create: once per `Idempotency-Key`, and answered at once or, with `Prefer: wait=N`, when done."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from fastapi.responses import JSONResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, RequestIdDep, Service, ServiceDep
from app.db import Json
from app.errors import Conflict, Invalid
from app.runs.dispatch import Delivery
from app.runs.events import wait_until_ended
from app.runs.models import TERMINAL, IdempotencyKey, Run
from app.runs.repository import get_run
from app.runs.schemas import RunView, view_run

RETRY_AFTER = {"Retry-After": "1"}
ENDED_IN_TIME: Json = {"model": RunView, "description": "It ended within `Prefer: wait`."}
LONGEST_WAIT = 300.0
WAIT = re.compile(r"\bwait\s*=\s*\"?(\d{1,4})")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that can be given again: status, JSON body, headers. `once` is shown the first time and never kept."""

    status: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)
    once: Json = field(default_factory=dict)

    def response(self, **headers: str) -> JSONResponse:
        """Return it as a response."""
        return JSONResponse({**self.body, **self.once}, status_code=self.status, headers={**self.headers, **headers})


Prepare = Callable[[AsyncSession], Awaitable[Run | Answer]]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A creating request; `accept` does everything from its key to its answer."""

    service: Service
    project_id: UUID
    request_id: str
    key: str | None
    wait: float

    async def accept(
        self, fingerprint: str, prepare: Prepare, *, body: Callable[[Json], Json] | None = None
    ) -> JSONResponse:
        """Run `prepare` in one transaction with the idempotency key, then queue the run it made and answer.

        `prepare` returns the run (202 with `Location`), or another answer. `body` puts the run into a larger body.
        Raises Invalid when the key was used for another request, Conflict while its first use is in flight.
        """
        async with self.service.resources.sessions.begin() as session:
            if self.key and (given := await find_answer(session, self.project_id, self.key, fingerprint)):
                return given.response(**{"Idempotent-Replayed": "true"})
            made = await prepare(session)
            answer = made if isinstance(made, Answer) else self._accepted(made, body)
            if self.key:
                keep_answer(session, self.project_id, self.key, fingerprint, answer)
        if isinstance(made, Answer):
            return answer.response()
        await self.service.dispatcher.enqueue_many([Delivery.of(made)])
        return (await self._wait(made, body) if self.wait else answer).response()

    def _accepted(self, run: Run, body: Callable[[Json], Json] | None) -> Answer:
        return self._answer(run, 202, body, {"Location": f"/v1/runs/{run.id}", **RETRY_AFTER})

    async def _wait(self, run: Run, body: Callable[[Json], Json] | None) -> Answer:
        """Return the run as it is when it has ended, waits for a person, or the time is up."""
        resources = self.service.resources
        await wait_until_ended(resources.sessions, self.service.bus, run.id, seconds=self.wait)
        async with resources.sessions() as session:
            run = await get_run(session, self.project_id, run.id)
        if run.status not in TERMINAL:
            return self._accepted(run, body)
        return self._answer(run, 200, body, {"Location": f"/v1/runs/{run.id}", "Preference-Applied": "wait"})

    def _answer(self, run: Run, status: int, body: Callable[[Json], Json] | None, headers: dict[str, str]) -> Answer:
        view = view_run(run, self.service.path_of(run.agent)).model_dump(mode="json")
        return Answer(status=status, body=body(view) if body else view, headers=headers)


async def find_answer(session: AsyncSession, project_id: UUID, key: str, fingerprint: str) -> Answer | None:
    """Return the answer a key got before, and hold the key until the transaction ends. Raises Invalid, Conflict."""
    name = f"{project_id}:{key}"
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))):
        raise Conflict("A request with this Idempotency-Key is in flight.", retry_after=1)
    kept = await session.get(IdempotencyKey, (project_id, key))
    if kept is None:
        return None
    if kept.fingerprint != fingerprint:
        raise Invalid("This Idempotency-Key was used for another request.")
    body = kept.body or {}
    return Answer(status=kept.status or 200, body=body["body"], headers=body["headers"])


def keep_answer(session: AsyncSession, project_id: UUID, key: str, fingerprint: str, answer: Answer) -> None:
    """Keep an answer under its key, in the transaction that made what it tells of."""
    body = {"body": answer.body, "headers": answer.headers}
    session.add(
        IdempotencyKey(project_id=project_id, key=key, fingerprint=fingerprint, status=answer.status, body=body)
    )


def fingerprint_of(*parts: str | bytes | Json | None) -> str:
    """Return a hash of everything that makes a request the same request."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, default=str).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


async def get_submission(
    service: ServiceDep,
    project_id: ProjectDep,
    request_id: RequestIdDep,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
    prefer: Annotated[
        str | None, Header(description="`wait=N`: answer when the run has ended, after N s at most.")
    ] = None,
) -> Submission:
    """Read the headers a creating request may carry."""
    wanted = WAIT.search(prefer or "")
    wait = min(float(wanted.group(1)), LONGEST_WAIT) if wanted else 0.0
    return Submission(service=service, project_id=project_id, request_id=request_id, key=idempotency_key, wait=wait)


SubmissionDep = Annotated[Submission, Depends(get_submission)]
