"""Where Shopfloor keeps its things on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import platformdirs

from agents.errors import ShopfloorError

_APP = "shopfloor"
_FULL_BYTES = 65_536
"""A disk with less room than this is full."""


def _home() -> Path | None:
    home = os.environ.get("SHOPFLOOR_HOME", "")
    return Path(home).expanduser().absolute() if home else None


def state_dir() -> Path:
    """The store, the lock, the log and each task's private folder. Nothing an agent may see."""
    home = _home()
    return home / "state" if home else Path(platformdirs.user_state_path(_APP))


def data_dir() -> Path:
    """Worktrees."""
    home = _home()
    return home / "data" if home else Path(platformdirs.user_data_path(_APP))


def config_dir() -> Path:
    """``config.toml``, ``profiles/``, ``keys.toml`` of the person."""
    home = _home()
    return home / "config" if home else Path(platformdirs.user_config_path(_APP))


def cache_dir() -> Path:
    """What can be made again: agents' package caches."""
    home = _home()
    return home / "cache" if home else Path(platformdirs.user_cache_path(_APP))


def runtime_dir() -> Path:
    """The socket. Short, because a socket's path must fit in 104 bytes.

    Without a runtime folder of the system's it lies in the state folder, not in a shared temporary one, where anyone
    could have made it before us.
    """
    home = _home()
    if home:
        return home / "run"
    if os.environ.get("XDG_RUNTIME_DIR"):
        return Path(platformdirs.user_runtime_path(_APP))
    return state_dir() / "run"


def socket_folder() -> Path:
    """The folder of the socket, made if need be, and surely ours: who owns it could stand in for the engine and would
    be told our keys.

    Raises:
        ShopfloorError: it cannot be used, or it belongs to somebody else.
    """
    folder = make_private(runtime_dir())
    owner = folder.lstat().st_uid
    if owner != os.geteuid():
        raise ShopfloorError(
            f"The folder of the engine's socket, {folder}, belongs to somebody else (user {owner}).",
            "Delete it, or set SHOPFLOOR_HOME to a folder of your own.",
        )
    return folder


def socket_path() -> Path:
    """The engine's socket."""
    return runtime_dir() / "engine.sock"


def socket_record() -> Path:
    """Where the engine says where its socket is: who has another runtime folder, or none, finds it too."""
    return state_dir() / "engine.socket"


def store_path() -> Path:
    """The one file with all that the engine knows."""
    return state_dir() / "store.sqlite"


def stopped_mark() -> Path:
    """A file that is there while the engine is not because somebody stopped it."""
    return state_dir() / "engine.stopped"


def log_path() -> Path:
    """The engine's log."""
    return state_dir() / "engine.log"


def task_dir(task: str) -> Path:
    """A task's private folder below the state folder: its git copy, temporary files, logs."""
    return state_dir() / "tasks" / task


def checks_dir(task: str) -> Path:
    """The logs of a task's checks: its agent may read there and not write."""
    return task_dir(task) / "checks"


def attachments_dir(task: str) -> Path:
    """Images of a task's prompts: its agent may read there and not write."""
    return task_dir(task) / "attachments"


def images_dir() -> Path:
    """Copies of the images that prompts name which are still being written."""
    return state_dir() / "images"


def worktrees_dir() -> Path:
    """Below it: ``<repository>/<task>-<slug>``."""
    return data_dir() / "worktrees"


def shipped_profiles() -> Path:
    """The data files that come with the program."""
    return Path(__file__).resolve().parent.parent / "profiles"


def is_full(folder: Path) -> bool:
    """There is no room left on the disk of a folder."""
    return shutil.disk_usage(folder).free < _FULL_BYTES


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner can enter.

    Raises:
        ShopfloorError: it cannot be made or is not a folder we may write.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(folder).decode("utf-8", "backslashreplace")
        raise ShopfloorError(
            f"Shopfloor cannot use its folder {shown}: its name is not UTF-8.", "Set SHOPFLOOR_HOME to another folder."
        ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise ShopfloorError(
            f"Shopfloor cannot use its folder {folder}: {error.strerror or error}.",
            "Make it writable, or set SHOPFLOOR_HOME to a folder that is.",
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ShopfloorError(
            f"Shopfloor may not write in its folder {folder}.",
            "Make it writable, or set SHOPFLOOR_HOME to a folder that is.",
        )
    return folder
