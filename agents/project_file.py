"""``.shopfloor.toml``: what a repository says about how agents work in it.

It is read from the main checkout, never from an agent's worktree, and nothing in it runs before the person has
trusted its content (see :meth:`agents.parts.projects.Projects.trust`).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec

from agents.errors import UsageError
from agents.model import Struct
from agents.toml_file import parse_toml, read_toml

PROJECT_FILE = ".shopfloor.toml"

Name = Annotated[str, msgspec.Meta(min_length=1)]


class WorktreeSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[worktree]``: how the folder of a task is made."""

    base: str = ""
    """The ref tasks start from; empty: the branch checked out in the main checkout."""
    copy: tuple[str, ...] = ()
    """Ignored files to copy, relative to the repository."""
    link: tuple[str, ...] = ()
    """Folders to link, relative to the repository."""
    setup: str = ""
    """A command to run in a fresh worktree, confined as the agent is; its failure blocks the task."""
    setup_timeout: Annotated[float, msgspec.Meta(gt=0)] = 1800.0
    """Seconds that it may take."""
    ports: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """Free ports to give to each worktree."""
    kind: Literal["", "worktree", "clone"] = ""
    """As ``workspace`` of a profile, which wins over this."""


class ProjectSandbox(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[sandbox]`` of a project: it can take rights away, never give any."""

    network: Literal["on", "off"] = "on"
    """``off``: whatever the profile says."""


class Check(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[[check]]``: a command that says whether a change is good; its failing output goes back to the agent."""

    name: Name
    run: Name
    """A shell command, run at the root of the worktree."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    """Seconds."""


class BreakFixSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[break_fix]``: how the tests of a change are tried without parts of it; pytest needs none of this."""

    tests: tuple[Name, ...] = ()
    """The files that are tests, as patterns (``*`` within a folder, ``**`` across them); empty: pytest's own."""
    run: str = ""
    """A shell command that runs the files put in for ``{files}``; it fails when a test does. Empty: pytest."""
    hunks: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 20
    """How many parts of the change are taken out, each alone."""
    seconds: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    """How long all of it may take."""


class Command(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[[command]]``: a script for the command palette and ``shopfloor do``."""

    name: Name
    run: Name
    """A shell command."""
    key: str = ""
    """A key for it on the floor, as in ``keys.toml``."""
    confined: bool = True
    """It runs in the task's worktree, in the sandbox of its agent. False: on this machine with the person's rights, in
    the main checkout, because a script in the worktree may be the agent's."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    """Seconds."""


class Service(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[[service]]``: the thing itself, run in a task's worktree so that the person tries the change: a dev server."""

    name: Name
    run: Name
    """A shell command, confined as the agent is; ``$SHOPFLOOR_PORT_0`` and so on are the worktree's ports."""
    url: str = ""
    """Where to look at it, with ``{port0}`` for the first port. Empty: not a thing with an address."""


HookEvent = Literal[
    "task-created", "turn-ended", "queue-ended", "task-ready", "task-blocked", "comment-sent", "break-fix-ended",
    "review-ended", "race-ended", "landed",
]  # fmt: skip


class ProjectDefaults(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[defaults]`` of a project."""

    profile: str = ""
    queue: str = ""
    """Runs by itself when a turn that the person started has ended."""
    check_rounds: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    """How often failing checks go back to the agent before the person is called."""


class ProjectFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole file; every part is optional."""

    worktree: WorktreeSection = WorktreeSection()
    check: tuple[Check, ...] = ()
    command: tuple[Command, ...] = ()
    service: tuple[Service, ...] = ()
    hooks: dict[HookEvent, str] = {}
    """Shell commands by the event that runs them, with the person's rights, in the main checkout."""
    break_fix: BreakFixSection = BreakFixSection()
    defaults: ProjectDefaults = ProjectDefaults()
    sandbox: ProjectSandbox = ProjectSandbox()


def read_project_file(root: Path) -> ProjectFile:
    """The project file of a repository; all defaults if it has none.

    Args:
        root: the main checkout.

    Raises:
        UsageError: it cannot be read or understood; names file, line and what was expected.
    """
    path = root / PROJECT_FILE
    try:
        return _checked(read_toml(path, ProjectFile), path)
    except FileNotFoundError:
        return ProjectFile()


def parse_project_file(text: str, path: Path = Path(PROJECT_FILE)) -> ProjectFile:
    """The same from a text already at hand; ``path`` is for the messages.

    Raises:
        UsageError: as :func:`read_project_file`.
    """
    return _checked(parse_toml(text, path, ProjectFile), path)


def _checked(project: ProjectFile, path: Path) -> ProjectFile:
    for kind, entries in (("check", project.check), ("command", project.command), ("service", project.service)):
        names = [entry.name for entry in entries]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"{path}: two {kind}s are called “{name}”.", "Give each a name of its own.")
    if project.break_fix.run and "{files}" not in project.break_fix.run:
        raise UsageError(f"{path}: `break_fix.run` does not say where the tests go.", "Put {files} into the command.")
    for entry in (*project.worktree.copy, *project.worktree.link):
        place = PurePosixPath(entry)
        if place.is_absolute() or ".." in place.parts or not place.parts:
            raise UsageError(
                f"{path}: `worktree` names “{entry}”, which is not inside the repository.",
                "Name files and folders relative to the repository's root.",
            )
    return project
