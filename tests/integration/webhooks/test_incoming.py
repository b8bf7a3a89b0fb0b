"""Signed calls bring documents; whatever is not signed, of now, new and well-formed leaves nothing behind."""

import json
import time
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.db import Sessions
from app.webhooks.signing import make_secret, sign_github, sign_headers
from tests.support.listener import Listener

STORED = text("""
select (select count(*) from documents) + (select count(*) from runs) + (select count(*) from source_messages)
""")


@pytest_asyncio.fixture(loop_scope="session")
async def source(http: httpx2.AsyncClient) -> dict[str, Any]:
    return await make_source(http, "standard")


@pytest_asyncio.fixture(loop_scope="session")
async def github(http: httpx2.AsyncClient) -> dict[str, Any]:
    return await make_source(http, "github")


async def make_source(http: httpx2.AsyncClient, type: str) -> dict[str, Any]:
    response = await http.post("/v1/sources", json={"name": f"Feed {uuid7()}", "type": type})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def count_stored(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(STORED) or 0


def note(**more: Any) -> dict[str, Any]:
    """Return a document nobody has sent before."""
    return {"text": f"Words {uuid7()}.", "filename": "note.md", **more}


def sign(source: dict[str, Any], body: bytes, *, message_id: str = "", age: float = 0) -> dict[str, str]:
    return sign_headers([source["secret"]], message_id or f"msg_{uuid7().hex}", int(time.time() - age), body)


async def send(http: httpx2.AsyncClient, source: dict[str, Any], given: Any, **signing: Any) -> httpx2.Response:
    body = json.dumps(given).encode()
    return await http.post(source["path"], content=body, headers=sign(source, body, **signing))


async def test_a_signed_document_is_taken_in_and_its_run_queued(
    http: httpx2.AsyncClient, source: dict[str, Any]
) -> None:
    response = await send(http, source, note(metadata={"desk": "north"}))
    assert response.status_code == 202
    [taken] = response.json()["documents"]
    document = (await http.get(f"/v1/documents/{taken['id']}")).json()
    run = (await http.get(f"/v1/runs/{taken['run_id']}")).json()
    assert (document["filename"], document["metadata"]) == ("note.md", {"desk": "north"})
    assert (document["collection_id"], run["agent"], run["status"]) == (source["collection"], "pyramid", "queued")


async def test_hundreds_of_addresses_come_in_one_call_and_none_is_fetched_in_it(
    http: httpx2.AsyncClient, source: dict[str, Any], listener: Listener
) -> None:
    response = await send(http, source, [{"url": listener.url(f"/{number}.md")} for number in range(500)])
    documents = response.json()["documents"]
    assert (response.status_code, len({each["run_id"] for each in documents})) == (202, 500)
    assert [each["filename"] for each in documents[:2]] == ["0.md", "1.md"]
    assert listener.connections == 0


async def test_a_call_may_name_other_collections_of_the_project(
    http: httpx2.AsyncClient, source: dict[str, Any]
) -> None:
    other = (await http.post("/v1/collections", json={"name": f"Other {uuid7()}"})).json()
    response = await send(http, source, [note(collection=other["name"]), note()])
    assert {each["collection"] for each in response.json()["documents"]} == {other["id"], source["collection"]}


async def test_one_document_twice_in_a_call_is_read_once(http: httpx2.AsyncClient, source: dict[str, Any]) -> None:
    given = note()
    first, second = (await send(http, source, [given, given])).json()["documents"]
    assert first["id"] == second["id"]
    assert first["run_id"] is not None
    assert second["run_id"] is None


async def test_what_was_accepted_and_is_said_again_is_not_taken_in_again(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any]
) -> None:
    given = note()
    await send(http, source, given, message_id="msg_again", age=10)
    before = await count_stored(sessions)
    again = await send(http, source, given, message_id="msg_again")
    assert (again.status_code, again.json()) == (200, {"documents": [], "repeated": True})
    assert await count_stored(sessions) == before


