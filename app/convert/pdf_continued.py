"""Tables that go on over the page: the rows on the next page stand under the header of the page before."""

from collections.abc import Sequence
from dataclasses import replace

from app.convert.blocks import Block
from app.convert.document import Table
from app.convert.tables import table_markdown

_FURNITURE_BLOCKS = 3
_FURNITURE_SIZE = 120


def find_open_table(blocks: Sequence[Block]) -> Table | None:
    """Return the table a page ends with, but for a footer; None where other text follows it."""
    for index in range(len(blocks) - 1, -1, -1):
        if blocks[index].tables:
            return blocks[index].tables[-1] if _is_furniture(blocks[index + 1 :]) else None
    return None


def continue_table(blocks: Sequence[Block], above: Table | None) -> list[Block]:
    """Give the table a page begins with, but for a header, what the table above says if it has no columns' names."""
    first = next((index for index, block in enumerate(blocks) if block.tables), None)
    if above is None or first is None or not _is_furniture(blocks[:first]):
        return list(blocks)
    table, *others = blocks[first].tables
    if others or any(table.columns) or len(table.columns) != len(above.columns):
        return list(blocks)
    note = above.unit_note or table.unit_note
    whole = replace(table, columns=above.columns, caption=above.caption, unit_note=note, stub=above.stub)
    block = Block(kind="table", markdown=table_markdown(whole), tables=(whole,))
    return [*blocks[:first], block, *blocks[first + 1 :]]


def _is_furniture(blocks: Sequence[Block]) -> bool:
    """Whether blocks may be a running header or footer."""
    return len(blocks) <= _FURNITURE_BLOCKS and all(len(block.markdown) <= _FURNITURE_SIZE for block in blocks)
