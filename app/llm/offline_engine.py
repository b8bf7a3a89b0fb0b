"""The engine without a model: each agent's own extractive functions, pure and repeatable."""

import asyncio
from decimal import Decimal
from typing import Literal

from app.errors import ModelFailed, ModelOutputInvalid
from app.llm.calls import Call
from app.llm.prices import Price
from app.llm.structured import check_output
from app.llm.task import I, O, OfflineFunction, OfflineFunctions, OnDelta, Task

FREE = Price(input=Decimal(0))


class OfflineEngine:
    """Answers a task with the function of its name, in a thread, held to the same output type and check as a model."""

    name: Literal["offline"] = "offline"
    seed = None

    def __init__(self, functions: OfflineFunctions) -> None:
        self._functions = functions

    async def prepare(self) -> None:
        """Do nothing: functions need no preparation."""

    def model_for(self, role: str) -> str:
        """Return what the ledger calls the model: there is one for all roles."""
        return "offline"

    async def answer(self, task: Task[I, O], input: I, call: Call, on_delta: OnDelta | None = None) -> O:
        """Return the function's output. Raises ModelFailed without one, ModelOutputInvalid for a wrong output."""
        call.price = FREE
        function = self._functions.get(task.name)
        if function is None:
            raise ModelFailed(f"The offline engine can't do {task.name}; set OPENAI_BASE_URL or OPENAI_API_KEY.")
        output = await asyncio.to_thread(_apply, function, task, input)
        if on_delta and task.prose_field:
            on_delta(str(getattr(output, task.prose_field)))
        return output


def _apply(function: OfflineFunction, task: Task[I, O], input: I) -> O:
    output = function(input)
    if not isinstance(output, task.output):
        wrong = type(output).__name__
        raise ModelOutputInvalid(f"The offline function {task.name} gave {wrong}, not {task.output.__name__}.")
    parsed = check_output(task, input, output)
    if parsed.output is None:
        raise ModelOutputInvalid(f"The offline answer to {task.name} is not valid: {' '.join(parsed.errors)}")
    return parsed.output
