"""The process that reads documents: `python -m app.convert.child MEMORY_MB SECONDS`, frames on stdin and stdout."""

import os
import resource
import signal
import struct
import sys
import time
from typing import BinaryIO

import psutil
from pydantic import TypeAdapter

from app.convert import ocr
from app.convert.document import Converted
from app.convert.registry import find_family
from app.convert.wire import Answer, Request
from app.errors import ConversionFailed, UnsupportedMedia

_LENGTH = struct.Struct("!Q")
_GRACE_SECONDS = 10
_RECOGNISING = 0.7
"""Share of a document's time after which no more pages are recognised, so that the rest is still put together."""


def main() -> None:
    """Serve documents until stdin closes."""
    memory_mb, seconds = int(sys.argv[1]), float(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory(memory_mb)
    answers.write(b"\n")
    answers.flush()
    while (head := _read_frame(sys.stdin.buffer)) is not None:
        content = _read_frame(sys.stdin.buffer)
        signal.alarm(int(seconds) + _GRACE_SECONDS)
        ocr.deadline.set(time.monotonic() + seconds * _RECOGNISING)
        answer = TypeAdapter(Answer).dump_json(_answer(head, content or b"", memory_mb))
        signal.alarm(0)
        answers.write(_LENGTH.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def _answer(head: bytes, content: bytes, memory_mb: int) -> Answer:
    request = TypeAdapter(Request).validate_json(head)
    try:
        return Answer(converted=_convert(request, content))
    except UnsupportedMedia as error:
        return Answer(problem=error.detail, unsupported=True)
    except ConversionFailed as error:
        return Answer(problem=error.detail)
    except MemoryError:
        return Answer(problem=f"Reading the file took more than {memory_mb:,} MB of memory.")


def _convert(request: Request, content: bytes) -> Converted:
    family = find_family(content, request.filename, request.media_type)
    return family.read(content, max_pages=request.max_pages)


def _limit_memory(memory_mb: int) -> None:
    """Cap what the process may map on top of what it holds now; where macOS does not, the parent watches."""
    limit = psutil.Process().memory_info().vms + memory_mb * 1024 * 1024
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_frame(source: BinaryIO) -> bytes | None:
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    return source.read(size)


if __name__ == "__main__":
    main()
