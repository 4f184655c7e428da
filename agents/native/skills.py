"""Skills: folders with a SKILL.md whose name and description a model is told, and whose text it reads when it needs it.

The format is that of agentskills.io: a front matter with ``name`` and ``description``, then the instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from agents import paths
from agents.model import Struct
from agents.native.prompt import text_of

FILE = "SKILL.md"
PROJECT_FOLDERS = (".agents/skills", ".claude/skills")
"""Where a repository keeps its skills."""
MOST = 100
DESCRIPTION_LIMIT = 1024
"""Characters of a description; the format allows no more."""


class Skill(Struct, kw_only=True):
    """What a model is told about a skill."""

    name: str
    description: str
    path: str
    """Its SKILL.md."""


def user_folders() -> list[Path]:
    """Where the person keeps skills: ours, then those that several agents share."""
    home = Path.home()
    return [paths.config_dir() / "skills", home / ".agents" / "skills", home / ".claude" / "skills"]


def find_skills(project: Sequence[Path]) -> list[Skill]:
    """All skills, the project's first; of several with one name the first counts.

    Args:
        project: the folders of the repository that count, its root first. What lies there was perhaps written by an
            agent: nothing outside the folder is read through a link.
    """
    places = [(folder, folder / name) for folder in reversed(project) for name in PROJECT_FOLDERS]
    places += [(folder, folder) for folder in user_folders()]
    found: dict[str, Skill] = {}
    for within, folder in places:
        for skill in _skills_in(folder, within):
            found.setdefault(skill.name, skill)
    return list(found.values())[:MOST]


def _skills_in(folder: Path, within: Path) -> Iterable[Skill]:
    try:
        names = sorted(child.name for child in folder.iterdir())
    except OSError:
        return  # none here
    for name in names:
        path = folder / name / FILE
        fields = front_matter(text_of(path, within))
        if fields.get("description"):
            yield Skill(
                name=fields.get("name") or name,
                description=fields["description"][:DESCRIPTION_LIMIT],
                path=str(path),
            )


def front_matter(text: str) -> dict[str, str]:
    """The plain fields of a document's front matter, each in one line. No more of YAML than skills use: quoted, folded
    and plain scalars."""
    lines = text.split("\n")
    if lines[0].strip() != "---" or "---" not in (rest := [line.rstrip() for line in lines[1:]]):
        return {}
    fields: dict[str, list[str]] = {}
    last: list[str] = []
    for line in rest[: rest.index("---")]:
        if found := re.match(r"([A-Za-z_-]+):\s*(.*)", line):
            value = "" if re.fullmatch(r"[>|][+-]?", found[2]) else found[2]
            last = fields[found[1].lower()] = [value]
        elif line[:1] in (" ", "\t"):
            last.append(line.strip())
    return {name: _unquoted(" ".join(filter(None, parts))) for name, parts in fields.items()}


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1].replace('\\"', '"')
    return text
