"""What an agent is told beside a prompt: what happened to the files without it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.model import Turn


def undone_note(turn: int) -> str:
    """The person has undone a turn's work."""
    return f"(The user has undone your turn {turn}: the files are as they were before it. Commits were kept.)"


def others_note(turns: Sequence[Turn]) -> str:
    """In which turns other agents changed files since the task's own agent worked last; empty: in none.

    Args:
        turns: those that have ended.
    """
    found = []
    for turn in reversed(turns):
        if not turn.conversation:
            break
        if turn.after != turn.before:
            found.append(f"turn {turn.number}")
    if not found:
        return ""
    named = ", ".join(reversed(found))
    return f"(Another agent has worked on the files since your last turn, in {named}: look at them again.)"
