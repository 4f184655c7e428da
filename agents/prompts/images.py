"""Images that a prompt names, as its agent is handed them: ``@path/of/it.png``, ``@"path with blanks.png"`` or
``![words](path)``, of files in the worktree or among the task's attachments (:mod:`agents.prompts.image_chips`)."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

LIMIT_BYTES = 10 << 20
LIMIT_COUNT = 20
ENDING = r"\.(?:png|jpe?g|gif|webp)"
"""How the name of an image ends, whatever the case."""
_NAMED = re.compile(
    rf'(?<![\w/])@"([^"\n]+{ENDING})"|(?:(?<![\w/])@|!\[[^\]\n]*\]\()([^\s@()"]+{ENDING})', re.IGNORECASE
)
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


def images_in(text: str, worktree: str, attachments: str = "") -> list[Image]:
    """The images that a prompt names, in its order, each once. What is none, or too large, is left out: its path is
    in the prompt all the same.

    What is in a worktree is the agent's to change, so no link is followed on the way to a file: the agent would be
    handed what the link points to.

    Args:
        attachments: the folder of the task's attachments; nothing else outside the worktree is read.
    """
    found: dict[str, Image] = {}
    for match in _NAMED.finditer(text):
        path = os.path.normpath(match[1] or match[2])
        if path not in found and len(found) < LIMIT_COUNT and (data := _content(path, worktree, attachments)):
            kind = kind_of(data)
            if kind:
                found[path] = Image(path, kind, data)
    return list(found.values())


def kind_of(data: bytes) -> str:
    """The MIME type of an image; empty when it is none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for beginning, kind in _BEGINNINGS if data.startswith(beginning)), "")


def _content(path: str, worktree: str, attachments: str) -> bytes:
    pure = PurePath(path)
    for folder in filter(None, (worktree, attachments)):
        if pure.is_relative_to(folder):
            return _read(folder, pure.relative_to(folder).parts)
    return b"" if pure.is_absolute() else _read(worktree, pure.parts)


def _read(root: str, parts: Sequence[str]) -> bytes:
    if not parts or ".." in parts:
        return b""
    with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
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
