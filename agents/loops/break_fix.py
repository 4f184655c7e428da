"""What to break, and what it means when the tests do not notice: the thinking of break/fix, without running anything.

Tests that a change brings are run on the change, without the code it brings, and with single hunks of that code taken
out. A test that passes each time claims more than it tests.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Literal

from agents.loops.conditions import glob
from agents.model import Struct
from agents.parts.break_fix import BreakFixReport, HunkFinding, TestFinding
from agents.parts.review import CommentDraft
from agents.project_file import BreakFixSection
from agents.review.errors import DiffError
from agents.review.kinds import file_kind
from agents.review.model import ADD, CONTEXT, DELETE, DiffSet, FileDiff
from agents.review.select import select_file, select_lines

AUTHOR = "break-fix"
PYTEST_FILES = ("test_*.py", "*_test.py")
PYTEST = (
    'python=python3; for found in .venv/bin/python venv/bin/python; do [ -x "$found" ] && python="$found" && break; '
    'done; exec "$python" -m pytest -q -rpfE --tb=no --no-header -p no:cacheprovider {files}'
)
"""Run when the project file names no command: the tests' environment is the project's own, where there is one."""
LONG_RUN = 8
"""Added lines in one go after which a piece is divided at the functions in it."""
_DEFINITION = re.compile(rb"\s*(?:async\s+def|def|class)\s+\w")
_PROSE = re.compile(
    r"\.(?:md|rst|txt|adoc|org)$|(?:^|/)(?:LICEN[CS]E|CHANGELOG|AUTHORS|\.gitignore)[^/]*$", re.IGNORECASE
)
_NO_CODE = re.compile(rb"\s*(?:#.*|//.*|[\]\[(){},;]*)\s*$")
_RESULT = re.compile(r"^(PASSED|FAILED|ERROR|XPASS|XFAIL) (.+?)(?: - .*)?$", re.MULTILINE)


class TouchedTest(Struct, kw_only=True):
    """A test that the change adds or touches; ``name`` is empty for a whole file."""

    path: bytes
    name: str = ""
    start: int = 0
    end: int = 0


class Piece(Struct, kw_only=True):
    """Something of the change that can be taken out."""

    path: bytes
    side: Literal["old", "new"]
    start: int
    end: int
    patch: bytes
    """Takes it out of the files as they are."""


class Plan(Struct, kw_only=True):
    """What is to be run."""

    files: tuple[str, ...]
    """The test files."""
    tests: tuple[TouchedTest, ...]
    without: bytes
    """Takes all of the change but its tests out; empty when there is nothing else in it."""
    pieces: tuple[Piece, ...]
    left_out: int = 0
    """Pieces beyond the bound."""


def plan_break_fix(change: DiffSet, contents: Mapping[bytes, bytes], settings: BreakFixSection) -> Plan:
    """What to run on a change.

    Args:
        contents: the new content of its test files (:func:`test_files`).
    """
    brought = test_files(change, settings)
    tests = [test for file in brought for test in _tests_in(file, contents.get(file.new_path, b""))]
    code = [file for file in change.files if not _belongs_to_tests(file, settings)]
    pieces = _spread([_pieces(file) for file in code])
    return Plan(
        files=tuple(name for file in brought if (name := _name(file.new_path)) is not None),
        tests=tuple(tests),
        without=b"".join(_reversed(file) for file in code),
        pieces=tuple(pieces[: settings.hunks]),
        left_out=max(0, len(pieces) - settings.hunks),
    )


def test_files(change: DiffSet, settings: BreakFixSection) -> list[FileDiff]:
    """The files of a change that the runner can be given."""
    return [file for file in change.files if file.status != "deleted" and _is_run(file, settings)]


def _is_run(file: FileDiff, settings: BreakFixSection) -> bool:
    name = _name(file.new_path)
    patterns = settings.tests or PYTEST_FILES
    return (
        name is not None
        and not file.is_binary
        and not file.is_submodule
        and any(glob(pattern).fullmatch(name) for pattern in patterns)
    )


def _belongs_to_tests(file: FileDiff, settings: BreakFixSection) -> bool:
    return _is_run(file, settings) or file_kind(file.path, file.attributes).is_test


def _name(path: bytes) -> str | None:
    """A name that a command can be given; None for one that is no text."""
    try:
        return path.decode() or None
    except UnicodeDecodeError:
        return None


# --- the tests


def _tests_in(file: FileDiff, content: bytes) -> list[TouchedTest]:
    """The tests that were changed in a file; the file itself where they cannot be told."""
    whole = [TouchedTest(path=file.new_path)]
    if not file.new_path.endswith(b".py"):
        return whole
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return whole
    changed = _changed_lines(file)
    found = [
        TouchedTest(path=file.new_path, name=name, start=start, end=end)
        for name, start, end in _functions(tree)
        if any(start <= line <= end for line in changed)
    ]
    return found or whole


def _functions(tree: ast.Module) -> list[tuple[str, int, int]]:
    found = []
    for node in tree.body:
        inside = [(f"{node.name}::", one) for one in node.body] if isinstance(node, ast.ClassDef) else [("", node)]
        for prefix, one in inside:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test"):
                first = min((decorator.lineno for decorator in one.decorator_list), default=one.lineno)
                found.append((prefix + one.name, first, one.end_lineno or one.lineno))
    return found


def _changed_lines(file: FileDiff) -> set[int]:
    """Lines of the new side that were added, or stand where some were deleted."""
    found: set[int] = set()
    for hunk in file.hunks:
        at = hunk.new_start
        for index in hunk.indexes:
            if file.lines.kind[index] in (ADD, CONTEXT):
                at = file.lines.new[index] + 1
            if file.lines.kind[index] == ADD:
                found.add(file.lines.new[index])
            elif file.lines.kind[index] == DELETE:
                found.add(at)
    return found


# --- what can be taken out


def _reversed(file: FileDiff) -> bytes:
    try:
        return select_file(file, reverse=True)
    except DiffError:
        return b""  # binary content and the like stay as they are


def _pieces(file: FileDiff) -> list[Piece]:
    """The hunks of a file, those with nothing that could run left out; long additions by their functions."""
    kind = file_kind(file.path, file.attributes)
    name = _name(file.path)
    if name is None or kind.is_lock or kind.is_generated or kind.is_vendored or _PROSE.search(name):
        return []
    found = []
    for hunk in file.hunks:
        for part in _divided(file, file.lines.of_kind(hunk.indexes, ADD, DELETE)):
            if all(_NO_CODE.match(file.lines.raw(index)) for index in part):
                continue
            side: Literal["old", "new"] = "new" if any(file.lines.kind[index] == ADD for index in part) else "old"
            column = file.lines.new if side == "new" else file.lines.old
            numbers = [column[index] for index in part if column[index] and file.lines.raw(index).strip()]
            try:
                patch = select_lines(file, part, reverse=True)
            except DiffError:
                return []
            found.append(Piece(path=file.path, side=side, start=min(numbers), end=max(numbers), patch=patch))
    return found


def _divided(file: FileDiff, lines: list[int]) -> list[list[int]]:
    """Changed lines of a hunk as one piece, or, where much is only added, a piece for each function."""
    lines_of = file.lines
    adds_only = all(lines_of.kind[index] == ADD for index in lines) and lines == list(range(lines[0], lines[-1] + 1))
    if not adds_only or len(lines) <= LONG_RUN or not file.path.endswith(b".py"):
        return [lines]
    parts: list[list[int]] = [[]]
    for index in lines:
        decorated = bool(parts[-1]) and lines_of.raw(parts[-1][-1]).lstrip().startswith(b"@")
        begins = _DEFINITION.match(lines_of.raw(index)) and not decorated
        if (begins or (lines_of.raw(index).lstrip().startswith(b"@") and not decorated)) and parts[-1]:
            parts.append([])
        parts[-1].append(index)
    return _with_bodies(file, parts)


def _with_bodies(file: FileDiff, parts: list[list[int]]) -> list[list[int]]:
    """A class's first line goes with its first method: alone, neither could be taken out."""
    joined: list[list[int]] = []
    for part in parts:
        if joined and re.match(rb"\s*class\s", file.lines.raw(joined[-1][0])) and len(joined[-1]) < 3:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _spread(pieces: Sequence[Sequence[Piece]]) -> list[Piece]:
    """One piece of each file after the other, so that a bound leaves no file out while others have many."""
    return [piece for row in zip_longest(*pieces) for piece in row if piece is not None]


