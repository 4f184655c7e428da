"""The four tools a model has, and the engine's end of the tool host that carries them out."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from agents.model import Struct
from agents.native.conversation import Image
from agents.sandbox import Policy, Process, Runner

PROGRAM = Path(__file__).with_name("toolhost.py")
TITLE_LIMIT = 200
LINE_LIMIT = 64 << 20
"""Bytes of one answer of the tool host; more is a fault."""


class ToolSpec(Struct, kw_only=True):
    """A tool as a model is told about it."""

    name: str
    description: str
    schema: dict[str, object]
    """JSON schema of its arguments."""


class ToolResult(Struct, kw_only=True):
    """What a tool call came to."""

    text: str
    is_error: bool = False
    diff: str = ""
    images: tuple[Image, ...] = ()


class BadArguments(Exception):
    """A call that cannot be understood; the text is for the model."""


class Stopped(asyncio.CancelledError):
    """A call was cancelled, and has come to this."""

    def __init__(self, result: ToolResult) -> None:
        super().__init__()
        self.result = result


def _schema(required: str, **properties: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


_text: dict[str, object] = {"type": "string"}
_path: dict[str, object] = {"type": "string", "description": "absolute, or relative to the working directory"}
_edit = _schema(
    "oldText newText",
    oldText={"type": "string", "description": "exact text of the file, unique in it"},
    newText=_text,
)

SPECS: tuple[ToolSpec, ...] = (
    ToolSpec(
        name="read",
        description="Read a text file or picture. At most 2000 lines or 50 KB at once; offset and limit select lines.",
        schema=_schema(
            "path",
            path=_path,
            offset={"type": "integer", "description": "first line, from 1"},
            limit={"type": "integer", "description": "number of lines"},
        ),
    ),
    ToolSpec(
        name="bash",
        description="Run a shell command in the working directory. Of long output the beginning and the end are "
        "shown, 2000 lines or 50 KB, with the name of a file that has all of it.",
        schema=_schema(
            "command",
            command=_text,
            timeout={"type": "number", "description": "seconds, default 600"},
            background={"type": "boolean", "description": "return at once and let it run (servers, watchers)"},
        ),
    ),
    ToolSpec(
        name="edit",
        description="Replace exact text in a file. Several edits at once all refer to the file as it is now "
        "and must not overlap.",
        schema=_schema("path edits", path=_path, edits={"type": "array", "items": _edit}),
    ),
    ToolSpec(
        name="write",
        description="Write a whole file, making its folders. For new files and complete rewrites; else use edit.",
        schema=_schema("path content", path=_path, content=_text),
    ),
)
"""The same for every model."""
READING_SPECS = SPECS[:2]
"""For those who only read; what a command writes is the sandbox's matter."""


# --- arguments --------------------------------------------------------------------------------------------------------

_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "path": ("file_path", "filePath", "filename", "file", "filepath"),
    "command": ("cmd", "script", "commands"),
    "content": ("contents", "text", "file_text", "data"),
    "oldText": ("old_text", "old_string", "oldString", "old_str", "old"),
    "newText": ("new_text", "new_string", "newString", "new_str", "new", "replacement"),
    "offset": ("start", "start_line", "line"),
    "limit": ("lines", "max_lines", "count"),
    "timeout": ("timeout_seconds", "timeout_sec"),
    "background": ("run_in_background", "is_background"),
    "edits": ("replacements", "changes"),
}
"""What models call an argument when they forget its name."""


