"""The local embedder against an independent computation of the same model."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.errors import Unavailable
from app.llm.local_embedder import LocalEmbedder, installed_model, open_local_embedder
from tests.support.minilm import VECTORS, read_sentences, reference_embedding

TEXTS = [
    "Apple's total net sales were $81,797 million in the three months ended July 1, 2023.",
    "",
    "Résumé — naïve façade, 東京, 12.5%",
    "The committee met twice a year. " * 40,
]


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def embedder(cache_dir: Path) -> Iterator[LocalEmbedder]:
    embedder = open_local_embedder(cache_dir, threads=2)
    yield embedder
    embedder.close()


async def test_vectors_equal_the_reference_whatever_else_is_in_the_batch(embedder: LocalEmbedder) -> None:
    vectors = await embedder.embed(TEXTS)
    expected = np.array([reference_embedding(installed_model(), text) for text in TEXTS])
    np.testing.assert_array_less(0.99999, (vectors * expected).sum(axis=1))


async def test_two_hundred_sentences_have_the_vectors_stored_of_them(embedder: LocalEmbedder) -> None:
    vectors, expected = await embedder.embed(read_sentences()), np.load(VECTORS).astype(np.float64)
    assert vectors.shape == expected.shape == (200, 384)
    cosines = (vectors * expected).sum(axis=1) / np.linalg.norm(expected, axis=1)
    np.testing.assert_array_less(0.999, cosines)


def test_stored_vectors_are_those_of_the_reference() -> None:
    sentences, stored = read_sentences(), np.load(VECTORS).astype(np.float64)
    for number in (0, 9, 130, 199):
        expected = reference_embedding(installed_model(), sentences[number])
        np.testing.assert_allclose(stored[number], expected, atol=1e-3)


async def test_vectors_are_unit_float32_in_the_order_of_the_texts(embedder: LocalEmbedder) -> None:
    texts = [f"sentence number {i} {'and more ' * (i % 7)}" for i in range(150)]
    together = await embedder.embed(texts)
    alone = np.concatenate([await embedder.embed([text]) for text in texts[::30]])
    assert together.dtype == np.float32
    assert together.shape == (150, embedder.dimension)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together[::30], alone, atol=1e-5)


async def test_texts_of_many_callers_at_once_have_their_own_vectors(embedder: LocalEmbedder) -> None:
    texts = [f"question number {i} {'and more ' * (i % 7)}" for i in range(100)]
    answers = await asyncio.gather(*(embedder.embed_counted([text, f"{text}?"]) for text in texts))
    expected = await embedder.embed([each for text in texts for each in (text, f"{text}?")])
    np.testing.assert_allclose(np.concatenate([each.vectors for each in answers]), expected, atol=1e-5)
    assert [each.tokens for each in answers] == [
        (await embedder.embed_counted([text, f"{text}?"])).tokens for text in texts
    ]


async def test_no_texts_give_no_vectors(embedder: LocalEmbedder) -> None:
    assert (await embedder.embed([])).shape == (0, 384)


async def test_a_paraphrase_is_nearer_than_another_subject(embedder: LocalEmbedder) -> None:
    subject, same, other = await embedder.embed(["A man is eating.", "Someone has a meal.", "Shares fell on Monday."])
    assert subject @ same > subject @ other + 0.3


def test_the_graph_is_built_once(embedder: LocalEmbedder, cache_dir: Path) -> None:
    (graph,) = cache_dir.iterdir()
    built = graph.stat().st_mtime_ns
    open_local_embedder(cache_dir).close()
    assert [file.stat().st_mtime_ns for file in cache_dir.iterdir()] == [built]


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    model = shutil.copytree(installed_model(), tmp_path / "model")
    with (model / "model.safetensors").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\x00\x01\x02\x03")
    with pytest.raises(Unavailable, match="not the published ones"):
        open_local_embedder(tmp_path / "cache", model_dir=model)
