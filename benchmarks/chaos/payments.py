"""Which calls to the model server were paid again, by the ledger and by the server's own count."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Json
from app.llm.ledger import FINISHED
from app.llm.metering import EMBED
from app.llm.models import LlmCall
from app.runs.models import Run, RunEvent
from benchmarks.support import say
from tests.support.stub_openai import StubOpenAI

SHOWN = 300

Beginnings = Mapping[tuple[UUID | None, int], datetime]


async def count_repeated(session: AsyncSession, stub: StubOpenAI) -> tuple[int, int]:
    """Return how many calls were paid again beyond those in flight when an attempt ended early, and all answered.

    What was paid again is told on stderr.
    """
    query = select(LlmCall).where(LlmCall.served_by == "engine", LlmCall.task != EMBED.name)
    calls = list(await session.scalars(query.order_by(LlmCall.created_at)))
    attempts = {run_id: attempt for run_id, attempt in await session.execute(select(Run.id, Run.attempt))}
    answered = Counter(_contents(each.body["messages"]) for each in list(stub.answered) if "messages" in each.body)
    repeated = _find_asked_again(calls, await _list_beginnings(session)) + _find_unnoted(calls, attempts, answered)
    for each in repeated:
        say(f"Paid again: {each[:SHOWN]}")
    return len(repeated), answered.total()


async def _list_beginnings(session: AsyncSession) -> Beginnings:
    """Return when each attempt of each run began."""
    query = select(RunEvent.run_id, RunEvent.data, RunEvent.at).where(RunEvent.type == "run.started")
    return {(run_id, data["attempt"]): at for run_id, data, at in await session.execute(query)}


def _find_asked_again(calls: Sequence[LlmCall], began: Beginnings) -> list[str]:
    """Return the finished calls that an attempt made again although the ledger had their answers when it began."""
    same: dict[tuple[object, ...], list[LlmCall]] = defaultdict(list)
    for call in calls:
        if call.outcome == FINISHED:
            same[call.run_id, call.scope, call.request_hash, call.ordinal].append(call)
    return [
        f"{call.task} of attempt {call.run_attempt}, noted by attempt {earlier.run_attempt}: {call.prompt}"
        for made in same.values()
        for earlier, call in pairwise(made)
        if earlier.created_at < began[call.run_id, call.run_attempt] or earlier.run_attempt == call.run_attempt
    ]


def _find_unnoted(calls: Sequence[LlmCall], attempts: Mapping[UUID, int], answered: Counter[str]) -> list[str]:
    """Return the prompts the server answered oftener than the ledger has them, and attempts that ended early excuse."""
    noted: Counter[str] = Counter()
    excused: dict[str, int] = {}
    for call in calls:
        prompt = _contents(json.loads(call.prompt or "[]"))
        noted[prompt] += 1
        if call.run_id is not None:
            excused[prompt] = attempts[call.run_id] - 1
    return [
        f"answered {count} times, noted {noted[prompt]}, {excused[prompt]} attempts ended early: {prompt}"
        for prompt, count in answered.items()
        if prompt in excused and count > noted[prompt] + excused[prompt]
    ]


def _contents(messages: list[Json]) -> str:
    """Return the texts of messages as one."""
    return "\n".join(str(message["content"]) for message in messages)
