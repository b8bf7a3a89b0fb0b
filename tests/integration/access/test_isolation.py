"""Every route of the OpenAPI document, asked by a stranger, by nobody, and with a key that only reads."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import select

from app.api.deps import Service
from app.db import Sessions
from app.knowledge.knowledge import Knowledge
from app.knowledge.models import Discrepancy
from app.knowledge.types import Filters, NewEntry
from app.webhooks.models import WebhookDelivery
from app.webhooks.outbox import append_event
from tests.integration.access.conftest import connect, make_key
from tests.integration.access.places import OPEN_TO_ALL, OPERATIONS, PLACES
from tests.support.library import add_pages, insight

ID = re.compile(r"\{\w+\}")
WITH_IDS = [name for name in PLACES if name in OPERATIONS and ID.search(f"{OPERATIONS[name][1]} {PLACES[name]}")]
LISTS = [name for name in PLACES if name.startswith("list_") and "{" not in OPERATIONS[name][1]]


@dataclass(frozen=True, kw_only=True)
class Homes:
    """Two projects: the ids of everything the owner has, and keys."""

    ids: dict[str, str]
    owner: str
    reader: str
    stranger: str

    def filled(self, value: Any) -> Any:
        """Return a path or a body with the owner's ids in it."""
        if isinstance(value, str):
            for name, id in self.ids.items():
                value = value.replace(f"{{{name}}}", id)
            return value
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        return [self.filled(each) for each in value] if isinstance(value, list) else value


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def homes(app: FastAPI, sessions: Sessions) -> Homes:
    owner = await make_key(sessions, "owner", "admin")
    async with connect(app, owner) as client:
        project_id = UUID((await client.get("/v1/session")).json()["project_id"])
        ids = await create_by_request(client)
        ids |= await create_by_hand(app.state.service, project_id, ids)
        made = await client.post("/v1/recollections", json={"text": "It is old.", "sources": [ids["entry_id"]]})
    return Homes(
        ids={**ids, "recollection_id": made.json()["id"], "number": "1"},
        owner=owner,
        reader=await make_key(sessions, "owner", "read"),
        stranger=await make_key(sessions, "stranger", "admin"),
    )


async def create_by_request(client: httpx2.AsyncClient) -> dict[str, str]:
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "collection": ("/v1/collections", {"name": "port"}),
        "batch_id": ("/v1/batches", {"name": "ships"}),
        "webhook_id": ("/v1/webhooks", {"url": "https://example.com/hook"}),
        "source_id": ("/v1/sources", {"name": "feed"}),
        "key_id": ("/v1/keys", {"name": "spare", "scopes": ["read"]}),
        "run_id": ("/v1/research", {"question": "When did it open?"}),
        "debate_id": ("/v1/debates", {"topic": "The harbour should be closed"}),
    }
    return {name: (await client.post(path, json=body)).json()["id"] for name, (path, body) in bodies.items()}


async def create_by_hand(service: Service, project_id: UUID, ids: dict[str, str]) -> dict[str, str]:
    sessions, embedder = service.resources.sessions, service.resources.embedder
    pages = ["The harbour opened in 1911.", "The harbour opened in 1912."]
    abstract = NewEntry(key="a", level="abstract", text="When the harbour opened.", pages=(1, 2), sources=("i1", "i2"))
    entries = [*(insight(f"i{number}", text, number) for number, text in enumerate(pages, 1)), abstract]
    document_id = await add_pages(
        sessions, embedder, "harbour.txt", pages, entries, collection=ids["collection"], project_id=project_id
    )
    hits = await Knowledge(sessions, embedder, project_id).search("harbour", filters=Filters(levels=("insight",)))
    one, two = (hit.entry for hit in hits[:2])
    async with sessions.begin() as session:
        found = Discrepancy(
            project_id=project_id, collection_id=one.collection_id, entry_id=one.id, other_id=two.id, kind="conflict"
        )
        session.add(found)
        await append_event(session, project_id, "run.succeeded", {})
        await session.flush()
        delivery_id = await session.scalar(select(WebhookDelivery.id).where(WebhookDelivery.project_id == project_id))
    return {
        "document_id": str(document_id),
        "entry_id": str(one.id),
        "discrepancy_id": str(found.id),
        "delivery_id": str(delivery_id),
    }


async def ask(homes: Homes, client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    """Call an operation with the owner's ids in path and body."""
    method, path, described = OPERATIONS[name]
    path = path.replace("{run_id}", "{debate_id}") if path.startswith("/v1/debates/") else path
    required = [each["name"] for each in described.get("parameters", []) if each["in"] == "query" and each["required"]]
    query = {each: homes.ids.get(each, "harbour") for each in required}
    options = {} if PLACES[name] is None else {"json": homes.filled(PLACES[name])}
    return await client.request(
        method, homes.filled(path), params=query, headers={"Accept": "application/json"}, **options
    )


def test_every_route_has_its_place() -> None:
    assert set(PLACES) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - OPEN_TO_ALL))
async def test_nobody_gets_in_without_a_key(app: FastAPI, homes: Homes, name: str) -> None:
    async with connect(app) as nobody:
        answer = await ask(homes, nobody, name)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - OPEN_TO_ALL))
async def test_a_key_that_reads_does_only_that(app: FastAPI, homes: Homes, name: str) -> None:
    async with connect(app, homes.reader) as reader:
        answer = await ask(homes, reader, name)
    assert (answer.status_code == 403) == (OPERATIONS[name][2]["x-scope"] != "read")


@pytest.mark.parametrize("name", sorted(set(WITH_IDS) - OPEN_TO_ALL))
async def test_a_strangers_key_finds_nothing_of_the_owners(app: FastAPI, homes: Homes, name: str) -> None:
    async with connect(app, homes.stranger) as stranger:
        answer = await ask(homes, stranger, name)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("name", LISTS)
async def test_a_strangers_lists_name_nothing_of_the_owners(app: FastAPI, homes: Homes, name: str) -> None:
    async with connect(app, homes.stranger) as stranger, connect(app, homes.owner) as owner:
        told, own = await ask(homes, stranger, name), await ask(homes, owner, name)
    assert told.status_code == 200
    assert not any(id in told.text for id in homes.ids.values() if len(id) > 1)
    assert any(id in own.text for id in homes.ids.values() if len(id) > 1)


async def test_a_strangers_search_filtered_to_the_owners_document_finds_nothing(app: FastAPI, homes: Homes) -> None:
    body = {"query": "harbour", "document_ids": [homes.ids["document_id"]]}
    async with connect(app, homes.stranger) as stranger, connect(app, homes.owner) as owner:
        assert (await stranger.post("/v1/search", json=body)).json()["results"] == []
        assert (await owner.post("/v1/search", json=body)).json()["results"] != []


async def test_the_owner_finds_everything_after_all_that(app: FastAPI, homes: Homes) -> None:
    async with connect(app, homes.owner) as owner:
        refused = {name: (await ask(homes, owner, name)).status_code for name in PLACES if name not in OPEN_TO_ALL}
    assert {name: status for name, status in refused.items() if status in (401, 403, 404) or status >= 500} == {}
