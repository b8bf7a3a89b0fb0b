"""Rows inserted all at once."""

import pytest
from sqlalchemy import text

from app.db import DEFAULT_PROJECT, Sessions, insert_all, new_row
from app.knowledge.collections import ensure_default
from app.knowledge.models import Document


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Émile, 東京", "Émile, 東京"),
        ("x\x00y", "xy"),
        ("half \ud800", "half \ufffd"),
        ('\\u0000 "NaN"', '\\u0000 "NaN"'),
    ],
)
async def test_text_is_kept_but_for_what_postgres_cannot_hold(sessions: Sessions, given: str, kept: str) -> None:
    async with sessions.begin() as session:
        home = await ensure_default(session, DEFAULT_PROJECT)
        values = {"project_id": DEFAULT_PROJECT, "collection_id": home.id, "filename": "a.md", "sha256": ""}
        rows = [new_row(Document, **values, media_type="", size_bytes=0, meta={"said": given}) for _ in range(2)]
        await insert_all(session, rows)
        said = "select metadata ->> 'said' from documents where id = any(:ids)"
        told = await session.scalars(text(said), {"ids": [row.id for row in rows]})
        assert list(told) == [kept, kept]
