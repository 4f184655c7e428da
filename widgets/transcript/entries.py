"""One entry of a transcript as rows at a width."""

from __future__ import annotations

from collections.abc import Iterable

from agents.model import Entry, ToolStatus, ToolUse
from agents.prompts.image_chips import with_names
from widgets.task_words import duration
from widgets.text_strips import Span, Spans, chop, cut, expand_tabs, printable, spans_cells, wrap
from widgets.transcript.blocks import Row
from widgets.transcript.edits import edit_counts, edit_rows

PROMPT_ROWS = 12
EDIT_ROWS = 12
FAILED_ROWS = 3
OUTPUT_ROWS = 200
EXPANDED_EDIT_ROWS = 400
ARGUMENT_ROWS = 20
WIDEST_LINE = 2000
"""Characters of a single line of output that are shown; the rest of it is cut off, with a mark."""

_SPEAKERS = {
    "person": "you",
    "review": "your review",
    "check": "checks",
    "queue": "queue",
    "landing": "landing",
    "script": "a script",
    "": "prompt",
}
"""Who says a prompt, where it is not called by the same word."""
_MARKS: dict[ToolStatus, tuple[str, str]] = {
    "running": ("●", "running"), "done": ("✓", "done"), "failed": ("✗", "failed"), "interrupted": ("■", "interrupted")
}  # fmt: skip


def lay_entry(entry: Entry, width: int, expanded: bool, now: float) -> list[Row]:
    """The rows of an entry whose text is not Markdown.

    Args:
        entry: What to show.
        width: Columns.
        expanded: Shown with everything it has.
        now: Seconds since the epoch, for the time that something runs already.
    """
    match entry.kind:
        case "prompt":
            return _prompt(entry, width, expanded)
        case "thinking":
            return _thinking(entry, width, expanded)
        case "tool" | "check" | "script":
            tool = entry.tool or ToolUse(name=entry.kind, output=entry.text, status="done")
            return _tool(entry, tool, width, expanded, now)
        case "plan":
            return _plan(entry, width)
        case "question":
            return _question(entry, width)
        case "error":
            return _marked("✗", "error", entry.text, width)
        case _:
            return _marked("·", "muted", entry.text, width)


def can_fold(entry: Entry) -> bool:
    """Whether the entry has more or less to show."""
    return entry.kind in ("thinking", "tool", "check", "script") or (entry.kind == "prompt" and len(entry.text) > 200)


# --- prompts, thinking, plans, notices --------------------------------------------------------------------------------


def _prompt(entry: Entry, width: int, expanded: bool) -> list[Row]:
    bar: Span = ("▌ ", "prompt prompt-bar")
    who: Spans = (
        (_SPEAKERS.get(entry.origin, entry.origin), "prompt prompt-who"),
        (f"  turn {entry.turn}", "prompt muted"),
    )
    lines = [row for line in _lines(with_names(entry.text.strip("\n"))) for row in wrap(((line, "prompt"),), width - 3)]
    shown = lines if expanded else _head(lines, PROMPT_ROWS)
    rows = [Row((bar, *who), "prompt")]
    rows += [Row((bar, *line), "prompt") for line in shown]
    if len(lines) > PROMPT_ROWS + 1:
        said = "▾ less" if expanded else f"▸ {len(lines) - len(shown)} more lines"
        rows.append(Row((bar, (said, "prompt muted")), "prompt", "toggle"))
    return rows


def _head(rows: list[Spans], limit: int) -> list[Spans]:
    """The first rows; a single one more is shown rather than counted."""
    return rows if len(rows) <= limit + 1 else rows[:limit]


def _thinking(entry: Entry, width: int, expanded: bool) -> list[Row]:
    lines = [line for line in _lines(entry.text) if line.strip()]
    if not lines:
        return []
    if expanded:
        rows = [Row((("▾ ", "faint"), ("thinking", "thinking")), click="toggle")]
        body = [row for line in lines for row in wrap(((line, "thinking"),), width - 2)]
        return rows + [Row((("  ", ""), *line)) for line in body]
    gist = lines[0] if entry.done else lines[-1]
    verb = "thought" if entry.done else "thinking"
    return [
        Row(cut((("▸ ", "faint"), (verb, "thinking"), (f"  {gist.strip()}", "thinking faint")), width), click="toggle")
    ]


def _plan(entry: Entry, width: int) -> list[Row]:
    rows = [Row((("▪ ", "accent"), ("plan", "strong")))]
    for line in _lines(entry.text.strip("\n")):
        text, mark = line.lstrip(" -*"), ("○ ", "muted")
        for written, shown in (("[x] ", ("✓ ", "success")), ("[ ] ", ("○ ", "muted")), ("[>] ", ("● ", "accent"))):
            if text.lower().startswith(written):
                text, mark = text[4:], shown
        style = "muted" if mark[0] == "✓ " else ""
        for index, row in enumerate(wrap(((text, style),), width - 4)):
            rows.append(Row((("  ", ""), mark if not index else ("  ", ""), *row)))
    return rows


