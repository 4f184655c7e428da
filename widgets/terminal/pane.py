"""A pane with the live terminal of an agent. Keys go to the agent until one key takes them back.

While keys go to the agent the pane consumes every key but its own few; otherwise it is read like any other pane: one
scrolls, searches, copies. Whether keys go to agents is one thing for all panes (:class:`Keys`), so that who has taken
them back can walk from pane to pane.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.timer import Timer

from agents.events import AnyEvent
from agents.model import Task
from widgets.agent_pane import AgentPane
from widgets.pane_look import PANE_CSS
from widgets.pump import Pump, frames_waiting
from widgets.terminal import loading
from widgets.terminal.area import Place, TerminalArea
from widgets.text_strips import strip_of
from widgets.transcript.area import TranscriptArea

MINIMUM_SIZE = (40, 8)
"""Columns and rows of the smallest terminal a program is asked to draw."""
SETTLE_SECONDS = 0.08
"""How long a size must stay before the program is told."""
WHEEL_ROWS = 3
ECHO_SECONDS = 0.2
"""After a key, what the program writes is painted at once for so long."""
LEFT_OVER_SECONDS = 1.0
"""What is typed so soon after a key of a program that has ended meanwhile was meant for it."""


class Keys:
    """Whether the keys of a focused terminal go to its agent."""

    def __init__(self) -> None:
        self.to_agent = True


class TerminalPane(AgentPane):
    """The live terminal of one task."""

    DEFAULT_CSS = PANE_CSS.replace("AgentPane", "TerminalPane")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+right_square_bracket", "leave_terminal", "Leave", key_display="^]", id="terminal.leave",
                priority=True, tooltip="Take the keys back from the agent, or give them to it"),
        Binding("shift+pageup", "scroll_pages(-2)", "Page up", show=False, priority=True, id="terminal.page-up",
                tooltip="One screen up, also while keys go to the agent"),
        Binding("shift+pagedown", "scroll_pages(2)", "Page down", show=False, priority=True, id="terminal.page-down",
                tooltip="One screen down, also while keys go to the agent"),
        Binding("enter", "type_again", "Type", id="terminal.type",
                tooltip="Give the keys to the agent; one that has ended is started again"),
        Binding("ctrl+f", "search", "Search", id="terminal.search",
                tooltip="Find words in all that the terminal has shown"),
        Binding("right_square_bracket", "next_found(1)", "Next", key_display="]", show=False, id="terminal.next",
                tooltip="The next place found"),
        Binding("left_square_bracket", "next_found(-1)", "Before", key_display="[", show=False, id="terminal.previous",
                tooltip="The place found before"),
        Binding("y", "copy_screen", "Copy", id="terminal.copy", tooltip="Copy the chosen text, or what is in view"),
        Binding("Y", "take_copied", "Take", show=False, id="terminal.take",
                tooltip="Put what the agent has copied into the clipboard"),
    ]  # fmt: skip

    @dataclass
    class KeysTyped(AgentPane._PaneMessage):
        """The person typed into the program."""

        data: bytes

    @dataclass
    class SizeWanted(AgentPane._PaneMessage):
        """The program is shown in so many cells."""

        columns: int
        rows: int
        dark: bool

    @dataclass
    class StartWanted(AgentPane._PaneMessage):
        """The person wants a program that has ended to start again."""

    @dataclass
    class CopyOffered(AgentPane._PaneMessage):
        """The agent wants something in the clipboard; the person may take it."""

        characters: int

    @dataclass
    class KeysMoved(AgentPane._PaneMessage):
        """Keys go to the agent now, or do not any more."""

    def __init__(
        self,
        pump: Pump,
        task: Task | None = None,
        *,
        keys: Keys,
        clock: Callable[[], float],
        id: str | None = None,
    ) -> None:
        super().__init__(pump, task, clock=clock, id=id)
        self._keys = keys
        self._told_size: tuple[int, int] | None = None
        self._settling: Timer | None = None
        self._search: str | None = None
        """What is searched for, while it is typed."""
        self._found = -1
        self._typed_at = 0.0
        self._drag: Place | None = None

    def _make_area(self) -> TranscriptArea:
        # it has all that a pane asks of the rows below its header
        return cast(TranscriptArea, TerminalArea(self._styles_by_name))

    @property
    def terminal(self) -> TerminalArea:
        """The rows of the terminal."""
        return cast(TerminalArea, self._area)

    @property
    def is_typing(self) -> bool:
        """Keys go to the agent."""
        return self.has_focus and self._keys.to_agent and self._search is None and self.terminal.alive

    # --- what it is told

    def feed(self, event: AnyEvent) -> None:
        """See :class:`AgentPane`."""
        super().feed(event)
        if self._area.has_changes and not self.terminal.can_show:
            self.run_worker(self._load(), group="load", exclusive=True)
        elif self.is_typing and time.monotonic() - self._typed_at < ECHO_SECONDS and not frames_waiting(self.app):
            self.flush()  # the echo of a key does not wait for the pump

    async def _load(self) -> None:
        await loading.load()
        self._pump.wake()

    def flush(self) -> None:
        """See :class:`AgentPane`."""
        alive, copied = self.terminal.alive, self.terminal.copied
        super().flush()
        if copied != self.terminal.copied:
            self.post_message(self.CopyOffered(self, self._task_id, len(self.terminal.copied)))
        if alive != self.terminal.alive:
            self._keys_moved()
            self.post_message(self.KeysMoved(self, self._task_id))

    # --- size

    def on_mount(self) -> None:
        """Be flushed from now on."""
        self.tell_size()

    def on_resize(self) -> None:
        """Lay the terminal out for the new size."""
        super().on_resize()
        self.tell_size()

    def on_show(self) -> None:
        """See :class:`AgentPane`."""
        super().on_show()
        self.tell_size()

    def show_task(self, task: Task | None) -> None:
        """See :class:`AgentPane`."""
        if task is None or self._shown is None or task.id != self._shown.id:
            self._told_size = None
        super().show_task(task)
        self.tell_size()

    def tell_size(self) -> None:
        """Let the program know how large it is shown, once the size stays."""
        if self._settling is not None:
            self._settling.stop()
        if self.is_mounted:
            self._settling = self.set_timer(SETTLE_SECONDS, self._size_settled)

    def _size_settled(self) -> None:
        size = (self.size.width - 1, self.size.height - 1)
        if not self._is_in_view or self._shown is None or size == self._told_size:
            return
        if size[0] < MINIMUM_SIZE[0] or size[1] < MINIMUM_SIZE[1]:
            return
        self._told_size = size
        self.post_message(self.SizeWanted(self, self._task_id, *size, self.app.current_theme.dark))

    # --- keys

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Every key is the agent's while it has them."""
        return self.is_typing or self._search is not None or self._is_left_over(key, character)

    async def _on_key(self, event: events.Key) -> None:
        if self._search is not None:
            event.stop()
            event.prevent_default()
            self._type_search(event)
        elif self.is_typing and (keyboard := self.terminal.keyboard) is not None:
            event.stop()
            event.prevent_default()
            self._send(keyboard.key(event.key, event.character))
        elif self._is_left_over(event.key, event.character):
            event.stop()
            event.prevent_default()
            self._typed_at = time.monotonic()

    def _is_left_over(self, key: str, character: str | None) -> bool:
        """It goes on from what was typed into a program that has just ended: nothing is to happen by it."""
        is_text = key in ("enter", "backspace") or (character is not None and character.isprintable())
        is_soon = time.monotonic() - self._typed_at < LEFT_OVER_SECONDS
        return is_text and is_soon and self._keys.to_agent and not self.terminal.alive

    def _on_paste(self, event: events.Paste) -> None:
        if self._search is not None:
            self._search += " ".join(event.text.split())
            self._find()
        elif self.is_typing and (keyboard := self.terminal.keyboard) is not None:
            self._send(keyboard.paste(event.text))
        else:
            return
        event.stop()
        event.prevent_default()

    def _send(self, data: bytes) -> None:
        if not data:
            return
        if not self.terminal.view.following:
            self.action_scroll_end()
        self._typed_at = time.monotonic()
        self.post_message(self.KeysTyped(self, self._task_id, data))

    def action_leave_terminal(self) -> None:
        """Take the keys back, or give them to the agent."""
        self._give_keys(not self._keys.to_agent)

    def action_type_again(self) -> None:
        """Give the keys to the agent; start it again if it has ended."""
        if not self.terminal.alive and not self.terminal.is_empty:
            self.post_message(self.StartWanted(self, self._task_id))
        self._give_keys(True)

    def _give_keys(self, to_agent: bool) -> None:
        self._keys.to_agent = to_agent
        self._keys_moved()
        self.post_message(self.KeysMoved(self, self._task_id))

    def _keys_moved(self) -> None:
        self._header_changed = True
        self._repaint()
        self._pump.wake()
        self.refresh_bindings()

    def _forget_strips(self) -> None:
        self.terminal.cursor_shows = self.is_typing
        super()._forget_strips()

    def on_focus(self) -> None:
        """See :class:`AgentPane`."""
        super().on_focus()
        self._tell_focus(b"\x1b[I")

    def on_blur(self) -> None:
        """See :class:`AgentPane`."""
        self._search = None
        super().on_blur()
        self._tell_focus(b"\x1b[O")

    def _tell_focus(self, data: bytes) -> None:
        emulator = self.terminal.emulator
        if self._keys.to_agent and self.terminal.alive and emulator is not None and emulator.mode(1004):
            self.post_message(self.KeysTyped(self, self._task_id, data))

    # --- the header

    def _compose_header(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        header = super()._compose_header()
        if self.is_tile or self._shown is None or not header:
            return header
        if self._search is not None:
            count = f"{self._found + 1} of {len(self.terminal.found)}" if self.terminal.found else "nothing found"
            row = ((f"find: {self._search}▏", "title"), (f"  {count}", "fact"), ("  Enter next  Esc back", "hint"))
            return (*header[:-1], row) if len(header) > 1 else (row,)
        return header

    def _paint(self) -> list[Strip]:
        strips = super()._paint()
        if not self.terminal.alive and not self.terminal.is_empty and len(strips) > 2 and not self.is_tile:
            text = "The program has ended. Enter starts it again."
            if len(text) + 2 > self.size.width:
                text = "Ended. Enter starts it again."
            strips[-1] = strip_of(
                [("▌ " if self.has_focus else "▏ ", "rule"), (text, "warning")], self._styles_by_name, self.size.width
            )
        return strips

    # --- reading

    def moved(self) -> None:
        self.refresh()
        self.refresh_bindings()

    def action_scroll_start(self) -> None:
        """Go to the first row that is kept."""
        self.terminal.scroll_to(0)
        self.moved()

    def action_scroll_rows(self, count: int) -> None:
        """Scroll by rows."""
        self.terminal.scroll_by(count)
        self.moved()

    def action_scroll_end(self) -> None:
        """Go to the end and follow it."""
        self.terminal.follow()
        self._repaint()

    def action_step_prompt(self, count: int) -> None:
        """A terminal has no prompts that are known."""

    def action_copy_screen(self) -> None:
        """Offer the chosen text, or what is in view, for the clipboard."""
        text = self.terminal.chosen_text() or self.terminal.screen_text()
        if text:
            self.post_message(self.CopyText(self, self._task_id, text))

    def action_take_copied(self) -> None:
        """Offer what the agent has copied for the clipboard."""
        if self.terminal.copied:
            self.post_message(self.CopyText(self, self._task_id, self.terminal.copied))

    def action_search(self) -> None:
        """Find words."""
        self._search = ""
        self._found = -1
        self._keys_moved()

    def _type_search(self, event: events.Key) -> None:
        assert self._search is not None
        match event.key:
            case "escape" | "ctrl+right_square_bracket":
                self._search = None
                self.terminal.search("")
            case "enter" | "down":
                self.action_next_found(1)
            case "up" | "shift+enter":
                self.action_next_found(-1)
            case "backspace":
                self._search = self._search[:-1]
                self._find()
            case "ctrl+u":
                self._search = ""
                self._find()
            case _ if event.character and event.is_printable:
                self._search += event.character
                self._find()
        self._keys_moved()

    def _find(self) -> None:
        """Search upwards from the end: the latest counts."""
        self._found = self.terminal.search(self._search or "") - 1
        self.terminal.show_found(self._found)

    def action_next_found(self, count: int) -> None:
        """Go to another place found: the next one is above, as the search began at the end."""
        if self.terminal.found:
            self._found = (self._found - count) % len(self.terminal.found)
            self.terminal.show_found(self._found)
            self._header_changed = True
            self.moved()
            self._pump.wake()

    # --- mouse

    def _cell(self, event: events.MouseEvent) -> tuple[int, int]:
        """Line of the area and column of the terminal."""
        return int(event.y) - len(self._header), int(event.x) - 1

    def _program_wants(self, event: events.MouseEvent) -> bool:
        emulator = self.terminal.emulator
        return (
            not event.shift
            and self.is_typing
            and emulator is not None
            and emulator.wants_mouse
            and self.terminal.view.following
        )

    def _tell_mouse(self, event: events.MouseEvent, button: str, *, pressed: bool = True, moved: bool = False) -> None:
        keyboard, emulator = self.terminal.keyboard, self.terminal.emulator
        line, column = self._cell(event)
        if keyboard is not None and emulator is not None and line >= 0:
            row = self.terminal.top + line - (emulator.total_rows - emulator.rows)
            data = keyboard.mouse(button, max(0, column), max(0, row), pressed=pressed, moved=moved)  # type: ignore[arg-type]
            if data:
                self.post_message(self.KeysTyped(self, self._task_id, data))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Tell the program, or begin to choose text."""
        line, column = self._cell(event)
        if line < 0:
            return
        if self._program_wants(event):
            self._tell_mouse(event, _BUTTON.get(event.button, "left"))
        elif event.button == 1:
            self._drag = self.terminal.place(line, column)
            self.terminal.choose(None)
            self.capture_mouse()
            self.moved()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell the program, or choose more text."""
        if self._drag is not None:
            line, column = self._cell(event)
            if line < 0:
                self.action_scroll_rows(-1)
            elif line >= self.terminal.height:
                self.action_scroll_rows(1)
            self.terminal.choose(self._drag, self.terminal.place(min(max(0, line), self.terminal.height - 1), column))
            self.moved()
        elif self._program_wants(event):
            self._tell_mouse(event, _BUTTON.get(event.button, "none"), moved=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Tell the program, or offer the chosen text for the clipboard."""
        if self._drag is not None:
            self._drag = None
            self.release_mouse()
            if text := self.terminal.chosen_text():
                self.post_message(self.CopyText(self, self._task_id, text))
        elif self._program_wants(event):
            self._tell_mouse(event, _BUTTON.get(event.button, "left"), pressed=False)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up: the program if it wants to, else what it has shown."""
        self._wheel(event, -WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        self._wheel(event, WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, count: int) -> None:
        event.stop()
        emulator, keyboard = self.terminal.emulator, self.terminal.keyboard
        if self._program_wants(event):
            self._tell_mouse(event, "wheel-up" if count < 0 else "wheel-down")
        elif self.is_typing and emulator is not None and emulator.alternate and keyboard is not None:
            self._send(keyboard.key("up" if count < 0 else "down") * abs(count))
        else:
            self.action_scroll_rows(count)

    def on_click(self, event: events.Click) -> None:
        """On the terminal: keys go to the agent. On the header, twice: zoom. On what is new below: the end."""
        event.stop()
        line, _ = self._cell(event)
        if line < 0:
            if event.chain == 2:
                self.post_message(self.PaneZoomed(self, self._task_id))
        elif line == self.terminal.height - 1 and self.terminal.new_rows:
            self.action_scroll_end()
        elif not self.terminal.chosen and not self._keys.to_agent:
            self._give_keys(True)


_BUTTON = {0: "none", 1: "left", 2: "middle", 3: "right"}
