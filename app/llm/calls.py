"""What happened in one call of a task, filled in as it happens so that nothing is lost when it fails."""

import hashlib
import json
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from langgraph.config import get_config

from app.db import Json, now
from app.llm.budget import Budget, Spending
from app.llm.ledger import CallKey
from app.llm.prices import Price
from app.llm.structured import plain_schema
from app.llm.task import I, O, Task
from app.llm.usage import Usage


@dataclass(kw_only=True)
class Call:
    """One run of a task on an engine: requests sent, what they used, what was asked."""

    model: str = ""
    request_hash: str = ""
    requests: int = 0
    usage: Usage = field(default_factory=Usage)
    fingerprint: str | None = None
    prompt: str | None = None
    seed: int | None = None
    repairs: int = 0
    price: Price | None = None
    served_by: Literal["engine", "cache", "replay"] = "engine"
    budget: Budget = field(default_factory=Budget)
    final: bool = False

    def admit(self, input_tokens: int, output_tokens: int) -> AbstractContextManager[Spending]:
        """Reserve a request's tokens in the run's budget. Raises BudgetExceeded."""
        return self.budget.admit(input_tokens, output_tokens, price=self.price, final=self.final)

    def fit(self, input_tokens: int, output_tokens: int) -> int:
        """Return the output tokens a request may be allowed of those its task wants."""
        return self.budget.fit(input_tokens, output_tokens, price=self.price, final=self.final)

    @property
    def cost_usd(self) -> Decimal | None:
        """Return what the call cost, None when its price or its usage is unknown."""
        used = self.usage
        if self.price is None or used.silent:
            return None
        return self.price.cost(used.input_tokens, used.output_tokens, used.cached_tokens)


def hash_request(task: Task[I, O], input: I, *, engine: str, model: str, seed: int | None) -> str:
    """Return the sha256 over all that decides an answer: model, task version, prompt and parameters."""
    asked: dict[str, object] = {"engine": engine, "task": task.name, "version": task.version}
    if engine == "offline":
        asked |= {"input": input.model_dump(mode="json")}
    else:
        asked |= {
            "model": model,
            "instructions": task.instructions,
            "prompt": task.render(input),
            "schema": plain_schema(task.output),
            "tokens": task.max_output_tokens,
            "temperature": task.temperature,
            "seed": seed,
        }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where in a graph a call is made. `scope` is the same again when the step is repeated after a crash."""

    node: str = ""
    scope: str = ""


def find_step() -> Step:
    """Return the graph step this code runs in; an empty one outside of a graph."""
    try:
        metadata = get_config().get("metadata", {})
    except RuntimeError:
        return Step()
    return Step(node=metadata.get("langgraph_node", ""), scope=metadata.get("langgraph_checkpoint_ns", ""))


@dataclass(frozen=True, kw_only=True)
class Trace:
    """When and where a call began."""

    key: CallKey
    node: str
    began: datetime = field(default_factory=now)
    clock: float = field(default_factory=time.perf_counter)

    def as_row(self) -> Json:
        """Return the columns for place and time, the duration up to now."""
        return {
            "scope": self.key.scope,
            "ordinal": self.key.ordinal,
            "request_hash": self.key.request_hash,
            "node": self.node,
            "started_at": self.began,
            "duration_ms": round((time.perf_counter() - self.clock) * 1000),
        }


def describe_call(task: Task[I, O], call: Call) -> Json:
    """Return the columns for what was asked and used; tokens are None when no server told them."""
    told = call.usage
    return {
        "task": task.name,
        "task_version": task.version,
        "role": task.role,
        "model": call.model,
        "input_tokens": told.input_tokens if told.told else None,
        "output_tokens": told.output_tokens if told.told else None,
        "cached_tokens": told.cached_tokens if told.told else None,
        "reasoning_tokens": told.reasoning_tokens if told.told else None,
        "tries": call.requests,
        "seed": call.seed,
        "temperature": task.temperature,
        "system_fingerprint": call.fingerprint,
        "prompt": call.prompt,
        "answer": None,
        "error": None,
        "cost_usd": call.cost_usd,
        "served_by": call.served_by,
    }
