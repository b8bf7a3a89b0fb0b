"""`symposium reembed`: give every entry a vector of the settings' embedding model, while the service is stopped."""

import asyncio

from rich.console import Console

from app.embedded import lock_folder
from app.knowledge.embedding_models import reembed
from app.migrate import migrate
from app.preflight import plainly, read_settings
from app.resources import open_resources
from app.settings import Settings
from app.up import open_servers


async def embed_anew(settings: Settings) -> int:
    """Embed what carries vectors of another model and return how many entries that was."""
    embedded = 0
    async with open_resources(settings) as resources:
        with Console(stderr=True).status("Embedding …") as status:
            async for done, total in reembed(resources.sessions, resources.embedder):
                embedded = done
                status.update(f"Embedding: {done} of {total} entries")
    return embedded


def main() -> None:
    """Embed with the settings' model; embedded servers are started for it."""
    with plainly():
        settings = read_settings()
        with lock_folder(settings.data_dir), open_servers(settings) as opened:
            assert opened.database_url is not None
            migrate(opened.database_url)
            count = asyncio.run(embed_anew(opened))
    Console().print(f"{count} entries embedded anew." if count else "Every entry has a vector of this model already.")


if __name__ == "__main__":
    main()
