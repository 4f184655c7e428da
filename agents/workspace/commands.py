"""Git command lines that a person writes: names filled in, and refused when somebody would have to sit at an editor."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

from agents.errors import GitError, UsageError
from agents.parts.committing import FileStatus, FileWord
from agents.sandbox import Policy, Runner
from agents.workspace.git import confined

PLACE = "{}"
_SEPARATORS = frozenset(("&&", "||", ";", "|", "&"))
_WORDS: dict[str, FileWord] = {"D": "deleted", "R": "renamed", "C": "renamed", "T": "retyped", "A": "new"}


async def read_status(runner: Runner, policy: Policy) -> list[FileStatus]:
    """What differs from the last commit in the worktree that ``policy`` starts in; untracked files one by one.

    Raises:
        GitError: git cannot tell.
    """
    argv = ["git", "status", "--porcelain=v1", "-z", "--untracked-files=all"]
    result = await confined(runner, argv, policy)
    if result.status:
        raise GitError(f"Git cannot tell what changed in {policy.directory}: {result.complaint}.")
    return parse_status(result.out)


def parse_status(printed: bytes) -> list[FileStatus]:
    """What ``git status --porcelain=v1 -z --untracked-files=all`` printed."""
    fields = printed.split(b"\0")
    found = []
    at = 0
    while at < len(fields) and fields[at]:
        codes, path = fields[at][:2].decode("ascii", "replace"), fields[at][3:]
        old = b""
        if codes[0] in "RC":
            at += 1
            old = fields[at]
        at += 1
        if codes == "!!":
            continue
        untracked = codes == "??"
        found.append(
            FileStatus(
                path=path,
                word=_word(codes),
                old_path=old,
                untracked=untracked,
                staged=not untracked and codes[0] not in " U",
            )
        )
    return found


def _word(codes: str) -> FileWord:
    if codes == "??":
        return "new"
    if "U" in codes or codes in ("AA", "DD"):
        return "conflict"
    return next((_WORDS[code] for code in codes if code in _WORDS), "modified")


def filled(command: str, files: Sequence[FileStatus]) -> str:
    """A command with the names of files in the place of ``{}``.

    Raises:
        UsageError: it would need an editor, there is nothing in it, or it has a place and no files are picked.
    """
    if not command.strip():
        raise UsageError("There is no command.", "Write one, such as: git commit -m 'What it does' {}")
    refuse_interactive(command)
    if PLACE not in command:
        return command
    if not files:
        raise UsageError("No files are picked for {}.", "Pick some, or write a command without {}.")
    names = [os.fsdecode(name) for one in files for name in (one.old_path, one.path) if name]
    quoted = " ".join(shlex.quote(name) for name in names)
    command = command.replace(PLACE, f"-- {quoted}" if _takes_paths(command) else quoted)
    untracked = [os.fsdecode(one.path) for one in files if one.untracked]
    if untracked and re.match(r"\s*git\s+commit\b", command):
        added = " ".join(shlex.quote(name) for name in untracked)
        command = f"git add -- {added} &&\n{command}"
    return command


def _takes_paths(command: str) -> bool:
    """Names after a ``--`` are never taken for options; a command that has one already keeps it."""
    return bool(re.match(r"\s*git\s+(add|commit|checkout|restore|rm|diff|reset)\b", command)) and " -- " not in command


def refuse_interactive(command: str) -> None:
    """Refuse a git command that would open an editor or ask questions.

    Raises:
        UsageError: it would, or its quotes do not match; with what to write instead.
    """
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError as error:
        raise UsageError(f"The quotes in this command do not match ({error}).", "Close them.") from error
    part: list[str] = []
    for word in [*words, ";"]:
        if word in _SEPARATORS:
            _refuse(part)
            part = []
        else:
            part.append(word)


def _refuse(words: list[str]) -> None:
    if words[:1] != ["git"]:
        return
    verb, options = _verb(words[1:])

    def has(*names: str) -> bool:
        return any(_is_option(option, names) for option in options)

    if verb == "commit" and not has("-m", "-F", "-C", "--message", "--file", "--reuse-message", "--no-edit", "--fixup",
                                    "--dry-run"):  # fmt: skip
        _say("git commit opens an editor.", "Add -m 'message', or --no-edit to an --amend.")
    if verb == "rebase" and has("-i", "--interactive", "--edit-todo"):
        _say("git rebase -i opens an editor.", "Rebase without -i, or tell the agent what to change.")
    if verb in ("merge", "revert", "cherry-pick") and has("-e", "--edit"):
        _say(f"git {verb} --edit opens an editor.", "Use --no-edit, or -m 'message'.")
    if verb in ("merge", "revert") and not has("-m", "-F", "--no-edit", "--abort", "--continue", "--quit", "--ff-only",
                                              "--message", "-n", "--no-commit", "--squash", "--skip"):  # fmt: skip
        _say(f"git {verb} opens an editor.", "Add --no-edit.")
    if verb == "tag" and has("-a", "-s", "--annotate", "--sign") and not has("-m", "-F", "--message", "--file"):
        _say("git tag -a opens an editor.", "Add -m 'message'.")
    if verb in ("add", "checkout", "restore", "reset", "stash", "commit") and has(
        "-p", "--patch", "-i", "--interactive"
    ):
        _say(f"git {verb} -p asks about every hunk.", "Pick hunks in the review instead, where they can be staged.")
    if verb in ("config", "notes", "branch") and has("-e", "--edit", "edit", "--edit-description"):
        _say(f"git {verb} --edit opens an editor.", "Set the value in the command itself.")


def _verb(words: list[str]) -> tuple[str, list[str]]:
    """The git command of some words, and what comes after it."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in ("-C", "-c", "--git-dir", "--work-tree") else 1
    return (words[at], words[at + 1 :]) if at < len(words) else ("", [])


def _is_option(word: str, names: tuple[str, ...]) -> bool:
    """Whether a word is one of some options, also as ``--name=value`` or among joined letters (``-am``)."""
    for name in names:
        if word == name or (name.startswith("--") and word.startswith(f"{name}=")):
            return True
        letter = name[1:] if len(name) == 2 and name.startswith("-") else ""
        if letter and re.fullmatch(r"-[A-Za-z]+", word) and letter in word:
            return True
    return False


def _say(problem: str, advice: str) -> None:
    raise UsageError(f"{problem} Nobody could answer it here.", advice)
