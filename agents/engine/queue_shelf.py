"""Where queues are written down: files that came with the program, of the person, and of the project.

A project's queues need no trust, unlike its commands: a prompt runs nothing by itself, an agent reads it inside its
sandbox as it reads the instructions of the repository. They are read from the main checkout, never from a worktree.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from agents import paths
from agents.errors import NotFound, ShopfloorError, UsageError
from agents.loops.queue_file import checked_name, parse_queue, queue_text
from agents.parts.queues import Place, Queue, QueueCopy, QueueItem
from agents.store import Store

PROJECT_FOLDER = ".shopfloor/queues"
COPIES_KEPT = 100


class Shelf:
    """All queues by their names. ``project`` is a main checkout, or empty."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, project: str) -> list[Queue]:
        """Every queue, those that cannot be read with their problem."""
        return [_read(path, place) for _, (path, place) in sorted(_files(project).items())]

    def queue(self, name: str, project: str) -> Queue:
        """A queue that can be run.

        Raises:
            NotFound: there is none of this name.
            UsageError: its file cannot be understood.
        """
        files = _files(project)
        if name not in files:
            names = ", ".join(sorted(files)) or "none yet"
            raise NotFound(f"There is no queue “{name}”.", f"Queues: {names}.")
        found = _read(*files[name])
        if found.problem:
            raise UsageError(found.problem, "Correct the file and try again.")
        return found

    def save(
        self, name: str, items: Sequence[QueueItem], project: str, place: Place | None, description: str
    ) -> Queue:  # fmt: skip
        """Write a queue, keeping what it was.

        Raises:
            UsageError: the name cannot be one, there are no items, or the place is none that can be written.
            ShopfloorError: the disk refuses.
        """
        checked_name(name)
        if not items:
            raise UsageError("A queue needs at least one prompt.", "Add one.")
        known = _files(project).get(name)
        if place is None:
            place = known[1] if known and known[1] != "shipped" else "user"
        path = _folder(place, project) / f"{name}.md"
        if not description and known:
            description = _read(*known).description
        self._keep(path, name, "saved")
        _write(path, queue_text(name, description, items))
        return self.queue(name, project)

    def rename(self, name: str, to: str, project: str) -> Queue:
        """Give a queue another name.

        Raises:
            UsageError: it came with the program, or there is one of the other name.
        """
        path, _ = self._own(name, project)
        checked_name(to)
        if to in _files(project):
            raise UsageError(f"There is a queue “{to}” already.", "Choose another name, or delete that one first.")
        self._keep(path, name, "renamed")
        with _refusals(path):
            path.rename(path.with_name(f"{to}.md"))
        return _read(*_files(project)[to])

    def delete(self, name: str, project: str) -> None:
        """Delete a queue of the person or the project, keeping what it was."""
        path, _ = self._own(name, project)
        self._keep(path, name, "deleted")
        with _refusals(path):
            path.unlink()

    def restore(self, name: str, project: str) -> Queue:
        """Bring back what a queue was before it was last changed; what it is now is kept.

        Raises:
            NotFound: nothing was kept of it.
        """
        folders = [_folder(place, project) for place in ("user", "project") if place == "user" or project]
        found = [copy for copy in self.copies(name) if Path(copy.path).parent in folders]
        if not found:
            raise NotFound(f"No earlier state of a queue “{name}” is kept.", "`shopfloor queue copies` lists them.")
        path = Path(found[0].path)
        self._keep(path, name, "saved")
        _write(path, found[0].text)
        return _read(path, "user" if path.parent == folders[0] else "project")

    def copies(self, name: str = "") -> list[QueueCopy]:
        """What queues were before, the latest first."""
        return [copy for copy in reversed(self._store.queue_copies()) if not name or copy.name == name]

    def _own(self, name: str, project: str) -> tuple[Path, Place]:
        files = _files(project)
        if name not in files:
            raise NotFound(f"There is no queue “{name}”.", f"Queues: {', '.join(sorted(files))}.")
        if files[name][1] == "shipped":
            raise UsageError(
                f"The queue {name} came with Shopfloor and stays.",
                "Save one of your own under this name to replace it.",
            )
        return files[name]

    def _keep(self, path: Path, name: str, why: str) -> None:
        with _refusals(path), contextlib.suppress(FileNotFoundError):
            text = path.read_text("utf-8", "replace")
            copy = QueueCopy(name=name, path=str(path), text=text, at=time.time(), why=why)  # type: ignore[arg-type]
            self._store.put_queue_copy(copy, COPIES_KEPT)
            self._store.commit()  # durable before the file changes


def _folder(place: Place, project: str) -> Path:
    if place == "user":
        return paths.config_dir() / "queues"
    if place == "shipped":
        raise UsageError("What came with Shopfloor is not changed.", "Save it with your own queues.")
    if not project:
        raise UsageError("There is no project to save it in.", "Save it with your own queues.")
    return Path(project) / PROJECT_FOLDER


def _files(project: str) -> dict[str, tuple[Path, Place]]:
    folders: list[tuple[Path, Place]] = [(paths.shipped_profiles() / "queues", "shipped")]
    if project:
        folders.append((Path(project) / PROJECT_FOLDER, "project"))
    folders.append((paths.config_dir() / "queues", "user"))
    return {path.stem: (path, place) for folder, place in folders for path in sorted(folder.glob("*.md"))}


def _read(path: Path, place: Place) -> Queue:
    try:
        description, items = parse_queue(path.read_text("utf-8"), path)
    except UsageError as error:
        return Queue(name=path.stem, place=place, path=str(path), problem=error.message)
    except UnicodeDecodeError:
        return Queue(name=path.stem, place=place, path=str(path), problem=f"{path} is not UTF-8.")
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror or error}."
        return Queue(name=path.stem, place=place, path=str(path), problem=problem)
    return Queue(name=path.stem, place=place, path=str(path), description=description, items=items)


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    with _refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(text, "utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def _refusals(path: Path):  # type: ignore[no-untyped-def]
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ShopfloorError(f"{path} cannot be written: {error.strerror or error}.", "Make it writable.") from error