async def test_a_message_that_was_refused_may_come_again_once_it_is_mended(
    http: httpx2.AsyncClient, source: dict[str, Any]
) -> None:
    refused = await send(http, source, note(collection="no such"), message_id="msg_mended")
    mended = await send(http, source, note(), message_id="msg_mended")
    assert (refused.status_code, mended.status_code) == (404, 202)


async def test_a_replayed_message_is_refused_and_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any]
) -> None:
    body = json.dumps(note()).encode()
    headers = sign(source, body)
    assert (await http.post(source["path"], content=body, headers=headers)).status_code == 202
    before = await count_stored(sessions)
    replayed = await http.post(source["path"], content=body, headers=headers)
    assert (replayed.status_code, replayed.json()["code"]) == (409, "conflict")
    assert await count_stored(sessions) == before


FORGED = {
    "unsigned": {"webhook-id": None, "webhook-timestamp": None, "webhook-signature": None},
    "without a signature": {"webhook-signature": None},
    "of another key": sign_headers([make_secret()], "msg_1", int(time.time()), b"{}"),
    "under another id": {"webhook-id": "msg_other"},
    "at another time": {"webhook-timestamp": str(int(time.time()) - 100)},
    "with nonsense": {"webhook-timestamp": "yesterday"},
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
async def test_a_call_that_is_not_rightly_signed_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any], change: dict[str, str | None]
) -> None:
    body = json.dumps(note()).encode()
    headers = {name: value for name, value in {**sign(source, body), **change}.items() if value is not None}
    before = await count_stored(sessions)
    response = await http.post(source["path"], content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert await count_stored(sessions) == before


async def test_an_altered_body_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any]
) -> None:
    body = json.dumps(note()).encode()
    before = await count_stored(sessions)
    response = await http.post(source["path"], content=body.replace(b"Words", b"Wards"), headers=sign(source, body))
    assert response.status_code == 401
    assert await count_stored(sessions) == before


@pytest.mark.parametrize("age", [310, -310])
async def test_a_message_of_another_time_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any], age: float
) -> None:
    before = await count_stored(sessions)
    assert (await send(http, source, note(), age=age)).status_code == 401
    assert await count_stored(sessions) == before


MALFORMED = {
    "no json": (b"{", 422),
    "nothing": (b"", 422),
    "two values": (b'{"text": "a"}, {"text": "b"}', 422),
    "no documents": (b"[]", 422),
    "neither text nor url": (b'{"filename": "a.md"}', 422),
    "both": (b'{"text": "a", "url": "https://example.com/a.md"}', 422),
    "too many": (json.dumps([{"text": "a"}] * 501).encode(), 422),
    "an address inside": (b'[{"text": "fine"}, {"url": "http://169.254.169.254/latest"}]', 422),
    "no address": (b'{"url": "file:///etc/passwd"}', 422),
    "an unknown collection": (b'[{"text": "fine"}, {"text": "lost", "collection": "no such"}]', 404),
    "a zero byte in a name": (b'{"text": "a", "collection": "a\\u0000b"}', 404),
    "a zero byte in metadata": (b'{"text": "a", "metadata": {"a": "\\u0000"}}', 422),
}


@pytest.mark.parametrize(("body", "status"), MALFORMED.values(), ids=MALFORMED)
async def test_a_signed_call_that_makes_no_sense_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any], body: bytes, status: int
) -> None:
    before = await count_stored(sessions)
    response = await http.post(source["path"], content=body, headers=sign(source, body))
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert await count_stored(sessions) == before


async def test_all_problems_of_a_call_are_told_at_once(http: httpx2.AsyncClient, source: dict[str, Any]) -> None:
    response = await send(http, source, [{"filename": "a.md"}, note(), {"text": "", "colour": "red"}])
    assert [error["pointer"] for error in response.json()["errors"]] == ["/0", "/2/text", "/2/colour"]


async def test_an_oversized_call_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, source: dict[str, Any]
) -> None:
    before = await count_stored(sessions)
    assert (await send(http, source, {"text": "a" * (2 * 2**20)})).status_code == 413
    assert await count_stored(sessions) == before


