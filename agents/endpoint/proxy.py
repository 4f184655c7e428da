"""An HTTP proxy that knows one server: what it is asked goes there and nowhere else.

Everything streams both ways. What cannot be part of a request to a model (other hosts, tunnels, paths that leave the
server's own) is refused; so is nothing else: what is asked and answered is between the agent and its model.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import secrets
import ssl
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # documented in its source only

import h11

from agents.errors import UsageError

CONNECT_SECONDS = 30.0
_PIECE = 1 << 16
_HEAD_LIMIT = 1 << 17
"""Bytes of a request's or an answer's head."""
_HOP = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"upgrade"))
_KEYS = (b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key")
"""Headers that carry a key, in the ways of all servers we know."""
_LOCAL = frozenset(("127.0.0.1", "localhost", "::1"))

_log = logging.getLogger(__name__)


class Server(NamedTuple):
    """The one that is spoken to."""

    scheme: str
    host: str
    port: int
    path: str
    """What every path begins with; no slash at its end."""

    @property
    def name(self) -> str:
        """As the Host header says it."""
        usual = {"https": 443, "http": 80}[self.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"


def server_of(url: str) -> Server:
    """The server that an address names.

    Raises:
        UsageError: it is none; only on this machine may it go without encryption.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    scheme, host = parts.scheme, parts.hostname or ""
    fits = scheme == "https" or (scheme == "http" and host in _LOCAL)
    if not fits or not host or port == -1 or parts.username or parts.query or parts.fragment:
        raise UsageError(
            f"“{url}” cannot be the address of a model.", "It begins with https://, or with http://127.0.0.1."
        )
    return Server(scheme, host, port or (443 if scheme == "https" else 80), parts.path.rstrip("/"))


class Key(NamedTuple):
    """A key that is held outside, and what the agent has instead."""

    real: str
    dummy: str
    header: str
    """Where the server wants it: ``authorization`` (as Bearer), ``x-api-key``, ``x-goog-api-key``…"""


def dummy_key(real: str) -> str:
    """Something that looks like a key of the same maker and is good for our proxy only."""
    head = "-".join(real.split("-")[:2]) + "-" if real.startswith("sk-") else ""
    return f"{head}shopfloor-{secrets.token_hex(24)}"


class Via(NamedTuple):
    """The proxy of the network we are in, where there is one."""

    host: str
    port: int
    authorization: str = ""


def via_of(server: Server, environment: Mapping[str, str]) -> Via | None:
    """The proxy that leads to a server, by the usual variables; None where it is reached directly."""
    usual = {name.lower(): value for name, value in environment.items() if name.lower().endswith("_proxy") and value}
    address = usual.get("https_proxy") if server.scheme == "https" else None
    passed_by = {"no": usual.get("no_proxy", "")}
    if not address or proxy_bypass_environment(server.host, passed_by):
        return None
    parts = urlsplit(address if "//" in address else f"http://{address}")
    if not parts.hostname:
        return None
    words = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    authorization = f"Basic {base64.b64encode(words.encode()).decode()}" if parts.username else ""
    return Via(parts.hostname, parts.port or 80, authorization)


class _Side:
    """One connection as HTTP events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: type) -> None:
        self._reader = reader
        self._writer = writer
        self.http = h11.Connection(role, max_incomplete_event_size=_HEAD_LIMIT)

    async def next(self) -> object:
        """The next event."""
        while True:
            event: object = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.http.our_role is h11.SERVER and self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.http.receive_data(await self._reader.read(_PIECE))

    async def send(self, event: h11.Event) -> None:
        """Send an event; waits while the other end does not read."""
        if data := self.http.send(event):
            self._writer.write(data)
            await self._writer.drain()

    def again(self) -> bool:
        """Make ready for another exchange; False when one of the ends does not want any."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        self.http.start_next_cycle()
        return True

    def close(self) -> None:
        """Close it."""
        self._writer.close()


