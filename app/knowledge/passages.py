"""How a text longer than the embedder's window gets one vector.

MiniLM reads 256 tokens; a page has up to a thousand. Cutting would leave most of a page unseen, so a long text is cut
into overlapping stretches of words and gets the normalised mean of their vectors: every part of the page weighs in,
and the row count stays one a page. (What a mean blurs is found by the page's insights, each with a vector of its own.)
"""

from collections.abc import Sequence

import numpy as np

from app.llm.embedding import Embedder

STRETCH_WORDS = 160
OVERLAP_WORDS = 20
MAX_STRETCHES = 16


def cut_stretches(text: str) -> list[str]:
    """Return the overlapping stretches of a text, one when it is short, at most `MAX_STRETCHES`, evenly spread."""
    words = text.split()
    if len(words) <= STRETCH_WORDS + OVERLAP_WORDS:
        return [text]
    step = STRETCH_WORDS - OVERLAP_WORDS
    starts = list(range(0, len(words) - OVERLAP_WORDS, step))
    if len(starts) > MAX_STRETCHES:
        starts = [starts[i * len(starts) // MAX_STRETCHES] for i in range(MAX_STRETCHES)]
    return [" ".join(words[start : start + STRETCH_WORDS]) for start in starts]


async def embed_texts(embedder: Embedder, texts: Sequence[str]) -> np.ndarray:
    """Return one normalised vector a text (float32, texts × dimension)."""
    stretches = [cut_stretches(text) for text in texts]
    if not stretches:
        return np.zeros((0, embedder.dimension), dtype=np.float32)
    vectors = await embedder.embed([stretch for part in stretches for stretch in part])
    starts = np.cumsum([0] + [len(part) for part in stretches[:-1]])
    sums = np.add.reduceat(vectors, starts, axis=0)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    normalised: np.ndarray = sums / np.maximum(norms, 1e-12)
    return normalised
