"""How search holds at size: a generated store of `--rows` entries, loaded first and indexed after.

Recall counts what the vector leg finds of the ten nearest by comparing all. Times are of whole searches, the embedding
of the question taken from a cache; each question is asked of everything that is compared in turn, and so is a store of
a tenth of the size on the same server. The peers (`benchmarks.scale_peers`) have the same rows in the same database.
Vectors are as `benchmarks.generated` says.
"""

import argparse
import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import text

from app.db import Json
from app.knowledge.effort import Effort
from app.knowledge.search import vector_text
from app.knowledge.types import Filters
from benchmarks.generated import FULL_DOCUMENTS, FULL_ROWS, make_filings, make_questions
from benchmarks.scale_peers import measure_langchain, measure_ts_rank
from benchmarks.scale_store import Store, index, open_embedder, open_second, open_store
from benchmarks.support import open_service, report, say
from benchmarks.timing import Timed, time_at_once, time_in_turns

QUESTIONS, RECALL_QUESTIONS = 100, 40
POSTGRES = {"shared_buffers": "1GB", "maintenance_work_mem": "1GB"}
EXACT = """
select id from entries where level = 'insight' and embedding_model_id = {model_id}
order by (embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension}))) + 0, id limit 10
"""
ODD = {
    "2,000 words": " ".join(f"{number} revenue{number}" for number in range(1_000)),
    "frequent words only": "net sales of the quarter, costs, income and expense in millions " * 40,
    "stop words only": "the of and to in was were that",
    "punctuation only": "?!… — ;:()[]{}" * 20,
    "NUL bytes": "net\x00sales\x00in\x00Japan",
    "emoji": "📈 sales 💶 in 🇯🇵?",
    "right to left": "ما هي المبيعات في اليابان؟ \u202eselas\u202c",
    "SQL": "'; drop table entries; -- %s {0} $1 :project \\",
    "one word 10,000 times": "sales " * 10_000,
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The store and one of a tenth of its size."""

    store: Store
    tenth: Store


async def measure_recall(store: Store) -> float:
    """Return the share of the ten nearest insights that the vector leg finds."""
    knowledge, insights, shares = store.knowledge(lexical=0), Filters(levels=("insight",)), []
    for question in store.questions[:RECALL_QUESTIONS]:
        [vector] = await store.embedder.embed([question])
        async with store.resources.sessions() as session:
            nearest = set(await session.scalars(text(store.sql(EXACT)), {"vector": vector_text(vector)}))
        found = {hit.entry.id for hit in await knowledge.search(question, filters=insights, limit=10)}
        shares.append(len(nearest & found) / 10)
    return round(float(np.mean(shares)), 4)


async def choose_filters(store: Store) -> dict[str, Filters]:
    """Return filters that keep half, a hundredth and a ten-thousandth of a full store."""
    knowledge = store.knowledge()
    [half] = await knowledge.resolve_collections(["half"])
    [document] = (await knowledge.list_documents([half]))[:1]
    return {
        "50%": Filters(collection_ids=(half,)),
        "1%": Filters(metadata={"bucket": "1"}),
        "0.01%": Filters(document_ids=(document.id,), page_from=3, page_to=4, levels=("insight",)),
    }


async def measure_times(pair: Pair) -> Json:
    """Return times of hybrid searches, of each leg alone, with filters, and of the smaller store, all in turns."""
    store = pair.store
    filters = await choose_filters(store)
    searches = {
        "hybrid": store.searching(),
        "lexical": store.searching(vector=0),
        "vector": store.searching(lexical=0),
        "tenth": pair.tenth.searching(),
        **{name: store.searching(chosen) for name, chosen in filters.items()},
    }
    times = await time_in_turns(searches, store.questions)
    eight = await time_at_once(store.searching(), store.questions, clients=8)
    hybrid, slower = times["hybrid"], max(times["lexical"].p95, times["vector"].p95)
    filtered = {name: times[name].p95 for name in filters}
    return {
        "hybrid_p50_ms": hybrid.p50,
        "hybrid_p95_ms": hybrid.p95,
        "hybrid_8_clients_p50_ms": eight.p50,
        "hybrid_8_clients_p95_ms": eight.p95,
        "lexical_p95_ms": times["lexical"].p95,
        "vector_p95_ms": times["vector"].p95,
        "ratio_to_slower_leg": round(hybrid.p95 / slower, 2),
        "short_results": await _count_short(store, filters, times),
        "filtered_ratio": round(max(filtered.values()) / hybrid.p95, 2),
        "filtered_p95_ms": filtered,
        "growth_10x": round(hybrid.p50 / times["tenth"].p50, 2),
    }


async def _count_short(store: Store, filters: Mapping[str, Filters], times: Mapping[str, Timed]) -> int:
    """Return how many searches gave fewer than ten, though comparing everything gives more."""
    compared = store.knowledge(effort=Effort(exact_below=10**9))
    short = 0
    for name, chosen in filters.items():
        matching = len(await compared.search(store.questions[0], filters=chosen, limit=10))
        say(f"filter that keeps {name}: {matching} of 10 match")
        short += sum(count < matching for count in times[name].counts)
    return short


async def measure_odd(store: Store) -> Json:
    """Return the slowest of odd queries, each the best of three tries, and how many gave fewer than ten results."""
    search = store.searching()
    milliseconds, short = {}, 0
    for name, query in ODD.items():
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            short += len(await search(query)) < 10
            seconds.append(time.perf_counter() - began)
        milliseconds[name] = round(min(seconds) * 1000, 1)
    slowest = max(milliseconds, key=milliseconds.__getitem__)
    return {"odd_slowest_ms": milliseconds[slowest], "odd_slowest": slowest, "odd_short": short, "odd_ms": milliseconds}


async def run(rows: int, distinct: int, keep: Path | None) -> None:
    questions = make_questions(QUESTIONS)
    filings = list(make_filings(max(10, round(rows * FULL_DOCUMENTS / FULL_ROWS))))
    async with AsyncExitStack() as stack:
        resources = await stack.enter_async_context(open_service(postgres=POSTGRES, keep=keep))
        small = await stack.enter_async_context(open_second(resources, "tenth"))
        embedder = await open_embedder(resources, distinct, questions)
        tenth = await open_store(small, embedder, questions, filings[: max(1, len(filings) // 10)])
        await index(tenth, keep)
        store = await open_store(resources, embedder, questions, filings)
        built = await index(store, keep)
        say(f"index: {built}")
        figures: Json = {"rows": sum(len(filing.entries) + len(filing.pages) for filing in filings)}
        figures |= {"recall10": await measure_recall(store)}
        figures |= await measure_times(Pair(store=store, tenth=tenth))
        figures |= await measure_odd(store)
        figures |= built | {"distinct_texts_embedded": distinct}
        say(f"without the peers: {figures}")
        figures["peers"] = {
            "ts_rank_and_pgvector": await measure_ts_rank(store, RECALL_QUESTIONS),
            "langchain_postgres": await measure_langchain(store, RECALL_QUESTIONS),
        }
    report([(name, value) for name, value in figures.items() if name != "odd_ms"], figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="entries in the store")
    parser.add_argument("--distinct", type=int, default=20_000, help="texts embedded for real")
    parser.add_argument("--keep", type=Path, help="a folder where the store stays, to go on from in the next run")
    options = parser.parse_args()
    asyncio.run(run(options.rows, options.distinct, options.keep))


if __name__ == "__main__":
    main()
