"""Texts into vectors through an OpenAI-compatible server; one queue in the process fills its batches."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from openai import AsyncOpenAI

from app.errors import ContextOverflow, Invalid, ModelFailed
from app.llm.failures import REQUEST_ERRORS, RequestFailed, explain_failure
from app.llm.retry import Retry
from app.llm.servers import ModelServers
from app.log import get_logger

log = get_logger(__name__)

BATCH_TEXTS = 128
BATCH_CHARACTERS = 200_000
MAX_CHARACTERS = 24_000
PARALLEL = 8


class Embedder(Protocol):
    """Turns texts into unit vectors: float32 of shape (texts, dimension), in the order of the texts."""

    name: str
    dimension: int

    async def embed(self, texts: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Vectors of texts, and how many tokens the texts have; None when the server did not say."""

    vectors: np.ndarray
    tokens: int | None


class CountingEmbedder(Embedder, Protocol):
    """An embedder that tells what a call took."""

    async def embed_counted(self, texts: Sequence[str]) -> Embedded: ...

    async def check_dimension(self) -> None: ...


@dataclass(eq=False, slots=True)
class _Wanted:
    text: str
    tokens: float | None = None
    vector: asyncio.Future[np.ndarray] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class OpenAIEmbedder:
    """Embeds through `/v1/embeddings`; texts of all callers share batches, at most `PARALLEL` requests run at once."""

    def __init__(self, servers: ModelServers, *, model: str, dimension: int, retry: Retry | None = None) -> None:
        self._servers = servers
        self._choice = servers.choose_model(model)
        self._retry = retry or Retry()
        self._client: AsyncOpenAI = servers.client(self._choice.server)
        self._waiting: deque[_Wanted] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self.name = f"openai/{self._choice.name}"
        self.dimension = dimension

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors, float32 of shape (texts, dimension).

        Raises Invalid when the server's vectors have another dimension, ModelFailed when it can't be reached.
        """
        return (await self.embed_counted(texts)).vectors

    async def embed_counted(self, texts: Sequence[str]) -> Embedded:
        """Return what `embed` returns, and the texts' share of the tokens of their batches."""
        if not texts:
            return Embedded(vectors=np.zeros((0, self.dimension), np.float32), tokens=0)
        wanted = [_Wanted(text[:MAX_CHARACTERS] or " ") for text in texts]
        self._waiting.extend(wanted)
        self._start_senders()
        try:
            vectors = np.stack(await asyncio.gather(*(each.vector for each in wanted)))
        finally:
            for each in wanted:
                each.vector.cancel()
        told = [each.tokens for each in wanted if each.tokens is not None]
        return Embedded(vectors=vectors, tokens=round(sum(told)) if len(told) == len(wanted) else None)

    async def check_dimension(self) -> None:
        """Ask once for one vector. Raises Invalid, naming what to do, when its dimension is not the one set.

        A server that can't be asked now, or that nothing was set for, is met at the first real text.
        """
        if not self._servers.is_set_up(self._choice.server):
            return
        try:
            await self._request(["dimension"])
        except RequestFailed as failure:
            log.warning("embedder_unchecked", reason=failure.error.detail)

    def _start_senders(self) -> None:
        while len(self._senders) < PARALLEL and len(self._senders) * BATCH_TEXTS < len(self._waiting):
            sender = asyncio.create_task(self._send_waiting(), name="embed")
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)

    async def _send_waiting(self) -> None:
        await asyncio.sleep(0)
        while batch := self._take_batch():
            await self._send(batch)

    def _take_batch(self) -> list[_Wanted]:
        batch: list[_Wanted] = []
        characters = 0
        while self._waiting and len(batch) < BATCH_TEXTS and characters < BATCH_CHARACTERS:
            wanted = self._waiting.popleft()
            if not wanted.vector.done():
                batch.append(wanted)
                characters += len(wanted.text)
        return batch

    async def _send(self, batch: list[_Wanted]) -> None:
        """Fill the futures of a batch; a batch the server refuses is sent again in halves, to spare the good texts."""
        try:
            answer = await self._retry.run(lambda: self._request([each.text for each in batch]))
        except RequestFailed as failure:
            await self._give_way(batch, failure)
        except Invalid as error:
            _fail(batch, error)
        else:
            share = None if answer.tokens is None else answer.tokens / max(1, sum(len(each.text) for each in batch))
            for each, vector in zip(batch, answer.vectors, strict=True):
                each.tokens = None if share is None else share * len(each.text)
                if not each.vector.done():
                    each.vector.set_result(vector)

    async def _give_way(self, batch: list[_Wanted], failure: RequestFailed) -> None:
        half = len(batch) // 2
        refused = failure.status in (400, 413, 422)
        if refused and half:
            await self._send(batch[:half])
            await self._send(batch[half:])
        elif isinstance(failure.error, ContextOverflow) and len(batch[0].text) > 1:
            batch[0].text = batch[0].text[: len(batch[0].text) // 2]
            await self._send(batch)
        else:
            _fail(batch, failure.error)

    async def _request(self, texts: list[str]) -> Embedded:
        try:
            async with asyncio.timeout(self._servers.seconds_for("embedder")):
                answer = await self._client.embeddings.with_raw_response.create(
                    model=self._choice.model, input=texts, encoding_format="float"
                )
        except REQUEST_ERRORS as exc:
            raise explain_failure(exc, self._servers.asked(self._choice)) from exc
        return await asyncio.to_thread(self._read, answer.content, len(texts))

    def _read(self, content: bytes, count: int) -> Embedded:
        """Return the vectors of an answer; read here, for the SDK makes an object of every number."""
        shown = self._servers.asked(self._choice).server
        try:
            answer = json.loads(content)
            rows = sorted(answer.get("data") or [], key=lambda row: row["index"])
            vectors = np.asarray([row["embedding"] for row in rows], np.float32)
            tokens = (answer.get("usage") or {}).get("prompt_tokens")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RequestFailed(ModelFailed(f"{shown} sent no vectors that can be read."), retryable=True) from error
        if len(rows) != count:
            raise RequestFailed(ModelFailed(f"{shown} sent {len(rows)} vectors for {count} texts."), retryable=True)
        found = vectors.shape[1]
        if found != self.dimension:
            raise Invalid(
                f"{self._choice.model} gives vectors of {found} dimensions, {self.dimension} are set: "
                f"set SYMPOSIUM_EMBEDDING_DIMENSION={found} and run `symposium reembed`."
            )
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return Embedded(vectors=vectors / np.maximum(norms, 1e-12), tokens=tokens)


def _fail(batch: list[_Wanted], error: Invalid | ModelFailed) -> None:
    for each in batch:
        if not each.vector.done():
            each.vector.set_exception(error)
