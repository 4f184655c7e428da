"""Reviewers as Markdown files: who reads in a head of TOML, what to look for below it.

::

    +++
    profile = "claude-api"
    kinds = ["fix", "question"]
    +++
    # Security

    Look for input that reaches a shell, a query or a path unchecked…

The head can be left out. A file of the person's replaces one of the project of the same name, and that one a shipped
one. Like queues they need no trust: a prompt runs nothing by itself, and who reads cannot write.
"""

from __future__ import annotations

import re
from pathlib import Path

from agents import paths
from agents.errors import UsageError
from agents.model import Struct
from agents.parts.review import CommentKind
from agents.parts.reviewers import Reviewer, ReviewerPlace
from agents.toml_file import parse_toml

PROJECT_FOLDER = ".shopfloor/reviewers"
_HEAD = re.compile(r"\A\s*\+\+\+[ \t]*\n(?P<toml>.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.S | re.M)


class Head(Struct, kw_only=True, forbid_unknown_fields=True):
    """The head of a reviewer's file."""

    profile: str = ""
    kinds: tuple[CommentKind, ...] = ("fix", "question", "suggestion")


def parse_reviewer(name: str, text: str, path: Path, place: ReviewerPlace) -> Reviewer:
    """A reviewer from its file.

    Raises:
        UsageError: the head cannot be understood, or nothing is asked for.
    """
    head, body = Head(), text
    if found := _HEAD.match(text):
        head, body = parse_toml(found["toml"], path, Head), text[found.end() :]
    lines = body.strip().splitlines()
    title = name
    if lines and lines[0].startswith("# "):
        title = " ".join(lines[0].removeprefix("# ").split()) or name
    prompt = "\n".join(line for line in lines if not line.startswith("# ")).strip()
    if not prompt:
        raise UsageError(f"{path} does not say what to look for.", "Write it below the heading.")
    return Reviewer(
        name=name, title=title, prompt=prompt, profile=head.profile, kinds=head.kinds, place=place, path=str(path)
    )


def load_reviewers(project: str = "") -> list[Reviewer]:
    """All reviewers by name, those that cannot be read with their problem. ``project``: a main checkout, or empty."""
    folders: list[tuple[Path, ReviewerPlace]] = [(paths.shipped_profiles() / "reviewers", "shipped")]
    if project:
        folders.append((Path(project) / PROJECT_FOLDER, "project"))
    folders.append((paths.config_dir() / "reviewers", "user"))
    found = {path.stem: _read(path, place) for folder, place in folders for path in sorted(folder.glob("*.md"))}
    return [found[name] for name in sorted(found)]


def _read(path: Path, place: ReviewerPlace) -> Reviewer:
    try:
        return parse_reviewer(path.stem, path.read_text("utf-8"), path, place)
    except UsageError as error:
        problem = error.message
    except UnicodeDecodeError:
        problem = f"{path} is not UTF-8."
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror or error}."
    return Reviewer(name=path.stem, title=path.stem, place=place, path=str(path), problem=problem)
