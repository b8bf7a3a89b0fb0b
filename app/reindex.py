"""`symposium reindex`: tidy the vocabulary and build the vector indexes anew beside a running service.

Before a great load it drops the vector indexes instead.
"""

import asyncio
import sys

from rich.console import Console

from app.database import open_database
from app.db import build_engine, build_sessions
from app.knowledge.embedding_models import find_current
from app.knowledge.vector_indexes import HnswShape, build_indexes, drop_indexes
from app.knowledge.vocabulary import drop_unused_terms
from app.preflight import plainly, read_settings
from app.settings import Settings


async def reindex(settings: Settings, database_url: str, *, drop: bool) -> bool:
    """Build or drop the current model's indexes, and drop words no entry has; return False when nothing is embedded."""
    engine = build_engine(database_url)
    try:
        async with build_sessions(engine).begin() as session:
            await drop_unused_terms(session)
            model = await find_current(session)
            if model is not None and drop:
                await drop_indexes(session, model)
        if model is not None and not drop:
            shape = HnswShape(neighbours=settings.search_hnsw_m, build_width=settings.search_hnsw_build)
            with Console(stderr=True).status("Building vector indexes …") as status:
                async for level in build_indexes(engine, model, shape):
                    status.update(f"Built the index of {level}s")
    finally:
        await engine.dispose()
    return model is not None


def main() -> None:
    """Build the indexes in the settings' database or the embedded one; with `--drop`, drop them."""
    drop = "--drop" in sys.argv[1:]
    with plainly():
        settings = read_settings()
        with open_database(settings) as database_url:
            found = asyncio.run(reindex(settings, database_url, drop=drop))
    done = "Vector indexes dropped; build them with `symposium reindex`." if drop else "Vector indexes built."
    Console().print(done if found else "Nothing has been embedded yet.")


if __name__ == "__main__":
    main()
