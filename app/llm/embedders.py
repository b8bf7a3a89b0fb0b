"""The embedders of a process: the one its settings name, and those of other models that a store may have."""

import asyncio
from pathlib import Path

from app.errors import Invalid
from app.llm.embedding import CountingEmbedder, OpenAIEmbedder
from app.llm.local_embedder import LocalEmbedder, open_local_embedder
from app.llm.servers import ModelServers
from app.settings import Settings


class Embedders:
    """Opens each model once, by the name it is stored under: "local/…" or "openai/model" with "@server" as needed."""

    def __init__(self, servers: ModelServers, *, cache_dir: Path) -> None:
        self._servers = servers
        self._cache_dir = cache_dir
        self._opened: dict[tuple[str, int], CountingEmbedder] = {}
        self._opening = asyncio.Lock()

    async def open(self, name: str, dimension: int) -> CountingEmbedder:
        """Return the embedder of a stored model. Raises Invalid for a name of neither kind."""
        async with self._opening:
            key = (name, dimension)
            if key not in self._opened:
                self._opened[key] = await self._open(name.removesuffix(f"@{dimension}"), dimension)
            return self._opened[key]

    async def open_chosen(self, settings: Settings) -> CountingEmbedder:
        """Return the embedder that the settings name."""
        async with self._opening:
            if settings.embedder == "openai":
                chosen = await self._open(f"openai/{settings.embedding_model}", settings.embedding_dimension)
            else:
                chosen = await self._open("local/", 0)
            self._opened[chosen.name, chosen.dimension] = chosen
            return chosen

    def close(self) -> None:
        """Close those that hold threads."""
        for embedder in self._opened.values():
            if isinstance(embedder, LocalEmbedder):
                embedder.close()

    async def _open(self, name: str, dimension: int) -> CountingEmbedder:
        kind, _, model = name.partition("/")
        if kind == "openai":
            return OpenAIEmbedder(self._servers, model=model, dimension=dimension)
        if kind == "local":
            return await asyncio.to_thread(open_local_embedder, self._cache_dir)
        raise Invalid(f"There is no embedder for {name}.")
