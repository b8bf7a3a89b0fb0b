"""Requests to addresses that strangers name: http(s) only, public addresses only, within a size and a time.

A host is resolved once for each connection, every address it has is checked, and the connection is made to the checked
address itself, so a name can't point elsewhere between check and connection. Proxies of the environment are not used.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import TracebackType
from typing import Any, Self

import httpcore2
import httpx2

from app.errors import AddressRefused, FetchFailed, TooLarge

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → the addresses of a host, as text. Raises OSError for an unknown name."""

SCHEMES = frozenset({"http", "https"})
HOST = re.compile(rb"[\w.:-]{1,253}", re.ASCII)
MAX_URL = 2_048
MAX_REDIRECTS = 5
MAX_ADDRESSES = 4
CONNECT_SECONDS = 10.0
MAX_REPLY = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GLOBAL_UNICAST = ip_network("2000::/3")
NEVER = tuple(map(ip_network, ("192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Relays and tunnels that lead to addresses inside them, and what is for documentation."""
NETWORK_ERRORS = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError)
USER_AGENT = b"Symposium"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file as it was fetched."""

    content: bytes
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer to a post: its status, its `Retry-After` as sent, and the beginning of its body."""

    status: int
    retry_after: str
    body: bytes


def is_public(address: Address) -> bool:
    """Whether an address is on the open internet, and reaches nothing else by tunnel or mapping."""
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in NEVER)


def check_url(url: str, private_networks: Sequence[Network] = ()) -> httpx2.URL:
    """Return a URL that may be tried; what its host resolves to is checked at the connection. Raises AddressRefused."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise AddressRefused(f"This is not a URL: {error}.") from None
    if len(url) > MAX_URL or parsed.scheme not in SCHEMES or not parsed.host:
        raise AddressRefused("Only http:// and https:// addresses can be reached.")
    if not HOST.fullmatch(parsed.raw_host) or (parsed.port or 1) not in range(1, 65_536):
        raise AddressRefused("There can be no such host or port.")
    if parsed.userinfo:
        raise AddressRefused("An address with a name or password in it is not used.")
    literal = _read_literal(parsed.host)
    if literal is not None:
        _check(literal, parsed.host, private_networks)
    return parsed


def _read_literal(host: str) -> Address | None:
    """Return the address a host is in itself, in any form that the system takes: 127.1, 0x7f.1, 2130706433, 0177.1."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _check(address: Address, host: str, private_networks: Sequence[Network]) -> None:
    if not is_public(address) and not any(address in network for network in private_networks):
        raise AddressRefused(f"{host} is not on the public internet.")


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses the system knows for a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, private_networks: Sequence[Network], resolve: Resolve) -> None:
        self._private_networks = private_networks
        self._resolve = resolve
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check all addresses, connect to the first that answers. Raises AddressRefused, FetchFailed."""
        addresses = await self._resolve_checked(host, port)
        failure: Exception = FetchFailed(f"{host} has no address.")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return await self._plain.connect_tcp(
                    address, port, timeout or CONNECT_SECONDS, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse."""
        raise AddressRefused("Only http:// and https:// addresses can be reached.")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _resolve_checked(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchFailed(f"There is no host {host}.") from error
        addresses = [ip_address(address) for address in found]
        for address in addresses:
            _check(address, host, self._private_networks)
        return [str(address) for address in addresses]


class Fetcher:
    """Gets files and posts messages; `private_networks` are reached although they are not public."""

    def __init__(
        self,
        *,
        max_bytes: int = 64 * 2**20,
        seconds: float = 60,
        private_networks: Sequence[Network] = (),
        resolve: Resolve = resolve_host,
    ) -> None:
        self.max_bytes = max_bytes
        self.seconds = seconds
        self.private_networks = tuple(private_networks)
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=GuardedBackend(self.private_networks, resolve),
            max_connections=None,
            max_keepalive_connections=0,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: Any) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def fetch(self, url: str) -> Fetched:
        """Return the file at a URL. Raises AddressRefused, FetchFailed, TooLarge."""
        async with _Told(url, self.seconds):
            for _ in range(MAX_REDIRECTS + 1):
                parsed = check_url(url, self.private_networks)
                async with self._pool.stream("GET", _core_url(parsed), headers=_headers(parsed)) as response:
                    if response.status not in REDIRECTS:
                        return await self._read_file(parsed.host, response)
                    url = _redirected(parsed, response)
            raise FetchFailed(f"{parsed.host} redirects more than {MAX_REDIRECTS} times.")

    async def post(self, url: str, content: bytes, headers: dict[str, str], *, seconds: float) -> Reply:
        """Post a body and return the answer, whatever its status; redirects are not followed.

        Raises AddressRefused, FetchFailed.
        """
        async with _Told(url, seconds):
            parsed = check_url(url, self.private_networks)
            more = [(name.encode(), value.encode()) for name, value in headers.items()]
            all_headers = [*_headers(parsed), *more, (b"content-length", str(len(content)).encode())]
            async with self._pool.stream("POST", _core_url(parsed), headers=all_headers, content=content) as response:
                body = bytearray()
                async for chunk in response.aiter_stream():
                    body += chunk
                    if len(body) > MAX_REPLY:
                        break
                return Reply(
                    status=response.status, retry_after=_header(response, b"retry-after"), body=bytes(body[:MAX_REPLY])
                )

    async def _read_file(self, host: str, response: httpcore2.Response) -> Fetched:
        if response.status != 200:
            raise FetchFailed(f"{host} answered with status {response.status}.")
        if _header(response, b"content-encoding") not in ("", "identity"):
            raise FetchFailed(f"{host} sent a compressed answer that was not asked for.")
        length = _header(response, b"content-length")
        if length.isdigit() and int(length) > self.max_bytes:
            raise self._too_large()
        content = bytearray()
        async for chunk in response.aiter_stream():
            content += chunk
            if len(content) > self.max_bytes:
                raise self._too_large()
        return Fetched(content=bytes(content), media_type=_header(response, b"content-type"))

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The file is larger than the {self.max_bytes // 2**20} MB this service takes.")


class _Told:
    """Within so many seconds; what the network raises becomes a FetchFailed that names the host."""

    def __init__(self, url: str, seconds: float) -> None:
        self._host = url.partition("://")[2].partition("/")[0][:253]
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, at)
        except TimeoutError:
            raise FetchFailed(f"{self._host} did not answer in full within {self._seconds:g} s.") from error
        if isinstance(error, NETWORK_ERRORS):
            said = str(error) or type(error).__name__
            raise FetchFailed(f"{self._host} can't be reached: {said}.") from error


def _core_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _headers(url: httpx2.URL) -> list[tuple[bytes, bytes]]:
    return [(b"host", url.netloc), (b"user-agent", USER_AGENT), (b"accept-encoding", b"identity")]


def _header(response: httpcore2.Response, name: bytes) -> str:
    return next((value.decode("latin-1").strip() for key, value in response.headers if key.lower() == name), "")


def _redirected(url: httpx2.URL, response: httpcore2.Response) -> str:
    location = _header(response, b"location")
    try:
        return str(url.join(location)) if location else ""
    except (httpx2.InvalidURL, ValueError):
        return ""