class _Refused(Exception):
    """A request that goes nowhere."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Proxy:
    """Serves the connections of one agent.

    Args:
        key: None: the agent's own key goes through as it is.
    """

    def __init__(self, server: Server, key: Key | None = None, via: Via | None = None) -> None:
        self._server = server
        self._key = key
        self._via = via
        self._tls = ssl.create_default_context() if server.scheme == "https" else None
        self.requests = 0
        """How many were brought to the server."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry the requests of one connection until it ends."""
        client = _Side(reader, writer, h11.SERVER)
        server: _Side | None = None
        try:
            while isinstance(request := await client.next(), h11.Request):
                try:
                    asked = self._rewritten(request)
                    server = server or await self._connect()
                except _Refused as refusal:
                    await _refuse(client, refusal)
                    return
                self.requests += 1
                await _exchange(client, server, asked)
                if not server.again():
                    server.close()
                    server = None
                if not client.again():
                    return
        except (h11.ProtocolError, ConnectionError, ssl.SSLError, OSError) as error:
            _log.info("a connection to %s ended: %s", self._server.name, error)
        finally:
            for side in (client, server):
                if side is not None:
                    side.close()

    async def _connect(self) -> _Side:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._opened()
        except (OSError, TimeoutError) as error:
            why = "it did not answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise _Refused(502, f"{self._server.name} cannot be reached: {why}.") from error
        return _Side(reader, writer, h11.CLIENT)

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        server, via = self._server, self._via
        if via is None:
            return await asyncio.open_connection(server.host, server.port, ssl=self._tls, limit=_PIECE)
        reader, writer = await asyncio.open_connection(via.host, via.port, limit=_HEAD_LIMIT)
        try:
            place = f"[{server.host}]:{server.port}" if ":" in server.host else f"{server.host}:{server.port}"
            lines = [f"CONNECT {place} HTTP/1.1", f"host: {place}"]
            lines += [f"proxy-authorization: {via.authorization}"] if via.authorization else []
            writer.write("\r\n".join([*lines, "", ""]).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            status = head.split(b" ", 2)[1:2]
            if not status or not status[0].startswith(b"2"):
                raise ConnectionError(f"the proxy {via.host} says {head.splitlines()[0].decode('latin-1')}")
            if self._tls is not None:
                await writer.start_tls(self._tls, server_hostname=server.host)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.close()
            raise ConnectionError(f"the proxy {via.host} gave no answer") from error
        except BaseException:
            writer.close()
            raise
        return reader, writer

    def _rewritten(self, request: h11.Request) -> h11.Request:
        """A request as the server gets it.

        Raises:
            _Refused: it cannot be for the server.
        """
        target = request.target
        path = unquote(target.partition(b"?")[0].decode("latin-1"))
        if request.method == b"CONNECT" or not target.startswith(b"/") or ".." in path.split("/"):
            raise _Refused(403, f"Only {self._server.name} can be reached from here.")
        if any(name == b"upgrade" for name, _ in request.headers):
            raise _Refused(501, "This way to the model carries no web sockets.")
        headers = [(name, value) for name, value in request.headers if name not in (*_HOP, b"host")]
        if self._key is not None:
            headers, target = self._with_key(self._key, headers, target)
        return h11.Request(
            method=request.method,
            target=self._server.path.encode() + target,
            headers=[(b"host", self._server.name.encode()), *headers],
        )

    def _with_key(
        self, key: Key, headers: list[tuple[bytes, bytes]], target: bytes
    ) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """The real key where the agent showed its own; without one nothing is added."""
        dummy = key.dummy.encode()
        shown = any(dummy in value for name, value in headers if name in _KEYS)
        path, mark, query = target.partition(b"?")
        pieces = query.split(b"&") if mark else []
        shown = shown or b"key=" + dummy in pieces
        pieces = [piece for piece in pieces if not piece.startswith(b"key=")]
        headers = [(name, value) for name, value in headers if name not in _KEYS]
        if shown:
            value = f"Bearer {key.real}" if key.header.lower() == "authorization" else key.real
            headers.append((key.header.lower().encode(), value.encode()))
        return headers, path + (b"?" + b"&".join(pieces) if pieces else b"")


async def _exchange(client: _Side, server: _Side, request: h11.Request) -> None:
    """One request and its answer; the answer may begin before the request has ended."""
    await server.send(request)
    asking = asyncio.create_task(_carry(client, server))
    try:
        answer = await server.next()
        while isinstance(answer, h11.InformationalResponse):
            answer = await server.next()
        if not isinstance(answer, h11.Response):
            raise ConnectionError("the server closed the connection without an answer")
        headers = [(name, value) for name, value in answer.headers if name not in _HOP]
        await client.send(h11.Response(status_code=answer.status_code, reason=answer.reason, headers=headers))
        await _carry(server, client)
        if asking.done():
            asking.result()
    finally:
        # an answer that ended before its request: the connection cannot be used again, h11 sees to that
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, h11.ProtocolError):
            await asking


async def _carry(source: _Side, target: _Side) -> None:
    """The rest of a message."""
    while True:
        event = await source.next()
        if isinstance(event, h11.Data):
            await target.send(h11.Data(data=event.data))
        elif isinstance(event, h11.EndOfMessage):
            await target.send(h11.EndOfMessage(headers=_without(event.headers, _HOP)))
            return
        else:
            raise ConnectionError("the connection was closed in the middle of a message")


def _without(headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name not in names]


async def _refuse(client: _Side, refusal: _Refused) -> None:
    body = json.dumps({"error": {"type": "shopfloor", "message": str(refusal)}}).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
    await client.send(h11.Response(status_code=refusal.status, headers=headers))
    await client.send(h11.Data(data=body))
    await client.send(h11.EndOfMessage())
