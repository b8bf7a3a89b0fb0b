"""A project's knowledge as the settings of the process want it."""

from collections.abc import Callable
from uuid import UUID

from app.knowledge.current_model import CurrentModel
from app.knowledge.effort import Effort
from app.knowledge.knowledge import Knowledge
from app.knowledge.listeners import Listeners, OnDiscrepancies
from app.knowledge.search import SearchWeights
from app.knowledge.types import LEVELS
from app.llm.embedding import CountingEmbedder, Embedder
from app.resources import Resources


def open_knowledge(
    resources: Resources,
    project_id: UUID,
    *,
    models: CurrentModel | None = None,
    meter: Callable[[CountingEmbedder], Embedder] | None = None,
    on_search: Callable[[], None] | None = None,
    on_discrepancies: OnDiscrepancies | None = None,
) -> Knowledge:
    """Return the store bound to one project, searched with the settings' weights and effort.

    `models` tells the embedding model, where a process shares one; `meter` wraps what embeds. `on_search` is called
    before every search; it may raise to refuse it. `on_discrepancies` is told new ones as they are written.
    """
    settings = resources.settings
    weights = SearchWeights(
        lexical=settings.search_lexical_weight,
        vector=settings.search_vector_weight,
        levels={level: settings.search_level_weights.get(level, 1.0) for level in LEVELS},
        k1=settings.search_k1,
        b=settings.search_b,
    )
    effort = Effort(
        ef_search=settings.search_ef,
        exact_below=settings.search_exact_below,
        side_by_side=settings.search_side_by_side,
    )
    search_seconds = resources.metrics.search_seconds
    return Knowledge(
        resources.sessions,
        models or open_current_model(resources, meter=meter),
        project_id,
        weights=weights,
        effort=effort,
        fetcher=resources.fetcher,
        sample_share=settings.search_sample_share,
        listeners=Listeners(
            on_search=on_search,
            on_timed=lambda leg, seconds: search_seconds.labels(leg).observe(seconds),
            on_discrepancies=on_discrepancies,
        ),
    )


def open_current_model(
    resources: Resources, *, meter: Callable[[CountingEmbedder], Embedder] | None = None
) -> CurrentModel:
    """Return what tells which model the store answers from; `meter` wraps what embeds."""

    async def open_embedder(name: str, dimension: int) -> Embedder:
        opened = await resources.embedders.open(name, dimension)
        return meter(opened) if meter else opened

    own = meter(resources.embedder) if meter else resources.embedder
    return CurrentModel(resources.sessions, own, follow=open_embedder)
