"""all-MiniLM-L6-v2 once more, in plain NumPy and double precision: what the ONNX graph is compared with.

`python -m tests.support.minilm` computes the vectors of the 200 sentences anew and stores them as numbers.
"""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from app.llm.local_embedder import installed_model

SENTENCES = Path(__file__).parents[1] / "unit" / "llm" / "sentences.txt"
VECTORS = SENTENCES.with_name("sentences.npy")
Weights = Mapping[str, np.ndarray]
_erf = np.vectorize(math.erf)


def read_sentences() -> list[str]:
    """Return the sentences whose vectors are stored."""
    return SENTENCES.read_text().splitlines()


@cache
def load_weights(model_dir: Path) -> Weights:
    """Return the published weights in double precision."""
    return {name: value.astype(np.float64) for name, value in load_file(model_dir / "model.safetensors").items()}


def reference_embedding(model_dir: Path, text: str) -> np.ndarray:
    """Return the unit vector of one text, float64 of shape (384,)."""
    weights = load_weights(model_dir)
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    hidden = _embed(weights, tokenizer.encode(text).ids)
    for layer in range(6):
        hidden = _encode(weights, f"encoder.layer.{layer}.", hidden)
    mean = hidden.mean(axis=0)
    unit: np.ndarray = mean / np.linalg.norm(mean)
    return unit


def _embed(weights: Weights, ids: list[int]) -> np.ndarray:
    words = weights["embeddings.word_embeddings.weight"][ids]
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    return _norm(
        weights, "embeddings.LayerNorm", words + places + weights["embeddings.token_type_embeddings.weight"][0]
    )


def _encode(weights: Weights, prefix: str, hidden: np.ndarray) -> np.ndarray:
    query, key, value = (
        _dense(weights, f"{prefix}attention.self.{part}", hidden).reshape(-1, 12, 32).swapaxes(0, 1)
        for part in ("query", "key", "value")
    )
    scores = query @ key.swapaxes(1, 2) / math.sqrt(32)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = (shares / shares.sum(axis=-1, keepdims=True)) @ value
    joined = mixed.swapaxes(0, 1).reshape(-1, 384)
    hidden = _norm(
        weights,
        f"{prefix}attention.output.LayerNorm",
        hidden + _dense(weights, f"{prefix}attention.output.dense", joined),
    )
    wide = _dense(weights, f"{prefix}intermediate.dense", hidden)
    narrow = _dense(weights, f"{prefix}output.dense", wide * 0.5 * (1 + _erf(wide / math.sqrt(2))))
    return _norm(weights, f"{prefix}output.LayerNorm", hidden + narrow)


def _dense(weights: Weights, name: str, value: np.ndarray) -> np.ndarray:
    result: np.ndarray = value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return result


def _norm(weights: Weights, name: str, value: np.ndarray) -> np.ndarray:
    centred = value - value.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    result: np.ndarray = centred / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return result


if __name__ == "__main__":
    computed = [reference_embedding(installed_model(), sentence) for sentence in read_sentences()]
    np.save(VECTORS, np.array(computed, np.float16))
