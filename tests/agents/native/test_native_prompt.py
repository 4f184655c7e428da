"""What a model is told first, and which files it comes from."""

from __future__ import annotations

import os
from pathlib import Path

from native_scene import a_driver, a_worktree

from agents.native.prompt import FILE_LIMIT_BYTES, instruction_files, system_prompt


async def test_instructions_of_person_and_repository_and_the_checks_are_in_the_prompt(tmp_path: Path) -> None:
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    (config / "AGENTS.md").write_text("Write British English.")
    a_worktree(tmp_path, AGENTS__md="Use tabs.", CLAUDE__md="Not this one.")
    async with a_driver(tmp_path, ["Done."]) as (driver, _, player):
        await driver.run_turn("Work.")
    system = player.requests[0].system
    assert system.index("Write British English.") < system.index("Use tabs.")
    assert "Not this one." not in system
    assert str(tmp_path / "work") in system


def test_checks_are_named() -> None:
    assert "- make test" in system_prompt("/w", ["make test"])
    assert "checks" not in system_prompt("/w")


def test_claude_md_counts_where_there_is_no_agents_md(tmp_path: Path) -> None:
    (tmp_path / "CLAUDE.md").write_text("Yes.\x1b[2J")
    assert instruction_files([tmp_path]) == [(str(tmp_path / "CLAUDE.md"), "Yes.[2J")]


def test_links_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not show")
    for name, make in (("a", lambda p: p.symlink_to(secret)), ("b", os.mkfifo), ("c", lambda p: p.mkdir())):
        (tmp_path / name).mkdir()
        make(tmp_path / name / "AGENTS.md")
    assert instruction_files([tmp_path / name for name in "abc"]) == []


def test_long_file_is_cut_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("x" * 100_000)
    text = instruction_files([tmp_path])[0][1]
    assert len(text) < FILE_LIMIT_BYTES + 100
    assert "Cut after" in text
