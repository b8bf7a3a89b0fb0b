"""Embeddings kept on disk between runs of a benchmark, by model and text."""

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from app.llm.embedding import Embedded, Embedder


class CachedEmbedder:
    """Another embedder whose vectors are computed once for a text; a part of `chunk` texts is saved at a time."""

    def __init__(self, embedder: Embedder, folder: Path, *, chunk: int = 512) -> None:
        self.name = embedder.name
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._chunk = chunk
        folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / "vectors.sqlite")
        self._file.execute("create table if not exists vectors (key blob primary key, vector blob)")

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors, float32 of shape (texts, dimension)."""
        keys = [sha256(f"{self.name}\n{text}".encode()).digest() for text in texts]
        known = {key: vector for key in keys if (vector := self._find(key)) is not None}
        missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in known}.items())
        for start in range(0, len(missing), self._chunk):
            part = missing[start : start + self._chunk]
            made = await self._embedder.embed([text for _, text in part])
            self._save([(key, vector.tobytes()) for (key, _), vector in zip(part, made, strict=True)])
            known |= {key: vector for (key, _), vector in zip(part, made, strict=True)}
        return np.stack([known[key] for key in keys])

    async def embed_counted(self, texts: Sequence[str]) -> Embedded:
        """Return what `embed` returns; tokens are not counted."""
        return Embedded(vectors=await self.embed(texts), tokens=None)

    async def check_dimension(self) -> None:
        """Do nothing: a benchmark's embedder was met before."""

    def _find(self, key: bytes) -> np.ndarray | None:
        row = self._file.execute("select vector from vectors where key = ?", [key]).fetchone()
        return np.frombuffer(row[0], np.float32) if row else None

    def _save(self, rows: list[tuple[bytes, bytes]]) -> None:
        with self._file:
            self._file.executemany("insert or replace into vectors values (?, ?)", rows)
