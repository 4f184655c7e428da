"""The other end of the engine's socket: an :class:`agents.api.Api` for screens, verbs and scripts."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from agents import paths, rpc
from agents.api import PROTOCOL, Api
from agents.errors import EngineOutdated, EngineStopped, EngineUnreachable, ShopfloorError, UsageError
from agents.events import AnyEvent
from agents.model import EngineInfo
from agents.sockets import short_path
from agents.version import VERSION

STOP_SECONDS = 30.0
SOCKET_VARIABLE = "SHOPFLOOR_SOCKET"
"""Where scripts of the project file reach the engine."""
START_SECONDS = 20.0
"""How long a starting engine may take before we give up on it."""


class Client(Api, Protocol):
    """A connection to the engine."""

    async def disconnect(self) -> None:
        """Leave; the engine and its agents go on."""


class _Events:
    """The subscription of one connection."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self.queue: asyncio.Queue[Sequence[AnyEvent] | None] = asyncio.Queue()

    async def watch(self, tasks: Sequence[str], known: Mapping[str, int] | None = None) -> None:
        """See :class:`agents.api.Subscription`."""
        wanted = rpc.Watch(tasks=list(tasks), known=dict(known or {}))
        await self._connection.call("watch", rpc.encode(wanted))

    async def __aiter__(self) -> AsyncIterator[Sequence[AnyEvent]]:
        while (batch := await self.queue.get()) is not None:
            yield batch

    async def close(self) -> None:
        """See :class:`agents.api.Subscription`."""
        self.queue.put_nowait(None)


