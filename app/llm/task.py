"""A Task is one kind of call to a model: who is asked, what goes in, what must come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

I_contra = TypeVar("I_contra", bound=BaseModel, contravariant=True)
I = TypeVar("I", bound=BaseModel)  # noqa: E741
O = TypeVar("O", bound=BaseModel)  # noqa: E741


@dataclass(frozen=True, kw_only=True)
class Task(Generic[I, O]):
    """One kind of model call.

    `render` turns the input into the user message; text from documents must be delimited there and marked as data.
    `check` returns what is wrong with an output given its input (unknown ids, numbers out of range), a sentence each.
    `prose_field` names the output field that is free text: such a task is asked for plain text and may stream it.
    A `web` task lets the server search the web; its output is `llm.web.WebAnswer`.
    A `final` task writes the run's last text and may use the part of the budget that is kept back for it.
    """

    name: str
    version: int
    role: str
    instructions: str
    input: type[I]
    output: type[O]
    render: Callable[[I], str]
    max_output_tokens: int = 2000
    temperature: float = 0.0
    check: Callable[[I, O], list[str]] | None = None
    prose_field: str | None = None
    web: bool = False
    final: bool = False


OfflineFunction = Callable[[Any], BaseModel]
"""Answers a task without a model: task input → task output, pure and repeatable."""

OfflineFunctions = Mapping[str, OfflineFunction]
"""By task name."""


class OnDelta(Protocol):
    """Receives pieces of streamed prose."""

    def __call__(self, text: str, /) -> None: ...
