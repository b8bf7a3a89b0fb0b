"""Long texts into one vector."""

import numpy as np

from app.knowledge.passages import MAX_STRETCHES, STRETCH_WORDS, cut_stretches, embed_texts
from tests.support.embedders import HashEmbedder


def test_a_short_text_stays_whole() -> None:
    assert cut_stretches("  a few\n words ") == ["  a few\n words "]


def test_stretches_cover_every_word_of_a_page() -> None:
    words = [f"w{n}" for n in range(1_000)]
    stretches = [stretch.split() for stretch in cut_stretches(" ".join(words))]
    assert {word for stretch in stretches for word in stretch} == set(words)
    assert max(map(len, stretches)) == STRETCH_WORDS


def test_an_endless_text_costs_a_bounded_number_of_stretches() -> None:
    assert len(cut_stretches("word " * 100_000)) == MAX_STRETCHES


async def test_every_text_gets_one_unit_vector() -> None:
    vectors = await embed_texts(HashEmbedder(), ["short", "long " * 500, ""])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len(vectors) == 3
