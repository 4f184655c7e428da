"""The engine as a process: one per person, on a socket only they can open."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import logging.handlers
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Collection
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

import msgspec

from agents import installation, paths, rpc
from agents.api import Subscription
from agents.engine import Engine
from agents.errors import EngineUnreachable, ShopfloorError, UsageError
from agents.events import EngineNotice
from agents.sockets import at_most, listening_socket
from agents.store.mending import Mended, mend

LOG_BYTES = 2_000_000
INSTALLATION_SECONDS = 30.0
"""How often the program's own files are looked at."""
DOOR_LINE_LIMIT = 1_000_000
"""Bytes of one call of a confined script."""
DOOR_CONNECTIONS = 16
"""Scripts of one task that talk to us at once."""
WRITE_BUFFER = 1_000_000
"""Bytes waiting for one client before we stop sending and let its events be merged."""

_log = logging.getLogger(__name__)


ABOUT_ONE_TASK = frozenset(
    "task transcript prompts turns send set_note changes.diff review.comments review.add review.reply".split()  # noqa: SIM905
)
"""What a script in a task's sandbox may ask, about its own task only."""


class _Connection:
    """One client; with ``only`` a confined one, who may talk about that task and nothing else."""

    def __init__(
        self, engine: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, only: str = ""
    ) -> None:
        self._engine = engine
        self._only = only
        self._reader = reader
        self._writer = writer
        self._subscription: Subscription | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Answer until the client leaves. Calls are answered as they end, a slow one holds up no other; those of a
        confined client one after another, so that what it does not read of the answers does not pile up."""
        try:
            while line := await self._reader.readline():
                if self._only:
                    await self._answer(line)
                else:
                    self._spawn(self._answer(line))
        except (ConnectionError, ValueError) as error:
            _log.info("a client left: %s", error)
        finally:
            if self._subscription is not None:
                await self._subscription.close()
            for task in list(self._tasks):
                task.cancel()
            self._writer.close()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, line: bytes) -> None:
        number = None
        try:
            request = rpc.decode_request(line)
            number = request.id
            result = await self._call(request)
            response = rpc.Response(id=number, result=msgspec.Raw(rpc.encode(result)))
        except Exception as error:
            if not isinstance(error, ShopfloorError | msgspec.MsgspecError):
                _log.exception("call failed")
            response = rpc.Response(id=number, error=rpc.fault_of(await _explained(error)))
        await self._send(response)

    async def _call(self, request: rpc.Request) -> object:
        if self._only and request.method == "offer_environment":
            return None  # every client offers; an agent's keys and addresses are not taken
        if request.method in ("subscribe", "watch") and self._only:
            raise UsageError("A script in a sandbox cannot listen to the engine.")
        if request.method == "subscribe":
            since = msgspec.json.decode(request.params, type=rpc.Subscribe).since
            if self._subscription is not None:
                await self._subscription.close()  # the new one takes its place and starts from the beginning
            self._subscription = await self._engine.subscribe(since)
            self._spawn(self._forward(self._subscription))
            return None
        if request.method == "watch":
            if self._subscription is None:
                raise UsageError("`watch` needs `subscribe` first.")
            wanted = msgspec.json.decode(request.params, type=rpc.Watch)
            await self._subscription.watch(wanted.tasks, wanted.known)
            return None
        method = rpc.METHODS.get(request.method)
        if method is None:
            raise UsageError(f"The engine has no method “{request.method}”.", "It may be older than the program.")
        arguments = msgspec.json.decode(request.params, type=method.parameters)
        if self._only and method.name != "info":
            arguments = confined_arguments(self._only, method.name, arguments)
        call = attrgetter(method.name)(self._engine)
        return await call(**{name: getattr(arguments, name) for name in arguments.__struct_fields__})

    async def _forward(self, subscription: Subscription) -> None:
        with contextlib.suppress(ConnectionError):
            async for batch in subscription:
                await self._send(rpc.Response(method="events", params=msgspec.Raw(rpc.encode(batch))))

    async def _send(self, response: rpc.Response) -> None:
        self._writer.write(rpc.encode(response) + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


async def _explained(error: Exception) -> Exception:
    """A fault of ours, or what is most likely its cause: files that were replaced under us."""
    if isinstance(error, ShopfloorError | msgspec.MsgspecError):
        return error
    if not await asyncio.to_thread(installation.replaced):
        return error
    return ShopfloorError(installation.REPLACED, installation.RESTART)


async def _watch_installation(engine: Engine) -> None:
    """Tell everyone once when the program's files are replaced under us."""
    is_replaced = False
    while not is_replaced:
        await asyncio.sleep(INSTALLATION_SECONDS)
        is_replaced = await asyncio.to_thread(installation.replaced)
    _log.warning(installation.REPLACED)
    text = f"{installation.REPLACED} {installation.RESTART}"
    engine.ledger.publish(EngineNotice(text=text, severity="warning"))


def confined_arguments(task: str, method: str, arguments: Any) -> Any:
    """The arguments of a call that a confined script makes about its own task.

    Raises:
        UsageError: it is about something else.
    """
    asked = getattr(arguments, "task", "")
    if method not in ABOUT_ONE_TASK or not asked or not task.startswith(asked):
        raise UsageError(f"A script in the sandbox of task {task} may not call “{method}” for “{asked or 'anything'}”.")
    if method == "review.add" and arguments.draft.author == "person":
        draft = msgspec.structs.replace(arguments.draft, author="script")
        arguments = msgspec.structs.replace(arguments, draft=draft)
    if method == "review.reply" and arguments.author == "person":
        arguments = msgspec.structs.replace(arguments, author="script")
    return msgspec.structs.replace(arguments, task=task)


