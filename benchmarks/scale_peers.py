"""What a user would pick instead, with the same rows in the same database.

A plain `ts_rank` and pgvector search fused by reciprocal rank, as tutorials have it; LangChain's PGVectorStore with
hybrid search, installed into an environment of its own.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import text

from app.db import Json
from app.knowledge.search import vector_text
from benchmarks.scale_store import Store
from benchmarks.timing import time_in_turns

QUESTIONS = 50
PACKAGES = ("langchain-postgres==0.0.19", "psycopg[binary]")
TABLE = """
create table if not exists peer (id uuid, text text, words tsvector, embedding halfvec({dimension}));
insert into peer
select id, text, to_tsvector('english', text) as words, embedding::halfvec({dimension})
from entries where embedding_model_id = {model_id} and not exists (select from peer);
create index if not exists peer_words on peer using gin (words);
create index if not exists peer_embedding on peer using hnsw (embedding halfvec_cosine_ops);
analyze peer
"""
HYBRID = """
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
NEAR = "select id from peer order by embedding <=> cast(:vector as halfvec({dimension})) limit 10"
EXACT = "select id from peer order by (embedding <=> cast(:vector as halfvec({dimension}))) + 0 limit 10"


async def measure_ts_rank(store: Store, recall_questions: int) -> Json:
    """Return the 95th percentile of `ts_rank` with pgvector and the recall of its vector half."""
    for statement in store.sql(TABLE).split(";"):
        async with store.resources.sessions.begin() as session:
            await session.execute(text("set local maintenance_work_mem = '1GB'"))
            await session.execute(text(statement))

    async def ask(statement: str, question: str) -> Sequence[object]:
        [vector] = await store.embedder.embed([question])
        words = " | ".join("".join(c if c.isalnum() else " " for c in question).split())
        values = {"vector": vector_text(vector)} | ({"words": words} if ":words" in statement else {})
        async with store.resources.sessions() as session:
            return (await session.execute(text(store.sql(statement)), values)).scalars().all()

    times = await time_in_turns({"peer": lambda question: ask(HYBRID, question)}, store.questions[:QUESTIONS])
    shares = []
    for question in store.questions[:recall_questions]:
        found, exact = await ask(NEAR, question), await ask(EXACT, question)
        shares.append(len({*found} & {*exact}) / 10)
    return {"p95_ms": times["peer"].p95, "recall10": round(float(np.mean(shares)), 4)}


async def measure_langchain(store: Store, recall_questions: int) -> Json:
    """Return the same of LangChain's PGVectorStore, or why it could not be had."""
    vectors = await store.embedder.embed(store.questions)
    given = {
        "url": str(store.resources.settings.database_url),
        "dimension": store.model.dimension,
        "questions": list(store.questions),
        "vectors": vectors.tolist(),
        "recall_questions": recall_questions,
    }
    with tempfile.TemporaryDirectory(prefix="symposium-peer-") as folder:
        python = f"{folder}/bin/python"
        script = str(Path(__file__).with_name("peer_langchain.py"))
        for command in ([sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install", "-q", *PACKAGES]):
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
