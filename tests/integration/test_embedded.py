"""The embedded servers: what survives a stop, a kill, and a second start."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from app.embedded import RedisServer, lock_folder, open_embedded
from app.errors import CannotStart
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


def test_a_second_start_on_a_held_folder_says_so(data_dir: Path) -> None:
    with lock_folder(data_dir), pytest.raises(CannotStart, match=f"already running .*process {os.getpid()}"):
        with lock_folder(data_dir):
            pass
    with lock_folder(data_dir) as folder:
        assert folder == data_dir


def test_a_folder_that_can_not_be_made_is_named(data_dir: Path) -> None:
    (data_dir / "file").touch()
    with pytest.raises(CannotStart, match=r"file/data can't be written \(not a directory\)"):
        with lock_folder(data_dir / "file" / "data"):
            pass


START_AND_HANG = """
import sys, time
from pathlib import Path
from app.embedded import open_embedded
with open_embedded(Path(sys.argv[1])) as addresses:
    print(addresses.database_url, addresses.redis_url, flush=True)
    time.sleep(600)
"""


def test_servers_end_with_a_killed_parent_and_keep_what_was_committed(data_dir: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", START_AND_HANG, str(data_dir)], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        database_url, redis_url = parent.stdout.readline().split()
        with psycopg.connect(database_url) as connection:
            connection.execute("create table kept as select 1 as one")
        with redis.Redis.from_url(redis_url) as client:
            client.set("kept", 1)
        parent.kill()
    with open_embedded(data_dir) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("select one from kept").fetchone() == (1,)
        with redis.Redis.from_url(addresses.redis_url) as client:
            assert client.get("kept") == b"1"


def test_data_is_there_after_a_stop_even_where_pid_files_name_a_stranger(data_dir: Path) -> None:
    with open_embedded(data_dir) as addresses, psycopg.connect(addresses.database_url) as connection:
        connection.execute("create table kept as select 1 as one")
    for name in ("postgres/postmaster.pid", "sockets/postgres/.s.PGSQL.5432.lock"):
        (data_dir / name).write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n0\n5432\n\n\n 1 1\nready\n")
    with open_embedded(data_dir) as addresses, psycopg.connect(addresses.database_url) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_redis_killed_at_once_keeps_what_it_acknowledged(data_dir: Path) -> None:
    server = RedisServer(data_dir)
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        client.set("kept", 1)
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        assert client.get("kept") == b"1"
    server.stop()


def test_a_redis_file_nobody_can_read_is_set_aside(data_dir: Path) -> None:
    server = RedisServer(data_dir)
    server.folder.mkdir(parents=True)
    (server.folder / "appendonly.aof").write_bytes(b"\x00not a file of ours" * 100)
    (server.folder / "appendonlydir").mkdir()
    (server.folder / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense")
    server.start()
    server.stop()
    assert [folder.is_dir() for folder in data_dir.glob("redis.unreadable-*")] == [True]
