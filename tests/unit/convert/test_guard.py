import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from app.convert.guard import GuardedConverter, build_converter
from app.errors import ConversionFailed, UnsupportedMedia

LONG = b"<p>" + b"some words and more of them </p><p>" * 400_000


@asynccontextmanager
async def opened(*, seconds: float = 60, memory_mb: int = 512, processes: int = 1) -> AsyncIterator[GuardedConverter]:
    converter = build_converter(processes=processes, seconds=seconds, memory_mb=memory_mb, max_pages=50)
    try:
        yield converter
    finally:
        await converter.close()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "app.convert.child" in " ".join(child.cmdline())]


async def test_child_stays_warm_and_refusals_do_not_cost_it() -> None:
    async with opened() as converter:
        first = await converter.convert(b"hello", filename="a.txt")
        (before,) = children()
        with pytest.raises(UnsupportedMedia, match="Windows program"):
            await converter.convert(b"MZ" + bytes(100), filename="a.exe")
        second = await converter.convert(b"hello", filename="a.txt")
        assert first == second
        assert [child.pid for child in children()] == [before.pid]


async def test_document_that_takes_too_long_fails_and_the_next_one_is_read() -> None:
    async with opened(seconds=0.3) as converter:
        with pytest.raises(ConversionFailed, match=r"longer than 0\.3 seconds"):
            await converter.convert(LONG, filename="a.html")
        assert (await converter.convert(b"hello", filename="a.txt")).pages[0].markdown == "hello"


async def test_document_that_takes_too_much_memory_fails_and_the_next_one_is_read() -> None:
    async with opened(memory_mb=128) as converter:
        with pytest.raises(ConversionFailed, match="more than 128 MB of memory"):
            await converter.convert(LONG * 4, filename="a.html")
        assert (await converter.convert(b"hello", filename="a.txt")).pages[0].markdown == "hello"


async def test_killed_child_fails_its_document_only() -> None:
    async with opened() as converter:
        await converter.convert(b"hello", filename="a.txt")
        task = asyncio.create_task(converter.convert(LONG, filename="a.html"))
        await asyncio.sleep(0.05)
        children()[0].kill()
        with pytest.raises(ConversionFailed, match="stopped the reader"):
            await task
        assert (await converter.convert(b"hello", filename="a.txt")).pages[0].markdown == "hello"


async def test_cancelled_conversion_leaves_no_process_behind() -> None:
    async with opened() as converter:
        task = asyncio.create_task(converter.convert(LONG, filename="a.html"))
        while not children():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert children() == []
    assert children() == []


async def test_no_more_children_than_allowed() -> None:
    async with opened(processes=2) as converter:
        await asyncio.gather(*(converter.convert(b"hello", filename=f"{n}.txt") for n in range(6)))
        assert len(children()) == 2