def normalise(tool: str, arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a call in their one form, from the forms models really send.

    Raises:
        BadArguments: there is no such tool, or something needed is missing or makes no sense.
    """
    if tool == "bash":
        return _command(arguments)
    if tool not in ("read", "edit", "write"):
        raise BadArguments(f"There is no tool {tool!r}. The tools are: {', '.join(spec.name for spec in SPECS)}.")
    path = _string(tool, arguments, "path").strip().replace("\0", "").removeprefix("@")
    if not path:
        raise BadArguments(f"{tool}: path is empty.")
    if tool == "write":
        return {"path": path, "content": _string(tool, arguments, "content")}
    if tool == "edit":
        return {"path": path, "edits": _edits(arguments)}
    lines = {name: max(1, int(_number(tool, arguments, name))) for name in ("offset", "limit") if _has(arguments, name)}
    return {"path": path, **lines}


def _command(arguments: Mapping[str, object]) -> dict[str, object]:
    command = _pick(arguments, "command")
    if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        # ["bash", "-lc", "…"] is a command line; several other words are one command
        is_shell = len(command) == 3 and command[0].rpartition("/")[2] in ("sh", "bash") and command[1].startswith("-")
        command = command[2] if is_shell else shlex.join(command)
    if not isinstance(command, str) or not command.strip():
        raise BadArguments("bash: command must be a string with a shell command.")
    normal: dict[str, object] = {"command": command.replace("\0", "")}
    if _has(arguments, "timeout"):
        seconds = _number("bash", arguments, "timeout")
        if seconds <= 0:
            raise BadArguments("bash: timeout must be more than 0 seconds.")
        normal["timeout"] = seconds
    if _pick(arguments, "background") in (True, 1, "true", "True", "yes"):
        normal["background"] = True
    return normal


def _edits(arguments: Mapping[str, object]) -> list[dict[str, str]]:
    edits = _pick(arguments, "edits")
    if isinstance(edits, str):
        try:
            edits = msgspec.json.decode(edits.encode("utf-8", "replace"))
        except msgspec.DecodeError as error:
            raise BadArguments(f"edit: edits is a string that is not JSON ({error}); send a list.") from error
    if edits is None:
        edits = [arguments]
    if isinstance(edits, dict):
        edits = [edits]
    if not isinstance(edits, list) or not edits or not all(isinstance(item, dict) for item in edits):
        raise BadArguments("edit: edits must be a list of objects with oldText and newText.")
    return [{name: _string("edit", item, name) for name in ("oldText", "newText")} for item in edits]


def _pick(arguments: Mapping[str, object], name: str) -> object:
    for other in (name, *_OTHER_NAMES[name]):
        if arguments.get(other) is not None:
            return arguments[other]
    return None


def _has(arguments: Mapping[str, object], name: str) -> bool:
    return _pick(arguments, name) not in (None, "", "null")


def _string(tool: str, arguments: Mapping[str, object], name: str) -> str:
    value = _pick(arguments, name)
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if not isinstance(value, str):
        given = ", ".join(arguments) or "nothing"
        raise BadArguments(f"{tool}: {name} must be a string and is missing or something else (given: {given}).")
    return value


def _number(tool: str, arguments: Mapping[str, object], name: str) -> float:
    value = _pick(arguments, name)
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with contextlib.suppress(ValueError):
            number = float(value)
            if abs(number) < 1e9:
                return number
    raise BadArguments(f"{tool}: {name} must be a number, not {value!r}.")


def title(tool: str, arguments: Mapping[str, object]) -> str:
    """A call in one line, for people: the command, or the path and range. Takes normalised arguments."""
    if tool == "bash":
        lines = str(arguments.get("command", "")).strip().splitlines()
        text = f"{lines[0]} …" if len(lines) > 1 else "".join(lines)
        text += " &" if arguments.get("background") else ""
    else:
        text = str(arguments.get("path", tool))
        first, count = arguments.get("offset"), arguments.get("limit")
        if isinstance(first, int) or isinstance(count, int):
            start = first if isinstance(first, int) else 1
            text += f":{start}-{start + count - 1}" if isinstance(count, int) else f":{start}-"
        edits = arguments.get("edits")
        if isinstance(edits, list) and len(edits) > 1:
            text += f" ({len(edits)} edits)"
    return text if len(text) <= TITLE_LIMIT else text[: TITLE_LIMIT - 1] + "…"


# --- the process ------------------------------------------------------------------------------------------------------


class _Line(Struct, kw_only=True):
    """What the tool host says: a piece of output, or a result."""

    id: int
    output: str = ""
    text: str = ""
    error: bool = False
    diff: str = ""
    images: tuple[Image, ...] = ()


class _Running:
    """A call that has no result yet."""

    def __init__(self, on_output: Callable[[str], None]) -> None:
        self.on_output = on_output
        self.result: asyncio.Future[ToolResult] = asyncio.get_running_loop().create_future()


class ToolHost:
    """Carries out tool calls in a confined process of its own.

    Started by the first call. When it dies (a command may kill it), the calls it had are answered as failed, and the
    next call starts it again; ``on_notice`` says so.
    """

    def __init__(self, runner: Runner, policy: Policy, on_notice: Callable[[str], None]) -> None:
        self._runner = runner
        self._policy = policy
        self._on_notice = on_notice
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._running: dict[int, _Running] = {}
        self._number = 0
        self._died = False
        self._closed = False

    async def call(
        self, name: str, arguments: Mapping[str, object], on_output: Callable[[str], None]
    ) -> ToolResult:  # fmt: skip
        """Carry out one call with normalised arguments. Cancelling it stops the command and everything below it.

        Raises:
            Stopped: it was cancelled, and has told what it had come to.
            SandboxError: the tool host cannot be started.
        """
        process = await self._start()
        self._number += 1
        number = self._number
        running = self._running[number] = _Running(on_output)
        try:
            await self._send(process, {"id": number, "tool": name, "arguments": dict(arguments)})
            return await asyncio.shield(running.result)
        except asyncio.CancelledError:
            result = await self._cancel(process, number, running)
            if result is None:
                raise
            raise Stopped(result) from None
        finally:
            self._running.pop(number, None)

    async def _cancel(self, process: Process, number: int, running: _Running) -> ToolResult | None:
        """Stop a call and wait for its end, so that nothing of it goes on behind the next one; what it has come to."""
        await self._send(process, {"cancel": number})
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(running.result), 5)
        return None

    async def _start(self) -> Process:
        async with self._starting:
            if self._process is not None:
                return self._process
            if self._died:
                self._on_notice("The tool host ended unexpectedly and was started again.")
            argv = [sys.executable, "-I", "-S", "-E", str(PROGRAM)]
            process = await self._runner.start(argv, self._policy, stdin="pipe", stderr="pipe")
            self._process = process
            self._reader = asyncio.create_task(self._read(process))
            return process

    async def _send(self, process: Process, message: dict[str, object]) -> None:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(message) + b"\n")
        with contextlib.suppress(ConnectionError):  # it is dead: the reader answers for it
            await process.stdin.drain()

    async def _read(self, process: Process) -> None:
        """Hand on what the process says, until it ends."""
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.create_task(_last_words(process.stderr))
        rest = b""
        words = ""
        try:
            # lines may be longer than the stream's own limit for lines
            while (data := await process.stdout.read(1 << 16)) and len(rest) < LINE_LIMIT:
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._answer(msgspec.json.decode(line, type=_Line))
        except msgspec.MsgspecError as error:  # a command can write there too, if it is out for trouble
            words = f"unreadable answer: {error}"
        finally:
            process.kill()
            status = await process.wait()
            words = words or await errors
            if self._process is process:
                self._process = None
                self._died = not self._closed
            reason = f"The tool host ended while this ran (status {status}).{f' It said: {words}' if words else ''}"
            for running in self._running.values():
                if not running.result.done():
                    running.result.set_result(ToolResult(text=reason, is_error=True))

    def _answer(self, line: _Line) -> None:
        running = self._running.get(line.id)
        if running is None or running.result.done():
            return
        if line.output:
            running.on_output(line.output)
            return
        result = ToolResult(text=line.text, is_error=line.error, diff=line.diff, images=line.images)
        running.result.set_result(result)

    async def close(self) -> None:
        """End the process and everything it started. Safe to call twice."""
        self._closed = True
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        assert process.stdin is not None
        process.stdin.close()  # it ends its commands itself, also those that left its process group
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(reader), 2)
        process.kill()
        await reader


async def _last_words(stream: asyncio.StreamReader) -> str:
    """The end of what a process says on stderr."""
    kept = b""
    while data := await stream.read(4096):
        kept = (kept + data)[-400:]
    return kept.decode("utf-8", "replace").strip()
