"""A ZIP over HTTP: every file within becomes a document of its own, or is named with its reason."""

import httpx2
import pytest
from sqlalchemy import text

from app.db import Sessions
from tests.unit.convert.zipping import pack, swell

pytestmark = pytest.mark.usefixtures("worker")


async def upload(http: httpx2.AsyncClient, content: bytes, **headers: str) -> httpx2.Response:
    return await http.post("/v1/documents", files={"file": ("all.zip", content)}, headers=headers)


async def test_each_file_becomes_a_document_named_by_its_path(http: httpx2.AsyncClient) -> None:
    inner = pack({"b.txt": b"The pier is of oak."})
    response = await upload(
        http, pack({"a.md": b"The crane is red.", "tool.exe": b"MZ\x90\x00\x03\x00", "in.zip": inner})
    )
    assert response.status_code == 202
    first, refused, second = response.json()["members"]
    assert [first["document"]["filename"], second["document"]["filename"]] == ["a.md", "in.zip/b.txt"]
    assert (refused["document"], refused["run"]) == (None, None)
    assert "Windows program" in refused["problem"]
    for member in (first, second):
        run = (await http.get(f"/v1/runs/{member['run']['id']}", headers={"Prefer": "wait=20"})).json()
        assert run["agent"] == "pyramid"
        events = await http.get(f"/v1/runs/{member['run']['id']}/events", headers={"Accept": "text/event-stream"})
        assert "run.succeeded" in events.text


async def test_the_same_archive_again_reads_nothing_anew(http: httpx2.AsyncClient) -> None:
    content = pack({"twice.txt": b"Twice over."})
    (first,) = (await upload(http, content)).json()["members"]
    await http.get(f"/v1/runs/{first['run']['id']}/events", headers={"Accept": "text/event-stream"})
    (again,) = (await upload(http, content)).json()["members"]
    assert (again["document"]["id"], again["run"]) == (first["document"]["id"], None)


async def test_one_key_takes_an_archive_in_once(http: httpx2.AsyncClient) -> None:
    content = pack({"once.txt": b"Once only."})
    first, second = [await upload(http, content, **{"Idempotency-Key": "archive-1"}) for _ in range(2)]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()


async def test_bomb_is_refused_and_leaves_nothing(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    async with sessions() as session:
        before = await session.scalar(text("select count(*) from documents"))
    response = await upload(http, swell(pack({"good.txt": b"Fine words."}), megabytes=300))
    assert (response.status_code, response.json()["code"]) == (422, "conversion_failed")
    assert "more than 256 MB" in response.json()["detail"]
    async with sessions() as session:
        assert await session.scalar(text("select count(*) from documents")) == before
