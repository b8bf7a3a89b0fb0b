"""The embedded servers: what survives a stop, a kill, and a second start."""

from pathlib import Path

import psycopg
import redis

from app.embedded import open_embedded
from app.migrate import migrate
from tests.support.services import Services


def test_a_fresh_database_has_the_schema_the_checkpoint_tables_and_pgvector(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        names = {row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'public'")}
        version = connection.execute("select extversion from pg_extension where extname = 'vector'").fetchone()
    assert {"runs", "entries", "checkpoints", "checkpoint_writes"} <= names
    assert version is not None
    assert tuple(map(int, version[0].split("."))) >= (0, 8, 4)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from alembic_version").fetchone() == (1,)


def test_two_fresh_databases_share_no_rows(services: Services) -> None:
    first, second = services.fresh_database(), services.fresh_database()
    with psycopg.connect(first) as connection:
        connection.execute("delete from projects")
    with psycopg.connect(second) as connection:
        assert connection.execute("select count(*) from projects").fetchone() == (1,)


def test_data_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    with open_embedded(tmp_path) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("create table kept as select 1 as one")
        redis.Redis.from_url(addresses.redis_url).set("kept", 1)
    with open_embedded(tmp_path) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("select one from kept").fetchone() == (1,)
        assert redis.Redis.from_url(addresses.redis_url).get("kept") == b"1"