class _Masked(logging.Formatter):
    """Keys never reach the log: neither what looks like one, nor a value the engine was given as one."""

    _secret = re.compile(r"\b(sk|key|token|ghp|gho|github_pat|xox[a-z])([-_])[A-Za-z0-9_\-]{8,}")
    secrets: Callable[[], Collection[str]] = staticmethod(tuple)

    def format(self, record: logging.LogRecord) -> str:
        text = self._secret.sub(r"\1\2…", super().format(record))
        for secret in self.secrets():
            text = text.replace(secret, "…")
        return text


def _open_log() -> _Masked:
    handler = logging.handlers.RotatingFileHandler(paths.log_path(), maxBytes=LOG_BYTES, backupCount=1)
    formatter = _Masked("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("httpx2", "httpcore2", "httpx", "httpcore", "anthropic", "openai", "git"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    paths.log_path().chmod(0o600)
    return formatter


def _take_lock() -> IO[str]:
    """The one engine of this person holds it as long as it lives."""
    try:
        place = paths.make_private(paths.state_dir()) / "engine.lock"
    except ShopfloorError as error:
        raise EngineUnreachable(error.message, error.hint) from error
    try:
        lock = place.open("a+")
    except OSError as error:
        raise EngineUnreachable(f"The engine cannot open its lock {place}: {error.strerror}.", "Delete it.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise EngineUnreachable(
            "Another engine is running already.", "`shopfloor engine status` shows it."
        ) from error  # fmt: skip
    try:
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
    except OSError as error:
        raise EngineUnreachable(f"The engine cannot write its lock {place}: {error.strerror}.", "Make room.") from error
    return lock


def mend_store() -> Mended | None:
    """See :func:`agents.store.mending.mend`; while it runs no engine can start.

    Raises:
        EngineUnreachable: an engine runs.
        ShopfloorError: there is no store, or it cannot be mended.
    """
    with _take_lock():
        store = paths.store_path()
        if not store.exists():
            raise UsageError(f"There is no store {store}.", "The engine makes one when it starts.")
        return mend(store)


def run_engine() -> int:
    """Be the engine until told to stop; the exit status.

    Raises:
        ShopfloorError: it cannot start.
    """
    lock = _take_lock()
    masked = _open_log()
    if sys.version_info < (3, 12):
        # one thread per child otherwise; and parent-death signals want the main thread
        asyncio.get_event_loop_policy().set_child_watcher(_child_watcher())
    try:
        asyncio.run(_serve(masked))
    finally:
        lock.close()
    return 0


def _child_watcher() -> Any:
    watcher = getattr(asyncio, "PidfdChildWatcher", None)
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return asyncio.ThreadedChildWatcher()
    return watcher() if watcher else asyncio.ThreadedChildWatcher()


def _made_engine() -> Engine:
    try:
        return Engine()
    except UsageError:
        raise  # the configuration is wrong
    except ShopfloorError as error:
        raise EngineUnreachable(error.message, error.hint) from error


async def _serve(masked: _Masked) -> None:
    installation.remember()
    engine = _made_engine()
    masked.secrets = engine.secrets
    stop = asyncio.Event()
    engine.on_shutdown = stop.set
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    socket = _socket_place()
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=WRITE_BUFFER)
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _Connection(engine, reader, writer).serve()
        except asyncio.CancelledError:
            pass  # the engine ends; asyncio's stream callback would log this as a fault
        finally:
            connections.discard(task)

    paths.stopped_mark().unlink(missing_ok=True)

    async def open_door(task: str, place: Path) -> Callable[[], Awaitable[None]]:
        """A socket for the scripts of one task; who can reach its folder may use it."""

        async def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await _Connection(engine, reader, writer, only=task).serve()

        answered = at_most(DOOR_CONNECTIONS, knocked)
        door = await asyncio.start_unix_server(answered, sock=listening_socket(place), limit=DOOR_LINE_LIMIT)

        async def close() -> None:
            door.close()
            place.unlink(missing_ok=True)

        return close

    engine.serve_scripts(open_door)
    await engine.start()
    old_mask = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(connected, path=socket, limit=rpc.LINE_LIMIT)
    except OSError as error:
        raise EngineUnreachable(f"The engine cannot open its socket {socket}: {error.strerror or error}.") from error
    finally:
        os.umask(old_mask)
    with contextlib.suppress(OSError):  # who has our runtime folder finds us all the same
        paths.socket_record().write_text(str(socket), "utf-8")
    _log.info("engine started, process %d", os.getpid())
    watching = asyncio.create_task(_watch_installation(engine))
    try:
        await stop.wait()
    finally:
        watching.cancel()
        socket.unlink(missing_ok=True)
        paths.socket_record().unlink(missing_ok=True)
        server.close()
        await engine.stop()
        for connection in list(connections):
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        _log.info("engine stopped")


def _socket_place() -> Path:
    """Where to listen. We hold the lock, so a socket that is there belongs to an engine that is gone."""
    paths.socket_folder()
    socket = paths.socket_path()
    if len(os.fsencode(socket)) > 100:
        raise EngineUnreachable(
            f"The path of the engine's socket is too long for this system: {socket}.",
            "Set SHOPFLOOR_HOME to a shorter folder.",
        )
    try:
        socket.unlink(missing_ok=True)
    except OSError as error:
        raise EngineUnreachable(
            f"The engine cannot open its socket: {socket} is in the way ({error.strerror}).", "Delete it."
        ) from error
    return socket
