"""The process that carries out an agent's tools, started through a runner so that all of it is confined.

Runs by itself (``python -I -S -E toolhost.py``), needs only the standard library, and works in the folder it starts
in. Each line on stdin is a request ``{"id", "tool", "arguments"}`` or ``{"cancel": id}``; each line on stdout is
``{"id", "output"}`` while a command runs or ``{"id", "text", "error", "diff", "images"}`` at its end. Requests run side
by side, those about one file in the order they came. When stdin ends, everything that was started ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

if not __package__:  # isolated mode knows no folder but the standard library's
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from agents.native.host import commands, files
from agents.native.host.text import Refused, Result, plain

file_tools: dict[str, Callable[[dict[str, Any]], Result]] = {
    "read": files.read,
    "edit": files.edit,
    "write": files.write,
}
running: dict[int, threading.Event] = {}
"""For each call that runs, what cancels it."""
latest: dict[str, threading.Event] = {}
"""For each file, the end of the last call about it."""
_output = threading.Lock()


def emit(message: dict[str, Any]) -> None:
    """Send one line to the engine."""
    data = memoryview(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    with _output, contextlib.suppress(BrokenPipeError):  # nobody is there any more: stdin ends too
        while data:
            data = data[os.write(1, data) :]


def carry_out(number: int, tool: str, arguments: dict[str, Any]) -> Result:
    """Do what a request asks for; whatever happens is a result."""
    try:
        if tool in file_tools:
            return file_tools[tool](arguments)
        name = f"output-{os.getpid()}-{number}.log"
        if arguments.get("background"):
            return commands.bash_in_background(arguments, name)
        return commands.bash(arguments, name, lambda text: emit({"id": number, "output": text}), running[number])
    except Refused as refusal:
        return Result(str(refusal), error=True)
    except OSError as error:
        return Result(f"{tool} could not be carried out: {error}", error=True)
    except Exception as error:
        return Result(f"Fault in the tool host: {type(error).__name__}: {error}", error=True)


def begin(number: int, tool: str, arguments: dict[str, Any]) -> None:
    """Start a call in a thread of its own, after those that came before it for the same file."""
    running[number] = threading.Event()
    before, done = None, threading.Event()
    if tool in file_tools:
        path = os.path.realpath(files.resolve(arguments))
        before, latest[path] = latest.get(path), done

    def work() -> None:
        if before is not None:
            before.wait()
        result = carry_out(number, tool, arguments)
        done.set()
        del running[number]
        emit({"id": number, **result._asdict(), "text": plain(result.text)})

    threading.Thread(target=work, daemon=True).start()


def main() -> None:
    """Serve until stdin ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "cancel" not in request:
            begin(request["id"], request["tool"], request["arguments"])
        elif request["cancel"] in running:
            running[request["cancel"]].set()
    commands.kill_all()
    os._exit(0)


if __name__ == "__main__":
    main()
