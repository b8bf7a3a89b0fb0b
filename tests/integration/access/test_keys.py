"""Keys: what they open, that they are shown once and kept as a hash, and how they end."""

import asyncio

import httpx2
from fastapi import FastAPI
from sqlalchemy import select, text, update

from app.api.callers import REMEMBERED_SECONDS, Callers
from app.db import Sessions
from app.main import create_app
from app.projects.keys import find_caller
from app.projects.models import ApiKey
from app.settings import Settings
from tests.integration.access.conftest import connect, make_key


async def wait_for_refusal(client: httpx2.AsyncClient) -> None:
    """Return once a client is refused. Raises TimeoutError."""
    async with asyncio.timeout(REMEMBERED_SECONDS + 5):
        while (await client.get("/v1/session")).status_code != 401:
            await asyncio.sleep(0.05)


async def test_before_the_first_key_only_this_machine_is_answered(app: FastAPI) -> None:
    async with (
        connect(app) as here,
        connect(app, client="192.0.2.7") as away,
        connect(app, host="evil.example") as bound,
    ):
        assert (await here.get("/v1/session")).json()["scopes"] == ["read", "write", "admin"]
        for other in (away, bound):
            refused = await other.get("/v1/session")
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
            assert "only this machine" in refused.json()["detail"]


async def test_before_the_first_key_another_sites_page_may_not_write(app: FastAPI) -> None:
    async with connect(app) as here:
        for origin, status in (("https://other.example", 403), ("http://localhost", 201)):
            made = await here.post("/v1/collections", json={"name": "x"}, headers={"Origin": origin})
            assert made.status_code == status


async def test_the_first_key_closes_the_service_and_revoking_it_does_not_open_it(
    app: FastAPI, sessions: Sessions
) -> None:
    key = await make_key(sessions, "first", "admin")
    async with connect(app) as nobody, connect(app, key) as somebody:
        await wait_for_refusal(nobody)
        refused = await nobody.get("/v1/session")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        own = (await somebody.get("/v1/session")).json()
        assert own["project"] == "first"
        assert (await somebody.delete(f"/v1/keys/{own['key_id']}")).status_code == 204
        assert (await somebody.get("/v1/session")).status_code == 401
        assert (await nobody.get("/v1/session")).status_code == 401


async def test_a_key_revoked_in_one_process_ends_in_the_others_within_a_moment(
    app: FastAPI, settings: Settings, sessions: Sessions
) -> None:
    admin, ended = await make_key(sessions, "many", "admin"), await make_key(sessions, "many", "read")
    other = create_app(settings)
    async with other.router.lifespan_context(other), connect(other, ended) as there, connect(app, ended) as here:
        own = (await there.get("/v1/session")).json()
        assert (await here.get("/v1/session")).status_code == 200
        async with connect(app, admin) as client:
            assert (await client.delete(f"/v1/keys/{own['key_id']}")).status_code == 204
        assert (await here.get("/v1/session")).status_code == 401
        await wait_for_refusal(there)


async def test_a_key_is_shown_once_and_kept_as_a_hash(app: FastAPI, sessions: Sessions) -> None:
    admin = await make_key(sessions, "shown", "admin")
    async with connect(app, admin) as client:
        body, once = {"name": "console", "scopes": ["read"]}, {"Idempotency-Key": "one"}
        made = await client.post("/v1/keys", json=body, headers=once)
        again = await client.post("/v1/keys", json=body, headers=once)
        listed = (await client.get("/v1/keys")).json()["data"]
    secret = made.json()["key"].rpartition("_")[2]
    assert again.json() == {**made.json(), "key": None}
    assert "key" not in listed[0]
    async with sessions() as session:
        for table in ("api_keys", "idempotency_keys"):
            rows = (await session.execute(text(f"select t::text from {table} t"))).scalars().all()
            assert rows
            assert not any(secret in row for row in rows)


