"""An embedder for tests: words hashed into a few dimensions, so that texts with the same words are near."""

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np


class HashEmbedder:
    """Deterministic and instant. Counts the texts it was given in `embedded`."""

    def __init__(self, name: str = "test/hash", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return normalised vectors, texts × dimension."""
        self.embedded.extend(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in ["", *re.findall(r"\w+", text.lower())]:
                digest = sha256(word.encode()).digest()
                vectors[row, digest[0] % self.dimension] += 1 if digest[1] % 2 else -1
        vectors[:, 0] += 0.01
        normalised: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normalised
