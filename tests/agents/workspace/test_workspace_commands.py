"""Git command lines of a person: names in the place of {}, and what would need somebody at an editor is refused."""

from __future__ import annotations

import pytest

from agents.errors import UsageError
from agents.parts.committing import FileStatus
from agents.workspace.commands import filled, parse_status, refuse_interactive

KNOWN = FileStatus(path=b"a b.txt", word="modified")
NEW = FileStatus(path=b"-new'.txt", word="new", untracked=True)


@pytest.mark.parametrize(
    ("command", "files", "line"),
    [
        ("git commit -m 'x' {}", [KNOWN], "git commit -m 'x' -- 'a b.txt'"),
        ("git commit -m x {}", [KNOWN, NEW],
         "git add -- '-new'\"'\"'.txt' &&\ngit commit -m x -- 'a b.txt' '-new'\"'\"'.txt'"),
        ("git add {} && git status", [NEW], "git add -- '-new'\"'\"'.txt' && git status"),
        ("git log --oneline", [], "git log --oneline"),
        ("wc -l {}", [KNOWN], "wc -l 'a b.txt'"),
        ("git checkout HEAD -- {}", [KNOWN], "git checkout HEAD -- 'a b.txt'"),
    ],
)  # fmt: skip
def test_names_are_quoted_and_new_files_are_added_first(command: str, files: list[FileStatus], line: str) -> None:
    assert filled(command, files) == line


@pytest.mark.parametrize(
    "command",
    [
        "git commit", "git commit -a", "git commit --amend", "git rebase -i HEAD~2", "git tag -a v1", "git merge topic",
        "git revert HEAD", "git add -p", "git checkout -p", "git stash -p", "git config --edit", "git commit -v {}",
        "git -C . commit", "git status && git commit", "git branch --edit-description",
    ],
)  # fmt: skip
def test_what_needs_an_editor_or_answers_is_refused_with_advice(command: str) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_interactive(command)
    assert refused.value.hint, "it says what to write instead"


@pytest.mark.parametrize(
    "command",
    [
        "git commit -m x", "git commit -am x", "git commit --message=x", "git commit --amend --no-edit",
        "git rebase main",
        "git merge --no-edit topic", "git merge --ff-only topic", "git tag v1", "git tag -a v1 -m x", "git add .",
        "git revert --no-edit HEAD", "git cherry-pick abc", "git stash", "ls -p", "echo git commit",
        "git log --grep 'git commit'", "git rebase --continue",
    ],
)  # fmt: skip
def test_what_needs_nobody_is_let_through(command: str) -> None:
    refuse_interactive(command)


@pytest.mark.parametrize(("command", "said"), [("", "no command"), ("git add {}", "No files"), ("git 'x", "quotes")])
def test_a_command_that_says_nothing_is_explained(command: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        filled(command, [])


def test_status_is_read_with_every_name_there_can_be() -> None:
    printed = b"?? new\xff\nfile\0R  to\0from\0 M mod\0A  added\0UU both\0 D gone\0MT typed\0!! ignored\0"
    found = {one.path: one for one in parse_status(printed)}
    assert {path: one.word for path, one in found.items()} == {
        b"new\xff\nfile": "new", b"to": "renamed", b"mod": "modified", b"added": "new", b"both": "conflict",
        b"gone": "deleted", b"typed": "retyped",
    }  # fmt: skip
    assert found[b"to"].old_path == b"from"
    assert [path for path, one in found.items() if one.staged] == [b"to", b"added", b"typed"]
    assert [path for path, one in found.items() if one.untracked] == [b"new\xff\nfile"]
