"""A run's budget: reserved before each request, settled after it, with a part kept back for the final text."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.errors import BudgetExceeded
from app.llm.failures import RequestFailed
from app.llm.prices import MILLION, Price
from app.llm.usage import Totals

Unit = Literal["calls", "tokens", "input_tokens", "output_tokens", "cost_usd"]
NAMES: dict[Unit, str] = {
    "calls": "model calls",
    "tokens": "tokens",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "cost_usd": "US dollars",
}
KEPT_BACK = Decimal("0.2")
"""Share of every cap that only the call for the final text may use."""
LEAST_SHARE = 0.25
"""A request goes out with a smaller allowance where the budget is short, but not with less than this share of it."""


Dollars = Annotated[Decimal, WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class Caps(BaseModel):
    """The most a run may use; null is no cap."""

    model_config = ConfigDict(extra="forbid")

    calls: int | None = Field(None, ge=1, strict=True, description="calls of models")
    searches: int | None = Field(None, ge=1, strict=True, description="searches of the store")
    tokens: int | None = Field(None, ge=1, strict=True, description="in prompts and answers together")
    input_tokens: int | None = Field(None, ge=1, strict=True)
    output_tokens: int | None = Field(None, ge=1, strict=True)
    cost_usd: Dollars | None = Field(None, gt=0, description="US dollars, where prices are known")
    seconds: float | None = Field(None, gt=0, strict=True, description="of work; waiting for a person is none")

    def over(self, defaults: "Caps") -> "Caps":
        """Return these caps, with the defaults where none is given."""
        return defaults.model_copy(update=self.model_dump(exclude_none=True))


class Budgeted(BaseModel):
    """What every agent's input has: the caps of its run; the settings' and the agent's own hold where it names none."""

    budget: Caps = Field(default_factory=Caps, description="the most the run may use")

    def default_caps(self) -> Caps:
        """Return the caps the agent sets itself."""
        return Caps()

    def within(self, defaults: Caps) -> Self:
        """Return the input with every cap that is to hold: its own, else the default, else the agent's."""
        return self.model_copy(update={"budget": self.budget.over(defaults).over(self.default_caps())})


@dataclass
class Spending:
    """What one request really used, told within its reservation."""

    input_tokens: int = 0
    output_tokens: int = 0

    def settle(self, input_tokens: int, output_tokens: int) -> None:
        """Say what was used."""
        self.input_tokens, self.output_tokens = input_tokens, output_tokens


@dataclass(kw_only=True)
class Budget:
    """Caps, what is spent, and what is held by requests under way. `deadline` is a time of `time.monotonic()`."""

    caps: Caps = field(default_factory=Caps)
    deadline: float | None = None
    searches: int = 0
    _spent: Counter[str] = field(default_factory=Counter)

    def start_from(self, totals: Totals) -> None:
        """Count what earlier attempts of the run used."""
        for unit in ("calls", "input_tokens", "output_tokens"):
            self._spent[unit] += getattr(totals, unit)
        self._spent["tokens"] += totals.input_tokens + totals.output_tokens
        self._add("cost_usd", totals.cost_usd or Decimal(0))

    def count_call(self, *, final: bool = False) -> None:
        """Take one call and check the time, of which a fifth is kept for the final text. Raises BudgetExceeded."""
        if self.deadline is not None and time.monotonic() + self._kept_seconds(final) >= self.deadline:
            raise BudgetExceeded("The run has used up its time.")
        self._reserve("calls", Decimal(1), final=final)

    def count_search(self) -> None:
        """Take one search. Raises BudgetExceeded."""
        if self.caps.searches is not None and self.searches >= self.caps.searches:
            raise BudgetExceeded(f"The run has made the {self.caps.searches} searches its budget allows.")
        self.searches += 1

    def fit(self, input_tokens: int, output_tokens: int, *, price: Price | None = None, final: bool = False) -> int:
        """Return the allowance of output tokens a request may have: what is left for it, at least a quarter of it."""
        left = [self._left("tokens", final=final) - input_tokens, self._left("output_tokens", final=final)]
        if price is not None and price.output:
            left.append((self._left("cost_usd", final=final) - price.cost(input_tokens, 0)) * MILLION / price.output)
        return max(int(output_tokens * LEAST_SHARE), int(min(Decimal(output_tokens), *left)))

    def charge(self, cost_usd: Decimal | None) -> None:
        """Count what something else than a model call cost."""
        self._add("cost_usd", cost_usd or Decimal(0))

    @contextmanager
    def admit(
        self, input_tokens: int, output_tokens: int, *, price: Price | None = None, final: bool = False
    ) -> Iterator[Spending]:
        """Hold what a request may use at most while it is under way, then count what it used.

        A request that failed without an HTTP status (a timeout, a broken connection) counts its input: the server
        may have read it. Raises BudgetExceeded when a cap has too little left.
        """
        held = self._hold(input_tokens, output_tokens, price, final=final)
        spending = Spending()
        try:
            yield spending
        except RequestFailed as failure:
            if failure.status is None:
                spending.settle(input_tokens, 0)
            raise
        finally:
            self._release(held)
            self._count(spending, price)

    def _hold(self, sent: int, received: int, price: Price | None, *, final: bool) -> dict[Unit, Decimal]:
        needs: dict[Unit, Decimal] = {
            "tokens": Decimal(sent + received),
            "input_tokens": Decimal(sent),
            "output_tokens": Decimal(received),
        }
        if price is not None:
            needs["cost_usd"] = price.cost(sent, received)
        held: dict[Unit, Decimal] = {}
        for unit, amount in needs.items():
            try:
                self._reserve(unit, amount, final=final)
            except BudgetExceeded:
                self._release(held)
                raise
            held[unit] = amount
        return held

    def _reserve(self, unit: Unit, amount: Decimal, *, final: bool) -> None:
        if amount > self._left(unit, final=final):
            kept = "" if final else ", and a fifth is kept for the final text"
            raise BudgetExceeded(
                f"The run's budget of {getattr(self.caps, unit)} {NAMES[unit]} has too little left: "
                f"{self._spent[unit]} are used or held, this needs {amount}{kept}."
            )
        self._add(unit, amount)

    def _kept_seconds(self, final: bool) -> float:
        return 0.0 if final else float(KEPT_BACK) * (self.caps.seconds or 0.0)

    def _left(self, unit: Unit, *, final: bool) -> Decimal:
        cap = getattr(self.caps, unit)
        if cap is None:
            return Decimal("Infinity")
        return Decimal(cap) * (1 if final else 1 - KEPT_BACK) - self._spent[unit]

    def _release(self, held: dict[Unit, Decimal]) -> None:
        for unit, amount in held.items():
            self._add(unit, -amount)

    def _count(self, spending: Spending, price: Price | None) -> None:
        self._spent["tokens"] += spending.input_tokens + spending.output_tokens
        self._spent["input_tokens"] += spending.input_tokens
        self._spent["output_tokens"] += spending.output_tokens
        if price is not None:
            self._add("cost_usd", price.cost(spending.input_tokens, spending.output_tokens))

    def _add(self, unit: Unit, amount: Decimal) -> None:
        self._spent[unit] += amount  # type: ignore[assignment]
