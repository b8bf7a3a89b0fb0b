"""Streamed prose on its way to listeners: reasoning and JSON held back, at most twenty pieces a second."""

import asyncio

from app.llm.structured import REASONING_START, strip_reasoning
from app.llm.task import OnDelta

LONGEST_TAG = len("<reasoning>")
FENCE = "```"


class ProseFilter:
    """Lets a text through as it arrives, without a `<think>` block at its start.

    Nothing of a text that begins as a JSON object or a code fence is shown: what it holds follows when it is whole.
    """

    def __init__(self) -> None:
        self._held = ""
        self._open = False
        self._muted = False

    def feed(self, piece: str) -> str:
        """Return what may be shown now."""
        if self._open:
            return piece
        if self._muted:
            return ""
        self._held += piece
        rest = self._held.lstrip()
        if REASONING_START.match(rest):
            rest = strip_reasoning(rest).lstrip()
            if not rest:
                return ""
        self._muted = rest.startswith(("{", FENCE))
        if self._muted or self._may_become_tag(rest):
            return ""
        self._open = bool(rest)
        return rest

    def _may_become_tag(self, rest: str) -> bool:
        tags = ("<think>", "<thinking>", "<reasoning>")
        return len(rest) < LONGEST_TAG and any(tag.startswith(rest) for tag in (*tags, FENCE))


class DeltaBatcher:
    """Joins pieces so that `on_delta` is called at most once in `interval` seconds, and nothing stays behind."""

    def __init__(self, on_delta: OnDelta, *, interval: float = 0.05) -> None:
        self._on_delta = on_delta
        self._interval = interval
        self._pieces: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def feed(self, text: str) -> None:
        """Take a piece; it is passed on within the interval."""
        if not text:
            return
        self._pieces.append(text)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._last + self._interval), self.flush)

    def flush(self) -> None:
        """Pass on what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            self._last = asyncio.get_running_loop().time()
            text = "".join(self._pieces)
            self._pieces.clear()
            self._on_delta(text)