# --- running


def command_for(settings: BreakFixSection, files: Sequence[str]) -> str:
    """The shell command that runs test files."""
    named = (f"./{name}" if name.startswith("-") else name for name in files)
    return (settings.run or PYTEST).replace("{files}", " ".join(shlex.quote(name) for name in named))


def read_results(output: str) -> dict[str, bool]:
    """What pytest's summary says about single tests, by ``path::name`` without parameters; all its variants must pass.
    Empty for other runners."""
    found: dict[str, bool] = {}
    _, _, summary = output.rpartition("short test summary info")
    for status, test in _RESULT.findall(summary):
        name = test.partition("[")[0]
        found[name] = found.get(name, True) and status in ("PASSED", "XFAIL", "XPASS")
    return found


def passed(test: TouchedTest, is_green: bool, results: Mapping[str, bool]) -> bool:
    """Whether a test passed in a run that ended green or not and said this about single tests."""
    if not results:
        return is_green
    path = test.path.decode("utf-8", "surrogateescape")
    if test.name:
        return results.get(f"{path}::{test.name}", False)
    of_file = [value for name, value in results.items() if name.partition("::")[0] == path]
    return bool(of_file) and all(of_file)


# --- what it means


def drafts(report: BreakFixReport) -> list[CommentDraft]:
    """What the review is told."""
    found = []
    for test in report.tests:
        if test.verdict == "unproven":
            what = f"`{test.name}`" if test.name else "Every test in this file"
            text = (
                f"{what} passes without the change it came with: with all code of the change taken out and only the "
                "tests left, it is still green. Assert something that fails without the change."
            )
            found.append(_draft(text, test.path, "new", test.start, test.end))
    for hunk in report.hunks:
        if hunk.verdict == "unnoticed":
            text = (
                "No test that this change adds or touches notices when this is taken out: all of them stay green. "
                "Test it, or remove it."
            )
            found.append(_draft(text, hunk.path, hunk.side, hunk.start, hunk.end))
    return found


