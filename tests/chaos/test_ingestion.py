"""A worker is killed in the middle of a document: another goes on where it was, and reads no finished window again."""

import asyncio
import random
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from reportlab.lib.pagesizes import LETTER
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import func, select

from app.agents.pyramid import AGENT
from app.agents.pyramid.schemas import PyramidInput
from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.collections import ensure_default
from app.knowledge.documents import create_document
from app.knowledge.models import Document, Entry, Window
from app.llm.models import LlmCall
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.support.processes import running_worker
from tests.support.waiting import eventually

PAGES = 20
LINES = 4
KILLED_AFTER = 6
POINTS = 10
SEED = 20260


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"embedder": "local"})


def write_report(pages: int = PAGES) -> bytes:
    """Return a PDF of so many pages, each with figures of its own."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=LETTER)
    for page in range(1, pages + 1):
        for line in range(LINES):
            amount = f"${page * 100 + line}.{line % 10} million"
            sentence = f"Region {page}-{line} of Halden Instruments had net sales of {amount} in fiscal year 2024."
            canvas.drawString(60, 720 - 20 * line, sentence)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


async def upload(desk: Desk, pages: int = PAGES) -> tuple[UUID, UUID]:
    """Store the report, start the run that reads it, and return both ids."""
    async with desk.sessions.begin() as session:
        collection = await ensure_default(session, DEFAULT_PROJECT)
        document = await create_document(
            session,
            DEFAULT_PROJECT,
            collection.id,
            filename="report.pdf",
            media_type="application/pdf",
            content=write_report(pages),
        )
        document_id = document.id
    return document_id, await desk.admit(PyramidInput(document_id=document_id, version=1), AGENT)


async def count_windows(sessions: Sessions, document_id: UUID) -> int:
    """Return how many windows of a document have been read to the end."""
    other = Window.hash.like("chunk:%") | Window.hash.like("% concepts of %")
    query = select(func.count()).where(Window.document_id == document_id, ~other)
    async with sessions() as session:
        return await session.scalar(query) or 0


async def count_readings(sessions: Sessions, run_id: UUID, attempt: int) -> int:
    """Return how many windows an attempt asked the model to read, by the ledger."""
    query = select(func.count()).where(
        LlmCall.run_id == run_id, LlmCall.run_attempt == attempt, LlmCall.task == "pyramid.read_window"
    )
    async with sessions() as session:
        return await session.scalar(query) or 0


async def test_no_finished_window_is_read_twice(
    desk: Desk, sessions: Sessions, settings: Settings, tmp_path: Path
) -> None:
    with running_worker(settings, tmp_path) as first:
        document_id, run_id = await upload(desk)

        async def is_in_the_middle() -> bool:
            return await count_windows(sessions, document_id) >= KILLED_AFTER

        await eventually(is_in_the_middle)
        first.kill()
    kept = await count_windows(sessions, document_id)
    with running_worker(settings, tmp_path):
        run = await desk.wait_for(run_id, seconds=60)
        whole = await count_windows(sessions, document_id)
    assert (run.status, run.attempt, run.failures) == ("succeeded", 2, 1)
    assert KILLED_AFTER <= kept < whole
    # The window whose commit was under way when the worker was killed is not among those counted as kept.
    assert await count_readings(sessions, run_id, 2) in (whole - kept, whole - kept - 1)
    events = await desk.log_of(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events if event.type in ("run.succeeded", "run.failed")] == ["run.succeeded"]
    async with sessions() as session:
        document = await session.get_one(Document, document_id)
        levels = select(Entry.level, func.count()).where(Entry.document_id == document_id).group_by(Entry.level)
        counts = {level: count for level, count in await session.execute(levels)}
    assert (document.status, document.version, document.page_count) == ("ready", 1, PAGES)
    assert (counts["page"], counts["abstract"]) == (PAGES, 1)
    assert counts["insight"] >= PAGES


async def list_told(sessions: Sessions, document_id: UUID) -> list[tuple[str, str, list[int]]]:
    """Return a document's entries above its pages: level, text and pages, in order."""
    query = select(Entry.level, Entry.text, Entry.pages).where(Entry.document_id == document_id, Entry.level != "page")
    async with sessions() as session:
        return [(level, text, pages) for level, text, pages in await session.execute(query.order_by(Entry.position))]


async def test_a_document_whose_worker_dies_at_any_of_ten_points_ends_like_an_undisturbed_one(
    desk: Desk, sessions: Sessions, settings: Settings, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    with running_worker(settings, tmp_path):
        calm, run_id = await upload(desk, POINTS)
        await desk.wait_for(run_id)
    wanted = await list_told(sessions, calm)
    for point in range(POINTS):
        with running_worker(settings, tmp_path) as first:
            document_id, run_id = await upload(desk, POINTS)

            async def is_there(document_id: UUID = document_id, point: int = point) -> bool:
                return await count_windows(sessions, document_id) >= point

            await eventually(is_there)
            await asyncio.sleep(chance.uniform(0, 0.05))
            first.kill()
        with running_worker(settings, tmp_path):
            run = await desk.wait_for(run_id)
        assert (point, run.status) == (point, "succeeded")
        assert await list_told(sessions, document_id) == wanted
