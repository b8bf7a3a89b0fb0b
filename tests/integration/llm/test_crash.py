"""A process that dies between a model's answer and the next checkpoint does not pay for that answer twice."""

from dataclasses import dataclass
from typing import TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from app.llm.runner import ModelRunner
from tests.integration.llm.conftest import MakeRunner, ReadLedger
from tests.integration.llm.tasks import JUDGE, Question
from tests.support.stub_openai import StubOpenAI


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class State(TypedDict, total=False):
    rounds: int


@dataclass(frozen=True)
class Held:
    """The graph's context."""

    models: ModelRunner


class Reader:
    """A graph of three rounds that ask the same thing; the process dies after the answer of one of them."""

    def __init__(self, dies_in: int) -> None:
        self.dies_in = dies_in

    async def read(self, state: State, runtime: Runtime[Held]) -> State:
        rounds = state.get("rounds", 0)
        await runtime.context.models.run(JUDGE, Question())
        if rounds == self.dies_in:
            self.dies_in = -1
            raise Killed
        return {"rounds": rounds + 1}

    def build(self) -> CompiledStateGraph[State, Held, State, State]:
        graph = StateGraph(State, context_schema=Held)
        graph.add_node("read", self.read)
        graph.add_edge(START, "read")
        graph.add_conditional_edges("read", lambda state: END if state["rounds"] == 3 else "read")
        return graph.compile(checkpointer=InMemorySaver())


@pytest.mark.parametrize("dies_in", [0, 1, 2])
async def test_the_answer_before_the_crash_is_taken_from_the_ledger(
    dies_in: int, stub: StubOpenAI, make_runner: MakeRunner, read_ledger: ReadLedger
) -> None:
    graph = Reader(dies_in).build()
    first = await make_runner()
    run_id = first.run_ref.run_id
    assert run_id is not None
    config: RunnableConfig = {"configurable": {"thread_id": str(run_id)}}
    with pytest.raises(Killed):
        await graph.ainvoke({"rounds": 0}, config, context=Held(first), durability="sync")
    second = await make_runner(run_id=run_id, attempt=2)
    ended = await graph.ainvoke(None, config, context=Held(second), durability="sync")
    assert ended["rounds"] == 3
    assert len(stub.chats) == 3
    rows = await read_ledger(run_id)
    assert [row.node for row in rows] == ["read"] * 3
    assert len({row.scope for row in rows}) == 3
