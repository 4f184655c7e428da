"""Files that we put where an agent may have left anything: links to the person's files under our names, say."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from agents.errors import ShopfloorError


def write_below(top: Path, path: str, text: str, mode: int = 0o600) -> None:
    """Write a file below a folder that agents can write, in the place of whatever has its name there.

    Raises:
        ShopfloorError: it cannot be written, or lies elsewhere.
    """
    parts = Path(path).parts
    if Path(path).is_absolute() or ".." in parts or not parts:
        raise ShopfloorError(f"The profile cannot write {path}.", "Its files lie below {temp}.")
    try:
        folder = _folder_below(top, parts[:-1])
        try:
            new = f".{secrets.token_hex(8)}"
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
            with os.fdopen(file, "w", encoding="utf-8") as target:
                target.write(text)
            os.rename(new, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ShopfloorError(f"{path} cannot be written for the agent: {error.strerror or error}.") from error


def make_below(top: Path, path: str) -> bool:
    """Make a folder, and those above it, below one that agents can write; whether one was not there, or was a link.

    Raises:
        OSError: it cannot be made.
    """
    if (top / path).is_dir() and os.path.realpath(top / path) == f"{os.path.realpath(top)}/{path}":
        return False
    os.close(_folder_below(top, Path(path).parts))
    return True


def _folder_below(top: Path, parts: Iterable[str]) -> int:
    """The descriptor of a folder reached through no link; what is missing on the way is made."""
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for part in parts:
        try:
            inner = _folder_in(folder, part)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _folder_in(folder: int, name: str) -> int:
    """The descriptor of a folder, made if nothing is there and put in the place of a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        if error.errno != errno.ENOENT:
            os.unlink(name, dir_fd=folder)
    os.mkdir(name, 0o700, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder)
