"""Templates of prompts: Markdown files, with a few settings in a head between two lines ``---`` if they have any."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from agents.parts.writing import Template

LIMIT_BYTES = 200_000
"""Larger files are no templates."""
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_templates(yours: Path, projects: Path) -> list[Template]:
    """The templates in two folders, by name. A project's template gives way to one of yours with the same name; one
    that cannot be read says why."""
    found = {template.name: template for template in _in_folder(projects, "project")}
    found |= {template.name: template for template in _in_folder(yours, "yours")}
    return sorted(found.values(), key=lambda template: template.name.lower())


def _in_folder(folder: Path, source: Literal["yours", "project"]) -> list[Template]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".md")
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = f"{folder} cannot be read: {error.strerror}."
        return [Template(name=folder.name, text="", source=source, path=str(folder), problem=problem)]
    return [_read(file, source) for file in files if not file.is_dir()]


def _read(file: Path, source: Literal["yours", "project"]) -> Template:
    problem = f"{file} is no regular file, or has more than {LIMIT_BYTES:,} bytes."
    try:
        if file.is_file() and file.stat().st_size <= LIMIT_BYTES:
            return parse_template(file.read_text("utf-8"), file.stem, source, str(file))
    except UnicodeDecodeError:
        problem = f"{file} is not UTF-8."
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}."
    return Template(name=file.stem, text="", source=source, path=str(file), problem=problem)


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
