"""PgBouncer in transaction mode before the tests' Postgres."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.support.waiting import wait_until

CONFIG = """
[databases]
* = host={sockets} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = 200
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


def find_pgbouncer() -> str | None:
    """Return where the program is, if it is installed."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def running_pgbouncer(database_url: str, *, servers: int) -> Iterator[str]:
    """Pool so many connections to the database's server; give the database's address behind the pool."""
    url = urlsplit(database_url)
    sockets = parse_qs(url.query)["host"][0]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="symposium-pool-") as name:
        config = Path(name) / "pgbouncer.ini"
        config.write_text(CONFIG.format(sockets=sockets, port=port, servers=servers, folder=name))
        command = [str(find_pgbouncer()), str(config)]
        if os.geteuid() == 0:
            account = pwd.getpwuid(Path(sockets).stat().st_uid)
            os.chown(name, account.pw_uid, account.pw_gid)
            command[1:1] = ["-u", account.pw_name]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pooled = f"postgresql://postgres@127.0.0.1:{port}{url.path}"
        try:
            wait_until(lambda: _answers(pooled), seconds=30)
            yield pooled
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
