"""Nodes that make vectors meanwhile: those of the pages while windows are read, of the insights beside the concepts."""

from uuid import UUID

from langgraph.runtime import Runtime

from app.agents.base import Context
from app.agents.pyramid.state import ChunksState, DocumentState


async def embed_pages(state: DocumentState, runtime: Runtime[Context]) -> None:
    """Make the vectors of the pages."""
    knowledge, document_id = runtime.context.knowledge, UUID(state["input"]["document_id"])
    pages = await knowledge.load_pages(document_id, state["input"]["version"])
    await knowledge.embed_ahead(document_id, "page", [(page.number, page.markdown) for page in pages])


async def embed_insights(state: ChunksState, runtime: Runtime[Context]) -> None:
    """Make the vectors of the insights of all chunks."""
    context, document_id, version = runtime.context, UUID(state["input"]["document_id"]), state["input"]["version"]
    kept = await context.knowledge.find_windows(document_id, state["chunks"], part="insights")
    told = [(insight["page"], insight["text"]) for key in state["chunks"] for insight in kept.get(key) or []]

    def tell(done: int, total: int) -> None:
        key, stage = f"embed:{version}:{done}", "embedding insights"
        context.emit("run.progressed", key=key, stage=stage, done=done, total=total, unit="insights")

    await context.knowledge.embed_ahead(document_id, "insight", told, on_made=tell)
