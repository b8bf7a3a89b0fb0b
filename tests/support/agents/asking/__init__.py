"""An agent that asks a person for a colour."""

from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from app.agents.base import Agent, Context
from app.llm.budget import Budgeted


class AskingInput(Budgeted):
    """What to ask."""

    question: str


class Colour(BaseModel):
    """The answer wanted."""

    colour: Literal["red", "blue"]


class AskingOutput(BaseModel):
    """What was answered."""

    engine: str
    colour: str


class State(TypedDict, total=False):
    input: dict[str, Any]
    answer: dict[str, Any]
    output: dict[str, Any]


async def ask(state: State) -> State:
    answer = interrupt(state["input"]["question"], response_schema=Colour.model_json_schema())
    return {"answer": answer}


async def conclude(state: State) -> State:
    return {"output": {"engine": "offline", "colour": state["answer"]["colour"]}}


def build() -> StateGraph[Any, Context, Any, Any]:
    graph: StateGraph[Any, Context, Any, Any] = StateGraph(State, context_schema=Context)
    graph.add_node(ask)
    graph.add_node(conclude)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "conclude")
    graph.add_edge("conclude", END)
    return graph


AGENT = Agent(
    name="asking",
    summary="Ask for a colour",
    input=AskingInput,
    output=AskingOutput,
    example={"question": "Which colour?"},
    build=build,
    offline={},
    path="asking",
)
