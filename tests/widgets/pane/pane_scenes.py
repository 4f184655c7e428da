"""Tasks and events for tests of panes, and a small application that shows them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TEXTUAL_FPS", "240")

import msgspec
from textual.app import App, ComposeResult

from agents.events import AnyEvent, EntryChanged, EntryGrew, TranscriptOpened
from agents.model import Entry, Task, ToolUse, Usage
from widgets.agent_pane import AgentPane
from widgets.pane_grid import PaneGrid
from widgets.pump import Pump

NOW = 1_000_000.0


def a_task(id: str = "ab12", **fields: Any) -> Task:
    """A task at work, with anything else as asked for."""
    values: dict[str, Any] = {
        "id": id, "title": "Fix the rounding of totals", "prompt": "Fix it", "project": "/shop", "base": "main",
        "base_commit": "1a2b3c4", "profile": "offline", "model": "claude-sonnet-4-5", "state": "working", "turn": 1,
        "turn_started_at": NOW - 65, "sandbox": "bubblewrap", "context_used": 42_000, "context_window": 200_000,
        "usage": Usage(input_tokens=41_000, output_tokens=900, cost_usd=0.1234),
    }  # fmt: skip
    return Task(**(values | fields))


class Script:
    """The events of one task, numbered as the engine numbers them."""

    def __init__(self, task: str = "ab12") -> None:
        self.task = task
        self.entries: list[Entry] = []

    def add(self, kind: Any, text: str = "", *, tool: ToolUse | None = None, **fields: Any) -> EntryChanged:
        """A new entry."""
        values: dict[str, Any] = {"turn": 1, "at": NOW} | fields
        entry = Entry(task=self.task, id=len(self.entries) + 1, kind=kind, text=text, tool=tool, **values)
        self.entries.append(entry)
        return EntryChanged(entry=entry)

    def tool(self, name: str, title: str, **fields: Any) -> EntryChanged:
        """A tool call."""
        status = fields.setdefault("status", "done")
        return self.add("tool", tool=ToolUse(name=name, title=title, **fields), done=status != "running")

    def grow(self, text: str, part: Any = "text") -> EntryGrew:
        """The last entry grows."""
        entry = self.entries[-1]
        have = (entry.tool.output if entry.tool else "") if part == "output" else entry.text
        if part == "output" and entry.tool:
            entry = msgspec.structs.replace(entry, tool=msgspec.structs.replace(entry.tool, output=have + text))
        else:
            entry = msgspec.structs.replace(entry, text=have + text)
        self.entries[-1] = entry
        return EntryGrew(task=self.task, entry=entry.id, offset=len(have), text=text, part=part)

    def opened(self, earlier: bool = False) -> TranscriptOpened:
        """What a client gets that watches the task from now on."""
        return TranscriptOpened(task=self.task, entries=tuple(self.entries), earlier=earlier)


class PaneApp(App[None]):
    """One pane, filling the screen."""

    def __init__(self, task: Task | None = None, clock: Callable[[], float] = lambda: NOW) -> None:
        super().__init__()
        self.pump = Pump(self)
        self.pane = AgentPane(self.pump, task or a_task(), clock=clock)
        self.said: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.focus()

    def on_event_of_pane(self, message: Any) -> None:
        self.said.append(message)

    on_agent_pane_pane_focused = on_agent_pane_pane_zoomed = on_event_of_pane
    on_agent_pane_copy_text = on_agent_pane_earlier_wanted = on_agent_pane_details_lost = on_event_of_pane

    def feed(self, *events: AnyEvent) -> None:
        for event in events:
            self.pane.feed(event)

    def lines(self) -> list[str]:
        """What is painted, without blanks at the ends."""
        return painted(self)


class GridApp(App[None]):
    """A grid of panes, filling the screen."""

    def __init__(self, clock: Callable[[], float] = lambda: NOW) -> None:
        super().__init__()
        self.pump = Pump(self)
        self.grid = PaneGrid(self.pump, clock=clock)
        self.pages: list[tuple[str, ...]] = []

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_pane_grid_page_changed(self, message: PaneGrid.PageChanged) -> None:
        self.pages.append(message.visible)


def painted(app: App[Any]) -> list[str]:
    """The rows of the screen as they would reach a terminal."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips(app.size)]


async def until(pilot: Any, condition: Callable[[], bool], why: str) -> None:
    """Wait until something is so; fail with ``why`` when it does not come."""
    for _ in range(300):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(why)
