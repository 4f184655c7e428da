"""What the review says in words: where the reader is, what the diff compares, what changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from agents.escape import escape_name
from agents.model import Task, at_work
from agents.parts.changes import Diff, Scope
from agents.parts.review import Comment, CommentDraft
from agents.review.model import DiffSet, FileDiff
from widgets.text_strips import cells, cut, printable

if TYPE_CHECKING:
    from widgets.diff import Position

SCOPE_WORDS: dict[Scope, str] = {
    "branch": "the whole change",
    "working": "not committed yet",
    "turn": "the last turn",
    "review": "since your last review",
    "commit": "one commit",
    "refs": "two states",
}
SCOPES: tuple[Scope, ...] = ("branch", "working", "turn", "review")
"""Those that need no name; in the order the key goes through them."""


@dataclass(frozen=True, slots=True)
class News:
    """What is different between two diffs of the same scope."""

    changed: tuple[bytes, ...] = ()
    added: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()

    @property
    def paths(self) -> frozenset[bytes]:
        """Files worth another look."""
        return frozenset((*self.changed, *self.added))

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.gone)


def news_between(before: DiffSet, after: DiffSet) -> News:
    """Which files changed under the reader."""
    old = {file.path: _content(file) for file in before.files}
    new = {file.path: _content(file) for file in after.files}
    return News(
        changed=tuple(path for path in new if path in old and old[path] != new[path]),
        added=tuple(path for path in new if path not in old),
        gone=tuple(path for path in old if path not in new),
    )


def _content(file: FileDiff) -> tuple[str, ...]:
    return file.status, file.old_blob, file.new_blob, file.old_mode, file.new_mode


def news_text(news: News, task: Task) -> str:
    """One sentence on what changed."""
    if not news:
        return f"Turn {task.turn} ended. Nothing changed in what you see."
    parts = []
    for paths, words in ((news.changed, "changed"), (news.added, "new"), (news.gone, "no longer part of the change")):
        if paths:
            parts.append(f"{_files(len(paths))} {words} ({_some(paths)})")
    return f"Turn {task.turn} · " + ", ".join(parts)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _some(paths: Sequence[bytes], limit: int = 3) -> str:
    names = [escape_name(path) for path in paths[:limit]]
    return ", ".join(names) + (f" and {len(paths) - limit} more" if len(paths) > limit else "")


def scope_text(diff: Diff) -> str:
    """What is compared with what, and where."""
    directory = f" in {printable(diff.directory)}" if diff.directory else ""
    return f"{SCOPE_WORDS[diff.scope]}: {printable(diff.base_name)} … {printable(diff.head_name) or 'now'}{directory}"


def title_text(task: Task, diff: Diff | None, width: int) -> Text:
    """The first line: what is reviewed and what is compared. Where there is no room for both, base and folder stay and
    the title of the task gets shorter; of a long folder its end is shown."""
    state = ""
    if at_work(task):
        state = f" · the agent is {task.state}: this is its change so far"
    elif task.state != "ready":
        state = f" · {task.state}"
    scope = f" · {scope_text(diff)}" if diff is not None else ""
    title = f"Review {printable(' '.join(task.title.split()))}"
    if cells(title + state + scope) > width and diff is not None and diff.directory:
        folder = printable(diff.directory)
        scope = scope.replace(folder, f"…/{folder.rstrip('/').rpartition('/')[2]}")
    room = max(width // 4, width - cells(scope) - cells(state))
    text = Text(no_wrap=True, overflow="ellipsis")
    for part, style in cut(((title, "bold"),), room):
        text.append(part, style)
    return text.append(state).append(scope)


def position_text(position: Position, flags: Iterable[str]) -> str:
    """Where the reader is, and what is left out."""
    parts = []
    if position.file:
        parts.append(f"file {position.file}/{position.files}")
    elif position.files:
        parts.append(f"{_files(position.files)}")
    if position.hunk:
        parts.append(f"hunk {position.hunk}/{position.hunks}")
    if position.new:
        parts.append(f"line {position.new}")
    elif position.old:
        parts.append(f"old line {position.old}")
    if position.rows:
        parts.append(f"{round(100 * position.row / position.rows)}%")
    return " · ".join((*parts, *flags))


def place_text(draft: CommentDraft) -> str:
    """What a comment is about."""
    if draft.target == "change":
        return "on the whole change"
    name = escape_name(draft.path)
    if draft.target == "file" or not draft.start:
        return f"on the file {name}"
    side = "old line" if draft.side == "old" else "line"
    if draft.target == "hunk":
        return f"on the hunk at {name}:{draft.start}"
    if draft.end > draft.start:
        return f"on {name}, {side}s {draft.start}–{draft.end}"
    return f"on {name}, {side} {draft.start}"


def drafts_of(comments: Iterable[Comment]) -> list[Comment]:
    """Comments and replies that the next round sends."""
    return [c for c in comments if c.is_to_be_sent]
