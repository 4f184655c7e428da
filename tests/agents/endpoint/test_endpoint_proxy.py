"""What the proxy lets through, and how: everything for its server, streaming, and nothing else."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.endpoint.proxy import Key, Proxy, Via, server_of, via_of
from agents.errors import UsageError

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
KEY = Key("real", "dummy-1234", "authorization")


@asynccontextmanager
async def through(
    answering: Answering, key: Key | None = None, path: str = ""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a proxy before a server that answers like this."""
    behind = await asyncio.start_server(answering, "127.0.0.1", 0)
    port = behind.sockets[0].getsockname()[1]
    proxy = Proxy(server_of(f"http://127.0.0.1:{port}{path}"), key)
    front = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", front.sockets[0].getsockname()[1])
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()
        front.close()
        behind.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the head of each request, without a body."""
    while head := await read_head(reader):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(head), head))
        await writer.drain()


async def read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: str) -> tuple[int, str]:
    """Status and body of a whole answer."""
    writer.write(request.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    head = (await read_head(reader)).decode()
    length = next(int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:"))
    return int(head.split()[1]), (await reader.readexactly(length)).decode()


async def test_requests_go_to_the_server_with_its_name_and_path_one_after_another() -> None:
    async with through(echo, path="/v9") as (reader, writer):
        for number in (1, 2):
            request = f"GET /messages?n={number} HTTP/1.1\nhost: elsewhere.example\nx-api-key: mine"
            status, seen = await ask(reader, writer, request)
            assert status == 200
            assert seen.startswith(f"GET /v9/messages?n={number} HTTP/1.1\r\n")
            assert "elsewhere" not in seen
            assert "x-api-key: mine" in seen, "without a key of ours theirs goes through"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("CONNECT evil.example:443 HTTP/1.1\nhost: evil.example", 403),
        ("GET http://evil.example/ HTTP/1.1\nhost: evil.example", 403),
        ("GET /v1/../../other HTTP/1.1\nhost: x", 403),
        ("GET /v1/%2e%2e/other HTTP/1.1\nhost: x", 403),
        ("GET /socket HTTP/1.1\nhost: x\nupgrade: websocket\nconnection: upgrade", 501),
    ],
)
async def test_what_is_not_for_the_server_is_refused(request_line: str, status: int) -> None:
    async with through(echo, path="/v1") as (reader, writer):
        assert (await ask(reader, writer, request_line))[0] == status


@pytest.mark.parametrize(
    "shown", ["authorization: Bearer dummy-1234", "x-api-key: dummy-1234", "x-goog-api-key: dummy-1234", "?key"]
)
async def test_the_real_key_takes_the_place_of_ours_wherever_it_is_shown(shown: str) -> None:
    target, header = ("/m?a=1&key=dummy-1234", "") if shown == "?key" else ("/m?a=1", f"\n{shown}")
    async with through(echo, KEY) as (reader, writer):
        _, seen = await ask(reader, writer, f"GET {target} HTTP/1.1\nhost: x{header}")
    assert "GET /m?a=1 " in seen
    assert seen.count("authorization: Bearer real") == 1
    assert "dummy" not in seen


async def test_nobody_else_is_lent_the_key() -> None:
    async with through(echo, KEY) as (reader, writer):
        _, seen = await ask(reader, writer, "GET /m HTTP/1.1\nhost: x\nx-api-key: guessed")
    assert "real" not in seen
    assert "guessed" not in seen


async def test_an_answer_arrives_piece_by_piece_and_a_large_request_whole() -> None:
    received = asyncio.Queue[int]()
    go_on = asyncio.Event()

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        length = next(int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        received.put_nowait(len(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await writer.drain()
        await go_on.wait()
        writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
        await writer.drain()

    async with through(answering) as (reader, writer):
        size = 5 << 20
        writer.write(f"POST /m HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode() + b"x" * size)
        await read_head(reader)
        assert await reader.readuntil(b"first") == b"5\r\nfirst", "it waited for the end of the answer"
        go_on.set()
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"second\r\n0\r\n\r\n")
        assert await received.get() == size


async def test_an_answer_that_is_cut_is_cut_for_the_agent_too() -> None:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    async with through(answering) as (reader, writer):
        writer.write(b"GET /m HTTP/1.1\r\nhost: x\r\n\r\n")
        await read_head(reader)
        assert await reader.read() == b"half"


@pytest.mark.parametrize("url", ["http://models.example", "ftp://x", "https://", "https://u:p@x", "x", "https://x:y"])
def test_what_is_no_safe_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="cannot be the address"):
        server_of(url)


def test_an_address_says_host_port_and_path() -> None:
    server = server_of("https://Models.example/v1/")
    assert (server.name, server.port, server.path) == ("models.example", 443, "/v1")
    assert server_of("http://localhost:11434").name == "localhost:11434"


# --- by way of another proxy ----------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS for localhost, which this process trusts."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl makes the certificate for this test")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    return context


async def test_a_server_behind_a_proxy_of_the_network_is_reached_encrypted(certificate: ssl.SSLContext) -> None:
    asked: list[bytes] = []
    behind = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=certificate)
    port = behind.sockets[0].getsockname()[1]

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await read_head(reader))
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pour(reader, back), pour(there, writer))

    async def pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
        target.close()

    between = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    via = Via("127.0.0.1", between.sockets[0].getsockname()[1], "Basic eDp5")
    front = await asyncio.start_server(
        Proxy(server_of(f"https://localhost:{port}/v1"), None, via).serve, "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", front.sockets[0].getsockname()[1])
    try:
        async with asyncio.timeout(20):
            status, seen = await ask(reader, writer, "GET /m HTTP/1.1\nhost: x")
    finally:
        writer.close()
        for server in (front, between, behind):
            server.close()
    assert (status, seen.splitlines()[0]) == (200, "GET /v1/m HTTP/1.1")
    assert asked[0].startswith(f"CONNECT localhost:{port} HTTP/1.1\r\n".encode())
    assert b"proxy-authorization: Basic eDp5\r\n" in asked[0]


async def test_a_proxy_of_the_network_that_refuses_is_named() -> None:
    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 403 Not for you\r\n\r\n")
        writer.close()

    between = await asyncio.start_server(refusing, "127.0.0.1", 0)
    via = Via("127.0.0.1", between.sockets[0].getsockname()[1])
    front = await asyncio.start_server(Proxy(server_of("https://models.example"), None, via).serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", front.sockets[0].getsockname()[1])
    try:
        async with asyncio.timeout(20):
            status, said = await ask(reader, writer, "GET /m HTTP/1.1\nhost: x")
    finally:
        writer.close()
        front.close()
        between.close()
    assert status == 502
    assert "the proxy 127.0.0.1 says HTTP/1.1 403 Not for you" in said


def test_the_usual_variables_say_which_proxy_leads_where() -> None:
    server = server_of("https://models.example")
    assert via_of(server, {"HTTPS_PROXY": "http://me:secret@proxy:3128"}) == Via("proxy", 3128, "Basic bWU6c2VjcmV0")
    assert via_of(server, {"https_proxy": "proxy:3128", "no_proxy": "other,.example"}) is None
    assert via_of(server_of("http://127.0.0.1:11434"), {"https_proxy": "http://proxy:3128"}) is None
    assert via_of(server, {}) is None
