"""What a run finds said differently is told, with the writing of it."""

import json
from decimal import Decimal

import httpx2
from sqlalchemy import select

from app.agents.pyramid import AGENT
from app.agents.pyramid.schemas import PyramidInput
from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.types import Fact, NewEntry
from app.resources import Resources
from app.runs.admit import admit
from app.runs.context import build_prepare
from app.webhooks.models import WebhookDelivery
from tests.integration.webhooks.conftest import make_webhook
from tests.support.library import add_document, publish_pages


def say(shown: str) -> NewEntry:
    value = Decimal(shown) * 10**6
    fact = Fact(entity="Halden", measure="net sales", value=value, unit="USD", period="3m:2023-07-01", shown=shown)
    text = f"Halden's net sales were ${shown} million in the three months ended July 1, 2023."
    return NewEntry(key="i1", level="insight", text=text, pages=(1,), sources=("p1",), facts=(fact,))


async def test_a_new_discrepancy_is_told_once(
    http: httpx2.AsyncClient, sessions: Sessions, resources: Resources
) -> None:
    await make_webhook(http, "https://93.184.215.14/hook", "discrepancy.found")
    for shown in ("500", "505"):
        document_id = await add_document(sessions, f"{shown}.txt")
        given = PyramidInput(document_id=document_id, version=1)
        async with sessions.begin() as session:
            run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=given, engine="offline")
        knowledge = build_prepare(resources)(AGENT, run).context.knowledge
        await publish_pages(knowledge, document_id, [f"Page of {document_id}"], [say(shown)])
        for _ in range(2):
            await knowledge.compare_figures(document_id)
    async with sessions() as session:
        [told] = await session.scalars(select(WebhookDelivery).where(WebhookDelivery.type == "discrepancy.found"))
    data = json.loads(told.body)["data"]
    found = (await http.get(data["links"]["self"])).json()
    assert (found["id"], found["kind"], data["run_id"]) == (data["discrepancy_id"], "conflict", str(run.id))
