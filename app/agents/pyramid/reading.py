"""The node that reads a segment of a document window by window: read, repair, ask for what is missing, keep, go on.

A window's reading is kept as soon as it is done, so a segment that is begun anew reads none of its windows twice; a
model call that a crash cut off from its window is answered from the ledger.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from langgraph.runtime import Runtime
from langgraph.types import Command

from app.agents.base import Context
from app.agents.pyramid.grading import WindowPages, drop_ungrounded
from app.agents.pyramid.prompts import COVER_WINDOW, READ_WINDOW, REPAIR_WINDOW
from app.agents.pyramid.schemas import (
    Card,
    CoverInput,
    Insight,
    Numbered,
    RepairInput,
    WindowInput,
    WindowReading,
    WindowResult,
)
from app.agents.pyramid.state import SegmentState, merge_card
from app.agents.pyramid.window import apply_edits, merge_insights, number_insights, pages_of, window_hash
from app.convert.document import Page

LOADED_WINDOWS = 16
"""Windows whose pages and earlier readings are loaded at once."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window: its number (that of its first page), its pages, the page ahead of them, and its key."""

    number: int
    pages: list[Page]
    before: Page | None
    key: str
    kept: WindowResult | None

    @property
    def numbers(self) -> list[int]:
        """The numbers of its pages."""
        return [page.number for page in self.pages]


@dataclass(kw_only=True)
class Progress:
    """How far a segment is: the card as it stands, what the last window said of its second page, keys by window."""

    card: Card
    insights: list[Insight] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    read: int = 0

    def take(self, window: Window, result: WindowResult) -> None:
        """Go past a window."""
        card = merge_card(self.card.model_dump(), {"notes": result.notes})
        self.card, self.insights = Card.model_validate(card), result.insights
        self.notes += result.notes
        self.keys[str(window.number)] = window.key


async def read_segment(state: SegmentState, runtime: Runtime[Context]) -> Command[Any]:
    """Read a segment's windows in order; those whose pages were read before are passed over."""
    context, progress = runtime.context, Progress(card=Card.model_validate(state["card"]))
    async for window in _list_windows(state, context):
        result = window.kept
        if result is None:
            result = await _read(state, window, progress, context)
            await context.knowledge.save_window(_document(state), window.key, result.model_dump(mode="json"))
            progress.read += 1
        progress.take(window, result)
        _emit_read(state, window, result, context)
    reused = len(progress.keys) - progress.read
    update = {"windows": progress.keys, "read": progress.read, "reused": reused, "card": {"notes": progress.notes}}
    return Command(update=update, goto="plan_concepts")


async def _list_windows(state: SegmentState, context: Context) -> AsyncIterator[Window]:
    """Yield a segment's windows, loaded some at a time."""
    for first in range(state["first"], state["last"] + 1, LOADED_WINDOWS):
        last = min(first + LOADED_WINDOWS - 1, state["last"])
        for window in await _load_windows(state, context, first, last):
            yield window


async def _load_windows(state: SegmentState, context: Context, first: int, last: int) -> list[Window]:
    numbers = range(first - 1, last + 2)
    loaded = await context.knowledge.load_pages(_document(state), state["input"]["version"], numbers=numbers)
    pages = {page.number: page for page in loaded}
    windows = [_open_window(state, context, pages, number) for number in range(first, last + 1)]
    kept = await context.knowledge.find_windows(_document(state), [window.key for window in windows])
    read = {key: WindowResult.model_validate(row) for key, row in kept.items()}
    return [replace(window, kept=read.get(window.key)) for window in windows]


def _open_window(state: SegmentState, context: Context, pages: dict[int, Page], number: int) -> Window:
    card = state["card"]
    reader = f"{context.models.engine} {READ_WINDOW.name} {READ_WINDOW.version}"
    subject = "\0".join(str(card[name]) for name in ("short_name", "form", "period_end", "units"))
    before = pages.get(number - 1)
    own = [pages[n] for n in pages_of(number, state["page_count"]) if n in pages]
    key = window_hash(own, before=before, reader=reader, subject=subject)
    return Window(number=number, pages=own, before=before, key=key, kept=None)


