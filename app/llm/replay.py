"""A finished run's record as an engine: every request is answered from the ledger, or the difference is named."""

import asyncio
import re
from collections import defaultdict, deque
from typing import Literal
from uuid import UUID

from app.db import Sessions
from app.errors import ContextOverflow, ModelFailed, ModelOutputInvalid, ReplayDiverged
from app.llm.calls import Call
from app.llm.ledger import FINISHED, list_calls
from app.llm.models import LlmCall
from app.llm.offline_engine import FREE, OfflineEngine
from app.llm.prompting import DATA_MARK, build_messages, dump_messages
from app.llm.task import I, O, OfflineFunctions, OnDelta, Task

KINDS: tuple[type[ModelFailed], ...] = (ModelFailed, ModelOutputInvalid, ContextOverflow)
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
        self._loading = asyncio.Lock()
        self._served = 0

    async def prepare(self) -> None:
        """Load the record, once."""
        async with self._loading:
            if self._left is not None:
                return
            async with self._sessions() as session:
                calls = [c for c in await list_calls(session, self._recorded) if c.outcome != "cancelled"]
            self._left = defaultdict(deque)
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
        self._served += 1
        return left.popleft()

    def _explain(self, task: Task[I, O], input: I) -> str:
        where = f"Call {self._served + 1} of the run ({task.name}, version {task.version})"
        unused = [call for calls in (self._left or {}).values() for call in calls if call.task == task.name]
        if not unused:
            return f"{where} is not in the record at all."
        first = min(unused, key=lambda call: (call.started_at, call.id))
        if first.task_version != task.version:
            return f"{where} is not in the record: the task had version {first.task_version} then."
        if first.prompt is None:
            return f"{where} is not in the record: its input is another."
        return f"{where} is not in the record: {compare(first.prompt, dump_messages(build_messages(task, input)))}"


def compare(before: str, after: str) -> str:
    """Return a sentence on where two prompts first differ, the digests of their data marks aside."""
    before, after = (DIGEST.sub(DATA_MARK, text) for text in (before, after))
    pairs = enumerate(zip(before, after, strict=False))
    at = next((i for i, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(0, at - 20)
    old, new = (text[start : start + SHOWN_CHARACTERS] for text in (before, after))
    if before == after:
        return "its prompt is the same, but its model, parameters or answer's form are not."
    return f"its prompt first differs at character {at}: “{old}” then, “{new}” now."
