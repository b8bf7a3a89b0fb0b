"""Tokens, requests and money: what one call used, and what a run used so far."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any


@dataclass(kw_only=True)
class Usage:
    """Tokens of one call over all its requests. `told` is False while no server has said anything.

    `silent` counts answers that came without usage.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    told: bool = False
    silent: int = 0

    def add(self, metadata: Mapping[str, Any] | None) -> None:
        """Add what a server reported (`usage_metadata` of langchain-core)."""
        if not metadata:
            self.silent += 1
            return
        self.told = True
        self.input_tokens += metadata.get("input_tokens") or 0
        self.output_tokens += metadata.get("output_tokens") or 0
        self.cached_tokens += (metadata.get("input_token_details") or {}).get("cache_read") or 0
        self.reasoning_tokens += (metadata.get("output_token_details") or {}).get("reasoning") or 0


@dataclass(kw_only=True)
class Totals:
    """What a run used: calls, requests to servers, tokens that servers told, cost if all of it is known."""

    calls: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    def add(self, usage: Usage, *, requests: int, cost: Decimal | None) -> None:
        """Add one call; one unknown cost makes the whole unknown."""
        self.calls += 1
        self.requests += requests
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cached_tokens += usage.cached_tokens
        self.reasoning_tokens += usage.reasoning_tokens
        self.add_cost(cost)

    def add_cost(self, cost: Decimal | None) -> None:
        """Add what something else than a model call cost."""
        self.cost_usd = None if cost is None or self.cost_usd is None else self.cost_usd + cost

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self) | {"cost_usd": None if self.cost_usd is None else float(self.cost_usd)}
