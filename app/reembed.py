"""`symposium reembed`: give every entry a vector of the settings' embedding model, beside a running service."""

import asyncio

from rich.console import Console

from app.database import open_database
from app.db import build_engine, build_sessions
from app.knowledge.reembedding import reembed
from app.llm.embedders import Embedders
from app.llm.servers import ModelServers
from app.preflight import plainly, read_settings
from app.settings import Settings


async def embed_anew(settings: Settings, database_url: str) -> int:
    """Embed what carries vectors of another model and return how many entries that was."""
    engine = build_engine(database_url)
    sessions = build_sessions(engine)
    servers = ModelServers(settings, sessions)
    embedders = Embedders(servers, cache_dir=settings.data_dir.expanduser() / "cache")
    embedded = 0
    try:
        embedder = await embedders.open_chosen(settings)
        await embedder.check_dimension()
        with Console(stderr=True).status("Embedding …") as status:
            async for done, total in reembed(sessions, embedder):
                embedded = done
                status.update(f"Embedding: {done} of {total} entries")
    finally:
        embedders.close()
        await servers.aclose()
        await engine.dispose()
    return embedded


def main() -> None:
    """Embed with the settings' model, in the settings' database or the embedded one."""
    with plainly():
        settings = read_settings()
        with open_database(settings) as database_url:
            count = asyncio.run(embed_anew(settings, database_url))
    Console().print(f"{count} entries embedded anew." if count else "Every entry has a vector of this model already.")


if __name__ == "__main__":
    main()
