"""pyramid: a document's pages become insights, concepts and an abstract."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.agents.base import Agent
from app.agents.pyramid.graph import build
from app.agents.pyramid.offline import OFFLINE
from app.agents.pyramid.schemas import PyramidInput, PyramidOutput
from app.db import Json
from app.knowledge.documents import fail_document

STEPS = 25
"""More than the graph has from its start to its end."""


async def _settle(session: AsyncSession, input: Json, status: str, problem: Json | None) -> None:
    if status == "cancelled":
        problem = {"detail": "Reading was cancelled.", "code": "cancelled"}
    if status in ("failed", "cancelled"):
        await fail_document(session, UUID(input["document_id"]), problem or {}, version=input["version"])


AGENT = Agent(
    name="pyramid",
    summary="Read a document into pages, insights, concepts and an abstract.",
    input=PyramidInput,
    output=PyramidOutput,
    example={"document_id": "00000000-0000-7000-8000-000000000001", "version": 1},
    build=build,
    offline=OFFLINE,
    queue="bulk",
    recursion_limit=lambda _: STEPS,
    settle=_settle,
)
