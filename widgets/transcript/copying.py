"""What an entry is as text in a clipboard."""

from __future__ import annotations

from agents.model import Entry


def copied_text(entry: Entry) -> str:
    """The text of an entry as it was written; of a tool call its title, its change and its output."""
    if entry.tool is None:
        return entry.text
    parts = (entry.tool.title or entry.tool.name, entry.tool.diff, entry.tool.output)
    return "\n".join(part.rstrip("\n") for part in parts if part)
