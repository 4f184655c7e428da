"""What a confined process may touch, as data."""

from __future__ import annotations

from agents.model import Struct


class PtySize(Struct):
    """Cells of a terminal."""

    columns: int = 80
    rows: int = 24


class Bind(Struct, kw_only=True):
    """``source`` appears at ``target`` inside the sandbox. Only backends with mounts can do this.

    See ``Runner.mounts``. The target must exist on this machine, or lie in a hidden folder or below ``/tmp``.
    """

    source: str
    target: str
    writable: bool = False


class Policy(Struct, kw_only=True):
    """What a process and all its children may touch. Everything else is readable and not writable.

    The deeper path wins: what is granted inside a hidden folder shows again, what is hidden inside a granted folder
    stays hidden. At the same path the later list wins: ``hide``, ``read``, ``write``, ``binds``. What is protected is
    read-only all the way down; nothing else takes a right away. Paths that do not exist are left out and never created,
    but for what is protected where else it could be made: see :mod:`agents.sandbox.unborn`.
    """

    directory: str
    """Where the process starts; its rights come from the lists below."""
    write: tuple[str, ...] = ()
    """Files and folders it may write: the worktree, caches, what the profile grants."""
    read: tuple[str, ...] = ()
    """Folders that must stay visible (read-only) even below a hidden one: the repository, the interpreter."""
    binds: tuple[Bind, ...] = ()
    protect: tuple[str, ...] = ()
    """Inside what is writable, kept read-only."""
    hide: tuple[str, ...] = ()
    """Neither readable nor connectable: secrets, our own state."""
    temp: str = ""
    """A private folder that is its ``/tmp`` (``TMPDIR`` where the backend cannot mount)."""
    network: bool = True
    max_processes: int = 0
    """Processes and threads at once, as far as the backend can (see ``Runner.limits``); 0: as many as anybody's."""
    max_memory_mb: int = 0
    """Data that each process may have (see ``Runner.limits``); 0: as much as there is."""
    environment: dict[str, str] = {}
    """All of its environment: nothing is inherited."""
