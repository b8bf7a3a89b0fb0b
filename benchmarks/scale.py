"""How search holds at size: a generated store of `--rows` entries, loaded first and indexed after.

Recall counts what the vector leg finds of the ten nearest by comparing all. Times are of whole searches, the embedding
of the question taken from a cache. The peers have the same rows in the same database: `ts_rank` and pgvector fused
by reciprocal rank, as tutorials have it, and LangChain's PGVectorStore. Vectors are as `benchmarks.generated` says.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import text

from app.convert.document import Converted
from app.db import DEFAULT_PROJECT, Json
from app.knowledge.collections import create_collection
from app.knowledge.documents import create_document
from app.knowledge.embedding_models import find_current, register_embedder
from app.knowledge.knowledge import Knowledge
from app.knowledge.search import Effort, SearchWeights, vector_text
from app.knowledge.types import Filters
from app.knowledge.vector_indexes import HnswShape, build_indexes, drop_indexes
from app.resources import Resources
from benchmarks.generated import FULL_DOCUMENTS, FULL_ROWS, Filing, PerturbedEmbedder, make_filings, make_questions
from benchmarks.support import WEIGHTS, open_service, report, say
from benchmarks.vectors import CachedEmbedder

QUESTIONS, RECALL_QUESTIONS = 100, 40
INSIGHTS = Filters(levels=("insight",))
PEER_PACKAGES = ("langchain-postgres==0.0.19", "psycopg[binary]")
POSTGRES = {"shared_buffers": "1GB", "maintenance_work_mem": "1GB"}

Search = Callable[[str], Awaitable[Sequence[object]]]
EXACT = """
select id from entries where level = 'insight' and embedding_model_id = {model_id}
order by (embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension}))) + 0, id limit 10
"""
INDEX_BYTES = """
select sum(pg_relation_size(indexrelid)) from pg_stat_user_indexes where indexrelname like 'ix_entries_embedding%'
"""
PEER_TABLE = """
create table peer as
select id, text, to_tsvector('english', text) as words, embedding::halfvec({dimension}) as embedding
from entries where embedding_model_id = {model_id};
create index on peer using gin (words);
create index on peer using hnsw (embedding halfvec_cosine_ops);
analyze peer
"""
PEER = """
with lexical as (
    select id, row_number() over (order by ts_rank(words, query) desc, id) as rank
    from peer, to_tsquery('english', :words) query where words @@ query order by rank limit 50
),
vectors as (
    select id, row_number() over () as rank
    from (select id from peer order by embedding <=> cast(:vector as halfvec({dimension})) limit 50) v
)
select id from lexical full join vectors using (id)
order by coalesce(1.0 / (60 + lexical.rank), 0) + coalesce(1.0 / (60 + vectors.rank), 0) desc, id limit 10
"""
PEER_NEAR = "select id from peer order by embedding <=> cast(:vector as halfvec({dimension})) limit 10"
PEER_EXACT = "select id from peer order by (embedding <=> cast(:vector as halfvec({dimension}))) + 0 limit 10"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The generated store and what is asked of it."""

    resources: Resources
    embedder: PerturbedEmbedder
    questions: Sequence[str]
    model_id: int

    def knowledge(self, *, lexical: float = 1, vector: float = 1) -> Knowledge:
        """Return the store with the legs weighted so; a leg that weighs nothing is not run."""
        weights = SearchWeights(lexical=lexical, vector=vector)
        return Knowledge(self.resources.sessions, self.embedder, DEFAULT_PROJECT, weights=weights, effort=Effort())

    def searching(self, filters: Filters, *, lexical: float = 1, vector: float = 1) -> Search:
        """Return a search for ten entries."""
        knowledge = self.knowledge(lexical=lexical, vector=vector)
        return lambda question: knowledge.search(question, filters=filters, limit=10)

    def sql(self, statement: str) -> str:
        """Return a statement with the model's id and dimension filled in."""
        return statement.format(model_id=self.model_id, dimension=self.embedder.dimension)


