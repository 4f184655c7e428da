"""What an agent says during a turn, in the words of the protocol, turned into reports.

Agents differ in what they fill in and when: titles and arguments may come later than the call, output as content, as
terminal data in ``_meta`` or as raw output. So each update is merged into what is known of its call, whatever is
missing or of another type is left out, and unknown kinds are passed over.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal, cast

from agents.drivers import (
    Afterwards,
    Plan,
    PlanItem,
    Reporter,
    TextDelta,
    TextEnded,
    ToolEnded,
    ToolOutput,
    ToolStarted,
    Used,
)
from agents.model import ToolStatus, Usage
from agents.native.host.text import unified

COALESCE_SECONDS = 0.03
"""Pieces of text are reported together at most this late."""
LATE_SECONDS = 0.5
"""Pieces that come outside of a turn are one entry when no more of them come for so long."""
TEXT_LIMIT = 64_000
"""Characters that do not wait for it."""
OUTPUT_LIMIT = 128_000
"""Characters of a tool's output that are kept; the end counts."""
ARGUMENT_LIMIT = 20_000
"""Characters of one argument that are kept."""
TITLE_LIMIT = 200

_NAMES = {"execute": "bash", "switch_mode": "mode", "other": "tool", "": "tool"}
_STATUSES = ("pending", "in_progress", "completed")
_FENCED = re.compile(r"\A`{3,}[^\n]*\n(.*?)\n?`{3,}\s*\Z", re.DOTALL)

Fields = dict[str, object]


@dataclass
class _Call:
    """What is known of a tool call so far."""

    kind: str = ""
    title: str = ""
    arguments: Fields = field(default_factory=dict)
    locations: list[str] = field(default_factory=list)
    output: str = ""
    terminal: str = ""
    diff: str = ""
    shown: ToolStarted | None = None
    began: float = field(default_factory=time.monotonic)


