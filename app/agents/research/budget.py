"""What a run has spent and has left, in tokens a model would have seen; counted the same for both engines."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.agents.research.packing import estimate_tokens
from app.agents.research.schemas import ResearchInput
from app.db import Json
from app.errors import BudgetExceeded, ModelOutputInvalid
from app.llm.task import Task

UNANSWERED = (BudgetExceeded, ModelOutputInvalid)
"""A call that may not be made, or that no repair brought to the form asked for: code goes on with what there is."""
STOPPED = {BudgetExceeded.code: "budget", ModelOutputInvalid.code: "no usable answer"}


def measure_call(task: Task[Any, Any], input: BaseModel, output: BaseModel) -> Json:
    """Return about how many tokens a call's prompt and answer take, the answer's schema included."""
    schema = "" if task.prose_field else json.dumps(task.output.model_json_schema())
    prompt = estimate_tokens(task.instructions) + estimate_tokens(task.render(input)) + estimate_tokens(schema)
    text = getattr(output, task.prose_field) if task.prose_field else output.model_dump_json()
    return {"prompt": prompt, "answer": estimate_tokens(text)}


def tokens_left(state: Mapping[str, Any], asked: ResearchInput) -> int:
    """Return how many tokens the run may still use by its cap of tokens."""
    spent: int = sum(call["prompt"] + call["answer"] for call in state.get("spent", {}).values())
    return asked.cap("tokens") - spent
