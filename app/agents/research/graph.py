"""The graph of research: what follows what, and within which caps."""

from typing import Any, cast

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from app.agents.base import Context
from app.agents.research.finish import finish
from app.agents.research.lessons import remember
from app.agents.research.look import search
from app.agents.research.nodes import (
    approve_plan,
    ask_person,
    assess,
    clarify,
    open_question,
    order_searches,
    plan,
)
from app.agents.research.prompts import MAX_STEPS
from app.agents.research.schemas import ResearchInput
from app.agents.research.state import ResearchState, SearchOrder, SearchWork, SectionWork
from app.agents.research.writing import check, pack_findings, repair, sections_of, write

FIXED_STEPS = 16


def build() -> StateGraph[Any, Context, Any, Any]:
    """Return the uncompiled graph."""
    graph = StateGraph(ResearchState, Context)
    for node in (open_question, clarify, ask_person, plan, approve_plan, order_searches, assess, pack_findings, check):
        graph.add_node(node)
    graph.add_node("search", search, input_schema=SearchWork)
    graph.add_node("write", write, input_schema=SectionWork)
    graph.add_node("repair", repair, input_schema=SectionWork)
    graph.add_node(finish)
    graph.add_node(remember)
    graph.add_edge(START, "open_question")
    graph.add_conditional_edges("open_question", _after_open, ["clarify", "plan"])
    graph.add_conditional_edges("clarify", _after_clarify, ["ask_person", "plan"])
    graph.add_edge("ask_person", "plan")
    graph.add_conditional_edges("plan", _after_plan, ["approve_plan", "order_searches"])
    graph.add_edge("approve_plan", "order_searches")
    graph.add_conditional_edges("order_searches", _send_searches, ["search", "assess"])
    graph.add_edge("search", "assess")
    graph.add_conditional_edges("assess", _after_assess, ["search", "pack_findings"])
    graph.add_conditional_edges("pack_findings", _send_sections, ["write", "finish"])
    graph.add_edge("write", "check")
    graph.add_conditional_edges("check", _after_check, ["repair", "finish"])
    graph.add_edge("repair", "check")
    graph.add_edge("finish", "remember")
    graph.add_edge("remember", END)
    return graph


def recursion_limit(asked: ResearchInput) -> int:
    """Return the most supersteps a run takes: two a round besides the fixed ones."""
    return FIXED_STEPS + 2 * asked.rounds + MAX_STEPS


def _interactive(state: ResearchState) -> bool:
    return bool(state["input"].get("interactive"))


def _after_open(state: ResearchState) -> str:
    return "clarify" if _interactive(state) else "plan"


def _after_clarify(state: ResearchState) -> str:
    return "ask_person" if state.get("clarifying") else "plan"


def _after_plan(state: ResearchState) -> str:
    return "approve_plan" if _interactive(state) else "order_searches"


def _send_searches(state: ResearchState) -> list[Send] | str:
    sends = [
        Send(
            "search",
            SearchWork(
                order=cast(SearchOrder, order),
                step=state["steps"][order["step"]],
                question=state["question"],
                collection_ids=state["collection_ids"],
                documents=state["documents"],
                turns=state["turns"],
            ),
        )
        for order in state["queue"]
    ]
    return sends or "assess"


def _after_assess(state: ResearchState) -> list[Send] | str:
    return _send_searches(state) if state["queue"] else "pack_findings"


def _send_sections(state: ResearchState) -> list[Send] | str:
    return [Send("write", section) for section in sections_of(state)] or "finish"


def _after_check(state: ResearchState) -> list[Send] | str:
    if not state["failing"] or state.get("repaired"):
        return "finish"
    by_id = {section["id"]: section for section in sections_of(state)}
    return [
        Send("repair", {**by_id[id], "draft": state["sections"][id]["text"], "problems": problems})
        for id, problems in state["failing"].items()
        if id in by_id
    ] or "finish"
