"""Templates of prompts: Markdown files, with a few settings in a head between two lines ``---`` if they have any."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from agents.parts.writing import Template

LIMIT_BYTES = 200_000
"""Larger files are no templates."""
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_templates(yours: Path, projects: Path) -> list[Template]:
    """The templates in two folders, by name. A project's template gives way to one of yours with the same name; what
    cannot be read is left out."""
    found = {template.name: template for template in _in_folder(projects, "project")}
    found |= {template.name: template for template in _in_folder(yours, "yours")}
    return sorted(found.values(), key=lambda template: template.name.lower())


def _in_folder(folder: Path, source: Literal["yours", "project"]) -> list[Template]:
    templates = []
    try:
        files = sorted(folder.glob("*.md"))
    except OSError:
        return []
    for file in files:
        try:
            if file.is_file() and file.stat().st_size <= LIMIT_BYTES:
                text = file.read_text("utf-8")
                templates.append(parse_template(text, file.stem, source, str(file)))
        except (OSError, UnicodeDecodeError):
            continue
    return templates


def parse_template(text: str, name: str, source: Literal["yours", "project"] = "yours", path: str = "") -> Template:
    """A template from the text of a file::

    ---
    name: Fix an issue
    profile: claude
    queue: review-and-fix
    check: no
    ---
    Fix the following issue …
    """
    head: dict[str, str] = {}
    lines = text.splitlines(keepends=True)
    if lines and lines[0].strip() == "---":
        end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        for line in lines[1:end]:
            key, colon, value = line.partition(":")
            if colon:
                head[key.strip().lower()] = value.strip().strip("\"'")
        if end:
            text = "".join(lines[end + 1 :])
    return Template(
        name=head.get("name") or name,
        text=text.strip("\n"),
        source=source,
        path=path,
        profile=head.get("profile", ""),
        base=head.get("base", ""),
        queue=head.get("queue", ""),
        check=_WORDS.get(head.get("check", head.get("checks", "")).lower()),
    )
