"""Pyramids written with vectors of the model in use, which may change while they are embedded."""

from collections.abc import Sequence
from uuid import UUID

from app.db import Sessions
from app.knowledge import documents, store
from app.knowledge.current_model import CurrentModel
from app.knowledge.embedding_models import ModelSwitched
from app.knowledge.passages import embed_texts
from app.knowledge.vocabulary import TermsGone, hold_terms


async def embed_drafts(
    sessions: Sessions, models: CurrentModel, document_id: UUID, drafts: Sequence[store.Draft]
) -> int:
    """Give drafts their stored entries' places, or else vectors, of the model in use; return its id."""
    model = await models.get()
    async with sessions() as session:
        store.keep_stored(drafts, await store.list_identities(session, document_id, model.id))
    fresh = [draft for draft in drafts if draft.stored_id is None]
    vectors = await embed_texts(model.embedder, [draft.entry.text for draft in fresh])
    for draft, vector in zip(fresh, vectors, strict=True):
        draft.embedding = vector
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
