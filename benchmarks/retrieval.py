"""How well search finds what people marked as right: nDCG@10 on a folder of BEIR's layout.

`corpus.jsonl` (`_id, title, text`), `beir/queries.jsonl` (`_id, text`), `beir/qrels_test.tsv` (`query, document,
score`). Every text of the corpus is an entry of its own; the figures are of the same store, the legs alone by weighting
the other with nothing, the walk by ranking also what names in the question lead to, and names in that.

A folder with `corpus_6119.jsonl` (`title, text`) and `questions_101.jsonl` (`question, gold_titles`) gives instead the
share of questions whose right passages are all among the first 8.
"""

import argparse
import asyncio
import csv
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from app.convert.document import Converted, Page
from app.db import DEFAULT_PROJECT
from app.knowledge.documents import create_document
from app.knowledge.finder import Ways
from app.knowledge.knowledge import Knowledge
from app.knowledge.search import SearchWeights
from app.llm.embedding import Embedder
from app.resources import Resources
from benchmarks.support import WEIGHTS, open_service, report, say
from benchmarks.vectors import CachedEmbedder

PASSAGES, QUESTIONS = "corpus_6119.jsonl", "questions_101.jsonl"
Score = Callable[[Sequence[str], dict[str, int]], float]

LEGS: dict[str, Callable[[SearchWeights], SearchWeights]] = {
    "lexical": lambda weights: replace(weights, vector=0),
    "vector": lambda weights: replace(weights, lexical=0),
    "hybrid": lambda weights: weights,
    "walk": lambda weights: weights,
}


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Texts by number, questions, and for each question the texts that are right with their gains."""

    ids: Sequence[str]
    texts: Sequence[str]
    queries: dict[str, str]
    gains: dict[str, dict[str, int]]


def read_corpus(folder: Path, limit: int | None) -> Corpus:
    """Read a folder of BEIR's layout; only questions with a right text are kept."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").open(encoding="utf-8")][:limit]
    queries = [json.loads(line) for line in (folder / "beir" / "queries.jsonl").open(encoding="utf-8")]
    gains: dict[str, dict[str, int]] = {}
    with (folder / "beir" / "qrels_test.tsv").open(encoding="utf-8") as file:
        for query_id, text_id, gain in list(csv.reader(file, delimiter="\t"))[1:]:
            gains.setdefault(query_id, {})[text_id] = int(gain)
    return Corpus(
        ids=[row["_id"] for row in rows],
        texts=[f"{row.get('title', '')}\n{row['text']}".strip() for row in rows],
        queries={row["_id"]: row["text"] for row in queries if row["_id"] in gains},
        gains=gains,
    )


def ndcg(found: Sequence[str], gains: dict[str, int], *, depth: int = 10) -> float:
    """Return the normalised discounted cumulative gain of a ranking (Järvelin and Kekäläinen 2002)."""
    gained = sum(gains.get(name, 0) / math.log2(rank + 1) for rank, name in enumerate(found[:depth], 1))
    best = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(sorted(gains.values(), reverse=True)[:depth], 1))
    return gained / best if best else 0.0


async def load(resources: Resources, embedder: Embedder, texts: Sequence[str]) -> None:
    """Store the texts as the pages of one document, numbered from 1."""
    knowledge = Knowledge(resources.sessions, embedder, DEFAULT_PROJECT)
    [collection_id] = await knowledge.resolve_collections([])
    async with resources.sessions.begin() as session:
        made = await create_document(
            session, DEFAULT_PROJECT, collection_id, filename="corpus.jsonl", media_type="text/plain", content=b"corpus"
        )
    await knowledge.begin_reading(made.id)
    pages = tuple(Page(number=number, markdown=text) for number, text in enumerate(texts, 1))
    await knowledge.save_pages(made.id, 1, Converted(media_type="text/plain", pages=pages))
    await _publish(knowledge, made.id)


async def _publish(knowledge: Knowledge, document_id: UUID) -> None:
    await knowledge.publish(document_id, 1, [], title="", card={}, metadata={}, quality={}, page_quality={})


async def measure(knowledge: Knowledge, corpus: Corpus, score: Score, *, walk: bool = False) -> float:
    """Return the mean score of the first 10 over the questions."""
    scores = []
    for query_id, query in corpus.queries.items():
        hits = await knowledge.search(query, limit=10, ways=Ways(walk=walk))
        found = [corpus.ids[hit.entry.pages[0] - 1] for hit in hits]
        scores.append(score(found, corpus.gains[query_id]))
    return sum(scores) / len(scores)


def read_passages(folder: Path, limit: int | None) -> Corpus:
    """Read passages and questions with the titles of what answers them; only questions whose gold is all there."""
    rows = [json.loads(line) for line in (folder / PASSAGES).open(encoding="utf-8")][:limit]
    questions = [json.loads(line) for line in (folder / QUESTIONS).open(encoding="utf-8")]
    titles = {row["title"] for row in rows}
    asked = [question for question in questions if titles.issuperset(question["gold_titles"])]
    return Corpus(
        ids=[row["title"] for row in rows],
        texts=[f"{row['title']}\n{row['text']}" for row in rows],
        queries={str(number): question["question"] for number, question in enumerate(asked)},
        gains={str(number): dict.fromkeys(question["gold_titles"], 1) for number, question in enumerate(asked)},
    )


def all_gold(found: Sequence[str], gains: dict[str, int]) -> float:
    """Return 1 when every right text is among the first 8, else 0."""
    return float(gains.keys() <= set(found[:8]))


async def run(folder: Path, limit: int | None) -> None:
    hops = (folder / PASSAGES).exists()
    corpus = read_passages(folder, limit) if hops else read_corpus(folder, limit)
    name, score = ("all_gold_at_8", all_gold) if hops else ("ndcg10", ndcg)
    async with open_service() as resources:
        embedder = CachedEmbedder(resources.embedder, WEIGHTS.expanduser())
        say(f"{len(corpus.texts)} texts, {len(corpus.queries)} questions; embedding what is not cached")
        await load(resources, embedder, corpus.texts)
        figures = {}
        for leg, weigh in LEGS.items():
            knowledge = Knowledge(resources.sessions, embedder, DEFAULT_PROJECT, weights=weigh(SearchWeights()))
            figures[leg] = round(await measure(knowledge, corpus, score, walk=leg == "walk"), 4)
            say(f"{leg}: {figures[leg]}")
    rows = [(f"{name} {leg}", value) for leg, value in figures.items()]
    report(rows, {name: figures, "texts": len(corpus.texts), "questions": len(corpus.queries)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of BEIR's layout")
    parser.add_argument("--passages", type=int, help="only the first so many texts")
    options = parser.parse_args()
    asyncio.run(run(options.data, options.passages))


if __name__ == "__main__":
    main()