async def test_an_unknown_source_is_not_found_and_a_deleted_one_neither(
    http: httpx2.AsyncClient, source: dict[str, Any]
) -> None:
    unknown = await send(http, {**source, "path": f"/v1/hooks/{uuid7()}"}, note())
    assert (await http.delete(f"/v1/sources/{source['id']}")).status_code == 204
    assert (unknown.status_code, (await send(http, source, note())).status_code) == (404, 404)


async def test_a_sources_secret_is_shown_once(http: httpx2.AsyncClient, source: dict[str, Any]) -> None:
    assert source["secret"].startswith("whsec_")
    assert source["secret"] not in (await http.get("/v1/sources?limit=200")).text


def push(*paths: str) -> bytes:
    """Return GitHub's push event for files nobody has pushed before."""
    repository = {"full_name": "a/b", "html_url": "https://93.184.215.14/a/b", "default_branch": "main"}
    commit = {"added": list(paths), "modified": [], "removed": []}
    event = {"ref": "refs/heads/main", "after": uuid7().hex, "repository": repository, "commits": [commit]}
    return json.dumps(event).encode()


def github_headers(source: dict[str, Any], body: bytes, event: str = "push") -> dict[str, str]:
    return {"x-hub-signature-256": sign_github(source["secret"], body), "x-github-event": event}


async def test_a_push_brings_its_readable_files(http: httpx2.AsyncClient, github: dict[str, Any]) -> None:
    body = push("docs/a.md", "src/main.c")
    response = await http.post(github["path"], content=body, headers=github_headers(github, body))
    assert response.status_code == 202, response.text
    [taken] = response.json()["documents"]
    document = (await http.get(f"/v1/documents/{taken['id']}")).json()
    assert document["filename"] == "a.md"
    assert document["source_url"].endswith("/docs/a.md")


async def test_a_later_push_of_a_file_is_its_next_version(http: httpx2.AsyncClient, github: dict[str, Any]) -> None:
    ids = []
    for _ in range(2):
        body = push("docs/again.md")
        response = await http.post(github["path"], content=body, headers=github_headers(github, body))
        ids.append(response.json()["documents"][0]["id"])
    assert ids[0] == ids[1]


async def test_another_event_of_github_brings_nothing(http: httpx2.AsyncClient, github: dict[str, Any]) -> None:
    body = b'{"zen": "Keep it logically awesome."}'
    response = await http.post(github["path"], content=body, headers=github_headers(github, body, "ping"))
    assert (response.status_code, response.json()["documents"]) == (200, [])


@pytest.mark.parametrize("signature", ["", "sha256=00", "sha1=00", "sha256=%C3%BC", "sha256"])
async def test_a_push_that_is_not_rightly_signed_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, github: dict[str, Any], signature: str
) -> None:
    before, body = await count_stored(sessions), push("docs/forged.md")
    headers = {**github_headers(github, body), "x-hub-signature-256": signature}
    assert (await http.post(github["path"], content=body, headers=headers)).status_code == 401
    assert await count_stored(sessions) == before


async def test_a_replayed_push_leaves_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, github: dict[str, Any]
) -> None:
    body = push("docs/once.md")
    await http.post(github["path"], content=body, headers=github_headers(github, body))
    before = await count_stored(sessions)
    replayed = await http.post(github["path"], content=body, headers=github_headers(github, body))
    assert replayed.status_code == 409
    assert await count_stored(sessions) == before


def dump(value: object) -> bytes:
    """Return a value as JSON, whatever it holds."""
    return json.dumps(value).encode()


WHATEVER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["url", "text", "filename", "collection", "metadata", "colour"])
BODIES = (
    st.binary(max_size=60) | WHATEVER.map(dump) | st.dictionaries(FIELDS, WHATEVER | st.text(max_size=30)).map(dump)
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
async def test_no_signed_body_is_too_strange_for_an_answer(
    http: httpx2.AsyncClient, source: dict[str, Any], github: dict[str, Any], body: bytes
) -> None:
    by_feed = await http.post(source["path"], content=body, headers=sign(source, body))
    by_github = await http.post(github["path"], content=body, headers=github_headers(github, body))
    assert by_feed.status_code < 500
    assert by_github.status_code < 500
