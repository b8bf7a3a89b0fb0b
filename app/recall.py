"""`symposium recall`: ask sampled live searches again, by the vector indexes and by comparing everything."""

import asyncio
from collections import defaultdict
from uuid import UUID

from rich.console import Console

from app.database import open_database
from app.db import build_engine, build_sessions
from app.knowledge.effort import Effort
from app.knowledge.knowledge import Knowledge
from app.knowledge.sampling import list_samples, recall
from app.knowledge.search import SearchWeights
from app.llm.embedders import Embedders
from app.llm.servers import ModelServers
from app.preflight import plainly, read_settings
from app.settings import Settings

SAMPLES = 200
NEAREST = 10
EVERYTHING = 2**31 - 1


async def measure_recall(settings: Settings, database_url: str) -> dict[UUID, list[float]]:
    """Return, by project, what share of the ten nearest entries each sampled search finds."""
    engine = build_engine(database_url)
    sessions = build_sessions(engine)
    servers = ModelServers(settings, sessions)
    embedders = Embedders(servers, cache_dir=settings.data_dir.expanduser() / "cache")
    vector_only = SearchWeights(lexical=0)
    shares: dict[UUID, list[float]] = defaultdict(list)
    try:
        embedder = await embedders.open_chosen(settings)
        async with sessions() as session:
            samples = await list_samples(session, limit=SAMPLES)
        for sample in samples:
            indexed, exact = (
                Knowledge(sessions, embedder, sample.project_id, weights=vector_only, effort=effort)
                for effort in (
                    Effort(ef_search=settings.search_ef, exact_below=settings.search_exact_below),
                    Effort(exact_below=EVERYTHING),
                )
            )
            found = await indexed.search(sample.query, filters=sample.filters, limit=NEAREST)
            nearest = await exact.search(sample.query, filters=sample.filters, limit=NEAREST)
            shares[sample.project_id].append(recall(found, nearest))
    finally:
        embedders.close()
        await servers.aclose()
        await engine.dispose()
    return shares


def main() -> None:
    """Print the recall of each project's sampled searches."""
    with plainly():
        settings = read_settings()
        with open_database(settings) as database_url:
            shares = asyncio.run(measure_recall(settings, database_url))
    if not shares:
        Console().print("No searches have been sampled yet; SYMPOSIUM_SEARCH_SAMPLE_SHARE says how many are.")
    for project_id, found in sorted(shares.items()):
        mean = sum(found) / len(found)
        Console().print(f"{project_id}: recall@{NEAREST} {mean:.3f} over {len(found)} searches, worst {min(found):.1f}")


if __name__ == "__main__":
    main()
