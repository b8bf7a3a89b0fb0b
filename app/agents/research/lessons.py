"""What a run leaves behind: sentences that rest on several passages, kept as recollections with their sources."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langgraph.runtime import Runtime

from app.agents.base import Context
from app.agents.research.citations import MARKER, list_ids
from app.agents.research.schemas import Finding, ResearchInput
from app.agents.research.sentences import CITATION, split_pieces
from app.agents.research.state import ResearchState
from app.db import Json
from app.errors import Invalid, NotFound

MOST = 5


async def remember(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Keep what was learned; a sentence that no longer rests on two passages, or on a figure of them, is let go."""
    asked = ResearchInput.model_validate(state["input"])
    context = runtime.context
    learned = [lesson["text"] for lesson in state["lessons"] if asked.remember and await _keep(lesson, context)]
    if learned:
        context.emit("research.learned", key="learned", recollections=learned)
    return {"output": {**state["output"], "learned": learned}}


def list_lessons(text: str, findings: Sequence[Finding]) -> list[Json]:
    """Return the sentences of a checked text that cite several passages, each with the entries it rests on."""
    by_id: Mapping[str, Finding] = {f.id: f for f in findings}
    lessons = []
    for piece in split_pieces(text):
        cited = [by_id[i] for i in list_ids(piece.text) if i in by_id]
        if piece.kind == "sentence" and len({(f.document_id, tuple(f.pages)) for f in cited}) > 1:
            said = " ".join(MARKER.sub("", CITATION.sub("", piece.text)).replace(" .", ".").split())
            lessons.append({"text": said, "sources": [str(f.entry_id) for f in cited]})
    return lessons[:MOST]


async def _keep(lesson: Mapping[str, Any], context: Context) -> bool:
    try:
        await context.knowledge.add_recollection(
            lesson["text"],
            sources=[UUID(i) for i in lesson["sources"]],
            kind="learned",
            actor="research",
            run_id=context.run_id,
        )
    except (Invalid, NotFound):
        return False
    return True
