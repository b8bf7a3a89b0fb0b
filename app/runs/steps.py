"""One attempt at a graph: from its checkpoint to its output, its question, or its drain."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot

from app.agents.base import Agent, Context
from app.db import Json, Sessions
from app.resources import CheckpointPool
from app.runs.models import Run
from app.runs.recorder import Recorder, RecordingSaver
from app.runs.repository import Ending, NewEvent, find_given_input
from app.runs.tracing import StepTrace

Record = Callable[[Run, Sequence[NewEvent]], Awaitable[None]]
Graph = CompiledStateGraph[Any, Context, Any, Any]


async def take_steps(
    agent: Agent[Any, Any],
    run: Run,
    *,
    sessions: Sessions,
    checkpoint_pool: CheckpointPool,
    context: Context,
    control: RunControl,
    record: Record,
    trace: StepTrace,
) -> Ending:
    """Run the agent's graph on from its last finished step, recording what it emits before the step is saved.

    Raises GraphDrained when the drain asked for has been reached, GraphRecursionError past the agent's limit.
    """

    async def write(items: Sequence[Json]) -> None:
        await record(run, [NewEvent(type=item["type"], key=item.get("key"), data=item["data"]) for item in items])

    recorder = Recorder(write)
    graph: Graph = agent.build().compile(checkpointer=RecordingSaver(checkpoint_pool, recorder))
    config: RunnableConfig = {
        "configurable": {"thread_id": str(run.id)},
        "recursion_limit": agent.recursion_limit(agent.input.model_validate(run.input)),
        "run_name": agent.name,
        "callbacks": [trace],
    }
    entry = await _entry(sessions, run, await graph.aget_state(config))
    async with recorder.running():
        with trace.attempt():
            await graph.ainvoke(
                entry,
                config,
                context=replace(context, sink=recorder.put),
                version="v2",
                durability="sync",
                control=control,
            )
    return _ending(agent, await graph.aget_state(config))


async def _entry(sessions: Sessions, run: Run, state: StateSnapshot) -> Json | Command[Any] | None:
    """Return what the graph is called with: its input, the answer to its question, or nothing to go on."""
    if not state.values and not state.next:
        return {"input": run.input}
    if not state.interrupts:
        return None
    async with sessions() as session:
        given = await find_given_input(session, run.id)
    return None if given is None else Command(resume=given.data["input"])


def _ending(agent: Agent[Any, Any], state: StateSnapshot) -> Ending:
    if state.interrupts:
        question = state.interrupts[0]
        return Ending(
            status="waiting", question={"question": question.value, "response_schema": question.response_schema}
        )
    output = agent.output.model_validate(state.values["output"])
    return Ending(status="succeeded", output=output.model_dump(mode="json"))
