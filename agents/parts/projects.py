"""What a project offers new tasks, and which of its commands may run."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct


class ProfileInfo(Struct, kw_only=True):
    """A profile as pickers and ``doctor`` show it."""

    id: str
    """The file's name without ``.toml``."""
    name: str
    driver: str
    model: str = ""
    ready: bool = False
    missing: str = ""
    """What keeps it from starting, in words; empty when ready."""
    source: str = ""
    """The file it was read from."""
    description: str = ""
    program: str = ""
    """Where the program of an agent that is not ours was found; empty for our own, and when it is not there."""
    version: str = ""
    """Its version, as far as that is known without asking it."""
    login: Literal["", "yes", "key", "no"] = ""
    """Whether the agent can log in to its model: not known, it has logged in, there is a key for it, or neither."""
    hint: str = ""
    """What a person should know before the first start, or how to log in."""
    network: Literal["on", "off"] = "on"
    """What its agents may reach: everything, or nothing but their model."""
    is_default: bool = False
    """A new task of the project has it when none is named."""


class Projects(Protocol):
    """The part ``projects`` of the Api. A project is named by any folder in it."""

    async def profiles(self, project: str = "") -> list[ProfileInfo]:
        """Profiles a task can use, those that are ready first."""

    async def branches(self, project: str) -> list[str]:
        """Names a task can start from: the branch checked out first, then the others, latest commit first."""

    async def file(self, project: str) -> tuple[str, bool]:
        """The text of the project's ``.shopfloor.toml`` ('' if none) and whether the person trusts it as it is."""

    async def trust(self, project: str, text: str) -> None:
        """The person has read this text of the project file and lets its commands run."""