class _Connection:
    """Sends calls, hands out answers by their numbers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._events: _Events | None = None
        self._gone = False
        self._receiving = asyncio.create_task(self._receive())
        for name, part in _PARTS.items():
            setattr(self, name, part(self))

    async def call(self, method: str, params: bytes) -> msgspec.Raw:
        """Ask and wait for the answer.

        Raises:
            ShopfloorError: what the engine says, or that it is gone.
        """
        if self._gone:
            raise _gone()
        number = next(self._numbers)
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        request = rpc.Request(method=method, params=msgspec.Raw(params), id=number)
        try:
            self._writer.write(rpc.encode(request) + b"\n")
            await self._writer.drain()
            return await answer
        except ConnectionError as error:
            raise _gone() from error
        finally:
            self._waiting.pop(number, None)

    async def _receive(self) -> None:
        why: EngineUnreachable = _gone()
        try:
            while line := await self._reader.readline():
                response = rpc.decode_response(line)
                if response.method == "events":
                    if self._events is not None:
                        self._events.queue.put_nowait(rpc.decode_events(response.params))
                    continue
                answer = self._waiting.get(response.id or 0)
                if answer is None or answer.done():
                    continue
                if response.error is not None:
                    answer.set_exception(rpc.error_of(response.error))
                else:
                    answer.set_result(response.result)
        except ConnectionError:
            pass  # the same as a closed socket: everyone who waits is told below
        except (msgspec.MsgspecError, ValueError):  # also a line that is too long
            why = _not_understood()
        finally:
            self._gone = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(why)
            if self._events is not None:
                self._events.queue.put_nowait(None)

    async def subscribe(self, since: int = 0) -> _Events:
        """See :class:`agents.api.Api`. A connection has one subscription: a new one ends the one before."""
        if self._events is not None:
            await self._events.close()
        self._events = _Events(self)
        await self.call("subscribe", rpc.encode(rpc.Subscribe(since=since)))
        return self._events

    async def gone(self) -> None:
        """Wait until the engine closes the connection."""
        await asyncio.wait((self._receiving,))

    async def disconnect(self) -> None:
        """See :class:`Client`."""
        self._gone = True
        self._writer.close()
        self._receiving.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self._receiving


class _Part:
    """A part of the Api (see :class:`agents.rpc.Methods`) on a connection."""

    def __init__(self, connection: _Connection) -> None:
        self.call = connection.call


def _remote(method_name: str) -> Any:
    async def call(self: _Connection | _Part, *arguments: object, **named: object) -> object:
        method = rpc.METHODS[method_name]
        bound = method.signature.bind(self, *arguments, **named)
        params = {name: value for name, value in bound.arguments.items() if name != "self"}
        try:
            encoded = rpc.encode(params)
        except UnicodeEncodeError as error:
            shown = error.object.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")[:200]
            raise UsageError(f"“{shown}” is not valid UTF-8.", "Rename it, or write it otherwise.") from error
        result = await self.call(method.name, encoded)
        try:
            return msgspec.json.decode(result, type=method.result)
        except msgspec.MsgspecError as error:
            raise _not_understood() from error

    call.__name__ = method_name
    return call


def _install(methods: Iterable[str]) -> dict[str, type[_Part]]:
    """Give connections all methods of the Api; the classes of its parts, with theirs."""
    parts: dict[str, type[_Part]] = {}
    for method in methods:
        part, _, name = method.rpartition(".")
        if part and part not in parts:
            parts[part] = type(f"_{part.title()}", (_Part,), {})
        setattr(parts[part] if part else _Connection, name, _remote(method))
    return parts


_PARTS = _install(rpc.METHODS)


def _gone() -> EngineUnreachable:
    return EngineUnreachable(
        "The engine is gone.", f"`shopfloor engine start` starts it again; its log is {paths.log_path()}."
    )


def _not_understood() -> EngineOutdated:
    return EngineOutdated(
        f"What answers at {_socket()} is no engine of this version.", "`shopfloor engine restart` replaces it."
    )


async def connect(start: bool = True, environment: Mapping[str, str] | None = None) -> Client:
    """A connection to the engine of this person.

    Args:
        start: start the engine if none runs.
        environment: variables to offer it (see ``Api.offer_environment``); ours by default.

    Raises:
        EngineOutdated: it is of another version than this program.
        EngineUnreachable: there is none, or it cannot be started.
    """
    connection = await _try()
    if connection is None:
        if SOCKET_VARIABLE in os.environ:
            raise EngineUnreachable(
                f"No engine answers at {_socket()}.", f"Unset {SOCKET_VARIABLE} to reach your own engine."
            )
        if not start:
            raise EngineUnreachable("No engine is running.", "`shopfloor engine start` starts one.")
        connection = await _start()
    client = cast(Client, connection)
    info = await client.info()
    if info.protocol != PROTOCOL or info.version != VERSION:
        await client.disconnect()
        raise EngineOutdated(
            f"The engine that runs is version {info.version} (protocol {info.protocol}), this program is version "
            f"{VERSION} (protocol {PROTOCOL}); {info.working} tasks are at work in it.",
            "`shopfloor engine restart` replaces it: turns are interrupted and go on; with --when-idle they end first.",
        )
    await client.offer_environment(_model_variables(os.environ if environment is None else environment))
    return client


async def reconnect() -> Client:
    """A connection in place of one that was lost: an engine that has gone is started again, one that was stopped on
    purpose is not.

    Raises:
        EngineStopped: somebody stopped it, and nobody has started it since.
        EngineUnreachable, EngineOutdated: as :func:`connect`.
    """
    if not paths.stopped_mark().exists():
        return await connect()
    try:
        return await connect(start=False)
    except EngineOutdated:
        raise
    except EngineUnreachable as error:
        raise EngineStopped("The engine was stopped.", "`shopfloor engine start` starts it again.") from error


async def stop_engine(when_idle: bool = False, patience_seconds: float = STOP_SECONDS) -> EngineInfo | None:
    """End the engine, of whatever version; None if none runs. Its turns go on when another one starts.

    Args:
        when_idle: let the running turns end first, however long that takes.

    Raises:
        EngineUnreachable: it does not end.
    """
    connection = await _try()
    if connection is None and lock_is_free():
        return None
    until = time.monotonic() + patience_seconds
    info = None
    if connection is not None:
        info = await _who_is(connection)
        await connection.call("shutdown", rpc.encode({"when_idle": True} if when_idle else {}))
        if when_idle:
            await connection.gone()
            until = time.monotonic() + patience_seconds
        await connection.disconnect()
    while not lock_is_free():
        if time.monotonic() > until:
            raise EngineUnreachable(f"The engine has not ended after {patience_seconds:g} seconds.")
        await asyncio.sleep(0.02)
    return info


async def _who_is(connection: _Connection) -> EngineInfo:
    """What an engine of whatever version says about itself, as far as that is understood."""
    try:
        return await cast(Client, connection).info()
    except EngineOutdated:
        return EngineInfo(version="", protocol=0, pid=0, home="", log="", started_at=0.0)


def lock_is_free() -> bool:
    """No engine lives, not even one that has closed its socket and is still putting things away."""
    try:
        with (paths.state_dir() / "engine.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return True


def _model_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of ours that a profile may ask for: what it names, and the SDKs' own."""
    from agents.profiles import model_variables

    return {name: environment[name] for name in model_variables() if name in environment}


