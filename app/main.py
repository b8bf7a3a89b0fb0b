"""The HTTP process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.agents.base import Agent
from app.agents.registry import discover
from app.api import agents as agent_routes
from app.api import (
    batches,
    checks,
    collections,
    discrepancies,
    documents,
    entries,
    health,
    hooks,
    keys,
    levels,
    metrics,
    recollections,
    runs,
    search,
    sessions,
    sources,
    trace,
    webhooks,
)
from app.api.callers import Callers
from app.api.console import Console
from app.api.deps import Service
from app.api.errors import install_errors
from app.api.explorer import install_explorer
from app.api.mcp import build_mcp, build_mcp_routes, running_mcp
from app.api.middleware import install_middleware
from app.api.openapi import install_openapi
from app.api.pages import Page
from app.api.rates import KeyRates
from app.knowledge.embedding_models import start_embedder
from app.knowledge.opening import open_current_model
from app.resources import open_resources
from app.runs.bus import open_bus
from app.runs.dispatch import open_dispatcher
from app.runs.schemas import EventView
from app.settings import Settings

ROUTERS = (
    collections.router,
    documents.router,
    batches.router,
    levels.router,
    search.router,
    entries.router,
    recollections.router,
    discrepancies.router,
    checks.router,
    runs.router,
    trace.router,
    webhooks.router,
    sources.router,
    hooks.router,
    keys.router,
    sessions.router,
    health.router,
    metrics.router,
)


def create_app(settings: Settings | None = None, agents: Mapping[str, Agent[Any, Any]] | None = None) -> FastAPI:
    """Return the application; `agents` are those found in `app.agents` unless given."""
    settings = settings or Settings()
    found = discover() if agents is None else agents

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_resources(settings) as resources,
            open_bus(resources.redis) as bus,
            open_dispatcher(resources.redis_url) as dispatcher,
            running_mcp(tools),
        ):
            await start_embedder(resources.sessions, resources.embedder)
            app.state.service = Service(
                resources=resources,
                agents=found,
                dispatcher=dispatcher,
                bus=bus,
                rates=KeyRates(resources.redis),
                callers=Callers(resources.sessions),
                models=open_current_model(resources),
            )
            yield

    app = FastAPI(
        title="Symposium",
        summary="Documents distilled into a pyramid of knowledge; agents that cite file and page.",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    install_middleware(app, settings)
    install_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    for agent in found.values():
        if agent.path:
            app.include_router(agent_routes.build_router(agent))
    tools = build_mcp(app)
    app.router.routes.extend(build_mcp_routes(tools).routes)
    install_explorer(app)
    install_openapi(app, Page[EventView], batches.MoreDocuments)
    app.router.routes.append(Console())
    return app
