"""Conversion in guarded child processes: a hostile file costs one child and a clear failure, never the worker."""

import asyncio
import contextlib
import os
import struct
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import psutil
from pydantic import TypeAdapter

from app.convert.document import Converted
from app.convert.wire import Answer, Request
from app.errors import ConversionFailed, Unavailable, UnsupportedMedia
from app.log import get_logger

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0
_WATCH_SECONDS = 0.2
_DOCUMENTS_A_CHILD = 200
_LENGTH = struct.Struct("!Q")
_ANSWER = TypeAdapter(Answer)
_REQUEST = TypeAdapter(Request)

log = get_logger(__name__)


class _Child:
    """One child process; reads one document at a time."""

    def __init__(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._done = 0

    @classmethod
    async def start(cls, *, seconds: float, memory_mb: int) -> "_Child":
        """Start a process and wait until it is ready. Raises Unavailable when it can't be started."""
        async with contextlib.AsyncExitStack() as undo:
            errors = undo.enter_context(tempfile.TemporaryFile())
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "app.convert.child", str(memory_mb), str(seconds),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
            )  # fmt: skip
            child = cls(process, errors)
            undo.push_async_callback(child.stop)
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await child._read(1)
            except (TimeoutError, EOFError) as error:
                log.error("convert.child_not_started", stderr=child.last_words())
                raise Unavailable("The document reader can't be started right now.") from error
            undo.pop_all()
            return child

    @property
    def worn(self) -> bool:
        return self._done >= _DOCUMENTS_A_CHILD or self._process.returncode is not None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def exchange(self, request: Request, content: bytes) -> bytes:
        """Send one document and return the answer. Raises EOFError or OSError when the child dies."""
        head = _REQUEST.dump_json(request)
        writer = self._process.stdin
        assert writer is not None
        for part in (head, content):
            writer.write(_LENGTH.pack(len(part)))
            writer.write(part)
            await writer.drain()
        (size,) = _LENGTH.unpack(await self._read(_LENGTH.size))
        answer = await self._read(size)
        self._done += 1
        return answer

    async def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        return await self._process.stdout.readexactly(size)

    async def stop(self) -> None:
        """Kill the process and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.shield(self._process.wait())
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._errors.close()

    def last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode("utf-8", errors="replace")


class GuardedConverter:
    """Reads files in child processes, at most `processes` at once, each within `seconds` and `memory_mb`."""

    def __init__(self, *, processes: int, seconds: float, memory_mb: int, max_pages: int) -> None:
        self._slots = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._max_pages = max_pages

    async def convert(self, content: bytes, *, filename: str, media_type: str = "") -> Converted:
        """Return the document's pages. Raises ConversionFailed or UnsupportedMedia with a sentence for people."""
        request = Request(filename=filename, media_type=media_type, max_pages=self._max_pages)
        async with self._slots, self._borrow() as child:
            raw = await self._guarded(child, request, content)
        answer = await asyncio.to_thread(_ANSWER.validate_json, raw)
        if answer.converted is not None:
            return answer.converted
        raise (UnsupportedMedia if answer.unsupported else ConversionFailed)(answer.problem)

    async def close(self) -> None:
        """Stop all children."""
        while self._idle:
            await self._idle.pop().stop()

    @contextlib.asynccontextmanager
    async def _borrow(self) -> AsyncIterator[_Child]:
        """Lend a warm child; it comes back only when its document went through."""
        while self._idle and self._idle[-1].worn:
            await self._idle.pop().stop()
        child = self._idle.pop() if self._idle else None
        child = child or await _Child.start(seconds=self._seconds, memory_mb=self._memory_mb)
        healthy = False
        try:
            yield child
            healthy = True
        finally:
            if healthy and not child.worn:
                self._idle.append(child)
            else:
                await child.stop()

    async def _guarded(self, child: _Child, request: Request, content: bytes) -> bytes:
        watch = asyncio.create_task(self._watch_memory(child))
        exchange = asyncio.create_task(child.exchange(request, content))
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.wait({watch, exchange}, return_when=asyncio.FIRST_COMPLETED)
                if not exchange.done():
                    raise ConversionFailed(f"Reading the file took more than {self._memory_mb:,} MB of memory.")
                return await exchange
        except TimeoutError:
            raise ConversionFailed(f"Reading the file took longer than {self._seconds:g} seconds.") from None
        except (EOFError, OSError):
            log.warning("convert.child_died", filename=request.filename, stderr=child.last_words())
            raise ConversionFailed("The file is damaged in a way that stopped the reader.") from None
        finally:
            for task in (watch, exchange):
                task.cancel()
            await asyncio.gather(watch, exchange, return_exceptions=True)

    async def _watch_memory(self, child: _Child) -> None:
        """Return once the child holds more memory than it may; where limits are enforced it ends by itself first."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(child.pid)
            while process.memory_info().rss < self._memory_mb * 1024 * 1024:
                await asyncio.sleep(_WATCH_SECONDS)
            return
        await asyncio.Event().wait()


def build_converter(*, processes: int, seconds: float, memory_mb: int, max_pages: int) -> GuardedConverter:
    """Return a converter; children start with the first documents and stay warm."""
    return GuardedConverter(processes=processes, seconds=seconds, memory_mb=memory_mb, max_pages=max_pages)