def _question(entry: Entry, width: int) -> list[Row]:
    """What the agent asks, and its numbered options; the answer once there is one."""
    open_, rows = not entry.done, []
    for index, line in enumerate(_lines(entry.text.strip("\n"))):
        number, _, rest = line.partition(" ")
        if number == "→":
            lead, spans = ("  → ", "accent"), ((rest, "strong"),)
        elif number.isdecimal() and index:
            lead, spans = (f"  {number} ", "accent" if open_ else "faint"), ((rest, "" if open_ else "muted"),)
        else:
            lead, spans = ("  " if index else "? ", "warning" if open_ else "muted"), ((line, "strong"),)
        for part, row in enumerate(wrap(spans, max(4, width - len(lead[0])))):
            rows.append(Row((lead if not part else (" " * len(lead[0]), ""), *row)))
    return rows


def _marked(mark: str, style: str, text: str, width: int) -> list[Row]:
    body = [row for line in _lines(text.strip("\n")) for row in wrap(((line, style),), width - 2)]
    return [Row((((mark if not index else " ") + " ", style), *row)) for index, row in enumerate(body)]


# --- tools and checks -------------------------------------------------------------------------------------------------


def _tool(entry: Entry, tool: ToolUse, width: int, expanded: bool, now: float) -> list[Row]:
    rows = [_tool_line(entry, tool, width, expanded, now)]
    if expanded:
        rows += _arguments(tool, width)
        rows += edit_rows(tool.diff, width, EXPANDED_EDIT_ROWS) if tool.diff else []
        rows += _output(tool.output, width, OUTPUT_ROWS)
        return rows
    if tool.diff and tool.status == "done":
        return rows + edit_rows(tool.diff, width, EDIT_ROWS)
    if tool.status == "failed":
        return rows + _output(tool.output, width, FAILED_ROWS, say_more=False)
    return rows


def _tool_line(entry: Entry, tool: ToolUse, width: int, expanded: bool, now: float) -> Row:
    glyph, word = _MARKS[tool.status]
    name = f"check {tool.name}" if entry.kind == "check" and tool.name != "check" else tool.name
    end: list[Span] = []
    if tool.diff:
        additions, deletions = edit_counts(tool.diff)
        end += [(f"  +{additions}", "success"), (f" −{deletions}", "danger")]
    if tool.status != "done":
        end.append((f"  {word}", f"tool-{tool.status}"))
    elif entry.kind in ("check", "script"):
        end.append(("  passed", "tool-done"))
    running = tool.status == "running"
    # A running clock shows whole seconds: it moves once a second, and tenths would be noise.
    seconds = float(int(now - entry.at)) if running and entry.at else tool.seconds
    if seconds >= (1.0 if running else 0.05):
        end.append((f"  {duration(seconds)}", "faint"))
    end.append((" ▾" if expanded else " ▸", "faint"))
    begin: list[Span] = [(f"{glyph} ", f"tool-{tool.status}"), (printable(name), "tool-name")]
    title = "  " + " ".join(_lines(tool.title)).strip() if tool.title else ""
    room = max(4, width - spans_cells(end))
    return Row((*cut([*begin, (title, "tool-title")], room), *end), click="toggle")


def _arguments(tool: ToolUse, width: int) -> list[Row]:
    rows: list[Row] = []
    for name, value in tool.arguments.items():
        lines = _lines(value if isinstance(value, str) else repr(value))
        label: Span = (f"  {printable(name)} ", "faint")
        for index, line in enumerate(lines[:ARGUMENT_ROWS]):
            lead: Span = label if index == 0 else (" " * spans_cells((label,)), "")
            rows.append(Row(cut((lead, (line, "argument")), width)))
        if len(lines) > ARGUMENT_ROWS:
            rows.append(Row(((f"  … {len(lines) - ARGUMENT_ROWS} more lines", "faint"),)))
    return rows


def _output(text: str, width: int, limit: int, say_more: bool = True) -> list[Row]:
    """The end of a command's output."""
    lines = _lines(text.rstrip())
    if lines == [""]:
        return []
    rows: list[Row] = []
    if len(lines) > limit and say_more:
        rows.append(Row((("  │ ", "faint"), (f"… {len(lines) - limit} earlier lines", "faint"))))
    for line in lines[-limit:]:
        if len(line) > WIDEST_LINE:
            line = line[:WIDEST_LINE] + "…"
        spans = ((line, "output"),)
        parts = chop(spans, width - 4) if say_more else [cut(spans, width - 4)]
        rows += [Row((("  │ ", "faint"), *part)) for part in parts]
    return rows


def _lines(text: str) -> list[str]:
    """Lines as they can be shown. A carriage return within a line begins it anew, as on a terminal."""
    lines: Iterable[str] = text.split("\n")
    return [expand_tabs(printable(line.rstrip("\r").rpartition("\r")[2])) for line in lines]
