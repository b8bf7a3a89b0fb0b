import asyncio

import pytest

from app.llm.slots import Slots


async def test_no_more_are_held_than_there_are() -> None:
    slots, held, most = Slots(3), 0, 0

    async def work() -> None:
        nonlocal held, most
        async with slots.hold():
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert (most, held) == (3, 0)


async def test_the_lowest_rank_is_served_first_and_of_one_rank_who_came_first() -> None:
    slots, served = Slots(1), []

    async def work(name: str, rank: str) -> None:
        async with slots.hold(rank):
            served.append(name)

    async with slots.hold("9"):
        asked = [("late", "2"), ("early", "1"), ("second early", "1"), ("unranked", "")]
        waiting = [asyncio.create_task(work(*each)) for each in asked]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert served == ["unranked", "early", "second early", "late"]


async def test_refusals_in_a_flock_halve_once_and_successes_win_back() -> None:
    slots = Slots(8)
    for _ in range(5):
        slots.shrink()
    halved = slots.capacity
    for _ in range(40):
        slots.grow()
    assert (halved, slots.capacity) == (4, 8)


async def test_one_slot_is_always_left() -> None:
    slots = Slots(4, rest_seconds=0)
    for _ in range(9):
        slots.shrink()
    assert slots.capacity == 1


async def test_who_is_cancelled_while_waiting_takes_no_slot_along() -> None:
    slots = Slots(1)

    async def work() -> str:
        async with slots.hold():
            return "done"

    async with slots.hold():
        waiting = [asyncio.create_task(work()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[1]
    assert await waiting[2] == "done"
    async with asyncio.timeout(1), slots.hold():
        pass
