"""The whole service behind PgBouncer in transaction mode, with fewer connections than it holds itself."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest

from app.settings import Settings
from tests.integration.runs.conftest import wait_for
from tests.support.pgbouncer import find_pgbouncer, running_pgbouncer

pytestmark = pytest.mark.skipif(find_pgbouncer() is None, reason="pgbouncer is not installed")


@pytest.fixture(scope="module")
def settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_pgbouncer(database_url, servers=3) as pooled:
        yield Settings(
            _env_file=None,
            data_dir=tmp_path_factory.getbasetemp() / "data",
            database_url=pooled,
            database_pooler=True,
            redis_url=redis_url,
            engine="offline",
            heartbeat_seconds=0.2,
            redelivery_seconds=2,
            upkeep_seconds=0.5,
            drain_seconds=5,
        )


@pytest.mark.usefixtures("worker")
async def test_runs_documents_and_searches_share_few_connections(http: httpx2.AsyncClient) -> None:
    posts = [http.post("/v1/steps", json={"steps": 4}, headers={"Idempotency-Key": f"k{n}"}) for n in range(15)]
    texts = [
        http.post("/v1/documents", json={"text": f"Pier {n} was built in {1900 + n}.", "filename": f"{n}.md"})
        for n in range(4)
    ]
    accepted = await asyncio.gather(*posts, *texts)
    assert {answer.status_code for answer in accepted} == {202}
    bodies = [answer.json() for answer in accepted]
    ids = [body["run"]["id"] if "run" in body else body["id"] for body in bodies]
    runs = await asyncio.gather(*(wait_for(http, run_id) for run_id in ids))
    assert {run["status"] for run in runs} == {"succeeded"}
    found = await asyncio.gather(*(http.post("/v1/search", json={"query": f"pier {n} built"}) for n in range(12)))
    assert all(answer.json()["results"] for answer in found)


@pytest.mark.usefixtures("worker")
async def test_streams_behind_the_pool_have_neither_gap_nor_double(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 5})).json()
    frames = (await http.get(f"/v1/runs/{run['id']}/events")).text
    seqs = [int(line[4:]) for line in frames.splitlines() if line.startswith("id: ")]
    assert seqs == list(range(1, len(seqs) + 1))
    assert "event: run.succeeded" in frames
