"""Nodes that read a document window by window: read, repair, ask for what is missing, go on."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langgraph.runtime import Runtime
from langgraph.types import Command, Send

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
from app.agents.pyramid.state import WindowState, merge_card
from app.agents.pyramid.window import apply_edits, merge_insights, number_insights, pages_of, window_hash
from app.convert.document import Page
from app.db import Json

Goto = Command[Any]


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window opened: its pages, the page ahead of them, its key, and what was read of its first page before."""

    document_id: UUID
    card: Card
    pages: list[Page]
    before: Page | None
    key: str
    settled: list[Insight]

    @property
    def draft(self) -> str:
        return f"{self.key}:draft"

    @property
    def numbers(self) -> list[int]:
        return [page.number for page in self.pages]


async def read_window(state: WindowState, runtime: Runtime[Context]) -> Goto:
    """Read the next window nobody has read yet; those already read are passed over."""
    context, keys = runtime.context, dict[str, str]()
    window = await _open_window(state, context)
    while kept := await context.knowledge.find_window(window.document_id, window.key):
        result = WindowResult.model_validate(kept)
        keys[str(state["window"])] = window.key
        _emit_read(state, window, result, context)
        if state["window"] == state["last"]:
            return Command(update={"windows": keys, "reused": len(keys)}, goto="plan_concepts")
        state = _next(state, window, result.notes)
        window = await _open_window(state, context)
    known = number_insights(window.settled, window.numbers[0])
    reading = await context.run(
        READ_WINDOW, WindowInput(card=window.card, pages=window.pages, insights=known, before=window.before)
    )
    insights = apply_edits(known, reading, window.numbers)
    update = {"windows": keys, "reused": len(keys), "read": 1}
    return await _judge(state, window, context, insights, reading.notes, update)


async def repair_window(state: WindowState, runtime: Runtime[Context]) -> Goto:
    """Ask once to correct what is not on the pages; what is still not there stays dropped and counted."""
    context = runtime.context
    window = await _open_window(state, context)
    draft = await _load(window, window.draft, context)
    flagged = [Numbered(number=n, page=d.page, text=d.text) for n, d in enumerate(draft.dropped, start=1)]
    problems = [drop.reason for drop in draft.dropped]
    reading = await context.run(
        REPAIR_WINDOW, RepairInput(card=window.card, pages=window.pages, insights=flagged, problems=problems)
    )
    result = await asyncio.to_thread(_accept_repairs, state, window, draft, reading)
    return await _cover_or_finish(state, window, context, result, {})


async def cover_window(state: WindowState, runtime: Runtime[Context]) -> Goto:
    """Ask once for the figures and names that no insight carries yet."""
    context = runtime.context
    window = await _open_window(state, context)
    draft = await _load(window, window.draft, context)
    reading = await context.run(COVER_WINDOW, CoverInput(card=window.card, pages=window.pages, missing=draft.missing))
    more = apply_edits([], reading, window.numbers)
    result, bad = await asyncio.to_thread(_grounds(state, window).judge, [*draft.insights, *more], draft.insights)
    kept = result.model_copy(update={"notes": draft.notes, "dropped": draft.dropped})
    return await _finish(state, window, context, drop_ungrounded(kept, bad), {})


async def _judge(
    state: WindowState, window: Window, context: Context, insights: list[Insight], notes: list[str], update: Json
) -> Goto:
    result, bad = await asyncio.to_thread(_grounds(state, window).judge, insights, window.settled)
    result = drop_ungrounded(result.model_copy(update={"notes": notes}), bad)
    if bad:
        await _save(window, window.draft, result, context)
        return Command(update=update, goto=[Send("repair_window", state)])
    return await _cover_or_finish(state, window, context, result, update)


async def _cover_or_finish(
    state: WindowState, window: Window, context: Context, result: WindowResult, update: Json
) -> Goto:
    missing = await asyncio.to_thread(_grounds(state, window).find_missing, result.insights)
    if not missing:
        return await _finish(state, window, context, result, update)
    await _save(window, window.draft, result.model_copy(update={"missing": missing}), context)
    return Command(update=update, goto=[Send("cover_window", state)])


