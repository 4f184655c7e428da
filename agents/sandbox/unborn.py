"""What is protected and does not exist: an empty thing stands in its place while somebody is confined.

A mount needs something to be mounted over. Without it an agent that may write in its login folder could make the
settings file that the person's own program obeys later. So for as long as a process runs there is an empty file or
folder, which the process sees read-only; the last process to end takes it away again. It is known by its time, the
first second there was: whatever somebody else has written is never taken for it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path

from agents.errors import SandboxError
from agents.sandbox.policy import Policy
from agents.sandbox.rules import Rules, is_below, resolver, right_above

UNBORN = "A protected file that does not exist yet can be made in the worktree, or where only a pattern names it."
LINKED = "A protected file that is a symbolic link can be replaced by another where the link lies."
"""Both for ``Runner.limits``."""
_TIME = 1
"""Of change of everything made here, in seconds since 1970."""
_CONTENT = {
    ".json": b"{}\n",
    "mcp-config.json": b'{"mcpServers": {}}\n',
    "mcp.json": b'{"mcpServers": {}}\n',
    "models.json": b'{"providers": {}}\n',
}
"""What says nothing, by name or kind of file, where no content at all would be a mistake."""
_MOST = max(map(len, _CONTENT.values()))
_made: set[Path] = set()
"""Folders around such places that were not there either. The last process that needs one takes it away."""
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""To us, so to whom we start."""


class Placeholders:
    """What is held for one process; see the module."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def hold(self, policy: Policy, rules: Rules) -> bool:
        """Put something at every protected place where nothing is, except in the worktree, whose changes are reviewed.

        Says whether one of them was missing when the rules were made: the policy has other rules now.

        Raises:
            SandboxError: that cannot be done, so what is protected would not be.
        """
        worktree = os.path.realpath(policy.directory)
        unforeseen = False
        for path in map(resolver(), filter(None, policy.protect)):
            above = right_above(rules, path)
            if above is None or above.right != "write" or above.source != above.path or is_below(path, worktree):
                continue
            unforeseen = unforeseen or path not in rules
            if os.path.lexists(path) and not _is_placeholder(Path(path)):
                continue
            try:
                self._put(Path(path), Path(above.path))
            except OSError as error:
                if error.errno not in _CLOSED:
                    self.release()
                    raise SandboxError(f"{path} cannot be protected: {error.strerror}.") from error
        return unforeseen

    def release(self) -> None:
        """Take away what is still as it was made and is not held for anybody else."""
        for path, descriptor in self._held.items():
            with contextlib.suppress(OSError):  # held for another process, or changed or gone meanwhile
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_placeholder(Path(path)) and _is_same(descriptor, Path(path)):
                    Path(path).rmdir() if stat.S_ISDIR(os.fstat(descriptor).st_mode) else Path(path).unlink()
            os.close(descriptor)
            for folder in Path(path).parents:
                if folder not in _made:
                    break
                with contextlib.suppress(OSError):  # something lies in it
                    folder.rmdir()
                    _made.discard(folder)
        self._held = {}

    def _put(self, path: Path, writable: Path) -> None:
        for folder in reversed([each for each in path.parents if each.is_relative_to(writable)]):
            if not folder.exists():
                folder.mkdir()
                _made.add(folder)
        while True:
            with contextlib.suppress(FileExistsError):
                _make(path)
            if os.path.lexists(path) and not _is_placeholder(path):
                return  # it is somebody's
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                if _is_same(descriptor, path):
                    self._held[str(path)] = descriptor
                    return
                os.close(descriptor)  # its last holder has just taken it away


def _make(path: Path) -> None:
    """A file where the name has a dot, else a folder."""
    if "." not in path.name:
        path.mkdir()
    else:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            os.write(file, _CONTENT.get(path.name, _CONTENT.get(path.suffix, b"")))
        finally:
            os.close(file)
    os.utime(path, (_TIME, _TIME), follow_symlinks=False)


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _is_placeholder(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return found.st_mtime == _TIME and (stat.S_ISDIR(found.st_mode) or found.st_size <= _MOST)
