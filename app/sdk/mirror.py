"""Writes the plain client from the asyncio one: `python app/sdk/mirror.py`. A test holds the two together."""

import re
from pathlib import Path

SOURCE = Path(__file__).parent / "symposium" / "_async.py"
TARGET = SOURCE.with_name("_sync.py")
REPLACED = [
    (r"The asyncio client\.", "The plain client; made from `_async.py` by `app/sdk/mirror.py`."),
    (r"\bAsync(Client|Iterator|BaseTransport)\b", r"\1"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\ba(close|read)\b", r"\1"),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\(await ([^()]*\((?:[^()]|\([^()]*\))*\))\)", r"\1"),
    (r"\bawait ", ""),
    (r"\bimport asyncio\b", "import time"),
    (r"\basyncio\.sleep\b", "time.sleep"),
]


def mirror(source: str) -> str:
    """Return the source of the plain client."""
    for pattern, replacement in REPLACED:
        source = re.sub(pattern, replacement, source)
    return source


if __name__ == "__main__":
    TARGET.write_text(mirror(SOURCE.read_text()))
