"""A client that costs next to nothing, so that what is measured on a shared machine is the service."""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.db import Json

REFUSED = 400


class Refused(Exception):
    """The service answered, but not well."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An open connection that is used again."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body; the answer tells its length. Raises OSError, EOFError."""
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await self.reader.readexactly(length)


class Wire:
    """Posts JSON over as many connections as there are requests under way; connections are kept."""

    def __init__(self, address: str) -> None:
        self._url = urlsplit(address)
        self._idle: list[Connection] = []

    async def post(self, path: str, body: Json) -> bytes:
        """Post and return the answer's body. Raises Refused, OSError, EOFError."""
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._url.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        connection = await self._take()
        status, answer = await connection.exchange(head.encode() + content)
        self._idle.append(connection)
        if status >= REFUSED:
            raise Refused(f"{status} {answer[:200].decode()}")
        return answer

    def close(self) -> None:
        """Close what is open."""
        while self._idle:
            self._idle.pop().writer.close()

    async def _take(self) -> Connection:
        """Return a connection that is open still; a server closes those that were idle for long."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.reader.at_eof():
                return connection
            connection.writer.close()
        reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port, limit=2**20)
        return Connection(reader=reader, writer=writer)
