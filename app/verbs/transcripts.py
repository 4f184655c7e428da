"""A task's transcript as a Markdown document."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from agents.model import Entry, Task, Turn, Usage
from app.verbs.printing import cost, safe

_ORIGINS = {"review": "Review", "check": "Checks", "queue": "Queue", "landing": "Landing"}


def markdown(task: Task, turns: Sequence[Turn], entries: Sequence[Entry]) -> str:
    """The whole story of a task for people: what was said, done and spent, turn by turn."""
    lines = [
        f"# {safe(task.title)}",
        "",
        f"Task {task.id}, {task.state}, {task.profile} {task.model}".rstrip() + f", from {safe(task.base)}.",
        f"{task.turn} turns, {task.files_changed} files changed (+{task.additions} −{task.deletions}), "
        f"{spent(task.usage)}.",
    ]
    by_number = {turn.number: turn for turn in turns}
    shown = -1
    for entry in entries:
        if entry.turn != shown:
            shown = entry.turn
            lines += ["", *_turn_title(shown, by_number.get(shown))]
        lines += ["", *_entry(entry)]
    return "\n".join(lines).rstrip() + "\n"


def spent(usage: Usage) -> str:
    """Tokens and money in words; a price nobody knows is said to be unknown."""
    price = "price unknown" if usage.cost_usd is None else cost(usage.cost_usd)
    return (
        f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, {usage.cache_read_tokens:,} cached, "
        f"{usage.cache_write_tokens:,} written, {price}"
    )


def _turn_title(number: int, turn: Turn | None) -> Iterator[str]:
    yield f"## Turn {number}" if number else "## Before the first turn"
    if turn is None:
        return
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(turn.started_at))
    seconds = f", {turn.ended_at - turn.started_at:.1f} s" if turn.ended_at else ""
    yield ""
    yield f"{at}{seconds}, {turn.outcome or 'not ended'}; {len(turn.steps)} requests: {spent(turn.usage)}."


def _entry(entry: Entry) -> Iterator[str]:
    text = safe(entry.text.strip())
    match entry.kind:
        case "prompt":
            yield f"**{_ORIGINS.get(entry.origin, 'You')}:**"
            yield ""
            yield from (f"> {line}".rstrip() for line in text.split("\n"))
        case "thinking":
            yield from ("<details><summary>Thinking</summary>", "", text, "", "</details>")
        case "tool" | "check" | "script" if entry.tool is not None:
            tool = entry.tool
            yield f"**{tool.name}** `{_inline(tool.title)}` ({tool.status}, {tool.seconds:.1f} s)"
            if tool.diff:
                yield from ("", *_fenced(safe(tool.diff), "diff"))
            if tool.output:
                yield from ("", *_fenced(safe(tool.output), ""))
        case "notice" | "error":
            yield f"*{entry.kind.capitalize()}: {text}*"
        case _:
            yield text


def _inline(text: str) -> str:
    return safe(" ".join(text.split())).replace("`", "'")


def _fenced(text: str, language: str) -> Iterator[str]:
    """A block whose fence is longer than any inside."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    yield f"{fence}{language}"
    yield text.rstrip("\n")
    yield fence
