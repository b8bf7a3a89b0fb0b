"""What routes ask for: the open resources, a session, the project, the queues.

All are coroutines: FastAPI hands a plain function to a thread, which costs more than most of them do.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.agents.base import Agent
from app.api.callers import Callers
from app.api.rates import KeyRates
from app.errors import Unauthorized
from app.knowledge.current_model import CurrentModel
from app.knowledge.knowledge import Knowledge
from app.knowledge.opening import open_knowledge
from app.llm.runner import ModelRunner, RunRef, build_models
from app.llm.task import OfflineFunctions
from app.projects.keys import Caller
from app.resources import Resources
from app.runs.bus import EventBus
from app.runs.dispatch import Dispatcher


@dataclass(frozen=True, kw_only=True)
class Service:
    """What an API process opens at its start."""

    resources: Resources
    agents: Mapping[str, Agent[Any, Any]]
    dispatcher: Dispatcher
    bus: EventBus
    rates: KeyRates
    callers: Callers
    models: CurrentModel

    @property
    def engine(self) -> str:
        """The engine new runs are made with."""
        return "openai" if self.resources.settings.uses_model_server else "offline"

    def path_of(self, agent: str) -> str | None:
        """Return an agent's route under `/v1`, if it is installed and has one."""
        return self.agents[agent].path if agent in self.agents else None


async def get_service(request: Request) -> Service:
    """Return what the process opened."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(get_service)]


async def get_resources(service: ServiceDep) -> Resources:
    """Return the open resources."""
    return service.resources


ResourcesDep = Annotated[Resources, Depends(get_resources)]


async def get_caller(request: Request) -> Caller:
    """Return who was let in. Raises Unauthorized where nobody was asked for a key."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Unauthorized
    return caller


CallerDep = Annotated[Caller, Depends(get_caller)]


async def get_project(caller: CallerDep) -> UUID:
    """Return the project the caller belongs to."""
    return caller.project_id


ProjectDep = Annotated[UUID, Depends(get_project)]


async def get_session(resources: ResourcesDep) -> AsyncIterator[AsyncSession]:
    """Open a session that commits when the route has returned, before the answer is sent."""
    async with resources.sessions.begin() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]


async def get_knowledge(service: ServiceDep, project_id: ProjectDep) -> Knowledge:
    """Return the store, bound to the caller's project."""
    return open_knowledge(service.resources, project_id, models=service.models)


KnowledgeDep = Annotated[Knowledge, Depends(get_knowledge)]


def open_models(offline: OfflineFunctions) -> Callable[..., Awaitable[ModelRunner]]:
    """Return a dependency that answers model tasks outside of a run, by these functions where there is no model."""

    async def get_models(resources: ResourcesDep, project_id: ProjectDep) -> ModelRunner:
        return build_models(
            resources.settings,
            offline=offline,
            sessions=resources.sessions,
            run=RunRef(project_id=project_id, run_id=None),
            servers=resources.model_servers,
        )

    return get_models


async def get_request_id(request: Request) -> str:
    """Return the id this request is logged under."""
    request_id: str = request.state.request_id
    return request_id


RequestIdDep = Annotated[str, Depends(get_request_id)]
