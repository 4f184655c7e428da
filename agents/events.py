"""What the engine publishes: what has changed, to those whom it concerns. All of it is already in the store."""

from __future__ import annotations

from typing import Literal

from agents.model import Entry, Struct, Task


class Event(Struct, kw_only=True, tag=True):
    """Base of all events."""


class TaskChanged(Event, kw_only=True):
    """A task is new or differs from before. Goes to everyone."""

    task: Task


class CommentsChanged(Event, kw_only=True):
    """The comments or reviewed marks of a task differ from before: ask for them again. Goes to everyone."""

    task: str


class QueueChanged(Event, kw_only=True):
    """The queue that runs on a task has got further, was edited or has ended: ask for it again. Goes to everyone."""

    task: str


class EngineNotice(Event, kw_only=True):
    """Something for every screen's message line."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


class TranscriptOpened(Event, kw_only=True):
    """Answer to watching a task: its latest entries as they are now. What follows builds on these."""

    task: str
    entries: tuple[Entry, ...]
    earlier: bool = False
    """There are older entries (see ``Api.transcript``)."""


class EntryChanged(Event, kw_only=True):
    """An entry is new or ended or was replaced. Goes to those who watch its task."""

    entry: Entry


class EntryGrew(Event, kw_only=True):
    """Text was added to an open entry. Goes to those who watch its task, at most 30 times a second."""

    task: str
    entry: int
    offset: int
    """Length of what was there before, in characters; text that does not fit there means: watch again."""
    text: str
    part: Literal["text", "output"] = "text"
    """``output``: the tool's output grows, not the entry's text."""


class TerminalOpened(Event, kw_only=True):
    """The terminal of a task as it is now. Goes to those who watch the task, when they begin to, and when it is another
    or has another size. What follows builds on it."""

    task: str
    state: bytes
    """For :class:`agents.terminal.emulator.Emulator`."""
    columns: int
    rows: int
    offset: int = 0
    """Bytes that its program had written."""
    alive: bool = True
    """Its program runs."""


class TerminalWrote(Event, kw_only=True):
    """A program wrote into its terminal. Goes to those who watch its task, at most 30 times a second."""

    task: str
    offset: int
    """Bytes that it had written before; bytes that do not fit there mean: watch again."""
    data: bytes


AnyEvent = (
    TaskChanged
    | CommentsChanged
    | QueueChanged
    | EngineNotice
    | TranscriptOpened
    | EntryChanged
    | EntryGrew
    | TerminalOpened
    | TerminalWrote
)
