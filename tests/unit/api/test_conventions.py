"""What holds for every route of the OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.errors import PROBLEM_JSON
from tests.integration.access.places import DOCUMENT, OPERATIONS

WITHOUT_KEY = {
    "search": "writes nothing",
    "check_claims": "writes nothing",
    "open_session": "sets a cookie",
    "cancel_run": "idempotent by itself",
    "give_run_input": "a question is answered once, a second answer is a conflict",
    "receive_hook": "known by its webhook-id",
}
"""POSTs that take no Idempotency-Key, and why."""
CREATING = sorted(name for name, (method, _, _) in OPERATIONS.items() if method == "POST" and name not in WITHOUT_KEY)


def parameters(name: str, place: str) -> dict[str, dict[str, Any]]:
    found = OPERATIONS[name][2].get("parameters", [])
    return {each["name"].lower(): each for each in found if each["in"] == place}


def bodies(name: str) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = OPERATIONS[name][2].get("requestBody", {}).get("content", {})
    return content


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_route_can_be_called_by_a_good_name(name: str) -> None:
    _, _, described = OPERATIONS[name]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert 5 <= len(described["summary"]) <= 120
    assert described["tags"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_error_is_a_problem(name: str) -> None:
    for status, answer in OPERATIONS[name][2]["responses"].items():
        if status.startswith(("4", "5")) and name != "get_readiness":
            assert list(answer["content"]) == [PROBLEM_JSON], status


@pytest.mark.parametrize("name", sorted(name for name in OPERATIONS if name.startswith("list_")))
def test_every_list_comes_in_pages(name: str) -> None:
    asked = parameters(name, "query")
    assert {"limit", "after"} <= asked.keys()
    assert (asked["limit"]["schema"]["minimum"], asked["limit"]["schema"]["maximum"]) == (1, 200)
    assert asked["limit"]["schema"]["default"] == 50


@pytest.mark.parametrize("name", CREATING)
def test_every_creating_route_takes_an_idempotency_key(name: str) -> None:
    assert "idempotency-key" in parameters(name, "header")
    assert {"409", "422"} <= OPERATIONS[name][2]["responses"].keys()


@pytest.mark.parametrize("name", sorted(name for name in OPERATIONS if "202" in OPERATIONS[name][2]["responses"]))
def test_every_accepting_route_says_what_may_be_wrong(name: str) -> None:
    assert "422" in OPERATIONS[name][2]["responses"]


@pytest.mark.parametrize("name", sorted(name for name in OPERATIONS if "{" in OPERATIONS[name][1]))
def test_every_route_with_an_id_may_find_nothing(name: str) -> None:
    assert "404" in OPERATIONS[name][2]["responses"]


def references(part: Any) -> Iterator[str]:
    """Yield every `$ref` of a part of the document."""
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
    for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(child)


def test_every_reference_leads_to_a_schema() -> None:
    schemas = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) - schemas == set()