class Updates:
    """Takes session updates in the order they came and reports them."""

    def __init__(self, worktree: str, report: Reporter, cost_usd: float = 0.0) -> None:
        """
        Args:
            cost_usd: what the session has cost so far; the agent tells sums, we report what was added.
        """
        self._worktree = PurePath(worktree)
        self._report = report
        self.cost_usd = cost_usd
        self.cost_known = False
        """The agent has told a cost since it started."""
        self.usage: Usage | None = None
        """Tokens that were told beside the text of the turn, for agents that tell no sum when it ends."""
        self.is_silent = True
        """Nothing was said or done in the turn."""
        self.in_turn = False
        """Before the first turn only costs are heard: what else comes is a replay. After a turn words are, too."""
        self._has_worked = False
        self._pieces: list[str] = []
        self._length = 0
        self._thinking = False
        self._message = ""
        self._timer: asyncio.TimerHandle | None = None
        self._calls: dict[str, _Call] = {}
        self._ended: set[str] = set()
        self._kinds: dict[str, Callable[[Fields], None]] = {
            "agent_message_chunk": self._answer,
            "agent_thought_chunk": self._thought,
            "tool_call": self._tool,
            "tool_call_update": self._tool,
            "plan": self._plan,
        }

    def begin(self) -> None:
        """A turn begins."""
        self.flush()
        self.in_turn = self.is_silent = self._has_worked = True
        self._calls.clear()
        self._ended.clear()
        self._message = ""
        self.usage = None

    def end(self) -> None:
        """The turn is over."""
        self.flush()
        self.in_turn = False

    def starts_anew(self) -> None:
        """The agent's process is another one, which may tell its conversation again."""
        self.flush()
        self._has_worked = False

    def take(self, update: Fields) -> None:
        """One update as the agent sent it."""
        kind = _text(update.get("sessionUpdate"))
        if kind == "usage_update":
            self._usage(update)
        elif self.in_turn and kind in self._kinds:
            self.is_silent = False
            self._kinds[kind](update)
        elif self._has_worked and kind == "agent_message_chunk":
            self._late(_content(update.get("content")))

    def described(self, call: str) -> str:
        """What a tool call does, in one line; empty when nothing is known of it."""
        known = self._calls.get(call)
        shown = known.shown if known is not None else None
        return f"{shown.name}: {shown.title}" if shown is not None else ""

    def flush(self) -> None:
        """Report the text that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._length = 0
            self._report(TextDelta(text=text, thinking=self._thinking) if self.in_turn else Afterwards(text=text))

    # text

    def _late(self, text: str) -> None:
        if not text:
            return
        self._pieces.append(text)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LATE_SECONDS, self.flush)

    def _answer(self, update: Fields) -> None:
        told = _fields(_fields(update.get("_meta")).get("usage"))
        if told:
            so_far = self.usage or Usage()
            self.usage = Usage(
                input_tokens=so_far.input_tokens + int(_number(told.get("inputTokens"))),
                output_tokens=so_far.output_tokens + int(_number(told.get("outputTokens"))),
                cost_usd=None,
            )
        self._chunk(update, thinking=False)

    def _thought(self, update: Fields) -> None:
        self._chunk(update, thinking=True)

    def _chunk(self, update: Fields, *, thinking: bool) -> None:
        text = _content(update.get("content"))
        if not text:
            return
        message = _text(update.get("messageId"))
        if message != self._message and self._message and message:
            self.flush()
            self._report(TextEnded())
        elif thinking != self._thinking:
            self.flush()
        self._message = message or self._message
        self._thinking = thinking
        self._pieces.append(text)
        self._length += len(text)
        if self._length > TEXT_LIMIT:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COALESCE_SECONDS, self.flush)

    # tools

    def _tool(self, update: Fields) -> None:
        identity = _text(update.get("toolCallId"))
        if not identity or identity in self._ended:
            return
        self.flush()
        call = self._calls.setdefault(identity, _Call())
        self._learn(call, update)
        shown = _started(identity, call)
        if shown != call.shown:
            call.shown = shown
            self._report(shown)
        self._grow(identity, call, update)
        status = _text(update.get("status"))
        if status in ("completed", "failed"):
            self._end(identity, call, update, "done" if status == "completed" else "failed")

    def _learn(self, call: _Call, update: Fields) -> None:
        call.kind = _text(update.get("kind")) or call.kind
        call.title = _text(update.get("title")) or call.title
        given = _fields(update.get("rawInput"))
        if given:
            call.arguments = {name: _short(value) for name, value in given.items()}
        locations = [self._inside(_text(_fields(place).get("path"))) for place in _list(update.get("locations"))]
        call.locations = locations or call.locations
        diffs = [part for part in map(_fields, _list(update.get("content"))) if part.get("type") == "diff"]
        if diffs:
            call.diff = "".join(map(self._diff, diffs))

    def _diff(self, part: Fields) -> str:
        path = self._inside(_text(part.get("path")))
        return unified(path, _text(part.get("oldText")), _text(part.get("newText")))

    def _inside(self, path: str) -> str:
        """A path as the person knows it: within the worktree if it is there."""
        pure = PurePath(path)
        return str(pure.relative_to(self._worktree)) if pure.is_relative_to(self._worktree) else path

    def _grow(self, identity: str, call: _Call, update: Fields) -> None:
        """Report what its output has grown by."""
        data = _text(_fields(_fields(update.get("_meta")).get("terminal_output")).get("data"))
        if data:
            call.terminal = (call.terminal + data)[-OUTPUT_LIMIT:]
            self._report(ToolOutput(call=identity, text=data[-OUTPUT_LIMIT:]))
        parts = [_content(part.get("content")) for part in map(_fields, _list(update.get("content")))]
        output = _unfenced("\n".join(part for part in parts if part))[-OUTPUT_LIMIT:]
        if not output or output == call.output:
            return
        if output.startswith(call.output) and not call.terminal:
            self._report(ToolOutput(call=identity, text=output[len(call.output) :]))
        call.output = output

    def _end(self, identity: str, call: _Call, update: Fields, status: ToolStatus) -> None:
        del self._calls[identity]
        self._ended.add(identity)
        output = call.terminal or call.output
        if not output and not call.diff:
            output = _raw(update.get("rawOutput"))
        seconds = time.monotonic() - call.began
        self._report(ToolEnded(call=identity, status=status, output=output, diff=call.diff, seconds=seconds))

    # plans, costs

    def _plan(self, update: Fields) -> None:
        self.flush()
        items = []
        for entry in map(_fields, _list(update.get("entries"))):
            status = _text(entry.get("status"))
            known = cast(Literal["pending", "in_progress", "completed"], status if status in _STATUSES else "pending")
            items.append(PlanItem(text=_text(entry.get("content")), status=known))
        self._report(Plan(items=tuple(items)))

    def _usage(self, update: Fields) -> None:
        """A gauge of the context, and what the session has cost as a sum."""
        cost = _fields(update.get("cost"))
        added = 0.0
        if _text(cost.get("currency")).upper() == "USD":
            total = _number(cost.get("amount"))
            # a sum that shrank was begun anew, by an agent that does not remember its own
            added = total - self.cost_usd if total >= self.cost_usd else total
            self.cost_usd, self.cost_known = total, True
        used, window = int(_number(update.get("used"))), int(_number(update.get("size")))
        if self.in_turn or added:
            self._report(Used(usage=Usage(cost_usd=added), context_used=used, context_window=window))


def _started(identity: str, call: _Call) -> ToolStarted:
    name = _NAMES.get(call.kind, call.kind)
    title = " ".join(call.title.split()) or ", ".join(call.locations) or name
    if len(title) > 2 and title[0] == title[-1] == "`":
        title = title[1:-1]
    first, _, rest = title.partition(" ")
    if rest and first.lower() == name:
        title = rest
    arguments = call.arguments or ({"paths": call.locations} if call.locations else {})
    return ToolStarted(call=identity, name=name, title=title[:TITLE_LIMIT], arguments=arguments)


def _content(value: object) -> str:
    """A block of content as text."""
    block = _fields(value)
    match block.get("type"):
        case "text":
            return _text(block.get("text"))
        case "resource_link":
            return f"[{_text(block.get('name')) or _text(block.get('uri'))}]({_text(block.get('uri'))})"
        case "resource":
            return _text(_fields(block.get("resource")).get("text"))
        case "image" | "audio" as kind:
            return f"[{kind}: {_text(block.get('mimeType'))}]"
        case _:
            return ""


def _unfenced(text: str) -> str:
    """Output without the Markdown fence that some agents put around all of it."""
    fenced = _FENCED.match(text)
    return fenced[1] if fenced and "\n```" not in fenced[1] else text


def _raw(value: object) -> str:
    """What a tool returned, where its agent has no words for it."""
    if isinstance(value, str):
        return value[-OUTPUT_LIMIT:]
    fields = _fields(value)
    for name in ("formatted_output", "output", "stdout", "text", "error", "message"):
        if _text(fields.get(name)):
            return _text(fields[name])[-OUTPUT_LIMIT:]
    return ""


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > ARGUMENT_LIMIT:
        return f"{value[:ARGUMENT_LIMIT]}… ({len(value) - ARGUMENT_LIMIT} more characters)"
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e15 else 0.0


def _fields(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
