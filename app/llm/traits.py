"""What was learnt about one model on one server: the form of structured output it takes, parameters it refuses."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from app.llm.task import I, O, Task

Rung = Literal["json_schema", "tools", "json_object", "prompt"]
LADDER: tuple[Rung, ...] = ("json_schema", "tools", "json_object", "prompt")
STRUCTURE_WORDS = ("response_format", "json_schema", "tool", "grammar", "guided", "structured output", "json_object")
OPTIONAL = ("temperature", "seed", "stream_options")
MISSES_ALLOWED = 2
FIRST_TOKENS_PER_CHARACTER = 0.3


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The form of one request."""

    rung: Rung
    dropped: frozenset[str] = frozenset()
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"

    def parameters(self, task: Task[I, O], schema: dict[str, Any] | None, *, allowance: int) -> dict[str, Any]:
        """Return the request's parameters; they travel as `extra_body`, past the SDK's own parsing."""
        body: dict[str, Any] = {self.tokens_field: allowance}
        if schema is None or self.rung == "prompt":
            return body
        name = task.name.replace(".", "_")
        match self.rung:
            case "json_schema":
                form = {"name": name, "schema": schema, "strict": True}
                return body | {"response_format": {"type": "json_schema", "json_schema": form}}
            case "tools":
                function = {"name": name, "description": "Give the answer.", "parameters": schema}
                choice = {"type": "function", "function": {"name": name}}
                return body | {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
            case "json_object":
                return body | {"response_format": {"type": "json_object"}}


class Traits:
    """The remembered shape of requests to one (server, model); only ever steps down, never below a forced rung."""

    def __init__(self, *, forced: Rung | None = None, tokens_field: Any = "max_tokens") -> None:
        self.shape = Shape(rung=forced or LADDER[0], tokens_field=tokens_field)
        self._forced = forced is not None
        self._misses = 0
        self._swapped = False
        self._tokens_per_character = FIRST_TOKENS_PER_CHARACTER

    def adapt(self, refusal: str, sent: Shape) -> bool:
        """Learn from a 400; True when a request of the new shape is worth sending."""
        if sent != self.shape:
            return True
        said = refusal.lower()
        for name in OPTIONAL:
            if name in said and name not in sent.dropped:
                self.shape = replace(sent, dropped=sent.dropped | {name})
                return True
        if sent.tokens_field in said and not self._swapped:
            return self._swap_tokens_field()
        return any(word in said for word in STRUCTURE_WORDS) and self.step_down(sent)

    def step_down(self, sent: Shape) -> bool:
        """Go one rung down from the shape that was sent; False at the bottom or when the rung is forced."""
        if sent.rung != self.shape.rung:
            return True
        if self._forced or sent.rung == LADDER[-1]:
            return False
        self.shape = replace(self.shape, rung=LADDER[LADDER.index(sent.rung) + 1])
        self._misses = 0
        return True

    def note_form(self, sent: Shape, *, kept: bool) -> None:
        """Remember whether an answer had the asked form; a server that ignores it twice running is not asked again."""
        self._misses = 0 if kept else self._misses + 1
        if self._misses >= MISSES_ALLOWED:
            self.step_down(sent)

    def estimate_tokens(self, characters: int) -> int:
        """Return about how many tokens a text of so many characters has."""
        return round(characters * self._tokens_per_character) + 1

    def observe_tokens(self, characters: int, tokens: int) -> None:
        """Scale the estimate by what a server counted."""
        if characters >= 200 and tokens > 0:
            self._tokens_per_character += 0.2 * (tokens / characters - self._tokens_per_character)

    def _swap_tokens_field(self) -> bool:
        self._swapped = True
        other = "max_tokens" if self.shape.tokens_field == "max_completion_tokens" else "max_completion_tokens"
        self.shape = replace(self.shape, tokens_field=other)  # type: ignore[arg-type]
        return True
