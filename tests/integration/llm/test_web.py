"""Tasks for which the server searches the web, over the Responses API of a real HTTP server."""

import pytest

from app.agents.debate.tasks import WEB, WebInput
from app.errors import ModelFailed
from tests.integration.llm.conftest import MakeRunner, ReadLedger
from tests.support.stub_openai import StubOpenAI, refuse

ASKED = WebInput(topic="Harbour storms grow worse", side="pro", queries=["storm days harbour"])
FOUND = "Storms closed the harbour nine times. ([Harbour news](https://news.example/a)) Nobody knows why."


async def test_citations_come_with_the_answer(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    stub.script(FOUND)
    answer = await (await make_runner()).run(WEB, ASKED)
    (cited,) = answer.citations
    assert (answer.text, cited.url, cited.title) == (FOUND, "https://news.example/a", "Harbour news")
    assert answer.text[cited.start : cited.end] == "[Harbour news](https://news.example/a)"
    sent = stub.received[-1]
    assert (sent.path, sent.body["tools"], sent.body["store"]) == ("/v1/responses", [{"type": "web_search"}], False)


async def test_search_is_on_the_ledger_and_is_not_paid_for_twice(
    stub: StubOpenAI, make_runner: MakeRunner, read_ledger: ReadLedger
) -> None:
    stub.script(FOUND)
    first = await make_runner()
    answer = await first.run(WEB, ASKED)
    run_id = first.run_ref.run_id
    assert run_id is not None
    (call,) = await read_ledger(run_id)
    assert (call.role, call.input_tokens, call.output_tokens) == ("web", 40, 20)
    again = await make_runner(run_id=run_id, attempt=2)
    assert await again.run(WEB, ASKED) == answer
    assert len(stub.received) == 1


async def test_server_without_web_search_is_told_in_a_sentence(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    stub.script(refuse(404, "unknown url"))
    with pytest.raises(ModelFailed, match="no Responses API"):
        await (await make_runner()).run(WEB, ASKED)
    assert len(stub.received) == 1
