"""Turns what a driver reports into entries: recorded, then published."""

from __future__ import annotations

import json
import time
from typing import Literal

import msgspec

from agents.drivers import (
    Answered,
    AnyReport,
    Asked,
    Notice,
    Plan,
    TextDelta,
    TextEnded,
    ToolEnded,
    ToolOutput,
    ToolStarted,
)
from agents.engine.ledger import Ledger
from agents.events import EntryChanged
from agents.model import Entry, EntryKind, Prompt, Question, ToolUse

CHECKPOINT_SECONDS = 1.0
"""Text of a running stream is in the store at most this late."""
LIVE_OUTPUT_LIMIT = 64_000
"""Characters of a running tool's output kept in its entry; the end counts."""

_PLAN_MARKS = {"pending": " ", "in_progress": ">", "completed": "x"}


class Transcript:
    """The entries of one task that one writer writes: its run, or a script beside it."""

    def __init__(self, task: str, ledger: Ledger, turn: int = 0) -> None:
        self._task = task
        self._ledger = ledger
        self._open: dict[int, Entry] = {}
        """Entries still being written, as last recorded."""
        self._grown: dict[int, list[str]] = {}
        """What was added to each since."""
        self._lengths: dict[int, int] = {}
        self._calls: dict[str, int] = {}
        self._questions: dict[str, int] = {}
        self._text: int | None = None
        self._plan: int | None = None
        """The plan of the turn; the entry is open while the agent may change it."""
        self._recorded_at = time.monotonic()
        self.turn = turn
        """The turn that entries belong to."""

    def add(self, kind: EntryKind, text: str = "", *, tool: ToolUse | None = None, done: bool = True) -> Entry:
        """A new entry."""
        return self._add(Entry(task=self._task, id=0, turn=0, kind=kind, text=encodable(text), tool=tool, done=done))

    def add_prompt(self, prompt: Prompt) -> Entry:
        """What was said to the agent, as it reached it."""
        text = encodable(prompt.text)
        return self._add(Entry(task=self._task, id=0, turn=0, kind="prompt", text=text, origin=prompt.origin))

    def _add(self, entry: Entry) -> Entry:
        self.end_text()
        number = self._ledger.next_entry(self._task)
        entry = msgspec.structs.replace(entry, id=number, turn=self.turn, at=time.time())
        if not entry.done:
            self._grown[entry.id] = []
            self._lengths[entry.id] = len(entry.tool.output if entry.tool else entry.text)
        return self._record(entry)

    def replace(self, entry: Entry) -> None:
        """The entry as it is now; a done one is closed."""
        if entry.done:
            self._open.pop(entry.id, None)
            self._grown.pop(entry.id, None)
            self._lengths.pop(entry.id, None)
        self._record(entry)

    def grow(self, entry_id: int, text: str) -> None:
        """Add to an open entry: to its tool's output if it has one, else to its text."""
        entry = self._open.get(entry_id)
        if entry is None or not text:
            return
        text = encodable(text)
        part: Literal["text", "output"] = "output" if entry.tool else "text"
        self._ledger.grew(self._task, entry_id, self._lengths[entry_id], text, part)
        self._grown[entry_id].append(text)
        self._lengths[entry_id] += len(text)
        if entry.tool and self._lengths[entry_id] > 2 * LIVE_OUTPUT_LIMIT:
            self._shorten(entry_id)
        elif time.monotonic() - self._recorded_at > CHECKPOINT_SECONDS:
            self.checkpoint()

    def _shorten(self, entry_id: int) -> None:
        entry = self._merged(entry_id)
        assert entry.tool is not None
        tail = entry.tool.output[-LIVE_OUTPUT_LIMIT:]
        shortened = msgspec.structs.replace(entry, tool=msgspec.structs.replace(entry.tool, output=tail))
        self._grown[entry_id] = []
        self._lengths[entry_id] = len(tail)
        self.replace(shortened)

    def _merged(self, entry_id: int) -> Entry:
        entry = self._open[entry_id]
        grown = "".join(self._grown[entry_id])
        if not grown:
            return entry
        if entry.tool:
            return msgspec.structs.replace(
                entry, tool=msgspec.structs.replace(entry.tool, output=entry.tool.output + grown)
            )
        return msgspec.structs.replace(entry, text=entry.text + grown)

    @property
    def tools_running(self) -> bool:
        """A tool call has begun and not ended."""
        return bool(self._calls)

    def checkpoint(self) -> None:
        """Put what has grown into the store."""
        self._recorded_at = time.monotonic()
        for entry_id in list(self._open):
            if self._grown[entry_id]:
                entry = self._merged(entry_id)
                self._open[entry_id] = entry
                self._grown[entry_id] = []
                self._ledger.store.put_entry(entry)
        self._ledger.flush_soon()

    def as_now(self, entries: list[Entry]) -> list[Entry]:
        """Entries from the store with what has grown since."""
        return [self._merged(entry.id) if entry.id in self._open else entry for entry in entries]

    def open_entries(self) -> list[Entry]:
        """Entries that are still being written, as they are now."""
        return [self._merged(entry_id) for entry_id in sorted(self._open)]

    # what a driver reports

    def report(self, event: AnyReport) -> None:
        """Record one of the reports that are part of the transcript; the others are the engine's."""
        match event:
            case TextDelta(text=text, thinking=thinking):
                self._text_delta(text, "thinking" if thinking else "text")
            case TextEnded():
                self.end_text()
            case ToolStarted():
                self._tool_started(event)
            case ToolOutput(call=call, text=text):
                if call in self._calls:
                    self.grow(self._calls[call], text)
            case ToolEnded():
                self._tool_ended(event)
            case Plan():
                self._planned(event)
            case Asked(question=question):
                self._questions[question.id] = self.add("question", _written(question), done=False).id
            case Answered(question=identity, answer=answer):
                self._answered(identity, answer)
            case Notice(text=text, severity=severity):
                self.add("error" if severity == "error" else "notice", text)
            case _:
                pass

    def _text_delta(self, text: str, kind: EntryKind) -> None:
        if self._text is None or self._open[self._text].kind != kind:
            self._text = self.add(kind, done=False).id
        self.grow(self._text, text)

    def end_text(self) -> None:
        """The answer being written, if any, is complete."""
        if self._text is None:
            return
        entry_id, self._text = self._text, None
        self.replace(msgspec.structs.replace(self._merged(entry_id), done=True))

    def _tool_started(self, event: ToolStarted) -> None:
        tool = ToolUse(name=event.name, title=encodable(event.title), arguments=_encodable_object(event.arguments))
        if event.call not in self._calls:
            self._calls[event.call] = self.add("tool", tool=tool, done=False).id
            return
        entry = self._merged(self._calls[event.call])
        output = entry.tool.output if entry.tool else ""
        self._replace_open(entry, msgspec.structs.replace(entry, tool=msgspec.structs.replace(tool, output=output)))

    def _planned(self, event: Plan) -> None:
        text = "\n".join(f"- [{_PLAN_MARKS[item.status]}] {' '.join(item.text.split())}" for item in event.items)
        entry = self._open.get(self._plan) if self._plan is not None else None
        if entry is None:
            self._plan = self.add("plan", text, done=False).id
        else:
            self._replace_open(entry, msgspec.structs.replace(entry, text=encodable(text)))

    def _replace_open(self, entry: Entry, changed: Entry) -> None:
        """What is known of an open entry, with all that had grown."""
        self._grown[entry.id] = []
        self._lengths[entry.id] = len(changed.tool.output if changed.tool else changed.text)
        self.replace(changed)

    def _tool_ended(self, event: ToolEnded) -> None:
        entry_id = self._calls.pop(event.call, None)
        entry = self._open.get(entry_id) if entry_id is not None else None
        if entry is None or entry.tool is None:
            return
        tool = msgspec.structs.replace(
            entry.tool,
            status=event.status,
            output=encodable(event.output),
            diff=encodable(event.diff),
            seconds=event.seconds,
        )
        self.replace(msgspec.structs.replace(entry, tool=tool, done=True))

    def _answered(self, question: str, answer: str) -> None:
        entry = self._open.get(self._questions.pop(question, 0))
        if entry is not None:
            text = f"{entry.text}\n→ {encodable(answer) or 'not asked any more'}"
            self.replace(msgspec.structs.replace(entry, text=text, done=True))

    def finish(self) -> None:
        """The turn is over: nothing stays open; tools that did not end were interrupted."""
        self.end_text()
        self._calls.clear()
        self._questions.clear()
        for entry_id in list(self._open):
            self.replace(closed(self._merged(entry_id)))

    def _record(self, entry: Entry) -> Entry:
        entry = msgspec.structs.replace(entry, sequence=self._ledger.next_sequence())
        if not entry.done:
            self._open[entry.id] = entry
        self._ledger.store.put_entry(entry)
        self._ledger.publish(EntryChanged(entry=entry))
        return entry


def closed(entry: Entry) -> Entry:
    """An open entry whose writer is gone."""
    tool = msgspec.structs.replace(entry.tool, status="interrupted") if entry.tool else None
    return msgspec.structs.replace(entry, tool=tool, done=True)


def _written(question: Question) -> str:
    """A question as the text of its entry."""
    options = (f"{number} {option}" for number, option in enumerate(question.options, 1))
    return "\n".join((question.text, *options))


def encodable(text: str) -> str:
    """Text as it can be stored: a model's JSON may hold half a surrogate pair, which is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _encodable_object(value: dict[str, object]) -> dict[str, object]:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return dict(json.loads(encodable(json.dumps(value, ensure_ascii=False))))
    return value
