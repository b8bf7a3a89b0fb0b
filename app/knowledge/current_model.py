"""The embedding model that searches read and writers embed with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions
from app.knowledge.embedding_models import find_current, find_model, hold_current, register_embedder
from app.llm.embedding import Embedder

OpenEmbedder = Callable[[str, int], Awaitable[Embedder]]
"""Opens the embedder of a stored model by its name and dimension."""


@dataclass(frozen=True, kw_only=True)
class ModelInUse:
    """A registered model and what embeds with it."""

    id: int
    embedder: Embedder


class CurrentModel:
    """The store's current model, which may change under a running service; without `follow`, always the own one."""

    def __init__(self, sessions: Sessions, embedder: Embedder, *, follow: OpenEmbedder | None = None) -> None:
        self._sessions = sessions
        self._own = embedder
        self._follow = follow
        self._seen: ModelInUse | None = None

    @property
    def follows(self) -> bool:
        """Whether it is the store's current model, not one held to."""
        return self._follow is not None

    async def get(self) -> ModelInUse:
        """Return the model in use now."""
        if self._seen is None or self.follows:
            self._seen = await self._read()
        return self._seen

    async def get_seen(self) -> ModelInUse:
        """Return the model that was in use when it was last asked for; who reads by it sees to that it still is."""
        return self._seen or await self.get()

    async def _read(self) -> ModelInUse:
        own, follow = self._own, self._follow
        async with self._sessions.begin() as session:
            found = await (find_current(session) if follow else find_model(session, own.name))
            model_id = found.id if found else await register_embedder(session, own)
        if found is None or follow is None or (found.name, found.dimension) == (own.name, own.dimension):
            return ModelInUse(id=model_id, embedder=own)
        return ModelInUse(id=model_id, embedder=await follow(found.name, found.dimension))

    async def hold(self, session: AsyncSession, model_id: int) -> None:
        """Keep a model in use until the transaction ends. Raises ModelSwitched when another is by now."""
        if self._follow is not None:
            await hold_current(session, model_id)
