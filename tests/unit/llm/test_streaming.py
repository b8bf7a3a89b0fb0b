import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm.streaming import DeltaBatcher, ProseFilter


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Seven pages.", "Seven pages."),
        ("<think>one, two</think>\nSeven pages.", "Seven pages."),
        ("  <reasoning>x</reasoning>a < b and <think> stays", "a < b and <think> stays"),
        ("<3 is a heart", "<3 is a heart"),
        ("<think>never ends", ""),
        ('{"text": "Seven pages."}', ""),
        ('<think>hm</think> ```json\n{"text": "Seven"}\n```', ""),
        ("`seven` {pages}", "`seven` {pages}"),
    ],
)
@given(data=st.data())
def test_reasoning_and_json_are_held_back_however_the_text_is_cut(text: str, shown: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    through = ProseFilter()
    assert "".join(through.feed(text[a:b]) for a, b in itertools.pairwise(cuts)) == shown


async def test_pieces_are_joined_and_none_is_lost() -> None:
    heard: list[str] = []
    batcher = DeltaBatcher(heard.append, interval=0.02)
    for number in range(200):
        batcher.feed(f"{number} ")
        if number % 20 == 0:
            await asyncio.sleep(0.002)
    batcher.flush()
    assert "".join(heard) == "".join(f"{number} " for number in range(200))
    assert len(heard) < 10


async def test_a_piece_is_passed_on_though_no_other_follows() -> None:
    heard: list[str] = []
    batcher = DeltaBatcher(heard.append, interval=0.001)
    batcher.feed("first")
    await asyncio.sleep(0)
    batcher.feed("second")
    await asyncio.sleep(0.01)
    assert "".join(heard) == "firstsecond"
