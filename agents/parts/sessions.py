"""What an agent that is not ours lets a person choose: modes, models, options, commands, conversations."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct, Task


class Choice(Struct, kw_only=True):
    """A value that a setting can have."""

    value: str
    name: str = ""
    description: str = ""


class Setting(Struct, kw_only=True):
    """Something of an agent that can be chosen."""

    id: str
    name: str
    category: str = ""
    """``mode``, ``model``, ``thought_level``, or another word of the agent's; empty when it says none."""
    description: str = ""
    kind: Literal["mode", "model", "select", "boolean"] = "select"
    """How the agent is told: a mode of the session, a model of it, or an option of it."""
    value: str = ""
    """As it is now; ``on`` or ``off`` of a boolean."""
    choices: tuple[Choice, ...] = ()


class Command(Struct, kw_only=True):
    """Something that the agent does when a prompt begins with ``/`` and its name."""

    name: str
    description: str = ""
    hint: str = ""
    """What may follow the name; empty: nothing."""


class Session(Struct, kw_only=True):
    """What an agent offers in a task, as it was told last; empty before its first turn and where it tells nothing."""

    settings: tuple[Setting, ...] = ()
    commands: tuple[Command, ...] = ()
    conversation: str = ""
    """The agent's own name for the conversation it has."""


class Conversation(Struct, kw_only=True):
    """One of the conversations that an agent has kept about a worktree."""

    id: str
    title: str = ""
    at: str = ""
    """When it was last gone on with, as the agent writes it."""
    current: bool = False


class Sessions(Protocol):
    """The part ``sessions`` of the Api."""

    async def session(self, task: str) -> Session:
        """What a task's agent offers."""

    async def offered(self, profile: str) -> Session:
        """What the agent of a profile offered last, in whatever task: for a task that is still to be made."""

    async def commands(self, task: str) -> list[Command]:
        """The agent's commands, for whoever writes to it."""

    async def choose(self, task: str, setting: str, value: str) -> Session:
        """Set one of the agent's settings (by id, category or name) to one of its values (by value or name): at once
        when the agent's process runs, else when it starts again.

        Raises:
            UsageError: there is no such setting or value, with those that there are.
        """

    async def conversations(self, task: str) -> list[Conversation]:
        """The conversations that the agent has kept about the task's worktree, its own words for them, latest first.

        Raises:
            UsageError: it cannot tell, or its process does not run now.
        """

    async def go_on_with(self, task: str, conversation: str) -> Task:
        """Let a resting task go on with another of the agent's conversations from its next turn on.

        Raises:
            UsageError: it is at work, or its agent keeps no conversations.
        """