async def open_embedder(resources: Resources, distinct: int, questions: Sequence[str]) -> PerturbedEmbedder:
    """Embed the questions and the first `distinct` insights, or take them from the disk."""
    needed = -(-distinct // 600)
    insights = [entry.text for filing in make_filings(needed) for entry in filing.entries if entry.level == "insight"]
    known = [*dict.fromkeys(insights)][:distinct]
    cached = CachedEmbedder(resources.embedder, WEIGHTS.expanduser())
    say(f"{len(known)} distinct texts; embedding what is not cached")
    vectors = await cached.embed([*known, *questions])
    return PerturbedEmbedder(cached, [*known, *questions], vectors)


async def load(bench: Bench, filings: Sequence[Filing], *, first: int) -> None:
    """Store filings, those of even number in a second collection."""
    knowledge = bench.knowledge()
    homes = await knowledge.resolve_collections(["default", "half"])
    for number, filing in enumerate(filings, first):
        async with bench.resources.sessions.begin() as session:
            made = await create_document(
                session,
                DEFAULT_PROJECT,
                homes[number % 2],
                filename=filing.filename,
                media_type="text/plain",
                content=f"{number} {filing.filename}".encode(),
            )
        await knowledge.begin_reading(made.id)
        await knowledge.save_pages(made.id, 1, Converted(media_type="text/plain", pages=filing.pages))
        await knowledge.publish(
            made.id, 1, filing.entries, title="", card={}, metadata=filing.metadata, quality={}, page_quality={}
        )
        if number % 10 == 9:
            say(f"{number + 1} documents loaded")


async def index(bench: Bench) -> tuple[float, float]:
    """Build the vector indexes; return the seconds it took and their size in megabytes."""
    began = time.perf_counter()
    async with bench.resources.sessions() as session:
        model = await find_current(session)
    assert model is not None
    async for level in build_indexes(bench.resources.engine, model, HnswShape(), memory_mb=1024):
        say(f"built the index of {level}s")
    seconds = time.perf_counter() - began
    async with bench.resources.sessions() as session:
        return seconds, float(await session.scalar(text(INDEX_BYTES)) or 0) / 2**20


async def time_searches(
    search: Search, questions: Sequence[str], *, clients: int = 1
) -> tuple[float, float, list[int]]:
    """Return the median and 95th percentile in milliseconds and how many results each search gave."""
    turns = asyncio.Semaphore(clients)
    seconds: list[float] = []
    counts: list[int] = []

    async def ask(question: str) -> None:
        async with turns:
            began = time.perf_counter()
            counts.append(len(await search(question)))
            seconds.append(time.perf_counter() - began)

    await asyncio.gather(*(ask(question) for question in questions[:5]))
    seconds.clear()
    counts.clear()
    await asyncio.gather(*(ask(question) for question in questions))
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return round(float(p50), 1), round(float(p95), 1), counts


async def find_exact(bench: Bench, question: str) -> set[object]:
    """Return the ids of the ten nearest insights, all compared."""
    [vector] = await bench.embedder.embed([question])
    async with bench.resources.sessions() as session:
        return set(await session.scalars(text(bench.sql(EXACT)), {"vector": vector_text(vector)}))


async def measure_recall(bench: Bench) -> float:
    """Return the share of the ten nearest insights that the vector leg finds."""
    knowledge, shares = bench.knowledge(lexical=0), []
    for question in bench.questions[:RECALL_QUESTIONS]:
        found = {hit.entry.id for hit in await knowledge.search(question, filters=INSIGHTS, limit=10)}
        shares.append(len(found & await find_exact(bench, question)) / 10)
    return round(float(np.mean(shares)), 4)


async def measure_filters(bench: Bench, p95: float) -> Json:
    """Return how many searches came back short, and the slowest filtered 95th percentile against the unfiltered."""
    knowledge = bench.knowledge()
    [half] = await knowledge.resolve_collections(["half"])
    [document] = (await knowledge.list_documents([half]))[:1]
    kinds = {
        "50%": Filters(collection_ids=(half,)),
        "1%": Filters(metadata={"bucket": "1"}),
        "0.01%": Filters(document_ids=(document.id,), page_from=3, page_to=4, levels=("insight",)),
    }
    short, slowest, times = 0, 0.0, {}
    for name, filters in kinds.items():
        _, filtered, counts = await time_searches(bench.searching(filters), bench.questions)
        matching = len(await knowledge.search("all", filters=filters, limit=10))
        short += sum(count < min(10, matching) for count in counts)
        slowest, times[name] = max(slowest, filtered), filtered
        say(f"filter that keeps {name}: p95 {filtered} ms, {matching} of 10 matching")
    return {"short_results": short, "filtered_ratio": round(slowest / p95, 2), "filtered_p95_ms": times}


async def measure_peer(bench: Bench) -> Json:
    """Return the peer's 95th percentile and the recall of its vector half."""
    for statement in bench.sql(PEER_TABLE).split(";"):
        async with bench.resources.sessions.begin() as session:
            await session.execute(text(statement))
    sql, near = bench.sql(PEER), bench.sql(PEER_NEAR)

    async def ask(statement: str, question: str) -> Sequence[object]:
        [vector] = await bench.embedder.embed([question])
        words = " | ".join("".join(c if c.isalnum() else " " for c in question).split())
        values = {"vector": vector_text(vector)} | ({"words": words} if ":words" in statement else {})
        async with bench.resources.sessions() as session:
            return (await session.execute(text(statement), values)).scalars().all()

    _, p95, _ = await time_searches(lambda question: ask(sql, question), bench.questions)
    shares = []
    for question in bench.questions[:RECALL_QUESTIONS]:
        found, exact = await ask(near, question), await ask(bench.sql(PEER_EXACT), question)
        shares.append(len({*found} & {*exact}) / 10)
    return {"ts_rank_and_pgvector": {"p95_ms": p95, "recall10": round(float(np.mean(shares)), 4)}}


async def measure_langchain(bench: Bench, database_url: str) -> Json:
    """Return the same of LangChain's PGVectorStore with hybrid search, installed into an environment of its own."""
    vectors = await bench.embedder.embed(bench.questions)
    given = {
        "url": database_url,
        "dimension": bench.embedder.dimension,
        "questions": list(bench.questions),
        "vectors": vectors.tolist(),
        "recall_questions": RECALL_QUESTIONS,
    }
    with tempfile.TemporaryDirectory(prefix="symposium-peer-") as folder:
        python = f"{folder}/bin/python"
        script = str(Path(__file__).with_name("peer_langchain.py"))
        for command in ([sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install", "-q", *PEER_PACKAGES]):
            made = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
            if made.returncode:
                return {"error": made.stderr.strip()[-300:]}
        done = await asyncio.to_thread(
            subprocess.run, [python, script], input=json.dumps(given), capture_output=True, text=True, check=False
        )
    if done.returncode:
        return {"error": done.stderr.strip()[-300:]}
    figures: Json = json.loads(done.stdout.splitlines()[-1])
    return figures


async def measure_legs(bench: Bench) -> Json:
    """Return the times of hybrid searches at one and eight clients and of each leg alone."""
    questions = bench.questions
    p50, p95, _ = await time_searches(bench.searching(Filters()), questions)
    eight_p50, eight_p95, _ = await time_searches(bench.searching(Filters()), questions, clients=8)
    _, lexical, _ = await time_searches(bench.searching(Filters(), vector=0), questions)
    _, vector, _ = await time_searches(bench.searching(Filters(), lexical=0), questions)
    return {
        "hybrid_p50_ms": p50,
        "hybrid_p95_ms": p95,
        "hybrid_8_clients_p50_ms": eight_p50,
        "hybrid_8_clients_p95_ms": eight_p95,
        "lexical_p95_ms": lexical,
        "vector_p95_ms": vector,
        "ratio_to_slower_leg": round(p95 / max(lexical, vector), 2),
    }


async def run(rows: int, distinct: int) -> None:
    questions = make_questions(QUESTIONS)
    filings = list(make_filings(max(10, round(rows * FULL_DOCUMENTS / FULL_ROWS))))
    tenth = max(1, len(filings) // 10)
    async with open_service(postgres=POSTGRES) as resources:
        embedder = await open_embedder(resources, distinct, questions)
        async with resources.sessions.begin() as session:
            model_id = await register_embedder(session, embedder)
            model = await find_current(session)
            assert model is not None
            await drop_indexes(session, model)
        bench = Bench(resources=resources, embedder=embedder, questions=questions, model_id=model_id)
        async with resources.sessions.begin() as session:
            await create_collection(session, DEFAULT_PROJECT, name="half")
        await load(bench, filings[:tenth], first=0)
        await index(bench)
        small, _, _ = await time_searches(bench.searching(Filters()), questions)
        async with resources.sessions.begin() as session:
            await drop_indexes(session, model)
        await load(bench, filings[tenth:], first=tenth)
        seconds, megabytes = await index(bench)
        say(f"index built in {seconds:.0f} s, {megabytes:.0f} MB")
        legs = await measure_legs(bench)
        figures = {
            "rows": sum(len(filing.entries) + len(filing.pages) for filing in filings),
            "recall10": await measure_recall(bench),
            **legs,
            **await measure_filters(bench, legs["hybrid_p95_ms"]),
            "growth_10x": round(legs["hybrid_p50_ms"] / small, 2),
            "index_seconds": round(seconds, 1),
            "index_mb": round(megabytes, 1),
            "peers": {
                **await measure_peer(bench),
                "langchain_postgres": await measure_langchain(bench, str(resources.settings.database_url)),
            },
            "distinct_texts_embedded": distinct,
        }
    report([(name, value) for name, value in figures.items() if name != "peers"], figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="entries in the store")
    parser.add_argument("--distinct", type=int, default=20_000, help="texts embedded for real")
    options = parser.parse_args()
    asyncio.run(run(options.rows, options.distinct))


if __name__ == "__main__":
    main()
