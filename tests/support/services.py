"""Real Postgres and Redis for tests, in a temporary folder, with a migrated template to clone databases from."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from app.embedded import PostgresServer, RedisServer
from app.migrate import migrate

TEMPLATE = "migrated"
FAST_AND_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


class Services:
    """Both servers and the addresses of fresh databases on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = PostgresServer(folder, settings=FAST_AND_UNSAFE)
        self.redis = RedisServer(folder)
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Start both and migrate the template."""
        self.postgres.start()
        self.redis.start()
        self.postgres.create_database(TEMPLATE)
        migrate(self.postgres.url(TEMPLATE))

    def stop(self) -> None:
        """Stop both."""
        self.redis.stop()
        self.postgres.stop()

    def fresh_database(self) -> str:
        """Return the address of a new database with the newest schema and no rows but those of the migrations."""
        name = f"test_{next(self._numbers)}"
        self.postgres.create_database(name, template=TEMPLATE)
        return self.postgres.url(name)

    def fresh_redis(self) -> str:
        """Return the address of an emptied Redis database; there are 63, taken in turn."""
        url = self.redis.url(next(self._numbers) % 63 + 1)
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return url


@contextmanager
def open_services() -> Iterator[Services]:
    """Run the servers in a temporary folder of their own."""
    with tempfile.TemporaryDirectory(prefix="symposium-test-") as name:
        services = Services(Path(name))
        try:
            services.start()
            yield services
        finally:
            services.stop()
