"""Queues as Markdown files.

::

    # Review and fix

    What it is for, in a line or two.

    ## Tests prove something

    ```toml
    if_tests_changed = true
    ```

    Look at each test you have written…

    ## Is anything left to do?

Each ``##`` heading begins an item: its title, and below it the prompt. An item without text below its heading is said
as its heading. A TOML block right below the heading holds its settings (the fields of
:class:`agents.parts.queues.QueueItem`). A line of a prompt that begins with ``## `` is written ``\\## ``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agents.errors import UsageError
from agents.parts.queues import ItemSettings, QueueItem
from agents.toml_file import parse_toml

TITLE_LENGTH = 60
NAME_LENGTH = 60
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SETTINGS = re.compile(
    r"\A\s*(?P<fence>`{3,}|~{3,})[ \t]*toml[ \t]*\n(?P<toml>.*?)^(?P=fence)[ \t]*(?:\n|\Z)", re.S | re.M
)


class Settings(ItemSettings, kw_only=True, forbid_unknown_fields=True):
    """The TOML block of an item."""


def checked_name(name: str) -> str:
    """A name that a queue can have.

    Raises:
        UsageError: it cannot be the name of a file, or would be hard to write on a command line.
    """
    if not name:
        raise UsageError("A queue needs a name.")
    wrong = next((c for c in name if c.isspace() or c in '/\\:.*?"<>|' or not c.isprintable()), "")
    if wrong or name.startswith("-") or len(name) > NAME_LENGTH:
        what = (
            f"it contains {wrong!r}" if wrong else "it is too long" if len(name) > NAME_LENGTH else "it begins with -"
        )
        raise UsageError(f"“{name}” cannot be the name of a queue: {what}.", "Use letters, digits and hyphens.")
    return name


def parse_queue(text: str, path: Path) -> tuple[str, tuple[QueueItem, ...]]:
    """Description and items of a queue's file; ``path`` is for the messages.

    Raises:
        UsageError: settings of an item cannot be understood, or there is no item; names file, item and what is wrong.
    """
    head, *parts = _parts(text)
    lines = [line for line in head.splitlines() if not line.startswith("# ")]
    items = tuple(parse_item(part, path) for part in parts if part.strip("# \n"))
    if not items:
        raise UsageError(f"{path}: there is no prompt in it.", "Each begins with a line `## Title`.")
    return "\n".join(lines).strip(), items


def parse_item(text: str, path: Path = Path("This item")) -> QueueItem:
    """One item as it is written in a file; without a heading, the title is taken from its first line.

    Raises:
        UsageError: it says nothing, or its settings cannot be understood.
    """
    title, body = "", text.strip("\n")
    if body.startswith("## "):
        heading, _, body = body.partition("\n")
        title = " ".join(heading.removeprefix("## ").split())
    settings = Settings()
    if found := _SETTINGS.match(body):
        where = Path(f"{path}, “{title}”") if title else path
        settings = parse_toml(found["toml"], where, Settings)
        body = body[found.end() :]
    prompt = re.sub(r"(?m)^\\(?=\\*## )", "", body).strip() or title
    if not prompt:
        raise UsageError(f"{path} has no text.", "Write what the agent should do.")
    return QueueItem(title=title or title_of(prompt), prompt=prompt, **msgspec.structs.asdict(settings))


def queue_text(name: str, description: str, items: Sequence[QueueItem]) -> str:
    """The file of a queue; :func:`parse_queue` reads it back as it was."""
    heading = f"# {name.replace('-', ' ').capitalize()}"
    parts = [heading, description.strip(), *(item_text(item) for item in items)]
    return "\n\n".join(part for part in parts if part) + "\n"


def item_text(item: QueueItem) -> str:
    """An item as it is written in a file and edited."""
    parts = [f"## {' '.join(item.title.split())}"]
    if settings := _settings_text(item):
        parts.append(f"```toml\n{settings}```")
    if item.prompt != item.title:
        parts.append(re.sub(r"(?m)^(?=\\*## )", r"\\", item.prompt))
    return "\n\n".join(parts)


def title_of(prompt: str) -> str:
    """A title from the first line of a prompt that says something."""
    line = next((line.strip(" #*-\t") for line in prompt.splitlines() if line.strip(" #*-\t")), "…")
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def _settings_text(item: QueueItem) -> str:
    lines = []
    for name in Settings.__struct_fields__:
        value = getattr(item, name)
        if value:
            # JSON of strings, lists of them and booleans is TOML
            lines.append(f"{name} = {msgspec.json.encode(value).decode()}\n")
    return "".join(lines)


def _parts(text: str) -> list[str]:
    """What stands before the first item, then each item with its heading. Headings in fenced code are none."""
    parts: list[list[str]] = [[]]
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not line.strip(" `~"):
            fence = ""
        if line.startswith("## ") and not fence:
            parts.append([])
        parts[-1].append(line)
    return ["\n".join(part) for part in parts]