async def test_a_key_with_one_letter_changed_opens_nothing(app: FastAPI, sessions: Sessions) -> None:
    key = await make_key(sessions, "altered", "read")
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for text_ in (wrong, key[:-1], key + "A", "sym_", "", "é"):
        async with connect(app) as client:
            answer = await client.get("/v1/session", headers={b"Authorization": f"Bearer {text_}".encode()})
            assert answer.status_code == 401, text_


async def test_use_is_noted_but_not_at_every_request(app: FastAPI, sessions: Sessions) -> None:
    key = await make_key(sessions, "used", "read")
    async with connect(app, key) as client:
        await asyncio.gather(*(client.get("/v1/session") for _ in range(5)))
        async with sessions() as session:
            noted = await session.scalar(select(ApiKey.last_used_at).where(ApiKey.prefix == key[4:16]))
        assert noted is not None
        await client.get("/v1/session")
        async with sessions() as session:
            assert await session.scalar(select(ApiKey.last_used_at).where(ApiKey.prefix == key[4:16])) == noted
        async with sessions.begin() as session:
            earlier = text("last_used_at - interval '2 minutes'")
            await session.execute(update(ApiKey).where(ApiKey.prefix == key[4:16]).values(last_used_at=earlier))
        callers: Callers = app.state.service.callers
        callers.forget()
        await client.get("/v1/session")
        async with sessions() as session:
            later = await session.scalar(select(ApiKey.last_used_at).where(ApiKey.prefix == key[4:16]))
            assert later is not None
            assert later >= noted


async def test_a_key_in_use_does_not_wait_for_another_that_notes_it(sessions: Sessions) -> None:
    key = await make_key(sessions, "busy", "read")
    async with sessions.begin() as first, sessions.begin() as second:
        assert await find_caller(first, key) is not None
        async with asyncio.timeout(5):
            assert await find_caller(second, key) is not None


async def test_scopes_include_one_another(app: FastAPI, sessions: Sessions) -> None:
    wanted = {"read": (200, 403, 403), "write": (200, 201, 403), "admin": (200, 201, 200)}
    for scope, statuses in wanted.items():
        async with connect(app, await make_key(sessions, "scopes", scope)) as client:  # type: ignore[arg-type]
            read = await client.post("/v1/search", json={"query": "anything"})
            write = await client.post("/v1/collections", json={"name": scope})
            admin = await client.get("/v1/keys")
            assert (read.status_code, write.status_code, admin.status_code) == statuses


async def test_two_projects_have_collections_of_the_same_name(app: FastAPI, sessions: Sessions) -> None:
    ids = []
    for project in ("north", "south"):
        async with connect(app, await make_key(sessions, project, "write")) as client:
            made = await client.post("/v1/collections", json={"name": "reports"})
            listed = (await client.get("/v1/collections")).json()["data"]
            assert made.status_code == 201
            assert {each["name"] for each in listed} >= {"reports"}
            ids.append({each["id"] for each in listed} | {(await client.get("/v1/collections/default")).json()["id"]})
    assert not ids[0] & ids[1]


async def test_one_idempotency_key_is_two_in_two_projects(app: FastAPI, sessions: Sessions) -> None:
    answers = []
    for project in ("left", "right"):
        async with connect(app, await make_key(sessions, project, "write")) as client:
            answers.append(
                await client.post("/v1/collections", json={"name": project}, headers={"Idempotency-Key": "same"})
            )
    assert [answer.status_code for answer in answers] == [201, 201]


async def test_the_sessions_cookie_reads_and_does_not_write(app: FastAPI, sessions: Sessions) -> None:
    key = await make_key(sessions, "browser", "admin")
    async with connect(app, key) as client:
        opened = await client.post("/v1/session")
    told = opened.headers["set-cookie"].lower()
    assert opened.status_code == 204
    assert all(word in told for word in ("httponly", "samesite=strict", "path=/v1"))
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    async with connect(app) as browser:
        assert (await browser.get("/v1/runs", headers=cookie)).status_code == 200
        assert (await browser.post("/v1/collections", json={"name": "x"}, headers=cookie)).status_code == 401
