"""The graph: convert → describe → segments side by side → concepts side by side → abstract → publish → compare."""

from typing import Any

from langgraph.graph import END, START, StateGraph

from app.agents.base import Context
from app.agents.pyramid.comparing import compare_statements
from app.agents.pyramid.embedding import embed_insights, embed_pages
from app.agents.pyramid.nodes import (
    compare_figures,
    convert,
    describe,
    find_concepts,
    plan_concepts,
    publish,
    write_abstract,
)
from app.agents.pyramid.reading import read_segment
from app.agents.pyramid.state import PyramidState


def build() -> StateGraph[Any, Context, Any, Any]:
    """Return the uncompiled graph."""
    graph: StateGraph[Any, Context, Any, Any] = StateGraph(PyramidState, context_schema=Context)
    graph.add_node(convert)
    graph.add_node(describe, destinations=("read_segment", "embed_pages"))
    graph.add_node(read_segment, destinations=("plan_concepts",))
    graph.add_node(embed_pages)
    graph.add_node(plan_concepts, defer=True, destinations=("find_concepts", "embed_insights", "write_abstract"))
    graph.add_node(find_concepts, destinations=("write_abstract",))
    graph.add_node(embed_insights)
    graph.add_node(write_abstract, defer=True)
    graph.add_node(publish)
    graph.add_node(compare_figures)
    graph.add_node(compare_statements)
    graph.add_edge(START, "convert")
    graph.add_edge("convert", "describe")
    graph.add_edge("write_abstract", "publish")
    graph.add_edge("publish", "compare_figures")
    graph.add_edge("compare_figures", "compare_statements")
    graph.add_edge("compare_statements", END)
    return graph
