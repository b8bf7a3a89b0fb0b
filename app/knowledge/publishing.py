"""Pyramids written with vectors of the model in use, which may change while they are embedded."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import UUID

import numpy as np

from app.db import Sessions
from app.knowledge import documents, store
from app.knowledge.current_model import CurrentModel, ModelInUse
from app.knowledge.embedding_models import ModelSwitched
from app.knowledge.passages import embed_texts
from app.knowledge.types import Level
from app.knowledge.vocabulary import TermsGone, hold_terms

PART = 1024
"""So many texts are embedded before it is said how far that is."""

OnMade = Callable[[int, int], None]
"""Told how many vectors are made, and of how many."""


class Vectors:
    """The vectors a run has made, in memory; those that a crash loses are made again."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str], np.ndarray] = {}

    async def make(self, model: ModelInUse, texts: Iterable[str], on_made: OnMade | None = None) -> None:
        """Embed the texts that have no vector of the model yet, each once; `on_made` is told after each part."""
        missing = [text for text in dict.fromkeys(texts) if (model.id, text) not in self._made]
        for start in range(0, len(missing), PART):
            part = missing[start : start + PART]
            vectors = await embed_texts(model.embedder, part)
            self._made.update(((model.id, text), vector) for text, vector in zip(part, vectors, strict=True))
            if on_made is not None:
                on_made(start + len(part), len(missing))

    def get(self, model_id: int, text: str) -> np.ndarray:
        """Return a vector that was made. Raises KeyError."""
        return self._made[model_id, text]


async def embed_ahead(
    sessions: Sessions,
    models: CurrentModel,
    document_id: UUID,
    level: Level,
    told: Iterable[tuple[int, str]],
    vectors: Vectors,
    on_made: OnMade | None = None,
) -> None:
    """Make the vectors of a document's entries of a level, by page and text, but for those that are stored."""
    model = await models.get()
    async with sessions() as session:
        stored = await store.list_identities(session, document_id, model.id)
    await vectors.make(model, (text for page, text in told if (level, text, (page,)) not in stored), on_made)


async def publish(
    sessions: Sessions, models: CurrentModel, project_id: UUID, publication: store.Publication, vectors: Vectors
) -> None:
    """Embed what has no vector and publish. Raises NotFound and Conflict as `write` does."""
    published = False
    while not published:
        model_id = await _embed_drafts(sessions, models, publication, vectors)
        published = await write(sessions, models, project_id, replace(publication, model_id=model_id))


async def _embed_drafts(
    sessions: Sessions, models: CurrentModel, publication: store.Publication, vectors: Vectors
) -> int:
    """Give drafts their stored entries' places, or else vectors, of the model in use; return its id."""
    model = await models.get()
    async with sessions() as session:
        stored = await store.list_identities(session, publication.document_id, model.id)
    store.keep_stored(publication.drafts, stored)
    fresh = [draft for draft in publication.drafts if draft.stored_id is None]
    await vectors.make(model, (draft.entry.text for draft in fresh))
    for draft in fresh:
        draft.embedding = vectors.get(model.id, draft.entry.text)
    return model.id


async def write(sessions: Sessions, models: CurrentModel, project_id: UUID, publication: store.Publication) -> bool:
    """Publish and return True; False, with nothing shown, where another model has come or words have gone meanwhile.

    Raises NotFound when the document has been deleted, Conflict when a newer version is being read.
    """
    async with sessions.begin() as session:
        await documents.get_document(session, project_id, publication.document_id)
        await store.ensure_terms(session, project_id, publication.drafts)
    try:
        async with sessions.begin() as session:
            await models.hold(session, publication.model_id)
            await hold_terms(session, publication.drafts)
            await store.publish(session, project_id, publication)
    except (ModelSwitched, TermsGone):
        return False
    return True
