"""How verbs print: plain lines for people, objects for scripts."""

from __future__ import annotations

import base64
import sys
import time

import msgspec

from agents.escape import escape, escape_json
from agents.model import Task
from agents.parts.review import Comment
from agents.review.prompt import place

STATE_GLYPHS = {
    "queued": "…", "preparing": "◌", "working": "●", "checking": "◍", "ready": "✓", "landed": "⇲", "closed": "×",
    "blocked": "!", "stopped": "■", "failed": "✗",
}  # fmt: skip


def print_json(value: object) -> None:
    """One object on one line; a struct with all its fields, those that have their default value too."""
    if isinstance(value, msgspec.Struct):
        value = {name: getattr(value, name) for name in value.__struct_fields__}
    sys.stdout.write(escape_json(msgspec.json.encode(value).decode()) + "\n")
    sys.stdout.flush()


def safe(text: str) -> str:
    """Text of an agent or a repository for a terminal: control characters are shown, not passed on."""
    return "\n".join(escape(line).text for line in text.split("\n"))


def task_object(task: Task) -> dict[str, object]:
    """A task as ``--json`` prints it."""
    running = time.time() - task.turn_started_at if task.state == "working" else 0.0
    return {
        "id": task.id,
        "title": task.title,
        "prompt": task.prompt,
        "state": task.state,
        "held": task.held,
        "reason": task.reason,
        "hint": task.hint,
        "project": task.project,
        "profile": task.profile,
        "model": task.model,
        "base": task.base,
        "base_commit": task.base_commit,
        "branch": task.branch,
        "worktree": task.worktree,
        "turns": task.turn,
        "rounds": task.round,
        "files_changed": task.files_changed,
        "additions": task.additions,
        "deletions": task.deletions,
        "check_state": task.check_state,
        "check_round": task.check_round,
        "queue": None if task.queue is None else msgspec.to_builtins(task.queue),
        "own_queue": task.own_queue or None,
        "cost_usd": task.usage.cost_usd,
        "tokens": task.usage.tokens,
        "seconds": round(task.worked_seconds + running, 3),
        "waiting_prompts": task.waiting_prompts,
        "waiting_until": task.waiting_until,
        "context_used": task.context_used,
        "context_window": task.context_window,
        "draft_comments": task.draft_comments,
        "question": None if task.question is None else msgspec.to_builtins(task.question),
        "unseen": task.unseen,
        "note": task.note,
        "sandbox": task.sandbox,
        "ports": list(task.ports),
        "landing": task.landing,
        "reviewing": task.reviewing,
        "conflicts": list(task.conflicts),
        "created_at": task.created_at,
        "changed_at": task.changed_at,
    }


def comment_object(comment: Comment) -> dict[str, object]:
    """A comment as ``--json`` prints it."""
    shown: dict[str, object] = {
        "id": comment.id,
        "round": comment.round,
        "kind": comment.kind,
        "target": comment.target,
        "path": comment.path.decode("utf-8", "backslashreplace"),
        "side": comment.side,
        "lines": [comment.start, comment.end],
        "section": comment.section,
        "quote": list(comment.quote),
        "text": comment.text,
        "state": comment.state,
        "undelivered": comment.undelivered or None,
        "claim": comment.claim,
        "claim_text": comment.claim_text,
        "author": comment.author,
        "replies": [{"author": reply.author, "round": reply.round, "text": reply.text} for reply in comment.replies],
    }
    try:
        comment.path.decode("utf-8")
    except UnicodeDecodeError:
        shown["path_b64"] = base64.b64encode(comment.path).decode()
    return shown


def comment_line(comment: Comment) -> str:
    """A comment as one line for people."""
    claim = f", the agent says {comment.claim}" if comment.claim else ""
    text = comment.text.strip().replace("\n", " ⏎ ")
    state = {"waiting": "waiting", "failed": "not sent"}.get(comment.undelivered, comment.state)
    return safe(f"{comment.id:<7} {state:<8} {comment.kind:<12} {place(comment)}{claim}: {text}")


def age(since: float) -> str:
    """How long ago, in at most four characters: ``12s``, ``5m``, ``3h``, ``2d``."""
    seconds = max(0.0, time.time() - since)
    for limit, unit, size in ((60, "s", 1), (3600, "m", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 86400)}d"


def counted(number: int, name: str) -> str:
    """``1 turn``, ``2 turns``."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def cost(usd: float | None) -> str:
    """Dollars for people; ``$?`` when a price is not known."""
    return "$?" if usd is None else f"${usd:.2f}"


def agreed(question: str) -> bool:
    """Ask the person at the terminal; only a clear yes counts."""
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
