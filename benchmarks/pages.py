"""How well search finds the page that answers: all files of a folder together, one question after another.

Each line of `--questions` has `question` and `gold`, a list of `filename` and `page` (counting from 1). A document is
hit at k when a gold file is among the first k documents, a page when a gold page is among the first k pages. The legs
alone are the same search with the other leg weighted with nothing.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.db import DEFAULT_PROJECT, Json
from app.knowledge.finder import Ways
from app.knowledge.knowledge import Knowledge
from app.knowledge.search import SearchWeights
from app.knowledge.types import Filters, Hit
from app.resources import Resources
from benchmarks.retrieval import LEGS
from benchmarks.support import WEIGHTS, ingest_all, open_service, report, say
from benchmarks.vectors import CachedEmbedder

DOCUMENTS, PAGES = (1, 5, 10), (1, 5, 10, 20)
DEPTH = 100
COMPARED = {
    "lexical": (LEGS["lexical"], Ways()),
    "vector": (LEGS["vector"], Ways()),
    "hybrid": (LEGS["hybrid"], Ways()),
    "routed": (LEGS["hybrid"], Ways(route=True)),
}
READABLE = (".pdf", ".html", ".htm", ".txt", ".md", ".docx", ".xlsx", ".pptx", ".csv")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question with the pages that answer it, as (file name, page)."""

    question: str
    gold: frozenset[tuple[str, int]]


def read_questions(path: Path) -> list[Asked]:
    """Read the questions of a file."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    return [
        Asked(question=row["question"], gold=frozenset((gold["filename"], int(gold["page"])) for gold in row["gold"]))
        for row in rows
    ]


def first_rank(found: Sequence[object], gold: frozenset[object]) -> int | None:
    """Return the rank of the first right one, or None."""
    return next((rank for rank, each in enumerate(found, 1) if each in gold), None)


def list_documents(hits: Sequence[Hit]) -> list[str]:
    """Return the files of hits, each once, in the order of their best hit."""
    return list(dict.fromkeys(hit.entry.filename for hit in hits))


def list_pages(hits: Sequence[Hit]) -> list[tuple[str, int]]:
    """Return the pages of hits in order."""
    return [(hit.entry.filename, hit.entry.pages[0]) for hit in hits]


async def measure(
    resources: Resources, weights: SearchWeights, ways: Ways, asked: Sequence[Asked]
) -> tuple[Json, Json]:
    """Return the shares of questions whose document and whose page are among the first k, by k."""
    knowledge = Knowledge(resources.sessions, resources.embedder, DEFAULT_PROJECT, weights=weights)
    documents, pages = [], []
    for each in asked:
        hits = await knowledge.search(each.question, filters=Filters(levels=("page",)), limit=DEPTH, ways=ways)
        documents.append(first_rank(list_documents(hits), frozenset(name for name, _ in each.gold)))
        pages.append(first_rank(list_pages(hits), each.gold))
    return _shares(documents, DOCUMENTS), _shares(pages, PAGES)


def _shares(ranks: Sequence[int | None], cuts: Sequence[int]) -> Json:
    return {str(cut): round(sum(r is not None and r <= cut for r in ranks) / len(ranks), 4) for cut in cuts}


async def run(folder: Path, questions: Path, keep: Path | None) -> None:
    asked = read_questions(questions)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READABLE)
    async with open_service(keep=keep, convert_seconds=900) as opened:
        resources = replace(opened, embedder=CachedEmbedder(opened.embedder, WEIGHTS.expanduser()))
        await ingest_all(resources, paths)
        figures: Json = {"questions": len(asked), "documents": len(paths), "document_hit": {}, "page_hit": {}}
        for name, (weigh, ways) in COMPARED.items():
            shares = await measure(resources, weigh(SearchWeights()), ways, asked)
            figures["document_hit"][name], figures["page_hit"][name] = shares
            say(f"{name}: documents {figures['document_hit'][name]}, pages {figures['page_hit'][name]}")
    rows = [
        (f"{kind} {name}", shares) for kind in ("document_hit", "page_hit") for name, shares in figures[kind].items()
    ]
    report(rows, figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, required=True, help="a folder of files to read")
    parser.add_argument("--questions", type=Path, required=True, help="a file of questions with gold pages")
    parser.add_argument("--keep", type=Path, help="a folder where the store stays, to go on from in the next run")
    options = parser.parse_args()
    asyncio.run(run(options.documents, options.questions, options.keep))


if __name__ == "__main__":
    main()
