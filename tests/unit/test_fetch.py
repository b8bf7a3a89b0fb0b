"""Guarded fetching: what is refused never reaches a server that listens for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address, ip_network

import pytest
import pytest_asyncio

from app.errors import AddressRefused, FetchFailed, TooLarge
from app.fetch import Fetcher, check_url, is_public
from tests.support.listener import Listener, open_listener, reply

LOOPBACK = ip_network("127.0.0.1/32")
PUBLIC = "93.184.215.14"


@pytest_asyncio.fixture(loop_scope="session")
async def listener() -> AsyncIterator[Listener]:
    async with open_listener() as listening:
        yield listening


@pytest_asyncio.fixture(loop_scope="session")
async def allowed() -> AsyncIterator[Fetcher]:
    """A fetcher that may go to this machine."""
    async with Fetcher(private_networks=[LOOPBACK], max_bytes=1000, seconds=5) as fetcher:
        yield fetcher


def resolving(*answers: str) -> Fetcher:
    """Return a fetcher for which every name has these addresses."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return answers

    return Fetcher(resolve=resolve, seconds=5)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "１２７.０.０.１",
        "127。0。0。1",
    ],
)
async def test_no_spelling_of_this_machine_is_reached(listener: Listener, host: str) -> None:
    async with Fetcher(seconds=5) as fetcher:
        with pytest.raises((AddressRefused, FetchFailed)):
            await fetcher.fetch(f"http://{host}:{listener.port}/")
        with pytest.raises((AddressRefused, FetchFailed)):
            await fetcher.post(f"http://{host}:{listener.port}/", b"{}", {}, seconds=5)
    assert listener.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:0:53aa:64c:0:0:f5ff:fffe",
        "2001:db8::1",
        "100::1",
    ],
)
async def test_a_name_of_a_private_address_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(AddressRefused, match=r"inside\.example is not on the public internet"):
        await resolving(address).fetch("http://inside.example/")


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC, "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_addresses_on_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_one_private_address_among_public_ones_is_refused(listener: Listener) -> None:
    with pytest.raises(AddressRefused):
        await resolving(PUBLIC, "127.0.0.1").fetch(f"http://both.example:{listener.port}/")
    assert listener.connections == 0


async def test_a_name_is_looked_up_once_a_connection_and_what_was_checked_is_what_is_reached(
    listener: Listener,
) -> None:
    """DNS rebinding: had the name been looked up again, it would have led elsewhere."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with Fetcher(resolve=resolve, private_networks=[LOOPBACK], seconds=5) as fetcher:
        url = f"http://rebound.example:{listener.port}/"
        await fetcher.fetch(url)
        assert (asked, listener.connections) == (["rebound.example"], 1)
        with pytest.raises(AddressRefused):
            await fetcher.fetch(url)
    assert listener.connections == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a",
        "gopher://example.com",
        "//example.com/a",
        "example.com",
        "http://",
        "http:///path",
        "http://user:word@example.com/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://[::1",
        "http://a\r\nb.example/",
        "",
        "http://example.com/" + "a" * 2100,
    ],
)
def test_what_is_not_a_plain_http_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)


async def test_a_file_is_fetched_where_the_settings_allow_it(listener: Listener, allowed: Fetcher) -> None:
    listener.answers["/a.md"] = lambda _: reply(200, b"# Words", content_type="text/markdown")
    fetched = await allowed.fetch(listener.url("/a.md"))
    assert (fetched.content, fetched.media_type) == (b"# Words", "text/markdown")
    assert listener.requests[0].headers["host"] == f"127.0.0.1:{listener.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_and_checked_anew(listener: Listener, allowed: Fetcher, status: int) -> None:
    inside = f"http://127.0.0.2:{listener.port}/secret"
    listener.answers["/in"] = lambda _: reply(status, location=inside)
    listener.answers["/on"] = lambda _: reply(status, location="/there")
    listener.answers["/there"] = lambda _: reply(200, b"there")
    assert (await allowed.fetch(listener.url("/on"))).content == b"there"
    with pytest.raises(AddressRefused):
        await allowed.fetch(listener.url("/in"))
    assert "/secret" not in [request.path for request in listener.requests]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[::1]/", "http://167772161/", "ftp://a.example/"])
async def test_a_redirect_can_not_leave_the_open_web(listener: Listener, allowed: Fetcher, location: str) -> None:
    listener.answers["/out"] = lambda _: reply(302, location=location)
    with pytest.raises(AddressRefused):
        await allowed.fetch(listener.url("/out"))


async def test_redirects_in_a_circle_end(listener: Listener, allowed: Fetcher) -> None:
    listener.answers["/round"] = lambda _: reply(302, location="/round")
    with pytest.raises(FetchFailed, match="more than 5 times"):
        await allowed.fetch(listener.url("/round"))


async def test_a_file_that_is_too_large_is_not_taken(listener: Listener, allowed: Fetcher) -> None:
    listener.answers["/told"] = lambda _: reply(200, b"", content_length="1001")
    listener.answers["/untold"] = lambda _: b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"a" * 1001
    for path in ("/told", "/untold"):
        with pytest.raises(TooLarge):
            await allowed.fetch(listener.url(path))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(404), "answered with status 404"),
        (reply(200, b"\x1f\x8b", content_encoding="gzip"), "compressed answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "can't be reached"),
        (b"SSH-2.0-OpenSSH\r\n", "can't be reached"),
    ],
)
async def test_what_is_no_file_fails_with_a_sentence(
    listener: Listener, allowed: Fetcher, answer: bytes, said: str
) -> None:
    listener.answers["/bad"] = lambda _: answer
    with pytest.raises(FetchFailed, match=said):
        await allowed.fetch(listener.url("/bad"))


async def test_a_server_that_is_silent_is_given_up() -> None:
    silence = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silence.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Fetcher(private_networks=[LOOPBACK], seconds=0.1) as fetcher:
        with pytest.raises(FetchFailed, match="did not answer in full"):
            await fetcher.fetch(f"http://127.0.0.1:{port}/")
        silence.set()
