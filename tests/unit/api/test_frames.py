"""Server-sent events as they are written."""

import json
from collections.abc import AsyncGenerator

from app.api.runs import frame, frames, wants_page
from app.db import Json


def test_stored_event_has_its_number_as_id() -> None:
    assert frame({"seq": 4, "type": "run.started", "data": {"attempt": 1}}) == (
        'id: 4\nevent: run.started\ndata: {"attempt": 1}\n\n'
    )


def test_delta_has_no_id() -> None:
    assert frame({"type": "delta", "data": {"text": "a"}}).startswith("event: delta\n")


def test_data_stays_on_one_line() -> None:
    written = frame({"seq": 1, "type": "x", "data": {"text": "one\ntwo\r\u2028three"}})
    assert json.loads(written.split("data: ")[1])["text"] == "one\ntwo\r\u2028three"
    assert written.count("\n") == 4


async def test_quiet_becomes_a_comment() -> None:
    async def quiet() -> AsyncGenerator[Json | None]:
        yield None

    assert [each async for each in frames(quiet())] == [": open\n\n", ": quiet\n\n"]


def test_a_page_is_sent_to_those_who_ask_for_json_only() -> None:
    assert wants_page("application/json")
    assert not wants_page("*/*")
    assert not wants_page("text/event-stream, application/json;q=0.5")
