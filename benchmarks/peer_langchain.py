"""LangChain's PGVectorStore with hybrid search over the benchmark's rows; run by an environment of its own.

Reads JSON on stdin: `url`, `dimension`, `questions`, `vectors`, `recall_questions`; prints one line of JSON.
"""

import json
import sys
import time
from typing import Any

import psycopg
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from langchain_postgres.v2.hybrid_search_config import HybridSearchConfig, reciprocal_rank_fusion
from langchain_postgres.v2.indexes import HNSWIndex

TABLE = "peer_langchain"
FILL = f"""
insert into {TABLE} (langchain_id, content, embedding, content_tsv)
select id, text, embedding::vector, to_tsvector('pg_catalog.english', text) from entries where embedding is not null
"""
KEYWORDS = f"select exists (select from {TABLE} where content_tsv @@ plainto_tsquery('pg_catalog.english', %s))"
EXACT = f"select langchain_id from {TABLE} order by (embedding <=> %s::vector) + 0 limit 10"


class Given(Embeddings):
    """Vectors that are known already."""

    def __init__(self, vectors: dict[str, list[float]]) -> None:
        self._vectors = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self._vectors[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self._vectors[text]


def main() -> None:
    given: dict[str, Any] = json.load(sys.stdin)
    vectors = dict(zip(given["questions"], given["vectors"], strict=True))
    plain = given["url"]
    engine = PGEngine.from_connection_string(url=plain.replace("postgresql://", "postgresql+psycopg://", 1))
    hybrid = HybridSearchConfig(fusion_function=reciprocal_rank_fusion)
    chosen: dict[str, Any] = {"engine": engine, "table_name": TABLE, "embedding_service": Given(vectors)}
    with psycopg.connect(plain, autocommit=True) as connection:
        if connection.execute("select to_regclass(%s)", [TABLE]).fetchone() == (None,):
            engine.init_vectorstore_table(table_name=TABLE, vector_size=given["dimension"], hybrid_search_config=hybrid)
            connection.execute(FILL)
            connection.execute(f"analyze {TABLE}")
            filled = PGVectorStore.create_sync(**chosen, hybrid_search_config=hybrid)
            filled.apply_vector_index(HNSWIndex())
            filled.apply_hybrid_search_index()
        answered = [connection.execute(KEYWORDS, [question]).fetchone() == (True,) for question in given["questions"]]
    store = PGVectorStore.create_sync(**chosen, hybrid_search_config=hybrid)
    seconds = []
    for question in given["questions"]:
        began = time.perf_counter()
        store.similarity_search(question, k=10)
        seconds.append(time.perf_counter() - began)
    near, shares = PGVectorStore.create_sync(**chosen), []
    with psycopg.connect(plain) as connection:
        for question in given["questions"][: given["recall_questions"]]:
            exact = {str(row[0]) for row in connection.execute(EXACT, [str(vectors[question])])}
            shares.append(len(exact & {str(found.id) for found in near.similarity_search(question, k=10)}) / 10)
    p95 = sorted(seconds)[int(len(seconds) * 0.95)] * 1000
    figures = {
        "p95_ms": round(p95, 1),
        "recall10": round(sum(shares) / len(shares), 4),
        "keyword_leg_answered": round(sum(answered) / len(answered), 4),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
