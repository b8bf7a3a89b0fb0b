"""Each fault of a model server: outcome, requests, usage. `docs/model-servers.md` has the table this test makes."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from app.llm.budget import Caps
from app.llm.runner import ModelRunner
from tests.integration.llm.conftest import MakeRunner, ReadLedger
from tests.integration.llm.faults import FAULTS, PROSE, Fault
from tests.integration.llm.tasks import JUDGE, WRITE, Question
from tests.support.stub_openai import StubOpenAI

DOCS = Path(__file__).parents[3] / "docs" / "model-servers.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


async def run_task(runner: ModelRunner, fault: Fault) -> None:
    if fault.prose:
        essay = await runner.run(WRITE, Question(), on_delta=lambda _: None)
        assert essay.text == PROSE
    else:
        assert (await runner.run(JUDGE, Question())).pages == 7


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_has_its_outcome_and_no_usage_is_lost(
    fault: Fault, stub: StubOpenAI, make_runner: MakeRunner, read_ledger: ReadLedger
) -> None:
    stub.answer_with(fault.script) if fault.script else stub.script(*fault.replies)
    runner = await make_runner(caps=Caps(seconds=60), **fault.settings)
    if fault.error is None:
        await run_task(runner, fault)
    else:
        with pytest.raises(fault.error) as failed:
            await run_task(runner, fault)
        assert type(failed.value) is fault.error
        assert fault.says in failed.value.detail
    run_id = runner.run_ref.run_id
    assert isinstance(run_id, UUID)
    (row,) = await read_ledger(run_id)
    assert (row.outcome, row.tries, len(stub.chats)) == (fault.outcome, fault.requests, fault.requests)
    counted = [len(chat.prompt) // 4 + 1 for chat in stub.chats][-fault.counted :] if fault.counted else None
    assert row.input_tokens == (sum(counted) if counted else None)
    assert runner.usage["input_tokens"] == (row.input_tokens or 0)


def render_table() -> str:
    rows = [
        f"| {fault.name} | {fault.outcome} | {fault.requests} | {fault.counted} |".replace("<", "&lt;")
        for fault in FAULTS
    ]
    return "\n".join(["| what the server does | outcome | requests | with usage |", "|---|---|---|---|", *rows])


def test_the_table_in_the_docs_is_what_is_tested() -> None:
    text = DOCS.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    expected = f"{before}{BEGIN}\n{render_table()}\n{END}{after}"
    if os.environ.get("WRITE_DOCS"):
        DOCS.write_text(expected)
    assert DOCS.read_text() == expected, "run this test with WRITE_DOCS=1 to renew the table"
