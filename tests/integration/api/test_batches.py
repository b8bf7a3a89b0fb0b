"""Many documents handed in together: one progress, failures told, and only those tried again."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

pytestmark = pytest.mark.usefixtures("worker")


async def open_batch(http: httpx2.AsyncClient, *texts: str, **more: Any) -> dict[str, Any]:
    documents = [{"text": text, "filename": f"{n}.md"} for n, text in enumerate(texts)]
    response = await http.post("/v1/batches", json={"documents": documents, **more})
    assert response.status_code == 202, response.text
    batch: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/v1/batches/{batch['id']}"
    return batch


async def wait_done(http: httpx2.AsyncClient, batch_id: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            batch: dict[str, Any] = (await http.get(f"/v1/batches/{batch_id}")).json()
            if batch["status"] == "done":
                return batch
            await asyncio.sleep(0.05)


async def test_a_batch_of_texts_is_read_and_counts_its_documents(http: httpx2.AsyncClient) -> None:
    made = await open_batch(http, *(f"Boat {n} sails.\n" for n in range(12)), name="boats")
    assert made["progress"]["total"] == 12
    batch = await wait_done(http, made["id"])
    assert batch["progress"] == {"done": 12, "total": 12, "failed": 0, "pages": 12}
    listed = (await http.get("/v1/batches")).json()["data"]
    assert listed[0]["name"] == "boats"


async def test_files_are_added_one_by_one_or_many_at_once(http: httpx2.AsyncClient) -> None:
    made = await open_batch(http)
    assert made["status"] == "done"
    path = f"/v1/batches/{made['id']}/documents"
    files = [("file", (f"f{n}.txt", f"Crane {n} lifts.".encode())) for n in range(3)]
    assert (await http.post(path, files=files)).json()["progress"]["total"] == 3
    assert (await http.post(path, files={"file": ("g.txt", b"Crane g lifts.")})).json()["progress"]["total"] == 4
    assert (await wait_done(http, made["id"]))["progress"]["done"] == 4


async def test_a_file_that_can_not_be_read_fails_alone(http: httpx2.AsyncClient) -> None:
    made = await open_batch(http, "Fine words.\n")
    path = f"/v1/batches/{made['id']}/documents"
    await http.post(path, files=[("file", ("t.exe", b"MZ\x90\x00\x03\x00\x00\x00")), ("file", ("e.txt", b""))])
    batch = await wait_done(http, made["id"])
    assert (batch["progress"]["done"], batch["progress"]["failed"]) == (3, 2)
    failed = (await http.get(path, params={"status": "failed"})).json()["data"]
    assert [(item["filename"], item["document"], bool(item["problem"])) for item in failed] == [
        ("t.exe", None, True),
        ("e.txt", None, True),
    ]


async def test_the_same_bytes_count_once(http: httpx2.AsyncClient) -> None:
    made = await open_batch(http, "Echo.\n", "Echo.\n")
    assert (await wait_done(http, made["id"]))["progress"]["total"] == 1


async def test_only_what_failed_is_read_again(http: httpx2.AsyncClient) -> None:
    made = await open_batch(http, "Good.\n")
    broken = {"file": ("broken.pdf", b"%PDF-1.7 nothing")}
    await http.post(f"/v1/batches/{made['id']}/documents", files=broken)
    batch = await wait_done(http, made["id"])
    assert batch["progress"]["failed"] == 1
    retried = (await http.post(f"/v1/batches/{made['id']}/retry")).json()
    assert (retried["retried"], retried["batch"]["status"]) == (1, "reading")
    await wait_done(http, made["id"])


async def test_progress_is_followed_to_the_end(http: httpx2.AsyncClient) -> None:
    made = await open_batch(http, "One gull.\n", "Two gulls.\n")
    stream = (await http.get(f"/v1/batches/{made['id']}/events")).text
    frames = [frame.split("\n") for frame in stream.split("\n\n") if "event:" in frame]
    assert frames[-1][1] == "event: batch.done"
    assert json.loads(frames[-1][2].removeprefix("data: "))["done"] == 2


async def test_what_is_not_there_or_makes_no_sense_is_refused(http: httpx2.AsyncClient) -> None:
    missing = f"/v1/batches/{uuid4()}"
    for method, path in (("GET", ""), ("GET", "/documents"), ("GET", "/events"), ("POST", "/retry")):
        assert (await http.request(method, missing + path)).status_code == 404
    assert (await http.post("/v1/batches", json={"collection": "nowhere"})).status_code == 404
    assert (await http.post("/v1/batches", json={"documents": [{"filename": "x"}]})).status_code == 422
    made = await open_batch(http)
    assert (await http.post(f"/v1/batches/{made['id']}/documents", json={"documents": []})).status_code == 422