async def _read(state: SegmentState, window: Window, progress: Progress, context: Context) -> WindowResult:
    """Return the window's reading: what is on its pages, and what was dropped because it is not."""
    settled = [insight for insight in progress.insights if insight.page == window.number]
    known = number_insights(settled, window.number)
    reading = await context.run(
        READ_WINDOW, WindowInput(card=progress.card, pages=window.pages, insights=known, before=window.before)
    )
    grounds = WindowPages(window.pages, progress.card, filename=state["filename"], before=window.before)
    insights = apply_edits(known, reading, window.numbers)
    result, missing = await asyncio.to_thread(grounds.keep_grounded, insights, settled)
    result = result.model_copy(update={"notes": reading.notes})
    if result.dropped:
        result = await _repair(window, progress.card, grounds, result, context)
        missing = await asyncio.to_thread(grounds.find_missing, result.insights)
    if missing:
        result = await _cover(window, progress.card, grounds, result, missing, context)
    return result


async def _repair(
    window: Window, card: Card, grounds: WindowPages, draft: WindowResult, context: Context
) -> WindowResult:
    """Ask once to correct what is not on the pages; what is still not there stays dropped and counted."""
    flagged = [Numbered(number=n, page=d.page, text=d.text) for n, d in enumerate(draft.dropped, start=1)]
    problems = [drop.reason for drop in draft.dropped]
    asked = RepairInput(card=card, pages=window.pages, insights=flagged, problems=problems)
    reading = await context.run(REPAIR_WINDOW, asked)
    return await asyncio.to_thread(_accept_repairs, grounds, draft, reading)


async def _cover(
    window: Window, card: Card, grounds: WindowPages, draft: WindowResult, missing: list[str], context: Context
) -> WindowResult:
    """Ask once for the figures and names that no insight carries yet."""
    reading = await context.run(COVER_WINDOW, CoverInput(card=card, pages=window.pages, missing=missing))
    more = apply_edits([], reading, window.numbers)
    result, bad = await asyncio.to_thread(grounds.judge, [*draft.insights, *more], draft.insights)
    kept = result.model_copy(update={"notes": draft.notes, "dropped": draft.dropped})
    return drop_ungrounded(kept, bad)


def _accept_repairs(grounds: WindowPages, draft: WindowResult, reading: WindowReading) -> WindowResult:
    better = {edit.number: edit for edit in reading.edits if edit.op == "replace" and edit.text.strip()}
    tried = [(n, drop) for n, drop in enumerate(draft.dropped, start=1) if n in better]
    repaired = [Insight(page=better[n].page or drop.page, text=" ".join(better[n].text.split())) for n, drop in tried]
    result, bad = grounds.judge([*draft.insights, *repaired], draft.insights)
    offset = len(draft.insights)
    mended = {n for index, (n, _) in enumerate(tried) if index + offset not in bad}
    lost = [drop for n, drop in enumerate(draft.dropped, start=1) if n not in mended]
    insights = [insight for index, insight in enumerate(result.insights) if index not in bad]
    return WindowResult(insights=merge_insights(insights), notes=draft.notes, dropped=lost)


def _document(state: SegmentState) -> UUID:
    return UUID(state["input"]["document_id"])


def _emit_read(state: SegmentState, window: Window, result: WindowResult, context: Context) -> None:
    version, total = state["input"]["version"], state["page_count"]
    final = [n for n in window.numbers if n == window.number or window.number == max(total - 1, 1)]
    for number in final:
        count = sum(insight.page == number for insight in result.insights)
        context.emit("pyramid.page_read", key=f"page:{version}:{number}", page=number, insights=count)
    done = min(total, (window.number - state["first"] + len(final)) * state["segments"])
    context.emit(
        "run.progressed", key=f"read:{version}:{done}", stage="reading pages", done=done, total=total, unit="pages"
    )
