"""The code blocks of the docs."""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of code of a page."""

    language: str
    code: str


def blocks_of(page: Path) -> list[Block]:
    """Return a page's blocks in order."""
    return [Block(language=found["language"], code=found["code"]) for found in BLOCK.finditer(page.read_text())]
