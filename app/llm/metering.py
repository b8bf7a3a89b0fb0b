"""A run's embeddings as calls of a task: on the ledger, in a span, and from the record when the run is a replay."""

import base64
import hashlib
import json
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel
from sqlalchemy import select

from app.db import Sessions
from app.errors import AppError
from app.llm.calls import Call, Trace, find_step
from app.llm.embedding import CountingEmbedder
from app.llm.ledger import EMBEDDER, FINISHED, CallKey
from app.llm.models import LlmCall
from app.llm.offline_engine import FREE
from app.llm.runner import ModelRunner
from app.llm.spans import open_span
from app.llm.task import Task

KEPT_TEXTS = 4
"""A call with so few texts is a query, whose vectors are kept so that a replay finds the same."""


class Texts(BaseModel):
    """What is to be embedded."""

    texts: list[str]


class Vectors(BaseModel):
    """Unit vectors, the bytes of float32 row by row in base64."""

    base64: str


EMBED = Task(
    name="embed",
    version=1,
    role=EMBEDDER,
    instructions="",
    input=Texts,
    output=Vectors,
    render=lambda asked: json.dumps(asked.texts, ensure_ascii=False),
    max_output_tokens=0,
)


class MeteredEmbedder:
    """An embedder whose calls are a run's."""

    def __init__(self, embedder: CountingEmbedder, models: ModelRunner, sessions: Sessions) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self._embedder, self._models, self._sessions = embedder, models, sessions
        self._engine, _, self._model = embedder.name.partition("/")

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors, float32 of shape (texts, dimension). Raises what the embedder raises."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        models, step = self._models, find_step()
        call = self._open_call(texts)
        key = CallKey(scope=step.scope, request_hash=call.request_hash, ordinal=0)
        trace = Trace(key=key, node=step.node)
        try:
            with open_span(models.servers.tracer, EMBED, call, engine=self._engine, node=step.node):
                vectors = await self._answer(texts, call)
        except AppError as failed:
            models.settle(EMBED, call, trace, engine=self._engine, outcome=failed.code, error=failed.detail)
            raise
        kept = None if call.prompt is None else Vectors(base64=pack(vectors)).model_dump()
        models.settle(EMBED, call, trace, engine=self._engine, outcome=FINISHED, answer=kept)
        return vectors

    def _open_call(self, texts: Sequence[str]) -> Call:
        digest = hashlib.sha256(json.dumps([self.name, *texts]).encode()).hexdigest()
        call = Call(model=self._model, request_hash=digest, price=self._models.servers.prices.find(self._model))
        if self._engine == "local":
            call.price = FREE
        elif len(texts) <= KEPT_TEXTS:
            call.prompt = EMBED.render(Texts(texts=list(texts)))
        return call

    async def _answer(self, texts: Sequence[str], call: Call) -> np.ndarray:
        recorded = await self._find_recorded(call)
        if recorded is not None:
            call.served_by, call.price = "replay", FREE
            return recorded
        call.requests = 1
        embedded = await self._embedder.embed_counted(texts)
        call.usage.add(None if embedded.tokens is None else {"input_tokens": embedded.tokens})
        return embedded.vectors

    async def _find_recorded(self, call: Call) -> np.ndarray | None:
        replays = self._models.run_ref.replays
        if replays is None or call.prompt is None:
            return None
        query = select(LlmCall.answer).where(
            LlmCall.run_id == replays, LlmCall.request_hash == call.request_hash, LlmCall.answer.is_not(None)
        )
        async with self._sessions() as session:
            answer = await session.scalar(query.limit(1))
        return None if answer is None else unpack(answer["base64"], self.dimension)


def pack(vectors: np.ndarray) -> str:
    """Return the bytes of float32 vectors in base64."""
    return base64.b64encode(np.ascontiguousarray(vectors, np.float32).tobytes()).decode()


def unpack(text: str, dimension: int) -> np.ndarray:
    """Return packed vectors, float32 of shape (texts, dimension)."""
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(-1, dimension)
