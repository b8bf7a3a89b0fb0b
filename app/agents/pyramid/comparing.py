"""The node that sets sentences of the document beside those of its collection that may exclude them."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from langgraph.runtime import Runtime

from app.agents.base import Context
from app.agents.pyramid.prompts import COMPARE_STATEMENTS
from app.agents.pyramid.schemas import CompareInput, Comparison, StatementPair
from app.agents.pyramid.state import PyramidState
from app.db import Json
from app.knowledge.opposites import Statements

TOLD = ("form", "period_end", "fiscal_year", "fiscal_period")


async def compare_statements(state: PyramidState, runtime: Runtime[Context]) -> Json:
    """Keep the sentences that exclude each other; each pair is asked in both orders, and both answers must say so."""
    context, document_id = runtime.context, UUID(state["input"]["document_id"])
    near = await context.knowledge.list_near_statements(document_id)
    pairs = await _build_pairs(context, document_id, near)
    conflicts = []
    if pairs:
        orders = (CompareInput(pairs=pairs), CompareInput(pairs=_swap(pairs)))
        answers = await asyncio.gather(*(context.run(COMPARE_STATEMENTS, order) for order in orders))
        both = [_conflicts(answer.comparisons) for answer in answers]
        numbers = sorted(both[0].keys() & both[1].keys())
        conflicts = [(near[n - 1].mine_id, near[n - 1].other_id, both[0][n]) for n in numbers]
    found = await context.knowledge.keep_conflicts(document_id, conflicts)
    return {"output": {**state["output"], "discrepancies": state["output"]["discrepancies"] + found}}


async def _build_pairs(context: Context, document_id: UUID, near: Sequence[Statements]) -> list[StatementPair]:
    documents = await context.knowledge.find_documents({document_id, *(pair.other_document_id for pair in near)})
    known = {
        each: {name: str(document.metadata[name]) for name in TOLD if name in document.metadata}
        for each, document in documents.items()
    }
    return [
        StatementPair(
            number=number,
            one=pair.mine,
            other=pair.other,
            one_of=known.get(document_id, {}),
            other_of=known.get(pair.other_document_id, {}),
        )
        for number, pair in enumerate(near, start=1)
    ]


def _swap(pairs: Sequence[StatementPair]) -> list[StatementPair]:
    return [
        StatementPair(number=pair.number, one=pair.other, other=pair.one, one_of=pair.other_of, other_of=pair.one_of)
        for pair in pairs
    ]


def _conflicts(comparisons: Sequence[Comparison]) -> dict[int, str]:
    return {each.number: each.reason for each in comparisons if each.verdict == "conflict"}
