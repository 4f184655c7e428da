"""The emulator: Ghostty's terminal core, behind the few calls that we need of it.

It understands what modern programs send (kitty keys, synchronized output, hyperlinks, true colour, mouse modes) and
answers what they ask (device attributes, modes, colours, sizes). Pictures and the clipboard are declined.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pyghostty import core
from pyghostty._ffi import check, ffi, lib, union_fn

from agents.terminal.lines import Line, parse_lines

SCROLLBACK_BYTES = 4_000_000
"""What the rows above the screen may take: 5,000 of 80 columns, 2,000 of 200. By itself the library keeps hundreds."""
_SCROLLBACK_ROWS = 100_000
"""So many that the bytes decide: where the library counts rows, every one costs six times as much."""
CELL_PIXELS = (8, 16)
"""What programs are told that ask for the size of a cell."""
_OSC_BYTES = 4_096
_CONTINUATION_BYTES = 256_000
"""Of a sequence that is not complete, kept so that a snapshot can be taken in the middle of it."""

DARK = ((216, 216, 216), (18, 18, 18))
LIGHT = ((32, 32, 32), (250, 250, 250))
"""Foreground and background that programs are told which ask whether it is dark here."""


class Sink:
    """What a terminal tells while it is fed. Every method may be replaced; none may feed the terminal."""

    def reply(self, data: bytes) -> None:
        """An answer for the program."""

    def title(self, text: str) -> None:
        """The window's title is another."""

    def progress(self, state: str, percent: int) -> None:
        """OSC 9;4: ``remove``, ``set``, ``error``, ``indeterminate`` or ``pause``; -1 percent when none was given."""

    def notification(self, title: str, body: str) -> None:
        """OSC 9 or 777: the program calls the person."""

    def other(self, command: str) -> None:
        """An OSC that the emulator does not know, from its number on."""

    def copied(self, text: str) -> None:
        """OSC 52: the program wants this in the clipboard."""

    def bell(self) -> None:
        """The bell."""


class Cursor(NamedTuple):
    """Where the next character goes, from 0, and whether it shows."""

    column: int
    row: int
    visible: bool


class Found(NamedTuple):
    """A place of a search: row from the top of what is kept, columns from ``start`` up to ``end``."""

    row: int
    start: int
    end: int


class Mark:
    """A row that is found again after more was drawn or the width changed."""

    def __init__(self, reference: Any) -> None:
        self._reference = reference
        self._free = weakref.finalize(self, lib.ghostty_tracked_grid_ref_free, reference[0])

    @property
    def row(self) -> int | None:
        """Where it is now, from the top of what is kept; None when it was thrown away."""
        place = ffi.new("GhosttyPointCoordinate*")
        found = lib.ghostty_tracked_grid_ref_point(self._reference[0], lib.GHOSTTY_POINT_TAG_SCREEN, place)
        return int(place.y) if found == lib.GHOSTTY_SUCCESS else None

    def forget(self) -> None:
        """It is not needed any more."""
        self._free()


