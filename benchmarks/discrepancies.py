"""What the documents of a folder say differently about the same: pairs of figures by outcome, and what is kept.

`python -m benchmarks.discrepancies --documents DIR` ingests the files of a folder into one collection with the offline
engine; `--show` prints every discrepancy kept, both sides, to be judged by eye.
"""

import argparse
import asyncio
from collections import Counter
from pathlib import Path

from app.db import Json
from app.knowledge.types import DiscrepancyView
from app.resources import Resources
from benchmarks.support import ingest_all, open_knowledge, open_service, report, say

KINDS = (".pdf", ".htm", ".html", ".md", ".txt")
MOST = 10_000


async def count_outcomes(resources: Resources, documents: Path) -> tuple[Counter[str], list[DiscrepancyView], Json]:
    """Ingest a folder; return pairs of figures by outcome, the discrepancies kept, and what was read."""
    paths = sorted(path for path in documents.iterdir() if path.suffix.lower() in KINDS)
    read = await ingest_all(resources, paths)
    knowledge = open_knowledge(resources)
    outcomes: Counter[str] = Counter()
    for output in read.values():
        outcomes += await knowledge.compare_figures(output.document_id)
    kept = await knowledge.list_discrepancies(limit=MOST)
    pages, insights = (sum(getattr(output, name) for output in read.values()) for name in ("pages", "insights"))
    # Each pair has been seen from both sides.
    return Counter({name: count // 2 for name, count in outcomes.items()}), kept, {"pages": pages, "insights": insights}


def show(kept: list[DiscrepancyView]) -> None:
    """Print both sides of every discrepancy."""
    for each in sorted(kept, key=lambda found: (found.kind, found.entry.text)):
        say(f"{each.kind}: {each.detail.get('reason') or each.detail['measure']}")
        for entry in (each.entry, each.other):
            newer = " (newer)" if entry.id == each.newer_entry_id else ""
            say(f"    {entry.filename}, pg. {entry.pages}{newer}: {entry.text[:300]}")


async def measure(documents: Path, *, shown: bool) -> None:
    """Ingest, count and report."""
    async with open_service() as resources:
        outcomes, kept, read = await count_outcomes(resources, documents)
    if shown:
        show(kept)
    figures: Json = {**read, "pairs": dict(outcomes), "kept": dict(Counter(each.kind for each in kept))}
    report(figures.items(), figures)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.discrepancies", description=__doc__)
    parser.add_argument("--documents", type=Path, default=Path("../shared/data/sec_10q_pdf"))
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.documents, shown=chosen.show))


if __name__ == "__main__":
    main()
