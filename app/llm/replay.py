"""A finished run's record as an engine: every request is answered from the ledger, or the difference is named."""

import asyncio
import re
from collections import defaultdict, deque
from typing import Literal
from uuid import UUID

from app.db import Sessions
from app.errors import BudgetExceeded, ContextOverflow, ModelFailed, ModelOutputInvalid, ReplayDiverged
from app.llm.calls import Call
from app.llm.ledger import FINISHED, list_calls
from app.llm.models import LlmCall
from app.llm.offline_engine import FREE, OfflineEngine
from app.llm.prompting import DATA_MARK, build_messages, dump_messages
from app.llm.task import I, O, OfflineFunctions, OnDelta, Task

KINDS: tuple[type[ModelFailed], ...] = (ModelFailed, ModelOutputInvalid, ContextOverflow, BudgetExceeded)
ERRORS = {kind.code: kind for kind in KINDS}
DIGEST = re.compile(rf"{DATA_MARK}[0-9a-f]{{16}}")
SHOWN_CHARACTERS = 60


class ReplayEngine:
    """Answers from the calls of another run; equal requests get their recorded answers in the recorded order."""

    def __init__(
        self, recorded: UUID, name: Literal["openai", "offline"], offline: OfflineFunctions, sessions: Sessions
    ) -> None:
        self.name: Literal["openai", "offline"] = name
        self.seed: int | None = None
        self._recorded = recorded
        self._offline = OfflineEngine(offline)
        self._sessions = sessions
        self._models: dict[str, str] = {}
        self._left: dict[str, deque[LlmCall]] | None = None
        self._places: dict[UUID, int] = {}
        self._loading = asyncio.Lock()

    async def prepare(self) -> None:
        """Load the record, once."""
        async with self._loading:
            if self._left is not None:
                return
            async with self._sessions() as session:
                calls = [c for c in await list_calls(session, self._recorded) if c.outcome != "cancelled"]
            self._left = defaultdict(deque)
            self._places = {call.id: place for place, call in enumerate(calls, start=1)}
            for call in calls:
                self._left[call.request_hash].append(call)
                self._models.setdefault(call.role, call.model)
                self.seed = call.seed

    def model_for(self, role: str) -> str:
        """Return the model that answered the role in the record."""
        return self._models.get(role, "offline" if self.name == "offline" else "")

    async def answer(self, task: Task[I, O], input: I, call: Call, on_delta: OnDelta | None = None) -> O:
        """Return the recorded answer, or raise the recorded error. Raises ReplayDiverged when there is none."""
        call.served_by, call.price = "replay", FREE
        recorded = self._take(task, input, call.request_hash)
        if recorded.outcome != FINISHED:
            raise ERRORS.get(recorded.outcome, ModelFailed)(recorded.error or "")
        if self.name == "offline":
            return await self._offline.answer(task, input, call, on_delta)
        if recorded.answer is None:
            raise ReplayDiverged("The record of this run has no answers: they were not kept (store_prompts is off).")
        call.prompt = recorded.prompt
        return task.output.model_validate(recorded.answer)

    def _take(self, task: Task[I, O], input: I, request_hash: str) -> LlmCall:
        left = (self._left or {}).get(request_hash)
        if not left:
            raise ReplayDiverged(self._explain(task, input))
        return left.popleft()

    def _explain(self, task: Task[I, O], input: I) -> str:
        asked = dump_messages(build_messages(task, input))
        unasked = [call for calls in (self._left or {}).values() for call in calls if call.task == task.name]
        if not unasked:
            return f"{task.name} (version {task.version}) was asked once more than in the record."
        nearest = min(unasked, key=lambda call: (-count_common(call.prompt or "", asked), self._places[call.id]))
        where = f"Call {self._places[nearest.id]} of the record ({task.name}) was asked otherwise"
        if nearest.task_version != task.version:
            return f"{where}: its task had version {nearest.task_version} then, it has {task.version} now."
        return f"{where}: {compare(nearest.prompt, asked) if nearest.prompt else 'its input is another.'}"


def count_common(before: str, after: str) -> int:
    """Return how many characters two prompts share from their beginning, the digests of their data marks aside."""
    before, after = (DIGEST.sub(DATA_MARK, text) for text in (before, after))
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))


def compare(before: str, after: str) -> str:
    """Return a sentence on where two prompts first differ."""
    at = count_common(before, after)
    before, after = (DIGEST.sub(DATA_MARK, text) for text in (before, after))
    if before == after:
        return "its prompt is the same, but its model, parameters or answer's form are not."
    start = max(0, at - 20)
    old, new = (text[start : start + SHOWN_CHARACTERS] for text in (before, after))
    return f"its prompt first differs at character {at}: “{old}” then, “{new}” now."