def _socket() -> Path:
    """Where the engine answers: for a script of a task, the socket it was told."""
    told = os.environ.get(SOCKET_VARIABLE, "")
    return Path(told) if told else paths.socket_path()


def _recorded_socket() -> Path | None:
    """Where an engine says that it answers; it may have been started with another runtime folder than ours."""
    try:
        place = Path(paths.socket_record().read_text("utf-8"))
        return place if place.parent.lstat().st_uid == os.geteuid() else None
    except (OSError, UnicodeDecodeError):
        return None


async def _try() -> _Connection | None:
    connection = await _open(_socket())
    if connection is None and SOCKET_VARIABLE not in os.environ and (recorded := _recorded_socket()) is not None:
        connection = await _open(recorded)
    return connection


async def _open(socket: Path) -> _Connection | None:
    try:
        if SOCKET_VARIABLE not in os.environ and paths.runtime_dir().exists():
            paths.socket_folder()
        with short_path(socket) as path:
            reader, writer = await asyncio.open_unix_connection(path, limit=rpc.LINE_LIMIT)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise EngineUnreachable(
            f"The engine's socket {socket} cannot be opened: {error.strerror or error}.",
            "Delete it; it is made again.",
        ) from error
    except ShopfloorError as error:
        raise EngineUnreachable(f"The engine cannot be reached: {error.message}", error.hint) from error
    return _Connection(reader, writer)


async def _start() -> _Connection:
    """Start an engine that outlives us, and connect to it."""
    try:
        paths.make_private(paths.state_dir())
        paths.socket_folder()
    except ShopfloorError as error:
        raise EngineUnreachable(f"The engine cannot be started: {error.message}", error.hint) from error
    said = paths.state_dir() / "engine.start"
    process = _spawn_engine(said)
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if (connection := await _try()) is not None:
            return connection
        if process.poll() is not None and process.returncode != 0:
            # another one may have won the race for the lock and be on its way
            await asyncio.sleep(0.05)
            if (connection := await _try()) is not None:
                return connection
            words = said.read_text("utf-8", "replace").strip().removeprefix("shopfloor: ")
            if "Another engine" not in words:
                raise EngineUnreachable(f"The engine did not start: {words or _why_silent()}")
        await asyncio.sleep(0.01)
    raise EngineUnreachable(
        f"The engine did not answer within {START_SECONDS:g} seconds.", f"Its log is {paths.log_path()}."
    )


def _why_silent() -> str:
    """Why a starting engine could not even say what is wrong."""
    folder = paths.state_dir()
    if paths.is_full(folder):
        return f"the disk with {folder} is full. Make room and try again."
    return f"it said nothing. Its log is {paths.log_path()}."


def _spawn_engine(said: Path) -> subprocess.Popen[bytes]:
    """An engine in a session of its own; what it says before its log is open goes to a file."""
    launcher = Path(__file__).resolve().parent.parent / "app" / "launch.py"
    with said.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, str(launcher), "engine", "run"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
        )
