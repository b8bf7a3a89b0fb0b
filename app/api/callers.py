"""Whom keys let in, remembered for a moment, so that a client's many requests ask the database once a second."""

import time
from dataclasses import dataclass

from app.db import Sessions
from app.projects.keys import Caller, find_caller, has_keys, hash_of

REMEMBERED_SECONDS = 1.0
"""How long a key that was revoked elsewhere may still let in."""
MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Known:
    """A caller, and until when that is believed."""

    caller: Caller
    until: float


class Callers:
    """The callers of this process; what is refused is not remembered."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: dict[str, Known] = {}
        self._closed = False
        self._open_until = 0.0

    async def find(self, key: str) -> Caller | None:
        """Return whom a key lets in, or None."""
        name, at, remembered = hash_of(key), time.monotonic(), self._known
        known = remembered.get(name)
        if known is not None and at < known.until:
            return known.caller
        async with self._sessions.begin() as session:
            caller = await find_caller(session, key)
        if caller is not None:
            if len(remembered) >= MOST:
                remembered.clear()
            remembered[name] = Known(caller=caller, until=at + REMEMBERED_SECONDS)
        return caller

    async def need_key(self) -> bool:
        """Whether there was ever a key, so that every request needs one."""
        at = time.monotonic()
        if not self._closed and at >= self._open_until:
            async with self._sessions() as session:
                self._closed = await has_keys(session)
            self._open_until = at + REMEMBERED_SECONDS
        return self._closed

    def forget(self) -> None:
        """Ask the database again from now on: a key was made or revoked here; what is being asked is not kept."""
        self._known = {}
        self._open_until = 0.0