def _draft(text: str, path: bytes, side: Literal["old", "new"], start: int, end: int) -> CommentDraft:
    return CommentDraft(
        text=text, kind="fix", target="lines" if start else "file", path=path, side=side, start=start, end=end,
        author=AUTHOR,
    )  # fmt: skip


def in_words(tests: Sequence[TestFinding], hunks: Sequence[HunkFinding], left_out: int = 0) -> str:
    """What came out, in one sentence or two."""
    unproven = [test for test in tests if test.verdict == "unproven"]
    red = [test for test in tests if test.verdict == "red"]
    unnoticed = [hunk for hunk in hunks if hunk.verdict == "unnoticed"]
    untried = left_out + sum(1 for hunk in hunks if hunk.verdict == "not tried")
    said = []
    if unproven:
        passes = "passes" if len(unproven) == 1 else "pass"
        said.append(f"{len(unproven)} of {_count(len(tests), 'test')} {passes} without the change.")
    if unnoticed:
        said.append(f"No test notices {len(unnoticed)} of {_count(len(hunks), 'hunk')}.")
    if red:
        said.append(f"{_count(len(red), 'test')} did not pass on the change itself.")
    if not said:
        noticed = f"; noticed when taken out: each of {_count(len(hunks), 'hunk')}" if hunks and not untried else ""
        said.append(
            f"Sound: {_count(len(tests), 'test')} fail{'s' if len(tests) == 1 else ''} without the change{noticed}."
        )
    if untried:
        said.append(f"{_count(untried, 'hunk')} not tried.")
    return " ".join(said)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
