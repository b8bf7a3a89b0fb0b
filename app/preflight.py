"""What is looked at before a process starts, so that what is wrong is said in one sentence."""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_address

import psycopg
import redis
from pydantic import ValidationError

from app.errors import AppError, CannotStart
from app.settings import Settings

CONNECT_SECONDS = 5


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """End the process with exit code 1 and the error's sentence on stderr instead of a traceback."""
    try:
        yield
    except AppError as error:
        sys.exit(error.detail)


def read_settings() -> Settings:
    """Return the settings of the environment. Raises CannotStart that names what is wrong with them."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise CannotStart(f"The settings make no sense: {wrong}.") from None


def check_port(host: str, port: int) -> int:
    """Return the port, a free one for 0. Raises CannotStart when it can't be listened on."""
    try:
        with socket.create_server((host, port), family=_family(host)) as server:
            found: int = server.getsockname()[1]
            return found
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            said = f"Port {port} is taken; stop what listens there, or set SYMPOSIUM_PORT to another one."
        else:
            said = f"Can't listen on {host} port {port}: {error.strerror or error}; see SYMPOSIUM_HOST, SYMPOSIUM_PORT."
        raise CannotStart(said) from None


def check_database(url: str) -> None:
    """Raise CannotStart when the database does not answer."""
    try:
        psycopg.connect(f"postgresql://{url.partition('://')[2]}", connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        raise CannotStart(f"The database of DATABASE_URL can't be reached: {first_line(error)}") from None


def check_redis(url: str) -> None:
    """Raise CannotStart when Redis does not answer."""
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise CannotStart(f"The Redis of REDIS_URL can't be reached: {first_line(error)}") from None


def check_exposure(host: str, url: str) -> None:
    """Raise CannotStart when a host that others reach is to be served without any API key."""
    if not is_loopback(host) and not keys_exist(url):
        raise CannotStart(
            f"Without an API key only this machine may be served, not {host}: make a key with "
            "`symposium key create --project default --scope admin`, or set SYMPOSIUM_HOST=127.0.0.1."
        )


def keys_exist(url: str) -> bool:
    """Whether the database ever had an API key. Raises CannotStart when it has no tables."""
    try:
        with psycopg.connect(f"postgresql://{url.partition('://')[2]}", connect_timeout=CONNECT_SECONDS) as connection:
            found = connection.execute("select exists(select 1 from api_keys)").fetchone()
    except psycopg.errors.UndefinedTable:
        raise CannotStart("The database has not the schema of this version: run `symposium migrate`.") from None
    return bool(found and found[0])


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def first_line(error: Exception) -> str:
    """Return the first line of what a driver says."""
    return (str(error).strip() or repr(error)).splitlines()[0]


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
