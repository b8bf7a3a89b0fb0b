"""What models cost: the user's TOML file, US dollars a million tokens; what is not in it has no known price."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.errors import Invalid

DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars a million tokens; `cached` is for input the server had in its cache."""

    input: Decimal
    output: Decimal = Decimal(0)
    cached: Decimal | None = None

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Return US dollars; cached tokens are among the input's."""
        cached = self.input if self.cached is None else self.cached
        fresh = input_tokens - cached_tokens
        return (fresh * self.input + cached_tokens * cached + output_tokens * self.output) / MILLION


class Prices:
    """Prices by model name; a dated name has the price of the undated one."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = prices

    def find(self, model: str) -> Price | None:
        """Return a model's price, None when it is unknown."""
        name = model.partition("@")[0]
        return self._prices.get(name) or self._prices.get(DATE.sub("", name))


def load_prices(path: Path | None = None) -> Prices:
    """Return the prices in a file, none without one. Raises Invalid for a file of another form."""
    return Prices(_read(path) if path else {})


def _read(path: Path) -> dict[str, Price]:
    try:
        tables = tomllib.loads(path.read_text(), parse_float=Decimal)
        return {name: Price(**{key: Decimal(value) for key, value in table.items()}) for name, table in tables.items()}
    except (OSError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise Invalid(f"The price file {path.name} can't be read: {error}.") from error
