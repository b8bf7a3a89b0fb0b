"""Words that no entry has any more are dropped, beside documents that come and go."""

import asyncio
from uuid import UUID

from sqlalchemy import func, select

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.documents import delete_document
from app.knowledge.knowledge import Knowledge
from app.knowledge.models import Term
from app.knowledge.vocabulary import drop_unused_terms
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages


async def delete(sessions: Sessions, document_id: UUID) -> None:
    async with sessions.begin() as session:
        await delete_document(session, DEFAULT_PROJECT, document_id)


async def drop(sessions: Sessions) -> int:
    async with sessions.begin() as session:
        return await drop_unused_terms(session)


async def count_words(sessions: Sessions, lexeme: str) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).where(Term.lexeme == lexeme)) or 0


async def test_only_words_without_an_entry_are_dropped(sessions: Sessions) -> None:
    await add_pages(sessions, HashEmbedder(), "kept.txt", ["A walrus slept."])
    gone = await add_pages(sessions, HashEmbedder(), "gone.txt", ["A narwhal slept."])
    await delete(sessions, gone)
    assert await drop(sessions) == 1
    assert (await count_words(sessions, "walrus"), await count_words(sessions, "narwhal")) == (1, 0)


async def test_documents_published_while_words_are_dropped_are_found(sessions: Sessions) -> None:
    embedder = HashEmbedder()

    async def come_and_go(number: int) -> None:
        for _ in range(3):
            await delete(sessions, await add_pages(sessions, embedder, f"{number}.txt", ["The ptarmigan flew."]))
            await drop(sessions)
        await add_pages(sessions, embedder, f"{number}.txt", [f"The ptarmigan flew {number} times."])

    await asyncio.gather(*map(come_and_go, range(6)))
    hits = await Knowledge(sessions, embedder, DEFAULT_PROJECT).search("ptarmigan", limit=6)
    assert len({hit.entry.text for hit in hits if "ptarmigan" in hit.entry.text and hit.lexical_rank}) == 6
