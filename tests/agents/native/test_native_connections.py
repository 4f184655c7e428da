"""Steps of a turn share one connection: with a provider far away a new one takes longer than all else we do."""

from __future__ import annotations

import asyncio

import pytest
from native_scene import WIRES

from agents.native.conversation import User
from agents.native.models import Model, Stopped, open_model
from agents.offline import Call, OfflineServer, ScriptedPlayer, say
from agents.profiles import NativeSection

ENDLESS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)  # fmt: skip
LAST = {
    "anthropic": b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    "openai": b'event: response.completed\ndata: {"type":"response.completed","sequence_number":1,"response":{"id":"r",'
    b'"object":"response","created_at":1,"model":"m","status":"completed","output":[],"parallel_tool_calls":true,'
    b'"tool_choice":"auto","tools":[]}}\n\n',
}


def a_model(wire: str, url: str) -> Model:
    section = NativeSection(provider=wire, model="m", needs_key=False)  # type: ignore[arg-type]
    return open_model(section, {}, url)


@pytest.mark.parametrize("wire", WIRES)
async def test_requests_one_after_the_other_use_one_connection(wire: str) -> None:
    server = OfflineServer(ScriptedPlayer([say("One.", Call("bash", {"command": "true"})), "Two.", "Three."]))
    model = a_model(wire, await server.start())
    try:
        for _ in range(3):
            pieces = [piece async for piece in model.stream("S", [User(text="Go on.")], ())]
            assert isinstance(pieces[-1], Stopped)
        assert server.accepted == 1, f"{server.accepted} connections for 3 requests"
    finally:
        await model.close()
        await server.close()


@pytest.mark.parametrize("wire", LAST)
async def test_answer_is_complete_although_its_connection_never_ends(wire: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        last = LAST[wire]
        writer.write(ENDLESS + f"{len(last):x}".encode() + b"\r\n" + last + b"\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        model = a_model(wire, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with asyncio.timeout(20):
            pieces = [piece async for piece in model.stream("S", [User(text="Go on.")], ())]
        await model.close()
    assert pieces[-1] == Stopped(reason="end")
