"""Reading, writing and editing files."""

from __future__ import annotations

import base64
import codecs
import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any

from agents.native.host.edits import apply_edits, newline_of
from agents.native.host.pictures import IMAGE_LIMIT, SIDE_LIMIT, is_shown, picture_kind, picture_size
from agents.native.host.text import BYTES, Refused, Result, head, plain, unified

READ_LIMIT = 64 << 20


def resolve(arguments: dict[str, Any]) -> Path:
    """The file a call is about."""
    return Path(os.path.expanduser(arguments["path"])).absolute()  # noqa: PTH111 - keeps '..' for the kernel


def shown(path: Path) -> str:
    """A path as people and models want to see it."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def denied(path: Path, error: OSError) -> Refused:
    """Why a file could not be used; a write outside is policy and not worth another try."""
    reason = error.strerror or str(error)
    if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Refused(f"{shown(path)}: {reason}.")
    if path.resolve().is_relative_to(Path.cwd().resolve()):
        return Refused(f"{shown(path)}: {reason}. It is protected, or its permissions forbid this.")
    return Refused(
        f"{shown(path)}: {reason}. This is policy: writing is allowed in {Path.cwd()}, the temporary folder and "
        "package caches only. Do not try another way; work inside, or say what a person would have to change."
    )


def load(path: Path) -> bytes:
    """The bytes of a regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a named pipe must not hold us
    except FileNotFoundError:
        raise Refused(f"{shown(path)}: there is no such file.") from None
    except OSError as error:
        raise Refused(f"{shown(path)}: {error.strerror}.") from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise Refused(f"{shown(path)} is a folder. List it with bash: ls -la {shown(path)}")
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{shown(path)} is not a regular file.")
        if status.st_size > READ_LIMIT:
            raise Refused(f"{shown(path)} has {status.st_size} bytes; take parts of it with bash (sed, head, grep).")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(READ_LIMIT)
    finally:
        os.close(descriptor)


def store(path: Path, data: bytes) -> None:
    """Write a file, in place, making its folders."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise Refused(f"{shown(path)} is not a regular file.")
        path.write_bytes(data)
    except OSError as error:
        raise denied(path, error) from error


def read(arguments: dict[str, Any]) -> Result:
    """Lines of a text file, or a picture."""
    path = resolve(arguments)
    data = load(path)
    if kind := picture_kind(data):
        width, height = picture_size(data)
        if not is_shown(data):
            raise Refused(
                f"{shown(path)} is a picture of {len(data)} bytes, {width}×{height}: more than can be shown "
                f"({IMAGE_LIMIT} bytes, {SIDE_LIMIT} pixels a side). Make a smaller copy with bash "
                "(magick, ffmpeg, sips, PIL) and read that."
            )
        image = {"media_type": kind, "data": base64.b64encode(data).decode()}
        return Result(f"Read picture {shown(path)} ({kind}, {len(data)} bytes).", images=(image,))
    if b"\0" in data[:8192]:
        raise Refused(f"{shown(path)} is binary ({len(data)} bytes); look at it with bash (file, xxd).")
    lines = plain(data.decode("utf-8-sig", "replace")).split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    first, count = arguments.get("offset", 1), arguments.get("limit", len(lines))
    if first > len(lines):
        raise Refused(f"{shown(path)} has {len(lines)} lines; offset {first} lies beyond its end.")
    kept = head(lines[first - 1 : first - 1 + count])
    if not kept:
        advice = f"sed -n '{first}p' '{shown(path)}' | head -c {BYTES}"
        raise Refused(f"Line {first} of {shown(path)} alone is longer than {BYTES} bytes; use bash: {advice}")
    text = "\n".join(kept)
    last = first + len(kept) - 1
    if last < len(lines):
        text += f"\n\n[Lines {first}-{last} of {len(lines)}. Go on with offset={last + 1}.]"
    return Result(text or "(empty file)")


def write(arguments: dict[str, Any]) -> Result:
    """A new or replaced file. What is replaced keeps its line ends and its byte order mark: ``read`` shows neither."""
    path, content = resolve(arguments), arguments["content"]
    before, kept = "", ""
    if path.is_file():
        with contextlib.suppress(Refused):
            before = load(path).decode("utf-8", "replace")
    if newline_of(before) == "\r\n" and "\r\n" not in content:
        content, kept = content.replace("\n", "\r\n"), " Its lines still end in CRLF."
    if before.startswith("\ufeff") and not content.startswith("\ufeff"):
        content = "\ufeff" + content
    data = content.encode("utf-8", "surrogatepass")
    store(path, data)
    return Result(f"Wrote {len(data)} bytes to {shown(path)}.{kept}", diff=unified(shown(path), before, content))


def edit(arguments: dict[str, Any]) -> Result:
    """Several replacements at once, each located in the file as it was before."""
    path = resolve(arguments)
    data = load(path)
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        original = data[len(bom) :].decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{shown(path)} is not UTF-8 text; change it with bash.") from None
    changed, lines = apply_edits(shown(path), original, arguments["edits"])
    store(path, bom + changed.encode("utf-8", "replace"))
    where = f"line {lines[0]}" if len(lines) == 1 else "lines " + ", ".join(map(str, lines))
    return Result(f"Changed {shown(path)} at {where}.", diff=unified(shown(path), original, changed))