class Emulator:
    """One terminal. Rows are counted from the top of what is kept; the screen is the last ``rows`` of them."""

    def __init__(self, columns: int, rows: int, sink: Sink | None = None, *, state: bytes = b"") -> None:
        """
        Args:
            sink: is told what happens.
            state: of :meth:`snapshot`, to go on from; it brings its own size.

        Raises:
            ValueError: the state cannot be understood.
        """
        self._handle = _decoded(state) if state else _made(columns, rows)
        self._free = weakref.finalize(self, lib.ghostty_terminal_free, self._handle[0])
        self._callbacks: list[Any] = []
        self._render: Any = None
        self._rows_of_render: Any = None
        self._set_size_option("SCROLLBACK_MAX_LINES", "size_t", _SCROLLBACK_ROWS)
        self._set_size_option("SCROLLBACK_MAX_BYTES", "size_t", SCROLLBACK_BYTES)
        self._set_size_option("KITTY_IMAGE_STORAGE_LIMIT", "uint64_t", 0)
        self._set_size_option("CONTINUATION_MAX_BYTES", "size_t", _CONTINUATION_BYTES)
        self.show_colours(dark=True)
        if sink is not None:
            self._listen(sink)

    def close(self) -> None:
        """Give up its memory now."""
        if self._render is not None:
            lib.ghostty_render_state_row_iterator_free(self._rows_of_render[0])
            lib.ghostty_render_state_free(self._render[0])
            self._render = None
        self._free()

    @property
    def handle(self) -> Any:
        """For the encoders of the same library."""
        return self._handle[0]

    # what is drawn

    def feed(self, data: bytes) -> None:
        """The program has written this."""
        lib.ghostty_terminal_vt_write(self._handle[0], data, len(data))

    def resize(self, columns: int, rows: int) -> None:
        """Another size; the main screen is wrapped anew."""
        check(lib.ghostty_terminal_resize(self._handle[0], columns, rows, *CELL_PIXELS), "resize")

    def show_colours(self, dark: bool) -> None:
        """What a program is told that asks for the default colours."""
        for option, colour in zip(("FOREGROUND", "BACKGROUND"), DARK if dark else LIGHT, strict=True):
            value = ffi.new("GhosttyColorRgb*", dict(zip("rgb", colour, strict=True)))
            self._set(f"COLOR_{option}", value)

    @property
    def columns(self) -> int:
        """Width in cells."""
        return int(self._get("COLS", "uint16_t"))

    @property
    def rows(self) -> int:
        """Height of the screen in cells."""
        return int(self._get("ROWS", "uint16_t"))

    @property
    def total_rows(self) -> int:
        """Rows that are kept, those of the screen included."""
        return int(self._get("TOTAL_ROWS", "size_t"))

    @property
    def cursor(self) -> Cursor:
        """The cursor on the screen."""
        return Cursor(
            int(self._get("CURSOR_X", "uint16_t")),
            int(self._get("CURSOR_Y", "uint16_t")),
            bool(self._get("CURSOR_VISIBLE", "bool")),
        )

    @property
    def title(self) -> str:
        """The window's title."""
        text = self._get("TITLE", "GhosttyString")
        return ffi.buffer(text.ptr, text.len)[:].decode("utf-8", "replace") if text.len else ""

    @property
    def alternate(self) -> bool:
        """The program has the whole screen; nothing is kept above it."""
        return bool(self._get("ACTIVE_SCREEN", "GhosttyTerminalScreen") == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE)

    def mode(self, number: int) -> bool:
        """Whether a private mode is set: 2004 pasting in brackets, 2026 output held, 1004 focus told…"""
        config = ffi.new("GhosttyTerminalModeConfig*")
        config.mode = number & 0x7FFF
        check(lib.ghostty_terminal_get(self._handle[0], lib.GHOSTTY_TERMINAL_DATA_MODE, config), "mode")
        return bool(config.value)

    @property
    def wants_mouse(self) -> bool:
        """The program wants to be told of clicks."""
        return bool(self._get("MOUSE_TRACKING", "bool"))

    @property
    def kitty_flags(self) -> int:
        """Flags of the kitty keyboard protocol."""
        return int(self._get("KITTY_KEYBOARD_FLAGS", "uint8_t"))

    def lines(self, start: int, stop: int) -> list[Line]:
        """Rows from ``start`` up to ``stop``, as they look."""
        return parse_lines(self._format(start, stop, lib.GHOSTTY_FORMATTER_FORMAT_VT), max(0, stop - start))

    def text(self, start: int, stop: int) -> list[str]:
        """Rows from ``start`` up to ``stop``, what stands in them."""
        rows = self._format(start, stop, lib.GHOSTTY_FORMATTER_FORMAT_PLAIN).split("\n")
        rows = [row.rstrip() for row in rows[: max(0, stop - start)]]
        return rows + [""] * (stop - start - len(rows))

    def screen_text(self) -> list[str]:
        """What stands on the screen, a string for each row."""
        total = self.total_rows
        return self.text(total - self.rows, total)

    def changed_rows(self) -> Sequence[int] | None:
        """Rows of the screen (from 0) that differ since this was asked last; None when all may."""
        state, iterator = self._render_state()
        check(lib.ghostty_render_state_update(state, self._handle[0]), "update")
        dirty = ffi.new("GhosttyRenderStateDirty*")
        check(lib.ghostty_render_state_get(state, lib.GHOSTTY_RENDER_STATE_DATA_DIRTY, dirty), "dirty")
        changed: list[int] = []
        every = dirty[0] == lib.GHOSTTY_RENDER_STATE_DIRTY_FULL
        if dirty[0] and not every:
            check(lib.ghostty_render_state_get(state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, iterator), "rows")
            row = ffi.new("uint16_t*")
            while lib.ghostty_render_state_row_iterator_next_dirty(iterator[0], row):
                changed.append(int(row[0]))
        check(lib.ghostty_render_state_clean(state), "clean")
        return None if every else changed

    # keeping and finding

    def snapshot(self) -> bytes:
        """All of it, to go on from elsewhere; in the middle of an endless sequence, what is drawn."""
        state = self._encoded()
        if state is None:
            with closing(Emulator(self.columns, self.rows)) as copy:
                copy.feed(self._format(0, self.total_rows, lib.GHOSTTY_FORMATTER_FORMAT_VT).encode())
                state = copy._encoded()
        return state or b""

    def _encoded(self) -> bytes | None:
        place, length = ffi.new("uint8_t**"), ffi.new("size_t*")
        if lib.ghostty_snapshot_encode_alloc(self._handle[0], ffi.NULL, place, length):
            return None
        try:
            return bytes(ffi.buffer(place[0], length[0]))
        finally:
            lib.ghostty_free(ffi.NULL, place[0], length[0])

    def mark(self, row: int) -> Mark:
        """Remember a row."""
        reference = ffi.new("GhosttyTrackedGridRef*")
        function = union_fn(
            "ghostty_terminal_grid_ref_track",
            "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyTrackedGridRef*)",
        )
        check(function(self._handle[0], _point(0, row)[0], reference), "mark")
        return Mark(reference)

    def search(self, words: str) -> list[Found]:
        """Where some words stand, whatever the case, from the top."""
        wanted = words.casefold()
        found = []
        if wanted:
            for row, text in enumerate(self.text(0, self.total_rows)):
                folded = text.casefold()
                start = folded.find(wanted)
                while start >= 0:
                    found.append(Found(row, start, start + len(wanted)))
                    start = folded.find(wanted, start + len(wanted))
        return found

    # inside

    def _get(self, name: str, kind: str) -> Any:
        value = ffi.new(f"{kind}*")
        result = lib.ghostty_terminal_get(self._handle[0], getattr(lib, f"GHOSTTY_TERMINAL_DATA_{name}"), value)
        check(result, name)
        return value[0]

    def _set(self, name: str, value: Any) -> None:
        check(lib.ghostty_terminal_set(self._handle[0], getattr(lib, f"GHOSTTY_TERMINAL_OPT_{name}"), value), name)

    def _set_size_option(self, name: str, kind: str, value: int) -> None:
        self._set(name, ffi.new(f"{kind}*", value))

    def _format(self, start: int, stop: int, emit: int) -> str:
        if stop <= start:
            return ""
        options = core.init_sized("GhosttyFormatterTerminalOptions")
        options.emit = emit
        selection = core.init_sized("GhosttySelection")
        selection.start = self._reference(0, start)[0]
        selection.end = self._reference(self.columns - 1, stop - 1)[0]
        options.selection = selection
        formatter = ffi.new("GhosttyFormatter*")
        check(lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, self._handle[0], options[0]), "format")
        place, length = ffi.new("uint8_t**"), ffi.new("size_t*")
        try:
            check(lib.ghostty_formatter_format_alloc(formatter[0], ffi.NULL, place, length), "format")
            try:
                return ffi.buffer(place[0], length[0])[:].decode("utf-8", "replace") if length[0] else ""
            finally:
                lib.ghostty_free(ffi.NULL, place[0], length[0])
        finally:
            lib.ghostty_formatter_free(formatter[0])

    def _reference(self, column: int, row: int) -> Any:
        reference = core.init_sized("GhosttyGridRef")
        function = union_fn(
            "ghostty_terminal_grid_ref", "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyGridRef*)"
        )
        check(function(self._handle[0], _point(column, row)[0], reference), "row")
        return reference

    def _render_state(self) -> tuple[Any, Any]:
        if self._render is None:
            self._render = ffi.new("GhosttyRenderState*")
            check(lib.ghostty_render_state_new(ffi.NULL, self._render), "render state")
            self._rows_of_render = ffi.new("GhosttyRenderStateRowIterator*")
            check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, self._rows_of_render), "row iterator")
        return self._render[0], self._rows_of_render

    def _listen(self, sink: Sink) -> None:
        def string(value: Any) -> str:
            return ffi.buffer(value.ptr, value.len)[:].decode("utf-8", "replace") if value.len else ""

        def title_changed(_terminal: Any, _data: Any) -> None:
            sink.title(self.title)

        def progress(_terminal: Any, _data: Any, report: Any) -> None:
            sink.progress(_PROGRESS.get(int(report.state), "set"), int(report.progress))

        def notified(_terminal: Any, _data: Any, notification: Any) -> None:
            sink.notification(string(notification.title), string(notification.body))

        def unknown(_terminal: Any, _data: Any, sequence: Any) -> None:
            if sequence.tag == lib.GHOSTTY_TERMINAL_UNKNOWN_SEQUENCE_OSC:
                sink.other(string(sequence.value.osc.content))

        def size(_terminal: Any, _data: Any, wanted: Any) -> bool:
            wanted.rows, wanted.columns = self.rows, self.columns
            wanted.cell_width, wanted.cell_height = CELL_PIXELS
            return True

        def copied(_terminal: Any, _data: Any, write: Any) -> None:
            for index in range(write.contents_len):
                sink.copied(string(write.contents[index].data))

        self._hook("WRITE_PTY", "WritePtyFn", lambda _t, _d, data, size: sink.reply(ffi.buffer(data, size)[:]))
        self._hook("TITLE_CHANGED", "TitleChangedFn", title_changed)
        self._hook("PROGRESS_REPORT", "ProgressReportFn", progress)
        self._hook("DESKTOP_NOTIFICATION", "DesktopNotificationFn", notified)
        self._hook("UNKNOWN_SEQUENCE", "UnknownSequenceFn", unknown)
        self._hook("SIZE", "SizeFn", size)
        self._hook("CLIPBOARD_WRITE", "ClipboardWriteFn", copied)
        self._hook("BELL", "BellFn", lambda _t, _d: sink.bell())
        self._set_size_option("UNKNOWN_MAX_BYTES", "size_t", _OSC_BYTES)

    def _hook(self, option: str, kind: str, function: Callable[..., Any]) -> None:
        callback = ffi.callback(f"GhosttyTerminal{kind}", function)
        self._callbacks.append(callback)
        self._set(option, callback)


