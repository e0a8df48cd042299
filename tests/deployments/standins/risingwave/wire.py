"""PostgreSQL's protocol passed on, with the text of statements changed on the way to the server."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path

_LENGTH = struct.Struct("!i")
#: What a client may ask for before it says who it is, and there is not.
_TLS, _KERBEROS = 80877103, 80877104
_QUERY, _PARSE = b"Q", b"P"


class Proxy:
    """Listens where RisingWave would, and hands what it hears to a PostgreSQL behind a socket in the file system.

    Parameters
    ----------
    behind
        PostgreSQL's socket.
    translate
        Makes of a statement the one that PostgreSQL is given.
    """

    def __init__(self, behind: Path, translate: Callable[[str], str]) -> None:
        self._behind = behind
        self._translate = translate

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Begin to listen."""
        return await asyncio.start_server(self._client, host, port)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            begun = await self._begun(reader, writer)
            server_reader, server_writer = await asyncio.open_unix_connection(self._behind)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        server_writer.write(begun)
        ways = [
            asyncio.create_task(self._to_server(reader, server_writer)),
            asyncio.create_task(_copied(server_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way, end in zip(ways, (server_writer, writer), strict=True):
            way.cancel()
            end.close()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _begun(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Return a client's first words, once it has been told that there is neither TLS nor Kerberos."""
        while True:
            head = await reader.readexactly(_LENGTH.size)
            body = await reader.readexactly(_LENGTH.unpack(head)[0] - _LENGTH.size)
            if _LENGTH.unpack(body[: _LENGTH.size])[0] not in (_TLS, _KERBEROS):
                return head + body
            writer.write(b"N")

    async def _to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind = await reader.readexactly(1)
                length = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0] - _LENGTH.size
                body = self._changed(kind, await reader.readexactly(length))
                writer.write(kind + _LENGTH.pack(len(body) + _LENGTH.size) + body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # the client has gone

    def _changed(self, kind: bytes, body: bytes) -> bytes:
        if kind == _QUERY:
            return self._translate(body[:-1].decode()).encode() + b"\0"
        if kind == _PARSE:
            name, statement, types = body.split(b"\0", 2)
            return b"\0".join((name, self._translate(statement.decode()).encode(), types))
        return body


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return  # the client has gone
