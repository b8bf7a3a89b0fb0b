"""Collections, search and entries over HTTP."""

import httpx2
import pytest

from tests.integration.api.conftest import upload_text

pytestmark = pytest.mark.usefixtures("worker")


async def test_search_finds_an_insight_and_its_trail(http: httpx2.AsyncClient) -> None:
    await upload_text(http, "Net sales were $81,797 million in the quarter.\n", "sales.md")
    response = await http.post("/v1/search", json={"query": "sales of 81.797 billion", "levels": ["insight"]})
    [result] = response.json()["results"]
    assert (result["filename"], result["pages"], result["lexical_rank"]) == ("sales.md", [1], 1)
    trail = (await http.get(f"/v1/entries/{result['entry_id']}")).json()
    assert [entry["level"] for entry in trail["sources"] + trail["dependants"]] == ["page", "concept"]


async def test_search_keeps_to_the_collection(http: httpx2.AsyncClient) -> None:
    await http.post("/v1/collections", json={"name": "empty"})
    assert (await http.post("/v1/search", json={"query": "sales", "collection": "empty"})).json() == {"results": []}
    assert (await http.post("/v1/search", json={"query": "sales", "collection": "nowhere"})).status_code == 404


@pytest.mark.parametrize("body", [{"query": "  "}, {"query": "a", "limit": 0}, {"query": "a", "levels": ["page", "x"]}])
async def test_a_search_that_makes_no_sense_is_refused(http: httpx2.AsyncClient, body: dict[str, object]) -> None:
    assert (await http.post("/v1/search", json=body)).status_code == 422


async def test_a_collection_lives_from_creation_to_deletion(http: httpx2.AsyncClient) -> None:
    made = (await http.post("/v1/collections", json={"name": "Filings"})).json()
    assert (await http.post("/v1/collections", json={"name": "Filings"})).status_code == 409
    await upload_text(http, "A filing.", "f.md", collection=made["id"])
    changed = (await http.patch("/v1/collections/Filings", json={"description": "Ours"})).json()
    assert (changed["description"], changed["documents"]) == ("Ours", {"ready": 1})
    overview = (await http.get("/v1/collections/Filings/overview")).json()
    assert (overview["entries"]["insight"], overview["concepts"]) == (1, ["First lines"])
    assert (await http.delete("/v1/collections/Filings")).status_code == 204
    assert (await http.get(f"/v1/collections/{made['id']}")).status_code == 404


async def test_the_default_collection_is_there_and_stays(http: httpx2.AsyncClient) -> None:
    names = [collection["name"] for collection in (await http.get("/v1/collections")).json()["data"]]
    assert names[0] == "default"
    assert (await http.delete("/v1/collections/default")).status_code == 409


async def test_a_walk_from_an_insight_leads_to_its_page(http: httpx2.AsyncClient) -> None:
    await upload_text(http, "Gross profit was $12,345 million in the quarter.\n", "profit.md")
    query = {"query": "gross profit", "levels": ["insight"], "walk": True}
    [result, *_] = (await http.post("/v1/search", json=query)).json()["results"]
    steps = (await http.get(f"/v1/entries/{result['entry_id']}/walk", params={"limit": 50})).json()["steps"]
    assert {"source", "dependant"} <= {step["via"] for step in steps}
    assert (await http.get(f"/v1/entries/{result['collection_id']}/walk")).status_code == 404


async def test_without_a_model_re_ranking_leaves_the_order(http: httpx2.AsyncClient) -> None:
    query = {"query": "net sales in the quarter"}
    plain = (await http.post("/v1/search", json=query)).json()["results"]
    assert plain
    assert (await http.post("/v1/search", json=query | {"rerank": True})).json()["results"] == plain


async def test_a_search_may_route_and_fold(http: httpx2.AsyncClient) -> None:
    query = {"query": "net sales in sales.md", "levels": ["page"], "route": True, "fold": True}
    results = (await http.post("/v1/search", json=query)).json()["results"]
    assert results[0]["filename"] == "sales.md"
    assert all(result["folded"] == [] for result in results)
