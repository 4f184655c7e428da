"""Skills and instruction files: what of them a model is told, and that nothing else is lent to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from native_scene import a_driver, a_worktree

from agents.native.prompt import folders_down, instruction_files
from agents.native.skills import find_skills, front_matter
from agents.offline import Call, say


def a_skill(folder: Path, name: str, description: str, body: str = "Do it well.") -> Path:
    path = folder / name / "SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text(f"---\nname: {name}\ndescription: {description}\n---\n{body}\n")
    return path


async def test_model_is_told_name_and_description_and_reads_the_body_when_it_needs_it(tmp_path: Path) -> None:
    worktree = a_worktree(tmp_path)
    a_skill(worktree / ".agents" / "skills", "release", "How to make a release.", "Tag it first.")
    own = a_skill(tmp_path / "home" / "config" / "skills", "letters", "How to write letters.", "Be brief.")
    script = [
        say(Call("read", {"path": ".agents/skills/release/SKILL.md"}), Call("read", {"path": str(own)})),
        "Done.",
    ]
    async with a_driver(tmp_path, script) as (driver, reports, player):
        await driver.run_turn("Release.")
    system = player.requests[0].system
    assert "- release (" in system
    assert "How to make a release." in system
    assert "Tag it first." not in system, "the body belongs to those who ask for it"
    assert any("Tag it first." in output for output in reports.outputs), "the two reads end in any order"
    assert any("Be brief." in output for output in reports.outputs), (
        "the person's own skills lie in a hidden place and must be readable"
    )


def test_first_skill_of_a_name_counts_and_the_deepest_folder_comes_first(tmp_path: Path) -> None:
    root, deep = tmp_path / "repo", tmp_path / "repo" / "part"
    a_skill(root / ".claude" / "skills", "x", "Of the root.")
    a_skill(deep / ".agents" / "skills", "x", "Of the part.")
    a_skill(tmp_path / "person" / ".claude" / "skills", "y", "Of the person.")
    assert [(s.name, s.description) for s in find_skills([root, deep])] == [
        ("x", "Of the part."),
        ("y", "Of the person."),
    ]


def test_linked_folder_of_skills_is_not_followed_out_of_the_repository(tmp_path: Path) -> None:
    a_skill(tmp_path / "secret", "x", "Private.")
    root = tmp_path / "repo"
    (root / ".agents").mkdir(parents=True)
    (root / ".agents" / "skills").symlink_to(tmp_path / "secret")
    assert find_skills([root]) == []


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("---\nname: a\ndescription: b: c\n---\n", {"name": "a", "description": "b: c"}),
        ("---\nDescription: 'it''s'\nname: \"n\"\n---", {"description": "it's", "name": "n"}),
        ("---\ndescription: >-\n  two\n  lines\nother:\n  - x\n---", {"description": "two lines", "other": "- x"}),
        ("---\ndescription: one\n  more\n---", {"description": "one more"}),
        ("---\nname: never ends\n", {}),
        ("# Title\n---\nname: a\n---", {}),
        ("", {}),
    ],
)
def test_front_matter(text: str, fields: dict[str, str]) -> None:
    assert front_matter(text) == fields


def test_instructions_come_from_the_root_down_each_text_once(tmp_path: Path) -> None:
    root, deep = tmp_path / "repo", tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    (root / "AGENTS.md").write_text("General.")
    (root / "a" / "CLAUDE.md").write_text("General.")
    (deep / "AGENTS.md").write_text("Special.")
    (deep / "CLAUDE.md").write_text("Not this one.")
    folders = folders_down(root, deep)
    assert folders == [root, root / "a", deep]
    assert instruction_files(folders) == [(str(root / "AGENTS.md"), "General."), (str(deep / "AGENTS.md"), "Special.")]
    assert folders_down(root, tmp_path) == [tmp_path], "a folder elsewhere counts alone"
