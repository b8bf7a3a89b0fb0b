"""A person who is asked what they mean and who changes the plan; a run that stops and goes on."""

from typing import Any

import pytest_asyncio
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from app.agents.research import AGENT
from app.db import Json, Sessions
from tests.support.embedders import HashEmbedder
from tests.support.research import ScriptedModels, build_context, publish_library

EMBEDDER = HashEmbedder()


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    await publish_library(sessions, EMBEDDER)


async def test_a_person_says_what_they_mean_and_changes_the_plan(sessions: Sessions) -> None:
    models = ScriptedModels()
    graph = AGENT.build().compile(checkpointer=InMemorySaver())
    context = build_context(sessions, EMBEDDER, models)
    config: Any = {"configurable": {"thread_id": "t"}, "recursion_limit": 40}

    async def go(given: Any) -> Json:
        state: Json = await graph.ainvoke(given, config, context=context)
        return state

    asked = {"question": "What were the total net sales in Q3 2023?", "interactive": True}
    first = await go({"input": asked})
    assert first["__interrupt__"][0].value["kind"] == "clarify"
    second = await go(Command(resume={"answer": "Apple"}))
    assert second["__interrupt__"][0].value["kind"] == "approve_plan"
    steps = [{"question": "What were Apple's total net sales in the three months ended June 25, 2022?"}]
    last = await go(Command(resume={"approved": True, "steps": steps}))
    assert "$82,959 million" in last["output"]["answer"]
    assert [name for name, _ in models.asked].count("research.plan") == 1


async def test_a_run_stopped_before_any_step_goes_on_to_the_same_report(sessions: Sessions) -> None:
    asked = {"question": "How has Apple's total net sales changed over time?"}
    names = [name for name in AGENT.build().nodes if name not in ("clarify", "ask_person", "approve_plan", "repair")]
    answers, calls = set(), set()
    for name in names:
        models = ScriptedModels()
        graph = AGENT.build().compile(checkpointer=InMemorySaver(), interrupt_before=[name])
        config: Any = {"configurable": {"thread_id": name}, "recursion_limit": 40}
        context = build_context(sessions, EMBEDDER, models)
        await graph.ainvoke({"input": asked}, config, context=context)
        state = await graph.ainvoke(None, config, context=context)
        answers.add(state["output"]["answer"])
        calls.add(tuple(task for task, _ in models.asked))
    assert len(answers) == len(calls) == 1
