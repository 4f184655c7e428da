"""The HTTP side: connections, routes, pace. Bytes in and out through h11, one task for each connection."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import h11
import msgspec

from agents.offline import wire_gemini, wire_responses
from agents.offline.exchange import BadRequest, Call, Fault, Frame, ModelRequest, Player, Reply, input_tokens
from agents.offline.routes import Route, Wire, path_of, route_of

READ_BYTES = 65536
BODY_LIMIT_BYTES = 64 * 1024 * 1024

_SENTENCES = {
    400: "The request is malformed.",
    401: "The API key is not valid.",
    403: "The key may not do this.",
    404: "There is nothing at this address.",
    429: "Too many requests.",
    500: "Internal server error.",
    529: "Overloaded.",
}


class OfflineServer:
    """A model server on 127.0.0.1 that answers what its player says.

    Paths work with and without ``/v1`` or ``/v1beta`` before them, so that one base URL suits every SDK.
    """

    def __init__(self, player: Player, *, delay_seconds: float = 0.0, models: Iterable[str] = ("offline",)) -> None:
        """
        Args:
            player: decides what is answered.
            delay_seconds: pause after each piece of a streamed reply.
            models: what ``GET /v1/models`` lists.
        """
        self._player = player
        self._delay_seconds = delay_seconds
        self._models = tuple(models)
        self.accepted = 0
        """Connections that were ever made."""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen on a free port.

        Returns:
            The base URL, without ``/v1`` and without a slash at the end.

        Raises:
            OSError: the loopback address cannot be listened on.
        """
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(reader, writer)
        try:
            while (asked := await connection.next_request()) is not None:
                await self._answer(connection, *asked)
                if not connection.reusable():
                    break
        except (ConnectionError, h11.ProtocolError):
            pass  # the client went away or does not speak HTTP: there is nobody left to tell
        finally:
            writer.transport.abort()

    async def _answer(self, connection: _Connection, head: h11.Request, body: bytes) -> None:
        target, method = head.target.decode("latin-1"), head.method.decode()
        path = path_of(target)
        if method == "GET" and path.startswith("/models"):
            return await connection.send_json(200, self._model_list())
        if method == "HEAD" and path in ("", "/"):
            return await connection.send_json(200, {})
        route = route_of(target) if method == "POST" else None
        if route is None:
            fault = _told(Fault(status=404, message=f"The offline model has no {method} {path}."))
            wire: Wire = wire_gemini if target.startswith("/v1beta/") else wire_responses
            return await connection.send_json(404, wire.error(fault))
        wire = route.wire
        try:
            request = _request(route, head, body)
        except BadRequest as problem:
            return await connection.send_json(400, wire.error(Fault(status=400, message=str(problem))))
        if route.counts:
            return await connection.send_json(200, {route.counts: input_tokens(request)})
        answer = self._player(request)
        if isinstance(answer, Fault):
            return await self._fail(connection, wire, _told(answer))
        answer, reply_id = _with_ids(answer), uuid.uuid4().hex[:20]
        if not request.stream:
            return await connection.send_json(200, wire.complete(request, answer, reply_id))
        return await self._stream(connection, wire, answer, wire.stream(request, answer, reply_id))

    async def _fail(self, connection: _Connection, wire: Wire, fault: Fault) -> None:
        if fault.silent:
            return await connection.wait_for_the_client_to_leave()
        headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
        return await connection.send_json(fault.status, wire.error(fault), headers)

    async def _stream(self, connection: _Connection, wire: Wire, reply: Reply, frames: Iterator[Frame]) -> None:
        await connection.begin_stream()
        for number, frame in enumerate(frames):
            if number == reply.breaks_after:
                if reply.breaks_with == "silence":
                    return await connection.wait_for_the_client_to_leave()
                if reply.breaks_with == "cut":
                    return connection.cut()
                await connection.send_event(wire.break_frame(_SENTENCES[529]))
                break
            await connection.send_event(frame)
            if frame.is_delta and self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
        return await connection.end_stream()

    def _model_list(self) -> dict[str, Any]:
        # one object that satisfies the types of all three makers' SDKs
        made = "2026-01-01T00:00:00Z"
        both = {"type": "model", "object": "model", "created": 1767225600, "created_at": made, "owned_by": "shopfloor"}
        data = [
            {"id": name, "display_name": f"{name} (offline, not a model)", "lifecycle": "active"} | both
            for name in self._models
        ]
        ends = {"first_id": self._models[0], "last_id": self._models[-1]} if self._models else {}
        methods = ["generateContent", "countTokens"]
        models = [
            {"name": f"models/{name}", "displayName": f"{name} (offline)", "supportedGenerationMethods": methods}
            for name in self._models
        ]
        return {"object": "list", "data": data, "has_more": False, **ends, "models": models}


class _Connection:
    """One client's connection, as whole requests and answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        self._is_cut = False

    async def next_request(self) -> tuple[h11.Request, bytes] | None:
        """The next request with its body; None when the client is done."""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._reader.read(READ_BYTES))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_LIMIT_BYTES:
                    raise h11.RemoteProtocolError("the request is too large")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return head, bytes(body)
            else:
                return None

    def reusable(self) -> bool:
        """Make ready for another request, if both sides can."""
        if self._is_cut or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def send_json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        """Answer in one piece."""
        data = msgspec.json.encode(body)
        fields = {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}
        await self._send(h11.Response(status_code=status, headers=list(fields.items())))
        await self._send(h11.Data(data=data))
        await self._send(h11.EndOfMessage())

    async def begin_stream(self) -> None:
        """Start an answer of server-sent events."""
        fields = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]
        await self._send(h11.Response(status_code=200, headers=[*fields, ("transfer-encoding", "chunked")]))

    async def send_event(self, frame: Frame) -> None:
        """Send one event."""
        data = frame.data if isinstance(frame.data, str) else msgspec.json.encode(frame.data).decode()
        name = f"event: {frame.event}\n" if frame.event else ""
        await self._send(h11.Data(data=f"{name}data: {data}\n\n".encode()))

    async def end_stream(self) -> None:
        """The answer is complete."""
        await self._send(h11.EndOfMessage())

    def cut(self) -> None:
        """Close without ending the answer. What was sent still arrives."""
        self._is_cut = True
        self._writer.close()

    async def wait_for_the_client_to_leave(self) -> None:
        """Say nothing until the client gives up."""
        self._is_cut = True
        while await self._reader.read(READ_BYTES):
            continue

    async def _send(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            self._writer.write(data)
            await self._writer.drain()


def _request(route: Route, head: h11.Request, body: bytes) -> ModelRequest:
    try:
        fields = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BadRequest("The body is not a JSON object.")
    fields |= route.fields
    try:
        request = route.wire.parse_request(fields)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadRequest(f"The request does not have the expected shape: {error!r}") from error
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
    bearer = headers.get("authorization", "").removeprefix("Bearer ")
    key = headers.get("x-api-key") or headers.get("x-goog-api-key") or bearer or route.key
    return msgspec.structs.replace(request, wire=route.wire.NAME, key=key, headers=headers, body=fields)


def _with_ids(reply: Reply) -> Reply:
    parts = tuple(
        msgspec.structs.replace(part, call=f"call_{uuid.uuid4().hex[:24]}")
        if isinstance(part, Call) and not part.call
        else part
        for part in reply.parts
    )
    return msgspec.structs.replace(reply, parts=parts)


def _told(fault: Fault) -> Fault:
    if fault.message:
        return fault
    return msgspec.structs.replace(fault, message=_SENTENCES.get(fault.status, "Something went wrong."))
