"""Recollections and discrepancies over HTTP."""

from typing import Any
from uuid import UUID

import httpx2
from uuid_utils.compat import uuid7


async def remember(http: httpx2.AsyncClient, text: str, **more: Any) -> dict[str, Any]:
    response = await http.post("/v1/recollections", json={"text": text, "actor": "ann", **more})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/v1/recollections/{made['id']}"
    return made


async def test_a_recollection_is_made_found_changed_and_retired(http: httpx2.AsyncClient) -> None:
    made = await remember(http, "The library opens at nine.")
    path = f"/v1/recollections/{made['id']}"
    body = {"query": "When does the library open?", "levels": ["recollection"]}
    assert (await http.post("/v1/search", json=body)).json()["results"][0]["entry_id"] == made["id"]
    changed = await http.patch(path, json={"text": "The library opens at ten.", "actor": "bob", "reason": "winter"})
    assert (changed.status_code, changed.json()["text"]) == (200, "The library opens at ten.")
    assert (await http.delete(path, params={"actor": "bob"})).status_code == 204
    assert (await http.get(path)).json()["status"] == "retired"
    assert (await http.post("/v1/search", json=body)).json() == {"results": []}
    steps = (await http.get(f"{path}/history")).json()
    assert [(step["action"], step["actor"]) for step in steps] == [
        ("created", "ann"),
        ("changed", "bob"),
        ("retired", "bob"),
    ]
    assert (steps[1]["before"]["text"], steps[1]["reason"]) == ("The library opens at nine.", "winter")


async def test_who_and_why_without_letters_that_can_be_kept_is_refused(http: httpx2.AsyncClient) -> None:
    made = (await http.post("/v1/recollections", json={"text": "The mill stands still."})).json()
    for odd in ({"actor": "\x00"}, {"actor": "ann\x00"}, {"reason": "\x00"}):
        assert (await http.delete(f"/v1/recollections/{made['id']}", params=odd)).status_code == 422
        assert (await http.patch(f"/v1/recollections/{made['id']}", json=odd)).status_code == 422
    assert (await http.get(f"/v1/recollections/{made['id']}")).json()["status"] == "current"


async def test_a_retired_one_is_brought_back_by_confirming_it(http: httpx2.AsyncClient) -> None:
    made = await remember(http, "The mill grinds rye.")
    path = f"/v1/recollections/{made['id']}"
    await http.delete(path)
    assert (await http.patch(path, json={})).json()["status"] == "current"
    body = {"query": "What does the mill grind?", "levels": ["recollection"]}
    assert (await http.post("/v1/search", json=body)).json()["results"][0]["entry_id"] == made["id"]


async def test_the_same_words_confirm_and_a_key_answers_twice_alike(http: httpx2.AsyncClient) -> None:
    made = await remember(http, "The clock is slow.")
    again = await http.post("/v1/recollections", json={"text": "The clock is slow."})
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    key = {"Idempotency-Key": "clock"}
    first = await http.post("/v1/recollections", json={"text": "The clock was mended."}, headers=key)
    second = await http.post("/v1/recollections", json={"text": "The clock was mended."}, headers=key)
    assert (second.json(), second.headers["Idempotent-Replayed"]) == (first.json(), "true")


async def test_the_list_goes_page_by_page_and_by_status(http: httpx2.AsyncClient) -> None:
    made = [await remember(http, f"Bell number {n} hangs in the tower.") for n in range(3)]
    await http.delete(f"/v1/recollections/{made[0]['id']}")
    first = (await http.get("/v1/recollections", params={"limit": 1})).json()
    second = (await http.get("/v1/recollections", params={"limit": 1, "after": first["next_cursor"]})).json()
    assert [first["data"][0]["id"], second["data"][0]["id"]] == [made[2]["id"], made[1]["id"]]
    retired = (await http.get("/v1/recollections", params={"status": "retired"})).json()["data"]
    assert made[0]["id"] in [each["id"] for each in retired]


async def test_what_makes_no_sense_is_refused(http: httpx2.AsyncClient) -> None:
    learned = await http.post("/v1/recollections", json={"text": "Guessed.", "kind": "learned"})
    assert (learned.status_code, learned.json()["code"]) == (422, "invalid")
    assert (await http.post("/v1/recollections", json={"text": " "})).status_code == 422
    unknown = [str(UUID(int=uuid7().int))]
    assert (await http.post("/v1/recollections", json={"text": "x", "sources": unknown})).status_code == 404
    assert (await http.get(f"/v1/recollections/{unknown[0]}")).status_code == 404
    assert (await http.get(f"/v1/recollections/{unknown[0]}/history")).status_code == 404
    assert (await http.patch(f"/v1/discrepancies/{unknown[0]}", json={})).status_code == 404
    assert (await http.get("/v1/discrepancies", params={"kind": "guess"})).status_code == 422


async def test_discrepancies_are_listed_in_pages(http: httpx2.AsyncClient) -> None:
    listed = await http.get("/v1/discrepancies", params={"collection": "default", "settled": False})
    assert listed.json() == {"data": [], "has_more": False, "next_cursor": None}
