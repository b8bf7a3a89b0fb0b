"""Documents over HTTP: in, read, replaced, refused, gone."""

import httpx2
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.db import Sessions
from tests.integration.api.conftest import upload_text

pytestmark = pytest.mark.usefixtures("worker")

LEFTOVERS = text("""
select (select count(*) from entries) + (select count(*) from postings) + (select count(*) from pages)
     + (select count(*) from document_contents) + (select coalesce(sum(entries), 0) from terms)
""")


async def test_an_uploaded_text_becomes_a_pyramid(http: httpx2.AsyncClient) -> None:
    document = await upload_text(http, "The harbour opened in 1911.\n\nFerries run daily.", "harbour.md")
    assert (document["status"], document["page_count"], document["version"]) == ("ready", 1, 1)
    base = f"/v1/documents/{document['id']}"
    insights = (await http.get(f"{base}/insights")).json()["data"]
    assert [insight["text"] for insight in insights] == ["The harbour opened in 1911."]
    pyramid = (await http.get(f"{base}/pyramid")).json()
    assert pyramid["concepts"][0]["sources"] == [insights[0]["id"]]
    assert (await http.get(f"{base}/abstract")).json()["text"] == "Lines."
    assert (await http.get(f"{base}/pages/1")).json()["markdown"].startswith("The harbour")
    assert (await http.get(f"{base}/quality")).json()["pages"][0]["quality"] == {"coverage": 1}
    assert (await http.get(f"{base}/original")).content.startswith(b"The harbour")


async def test_the_same_bytes_again_give_the_document_that_is_there(http: httpx2.AsyncClient) -> None:
    first = await upload_text(http, "Twice.", "twice.md")
    again = await http.post("/v1/documents", json={"text": "Twice.", "filename": "other.md"})
    assert again.status_code == 200
    assert (again.json()["document"]["id"], again.json()["run"]) == (first["id"], None)


async def test_a_form_with_a_file_is_accepted(http: httpx2.AsyncClient) -> None:
    form = {"collection": "default", "metadata": '{"form": "note"}'}
    response = await http.post("/v1/documents", files={"file": ("../../a\\b<c>.txt", b"Plain words.")}, data=form)
    assert response.status_code == 202
    assert response.headers["Location"] == f"/v1/runs/{response.json()['run']['id']}"
    document = response.json()["document"]
    assert (document["filename"], document["metadata"]) == ("b c .txt", {"form": "note"})


@pytest.mark.parametrize(
    ("filename", "content", "fields", "status"),
    [
        ("empty.txt", b"", {}, 422),
        ("tool.exe", b"MZ\x90\x00\x03\x00\x00\x00", {}, 415),
        ("big.txt", b"a" * (2 * 2**20), {}, 413),
        ("bit too big.txt", b"a" * (2**20 + 1), {}, 413),
        ("a.txt", b"words", {"collection": "no such"}, 404),
        ("a.txt", b"words", {"metadata": "[1]"}, 422),
        ("a.txt", b"words", {"colection": "reports"}, 422),
    ],
)
async def test_bad_uploads_are_refused(
    http: httpx2.AsyncClient, filename: str, content: bytes, fields: dict[str, str], status: int
) -> None:
    response = await http.post("/v1/documents", files={"file": (filename, content)}, data=fields)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_of_another_kind_is_refused(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/v1/documents", content=b"x", headers={"content-type": "text/plain"})).status_code == 422
    assert (await http.post("/v1/documents", json={"words": "x"})).status_code == 422


async def test_a_new_version_keeps_the_id_and_replaces_the_pyramid(http: httpx2.AsyncClient) -> None:
    document = await upload_text(http, "Old words.", "v.md")
    response = await http.put(
        f"/v1/documents/{document['id']}/content",
        json={"text": "New words.", "filename": "v.md"},
        headers={"Prefer": "wait=20"},
    )
    assert response.json()["document"]["version"] == 2
    page = (await http.get(f"/v1/documents/{document['id']}/pages/1")).json()
    assert page["markdown"].strip() == "New words."


async def test_an_unreadable_file_fails_with_a_reason(http: httpx2.AsyncClient) -> None:
    response = await http.post(
        "/v1/documents", files={"file": ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<")}, headers={"Prefer": "wait=20"}
    )
    document = response.json()["document"]
    assert document["status"] == "failed"
    assert document["error"]["detail"]


async def test_listing_pages_through_a_collection(http: httpx2.AsyncClient) -> None:
    await http.post("/v1/collections", json={"name": "listed"})
    made = [(await upload_text(http, f"Text {n}.", f"{n}.md", collection="listed"))["id"] for n in range(3)]
    first = (await http.get("/v1/documents?collection=listed&status=ready&limit=2")).json()
    rest = (await http.get(f"/v1/documents?collection=listed&after={first['next_cursor']}")).json()
    assert [d["id"] for d in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


@pytest.mark.parametrize("path", ["", "/pages/1", "/pyramid", "/insights", "/concepts", "/abstract", "/quality"])
async def test_an_unknown_document_is_not_found(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(f"/v1/documents/{uuid7()}{path}")).status_code == 404


async def test_deleting_all_documents_leaves_nothing(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    await http.post("/v1/documents", json={"text": "Hardly begun.", "filename": "late.md"})
    for document in (await http.get("/v1/documents?limit=200")).json()["data"]:
        assert (await http.delete(f"/v1/documents/{document['id']}")).status_code == 204
    async with sessions() as session:
        assert await session.scalar(LEFTOVERS) == 0
