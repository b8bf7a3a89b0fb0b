"""Documents given by their address: the run fetches them, and says why when it can't."""

from typing import Any

import httpx2
import pytest

from tests.support.listener import Listener, reply

pytestmark = pytest.mark.usefixtures("worker")


async def read_url(http: httpx2.AsyncClient, url: str, **fields: Any) -> dict[str, Any]:
    """Give a document by its address, wait until its run has ended and return the document."""
    response = await http.post("/v1/documents", json={"url": url, **fields}, headers={"Prefer": "wait=20"})
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()["document"]
    return document


async def test_a_document_is_fetched_and_read(http: httpx2.AsyncClient, listener: Listener) -> None:
    listener.answers["/harbour.md"] = lambda _: reply(200, b"The harbour opened in 1911.", content_type="text/markdown")
    document = await read_url(http, listener.url("/harbour.md"), metadata={"desk": "north"})
    assert (document["status"], document["filename"], document["size_bytes"]) == ("ready", "harbour.md", 27)
    assert (document["source_url"], document["metadata"]) == (listener.url("/harbour.md"), {"desk": "north"})
    original = await http.get(f"/v1/documents/{document['id']}/original")
    assert original.content == b"The harbour opened in 1911."


async def test_the_same_address_again_is_the_next_version(http: httpx2.AsyncClient, listener: Listener) -> None:
    texts = iter([b"Old words.", b"New words."])
    listener.answers["/news.md"] = lambda _: reply(200, next(texts))
    first = await read_url(http, listener.url("/news.md"))
    second = await read_url(http, listener.url("/news.md"))
    assert (second["id"], second["version"]) == (first["id"], 2)
    assert (await http.get(f"/v1/documents/{first['id']}/pages/1")).json()["markdown"].startswith("New")


async def test_an_address_that_gives_no_file_fails_with_its_reason_and_may_be_tried_again(
    http: httpx2.AsyncClient, listener: Listener
) -> None:
    answers = iter([reply(404), reply(200, b"There after all.")])
    listener.answers["/late.md"] = lambda _: next(answers)
    failed = await read_url(http, listener.url("/late.md"))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "fetch_failed")
    assert failed["error"]["detail"] == "127.0.0.1 answered with status 404."
    ready = await read_url(http, listener.url("/late.md"))
    assert (ready["id"], ready["status"], ready["error"]) == (failed["id"], "ready", None)


async def test_a_redirect_to_the_inside_fails_and_arrives_nowhere(http: httpx2.AsyncClient, listener: Listener) -> None:
    inside = f"http://127.0.0.2:{listener.port}/secret"
    listener.answers["/out.md"] = lambda _: reply(302, location=inside)
    document = await read_url(http, listener.url("/out.md"))
    assert (document["status"], document["error"]["code"]) == ("failed", "address_refused")
    assert [request.path for request in listener.requests] == ["/out.md"]


@pytest.mark.parametrize("url", ["http://10.0.0.1/a.md", "http://[::ffff:7f00:1]/a.md", "http://0177.0.0.2/", "a.md"])
async def test_an_address_inside_is_refused_at_once(http: httpx2.AsyncClient, url: str) -> None:
    response = await http.post("/v1/documents", json={"url": url})
    assert (response.status_code, response.json()["code"]) == (422, "address_refused")


async def test_a_new_version_is_not_given_by_address(http: httpx2.AsyncClient, listener: Listener) -> None:
    document = await read_url(http, listener.url("/any.md"))
    response = await http.put(f"/v1/documents/{document['id']}/content", json={"url": listener.url("/other.md")})
    assert response.status_code == 422