async def _finish(state: WindowState, window: Window, context: Context, result: WindowResult, update: Json) -> Goto:
    await _save(window, window.key, result, context)
    _emit_read(state, window, result, context)
    keys = {**update.get("windows", {}), str(state["window"]): window.key}
    update = {**update, "windows": keys, "card": {"notes": result.notes}}
    if state["window"] == state["last"]:
        return Command(update=update, goto="plan_concepts")
    return Command(update=update, goto=[Send("read_window", _next(state, window, result.notes))])


def _accept_repairs(state: WindowState, window: Window, draft: WindowResult, reading: WindowReading) -> WindowResult:
    better = {edit.number: edit for edit in reading.edits if edit.op == "replace" and edit.text.strip()}
    tried = [(n, drop) for n, drop in enumerate(draft.dropped, start=1) if n in better]
    repaired = [Insight(page=better[n].page or drop.page, text=" ".join(better[n].text.split())) for n, drop in tried]
    result, bad = _grounds(state, window).judge([*draft.insights, *repaired], draft.insights)
    offset = len(draft.insights)
    mended = {n for index, (n, _) in enumerate(tried) if index + offset not in bad}
    lost = [drop for n, drop in enumerate(draft.dropped, start=1) if n not in mended]
    insights = [insight for index, insight in enumerate(result.insights) if index not in bad]
    return WindowResult(insights=merge_insights(insights), notes=draft.notes, dropped=lost)


async def _open_window(state: WindowState, context: Context) -> Window:
    document_id, version = UUID(state["input"]["document_id"]), state["input"]["version"]
    numbers = pages_of(state["window"], state["page_count"])
    loaded = await context.knowledge.load_pages(document_id, version, numbers=[numbers[0] - 1, *numbers])
    pages = [page for page in loaded if page.number in numbers]
    before = next((page for page in loaded if page.number < numbers[0]), None)
    card = Card.model_validate(state["card"])
    reader = f"{context.models.engine} {READ_WINDOW.name} {READ_WINDOW.version}"
    subject = f"{card.short_name}\0{card.form}\0{card.period_end}\0{card.units}"
    settled: list[Insight] = []
    if state["previous"]:
        earlier = await context.knowledge.find_window(document_id, state["previous"])
        settled = [i for i in WindowResult.model_validate(earlier or {}).insights if i.page == numbers[0]]
    return Window(
        document_id=document_id,
        card=card,
        pages=pages,
        before=before,
        key=window_hash(pages, before=before, reader=reader, subject=subject),
        settled=settled,
    )


def _grounds(state: WindowState, window: Window) -> WindowPages:
    return WindowPages(window.pages, window.card, filename=state["filename"], before=window.before)


def _next(state: WindowState, window: Window, notes: list[str]) -> WindowState:
    card = merge_card(state["card"], {"notes": notes})
    return {**state, "card": card, "window": state["window"] + 1, "previous": window.key}


async def _load(window: Window, key: str, context: Context) -> WindowResult:
    return WindowResult.model_validate(await context.knowledge.find_window(window.document_id, key) or {})


async def _save(window: Window, key: str, result: WindowResult, context: Context) -> None:
    await context.knowledge.save_window(window.document_id, key, result.model_dump(mode="json"))


def _emit_read(state: WindowState, window: Window, result: WindowResult, context: Context) -> None:
    version, total = state["input"]["version"], state["page_count"]
    final = [n for n in window.numbers if n == state["window"] or state["window"] == max(total - 1, 1)]
    for number in final:
        count = sum(insight.page == number for insight in result.insights)
        context.emit("pyramid.page_read", key=f"page:{version}:{number}", page=number, insights=count)
    done = min(total, (state["window"] - state["first"] + len(final)) * state["segments"])
    context.emit(
        "run.progressed", key=f"read:{version}:{done}", stage="reading pages", done=done, total=total, unit="pages"
    )
