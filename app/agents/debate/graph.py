"""The debate as a graph: topic → floor → speech → fact check → ruling → … → panel → verdict."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from app.agents.base import Context
from app.agents.debate import nodes
from app.agents.debate.floor import find_turn, get_turn, read_input, seat_judges
from app.agents.debate.panel import ORDERS
from app.agents.debate.rules import bound_steps
from app.agents.debate.schemas import DebateInput
from app.agents.debate.state import ClaimState, DebateState


def build_graph() -> StateGraph[DebateState, Context, Any, Any]:
    """Return the debate's graph, uncompiled."""
    graph: StateGraph[DebateState, Context, Any, Any] = StateGraph(DebateState, context_schema=Context)
    for node in (
        nodes.topic_generator,
        nodes.moderator,
        nodes.evidence_finder,
        nodes.web_searcher,
        nodes.pro_debater,
        nodes.con_debater,
        nodes.person,
        nodes.claim_splitter,
        nodes.fact_checker,
        nodes.fact_check_router,
        nodes.judge,
        nodes.verdict,
    ):
        graph.add_node(node.__name__, node)
    graph.add_conditional_edges(START, open_debate, ["topic_generator", "moderator"])
    graph.add_edge("topic_generator", "moderator")
    graph.add_conditional_edges("moderator", give_floor, ["evidence_finder", "judge"])
    graph.add_conditional_edges("evidence_finder", go_to_web, ["web_searcher", *SPEAKERS])
    graph.add_conditional_edges("web_searcher", call_speaker, SPEAKERS)
    for speaker in SPEAKERS:
        graph.add_edge(speaker, "claim_splitter")
    graph.add_conditional_edges("claim_splitter", spread_claims, ["fact_checker", "fact_check_router"])
    graph.add_edge("fact_checker", "fact_check_router")
    graph.add_conditional_edges("fact_check_router", follow_ruling, [*SPEAKERS, "moderator"])
    graph.add_edge("judge", "verdict")
    graph.add_edge("verdict", END)
    return graph


SPEAKERS = ["pro_debater", "con_debater", "person"]


def bound(input: DebateInput) -> int:
    """Return a limit of steps that the debate can't reach."""
    return bound_steps(turns=len(input.turns), max_drafts=input.max_drafts)


def open_debate(state: DebateState) -> str:
    """A given topic is debated as it is; only a missing one is generated."""
    return "moderator" if read_input(state).topic else "topic_generator"


def give_floor(state: DebateState) -> str | list[Send]:
    """Go to the next turn, or to the panel when there is none."""
    if find_turn(state) is not None:
        return "evidence_finder"
    return [Send("judge", ballot) for ballot in seat_judges(state, ORDERS)]


def go_to_web(state: DebateState) -> str:
    """Search the web as well where that is asked for."""
    return "web_searcher" if read_input(state).web else call_speaker(state)


def call_speaker(state: DebateState) -> str:
    """Return who speaks now: a debater, or the person who plays that side."""
    turn = get_turn(state)
    return "person" if read_input(state).human == turn.speaker else f"{turn.speaker}_debater"


def spread_claims(state: DebateState) -> str | list[Send]:
    """Send each claim to the checker; without claims there is nothing to check."""
    pending, web = state["pending"], [*state.get("web", {}).values()]
    return [
        Send("fact_checker", ClaimState(input=state["input"], speech_id=pending["id"], claim=claim, web=web))
        for claim in state["to_check"]
    ] or "fact_check_router"


def follow_ruling(state: DebateState) -> str:
    """A rejected draft goes back to its speaker, anything else to the moderator."""
    return call_speaker(state) if state.get("feedback") and find_turn(state) else "moderator"
