"""Forms, signed calls and stream positions of any shape: the right 4xx, never a 5xx, and nothing stored."""

from typing import Any

import httpx2
import pytest_asyncio
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.api.deps import Service
from app.db import Sessions
from tests.integration.access.conftest import connect, make_key

ODD = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
PIECES = st.lists(
    st.sampled_from([b"--x", b"--x--", b"\r\n", b"\n", b'Content-Disposition: form-data; name="file"; filename="a.md"',
                     b'Content-Disposition: form-data; name="metadata"', b"Content-Type: text/markdown", b"words",
                     b"\x00\xff", b'{"a": 1}', b":", b""]),
    max_size=16,
).map(b"".join)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(app: FastAPI, sessions: Sessions) -> Any:
    async with connect(app, await make_key(sessions, "odd", "admin")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ended_run(client: httpx2.AsyncClient) -> str:
    run = (await client.post("/v1/research", json={"question": "When?"})).json()
    await client.post(f"/v1/runs/{run['id']}/cancel")
    return str(run["id"])


async def count_documents(app: FastAPI) -> int:
    service: Service = app.state.service
    async with service.resources.sessions() as session:
        return int(await session.scalar(text("select count(*) from documents")) or 0)


@ODD
@given(
    body=PIECES, kind=st.sampled_from(["multipart/form-data; boundary=x", "multipart/form-data", "application/json"])
)
async def test_an_odd_form_is_refused_or_is_a_file(client: httpx2.AsyncClient, body: bytes, kind: str) -> None:
    for method, path in (("POST", "/v1/documents"), ("POST", "/v1/batches")):
        answer = await client.request(method, path, content=body, headers={"Content-Type": kind})
        assert answer.status_code < 500, answer.text
        assert answer.status_code in (200, 201, 202) or answer.json()["code"]


@ODD
@given(body=st.binary(max_size=200) | st.just(b'{"text": "x"}'), id=HEADER, at=HEADER, signature=HEADER)
async def test_an_unsigned_call_stores_nothing(
    app: FastAPI, client: httpx2.AsyncClient, body: bytes, id: str, at: str, signature: str
) -> None:
    source = (await client.post("/v1/sources", json={"name": "feed"})).json()
    before = await count_documents(app)
    headers = {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature}
    answer = await client.post(source["path"], content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert await count_documents(app) == before


@ODD
@given(after=HEADER | st.integers().map(str), last=HEADER | st.integers().map(str))
async def test_a_stream_begins_where_it_is_told_or_not_at_all(
    client: httpx2.AsyncClient, ended_run: str, after: str, last: str
) -> None:
    answer = await client.get(f"/v1/runs/{ended_run}/events", params={"after": after}, headers={"Last-Event-ID": last})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        seqs = [int(line[4:]) for line in answer.text.splitlines() if line.startswith("id: ")]
        assert seqs == [seq for seq in (1,) if seq > int(last)]
