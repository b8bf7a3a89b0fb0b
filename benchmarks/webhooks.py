"""How soon a signed call that brings documents is answered, with one document in it and with hundreds.

`python -m benchmarks.webhooks` starts an API process on a Postgres and a Redis of its own and sends to it over HTTP.
The documents are addresses on a server that counts its connections: had the API fetched, it would be seen.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from ipaddress import ip_network
from pathlib import Path

import httpx2
from uuid_utils.compat import uuid7

from app.embedded import open_embedded
from app.migrate import migrate
from app.settings import Settings
from app.webhooks.signing import sign_headers
from benchmarks.support import report, say
from tests.support.listener import open_listener
from tests.support.processes import running_api

WARM_UP = 5


async def send(http: httpx2.AsyncClient, source: dict[str, str], body: bytes) -> float:
    """Send a signed call and return after how many milliseconds it was accepted."""
    headers = sign_headers([source["secret"]], f"msg_{uuid7().hex}", int(time.time()), body)
    began = time.perf_counter()
    response = await http.post(source["path"], content=body, headers=headers)
    taken = (time.perf_counter() - began) * 1000
    assert response.status_code == 202, response.text
    return taken


def build_body(address: str, documents: int) -> bytes:
    """Return a call with so many addresses nobody has sent before."""
    return json.dumps([{"url": f"{address}/{uuid7()}.pdf"} for _ in range(documents)]).encode()


async def measure(http: httpx2.AsyncClient, address: str, *, calls: int, documents: int) -> list[float]:
    """Return the milliseconds of so many calls, one after another."""
    made = await http.post("/v1/sources", json={"name": f"Feed of {documents}"})
    source = made.raise_for_status().json()
    times = [await send(http, source, build_body(address, documents)) for _ in range(calls + WARM_UP)]
    return times[WARM_UP:]


async def compare(api: str, *, calls: int, documents: int) -> dict[str, float]:
    """Measure calls with one document and with many, and return the figures."""
    async with open_listener() as listener, httpx2.AsyncClient(base_url=api, timeout=60) as http:
        one = await measure(http, listener.url(), calls=calls, documents=1)
        many = await measure(http, listener.url(), calls=max(20, calls // 3), documents=documents)
    return {
        "one_p50_ms": round(statistics.median(one), 1),
        "one_p95_ms": round(statistics.quantiles(one, n=20)[-1], 1),
        "documents": documents,
        "many_p50_ms": round(statistics.median(many), 1),
        "many_p95_ms": round(statistics.quantiles(many, n=20)[-1], 1),
        "fetched": listener.connections,
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.webhooks", description=main.__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--documents", type=int, default=300, help="in the larger calls")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="symposium-benchmark-") as name, open_embedded(Path(name)) as addresses:
        migrate(addresses.database_url)
        settings = Settings(
            _env_file=None,
            data_dir=Path(name),
            database_url=addresses.database_url,
            redis_url=addresses.redis_url,
            engine="offline",
            embedder="openai",
            fetch_private_networks=[ip_network("127.0.0.1/32")],
        )
        with running_api(settings, Path(name)) as api:
            say(f"{given.calls} calls with one document, then calls with {given.documents}")
            figures = asyncio.run(compare(api, calls=given.calls, documents=given.documents))
    report(figures.items(), figures)


if __name__ == "__main__":
    main()