_PROGRESS = {
    int(getattr(lib, f"GHOSTTY_TERMINAL_PROGRESS_STATE_{name.upper()}")): name
    for name in ("remove", "set", "error", "indeterminate", "pause")
}


def _made(columns: int, rows: int) -> Any:
    handle = ffi.new("GhosttyTerminal*")
    check(lib.ghostty_terminal_new(ffi.NULL, handle, columns, rows), "terminal")
    check(lib.ghostty_terminal_resize(handle[0], columns, rows, *CELL_PIXELS), "size")
    return handle


def _decoded(state: bytes) -> Any:
    decoder, source, handle = (
        ffi.new("GhosttySnapshotDecoder*"), ffi.from_buffer("uint8_t[]", state), ffi.new("GhosttyTerminal*")
    )  # fmt: skip
    if lib.ghostty_snapshot_decoder_new_buf(ffi.NULL, decoder, source, len(state)):
        raise ValueError("This is not the state of a terminal.")
    try:
        if lib.ghostty_snapshot_decoder_decode(decoder[0], handle):
            raise ValueError("This is not the state of a terminal.")
    finally:
        lib.ghostty_snapshot_decoder_free(decoder[0])
    return handle


def _point(column: int, row: int) -> Any:
    point = ffi.new("GhosttyPointS*")
    point.tag = lib.GHOSTTY_POINT_TAG_SCREEN
    point.value.x, point.value.y = column, row
    return point


@contextlib.contextmanager
def closing(emulator: Emulator) -> Any:
    """Give it up in the end."""
    try:
        yield emulator
    finally:
        emulator.close()
