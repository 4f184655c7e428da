"""Images that a prompt names: files of the worktree, as ``@path/of/it.png`` or ``![words](path)``.

What is in a worktree is the agent's to change, so no link is followed on the way to a file: the agent would be handed
what the link points to.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import PurePath
from typing import NamedTuple

LIMIT_BYTES = 10 << 20
LIMIT_COUNT = 20
_NAMED = re.compile(r"(?:(?<![\w/])@|!\[[^\]\n]*\]\()([^\s@()]+\.(?:png|jpe?g|gif|webp))", re.IGNORECASE)
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class Image(NamedTuple):
    """An image of a prompt."""

    path: str
    kind: str
    """Its MIME type, by its content."""
    data: bytes


def images_in(text: str, worktree: str) -> list[Image]:
    """The images that a prompt names, in its order, each once. What is none, or too large, is left out: its path is
    in the prompt all the same."""
    found: dict[str, Image] = {}
    for match in _NAMED.finditer(text):
        path = os.path.normpath(match[1])
        if path not in found and len(found) < LIMIT_COUNT and (data := _content(worktree, path)):
            kind = kind_of(data)
            if kind:
                found[path] = Image(path, kind, data)
    return list(found.values())


def kind_of(data: bytes) -> str:
    """The MIME type of an image; empty when it is none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for beginning, kind in _BEGINNINGS if data.startswith(beginning)), "")


def _content(worktree: str, path: str) -> bytes:
    parts = PurePath(path).parts
    if not parts or PurePath(path).is_absolute() or ".." in parts:
        return b""
    with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
        folder = os.open(worktree, os.O_RDONLY | os.O_DIRECTORY)
        opened.callback(os.close, folder)
        for part in parts[:-1]:
            folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            opened.callback(os.close, folder)
        # not blocking: what has an image's name may be a pipe
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with os.fdopen(file, "rb") as source:
            data = source.read(LIMIT_BYTES + 1)
            return data if len(data) <= LIMIT_BYTES else b""
    return b""
