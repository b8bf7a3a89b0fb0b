"""A run repeated from its record, and answers given again from the cache."""

from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.db import DEFAULT_PROJECT, Sessions
from app.errors import BudgetExceeded, ModelOutputInvalid, ReplayDiverged
from app.llm.budget import Caps
from app.llm.cache import evict_cached, find_cached, store_cached
from app.llm.runner import ModelRunner
from app.llm.task import Task
from tests.integration.llm.conftest import MakeRunner, ReadLedger
from tests.integration.llm.tasks import GOOD, JUDGE, WRITE, Answer, Question
from tests.support.stub_openai import StubOpenAI


def run_of(runner: ModelRunner) -> UUID:
    assert runner.run_ref.run_id is not None
    return runner.run_ref.run_id


async def ask_three(runner: ModelRunner) -> list[Any]:
    """The same request twice, and a text."""
    return [
        await runner.run(JUDGE, Question()),
        await runner.run(JUDGE, Question()),
        await runner.run(WRITE, Question()),
    ]


async def test_a_replayed_run_gets_the_same_answers_without_a_request(
    stub: StubOpenAI, make_runner: MakeRunner, read_ledger: ReadLedger
) -> None:
    stub.script(GOOD, GOOD.replace("7", "8"), "Seven or eight.")
    first = await make_runner(model_seed=3)
    before = await ask_three(first)
    replayed = await make_runner(replays=run_of(first), model="another-model")
    assert await ask_three(replayed) == before
    assert len(stub.chats) == 3
    rows = await read_ledger(run_of(replayed))
    assert {(row.served_by, row.model, row.seed, row.tries) for row in rows} == {("replay", "stub-model", 3, 0)}


async def test_a_changed_prompt_is_pointed_at(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    first = await make_runner()
    await ask_three(first)
    replayed = await make_runner(replays=run_of(first))
    await replayed.run(JUDGE, Question())
    with pytest.raises(
        ReplayDiverged, match=r"Call 2 of the record .*first differs at character \d+: .*How many.* then, .*How few"
    ):
        await replayed.run(JUDGE, Question(text="How few pages are there?"))


async def test_a_changed_task_version_is_pointed_at(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    first = await make_runner()
    await first.run(JUDGE, Question())
    replayed = await make_runner(replays=run_of(first))
    changed: Task[Question, Answer] = Task(**{**JUDGE.__dict__, "version": 2})
    with pytest.raises(ReplayDiverged, match="its task had version 1 then"):
        await replayed.run(changed, Question())


async def test_a_recorded_failure_fails_again(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    stub.script("no", "no", "no")
    first = await make_runner()
    with pytest.raises(ModelOutputInvalid) as before:
        await first.run(JUDGE, Question())
    replayed = await make_runner(replays=run_of(first))
    with pytest.raises(ModelOutputInvalid) as after:
        await replayed.run(JUDGE, Question())
    assert after.value.detail == before.value.detail


async def test_a_call_the_budget_refused_is_refused_again(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    first = await make_runner(caps=Caps(calls=1))
    with pytest.raises(BudgetExceeded) as before:
        await first.run(JUDGE, Question())
    replayed = await make_runner(replays=run_of(first))
    with pytest.raises(BudgetExceeded) as after:
        await replayed.run(JUDGE, Question())
    assert after.value.detail == before.value.detail


async def test_an_offline_run_is_replayed_by_its_functions(make_runner: MakeRunner) -> None:
    functions = {"test.judge": lambda _: Answer(reason="looked", verdict="no", pages=1)}
    first = await make_runner(offline=functions, engine="offline")
    await first.run(JUDGE, Question())
    await first.servers.ledger.aclose()
    replayed = await make_runner(offline=functions, replays=run_of(first), recorded_engine="offline")
    assert (await replayed.run(JUDGE, Question())).pages == 1
    with pytest.raises(ReplayDiverged):
        await replayed.run(JUDGE, Question(text="another"))


async def test_with_the_cache_on_the_same_request_is_sent_once_a_project(
    stub: StubOpenAI, make_runner: MakeRunner, read_ledger: ReadLedger, sessions: Sessions
) -> None:
    question = Question(text="cached?")
    runners = [await make_runner(model_cache=True) for _ in range(2)]
    answers = [await runner.run(JUDGE, question) for runner in runners]
    assert answers[0] == answers[1]
    assert len(stub.chats) == 1
    (row,) = await read_ledger(run_of(runners[1]))
    async with sessions.begin() as session:
        assert await find_cached(session, DEFAULT_PROJECT, row.request_hash) is not None
        assert await find_cached(session, uuid7(), row.request_hash) is None
    assert (row.served_by, row.outcome, row.tries, row.input_tokens) == ("cache", "ok", 0, None)


async def test_a_request_made_twice_in_one_step_is_not_answered_from_the_cache(
    stub: StubOpenAI, make_runner: MakeRunner
) -> None:
    runner = await make_runner(model_cache=True)
    for _ in range(2):
        await runner.run(JUDGE, Question(text="sampled twice"))
    assert len(stub.chats) == 2


async def test_the_longest_unused_answers_go_when_the_cache_is_full(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await evict_cached(session, DEFAULT_PROJECT, max_bytes=0)
    for name in ("a", "b", "c", "a"):
        async with sessions.begin() as session:
            if await find_cached(session, DEFAULT_PROJECT, name) is None:
                await store_cached(session, DEFAULT_PROJECT, name, task="t", model="m", answer={"text": "x" * 90})
    async with sessions.begin() as session:
        await evict_cached(session, DEFAULT_PROJECT, max_bytes=220)
        found = [name for name in "abc" if await find_cached(session, DEFAULT_PROJECT, name)]
    assert found == ["a", "c"]
