"""A debate over ingested documents without a model: how long it takes, and whether what it quotes stands there.

`--transcript` writes the record as Markdown; `docs/example-debate.md` is made by this.
"""

import argparse
import asyncio
import time
from collections import Counter
from pathlib import Path

from app.agents.debate import AGENT
from app.agents.debate.render import render_markdown
from app.agents.debate.schemas import DebateInput, DebateOutput
from app.db import Json
from benchmarks.support import ingest_all, open_service, report, run_agent

READABLE = (".pdf", ".html", ".md", ".txt")


async def hold(documents: Path, debate: DebateInput) -> tuple[DebateOutput, float]:
    """Ingest a folder and hold a debate on it; return the record, and the seconds the debate alone took."""
    async with open_service() as resources:
        await ingest_all(resources, [path for path in sorted(documents.iterdir()) if path.suffix in READABLE])
        begun = time.perf_counter()
        held = await run_agent(resources, AGENT, debate)
        return held, time.perf_counter() - begun


def score(held: DebateOutput, seconds: float) -> Json:
    """Return the debate's length in seconds, its quotes and how many are verified, its claims by verdict."""
    quotes = [quote for speech in held.speeches for quote in speech.quotes]
    claims = Counter(claim.verdict for speech in held.speeches for claim in speech.claims)
    return {
        "seconds": round(seconds, 2),
        "speeches": len(held.speeches),
        "quotes": len(quotes),
        "quotes_verified": sum(quote.verified for quote in quotes),
        "claims": claims.total(),
        "claims_supported": claims["supported"],
        "winner": held.verdict.winner,
    }


def main() -> None:
    """Run what the options ask for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--topic", default="Apple depends less on one product than Microsoft")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--transcript", type=Path, help="write the record to this file")
    chosen = parser.parse_args()
    held, seconds = asyncio.run(hold(chosen.documents, DebateInput(topic=chosen.topic, seed=chosen.seed)))
    if chosen.transcript:
        chosen.transcript.write_text(render_markdown(held), encoding="utf-8")
    figures = score(held, seconds)
    report(figures.items(), figures)


if __name__ == "__main__":
    main()
