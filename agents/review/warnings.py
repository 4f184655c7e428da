"""What a reviewer should look at first: changes that are small to make and dear to miss.

Found by names, modes and changed lines; nothing is run or read beside the diff. Conservative, because a warning that
is mostly wrong is soon not read. Two sorts: what is weaker now (tests, checks, permissions), and what will run or be
obeyed later (hooks, settings of editors and agents, build scripts).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.review.concerns import concerns_about
from agents.review.conflicts import begins_conflict, conflict_lines
from agents.review.kinds import file_kind
from agents.review.model import ADD, DELETE, FileDiff
from agents.review.secrets import secrets_in

PER_NAME = 20
"""Places of one sort that are named per file; what is beyond says nothing more."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing to look at."""

    name: str
    """A word or two, the same for everything of its sort: ``tests weakened``, ``secret``, ``ci``."""
    sentence: str
    """Why it matters, for people."""
    path: bytes
    line: int = -1
    """Index in the file's lines; -1 when it is about the file as a whole."""


_TEST = re.compile(
    rb"^.[ \t]*(?:(?:async[ \t]+)?def[ \t]+test\w*|func[ \t]+Test\w+|#\[(?:tokio::)?test\]|@Test\b|"
    rb"(?:it|test)[ \t]*\(|TEST(?:_[FP])?\()",
    re.MULTILINE,
)
_ASSERT = re.compile(
    rb"^.[ \t]*(?:assert\b|self\.(?:assert|fail)\w*\(|(?:await[ \t]+)?expect\(|assert\w*!?[.(]|require\.\w+\(|"
    rb"t\.(?:Error|Fatal)f?\(|with[ \t]+(?:pytest\.|self\.assert)[Rr]aises\()",
    re.MULTILINE,
)
_SKIP = re.compile(
    rb"@(?:pytest\.mark|unittest)\.(?:skip\w*|xfail|expectedFailure)|\bpytest\.(?:skip|xfail|importorskip)\(|"
    rb"\bself\.skipTest\(|\b(?:it|test|describe|context)\.(?:skip|only|todo|fixme)\b|"
    rb"\b(?:xit|xdescribe|xtest|fit|fdescribe)\(|\bt\.Skip(?:f|Now)?\(|#\[ignore\b|@(?:Ignore|Disabled)\b"
)
_SILENCER = re.compile(
    rb"#[ \t]*(?:noqa\b|(?:type|pyright|mypy):[ \t]*ignore|pylint:[ \t]*disable|nosec\b|ruff:[ \t]*noqa|"
    rb"pragma:[ \t]*no[ \t]*cover|rubocop:disable|shellcheck[ \t]+disable)|eslint-disable|"
    rb"@ts-(?:ignore|nocheck|expect-error)|biome-ignore|tslint:disable|istanbul[ \t]+ignore|//[ \t]*nolint\b|"
    rb"#!?\[allow\(|@SuppressWarnings\b|\bNOLINT(?:NEXTLINE)?\b|//[ \t]*noinspection\b"
)
_SILENCER_WORDS = b"noqa ignore disable nosec cover @ts- nolint allow( SuppressWarnings NOLINT noinspection".split()
"""Without one of these no silencer can match; looking for a word is a hundred times as fast as matching."""
_HIDDEN = re.compile(
    # soft hyphen, Arabic letter mark, zero width and direction marks, joiners, byte order mark, tags: in UTF-8
    rb"\xc2\xad|\xd8\x9c|\xe2\x80[\x8b\x8c\x8e\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xf3\xa0[\x80\x81][\x80-\xbf]"
)
_SCRIPT = re.compile(rb'"(?:(?:pre|post)?(?:install|prepare|publish|pack|build|test|start)|prepare)"\s*:\s*"')

ORDER = (
    "secret", "conflict", "hidden characters", "tests deleted", "tests weakened", "skipped tests", "silenced checks",
    "permissions", "symlink", "submodule", "runs later", "agent settings", "editor settings", "git settings",
    "ci", "dependencies", "lock file",
)  # fmt: skip
"""All names, what to look at first in front."""


def file_warnings(file: FileDiff) -> list[Warned]:
    """The warnings of one file, the most pressing sort first; at most :data:`PER_NAME` of a sort."""
    found = [Warned(name, sentence, file.path) for name, sentence in concerns_about(file)]
    if len(file.lines) and not file.is_combined:
        found += _in_lines(file)
    found.sort(key=lambda warning: (ORDER.index(warning.name), warning.line))
    counts: dict[str, int] = {}
    kept = []
    for warning in found:
        counts[warning.name] = counts.get(warning.name, 0) + 1
        if counts[warning.name] <= PER_NAME:
            kept.append(warning)
    return kept


def _in_lines(file: FileDiff) -> Iterator[Warned]:
    kind = file_kind(file.path, file.attributes)
    data, start, end = _extent(file)
    if not kind.is_generated:
        yield from _at(file, secrets_in(data, start, end), "secret", "This looks like a key or a password.")
    part = data[start:end]
    if any(word in part for word in _SILENCER_WORDS):
        yield from _matches(file, _SILENCER, "silenced checks", "A checker is told to be silent here.")
    yield from _conflicts(file)
    if not part.isascii():
        yield from _matches(file, _HIDDEN, "hidden characters", "Characters that cannot be seen, or that reorder text.")
    if kind.is_test:
        yield from _matches(file, _SKIP, "skipped tests", "A test is skipped, expected to fail, or runs alone.")
        yield from _weaker(file)
    if file.path.rpartition(b"/")[2] == b"package.json":
        yield from _matches(file, _SCRIPT, "runs later", "A script that package managers run by themselves.")


def _conflicts(file: FileDiff) -> Iterator[Warned]:
    sentence = "A merge is not finished here: both sides stand in the file."
    for hunk in file.hunks:
        for index in conflict_lines(file.lines, hunk.indexes):
            if file.lines.kind[index] == ADD and begins_conflict(file.lines, index):
                yield Warned("conflict", sentence, file.path, index)


def _weaker(file: FileDiff) -> Iterator[Warned]:
    """Tests that went, and hunks of tests that check less than before."""
    lost = [*_lines(file, _TEST, DELETE)]
    if len(lost) > len([*_lines(file, _TEST, ADD)]) and file.status != "deleted":
        yield Warned("tests deleted", "There are fewer tests in this file than before.", file.path, lost[0])
    if file.status == "deleted":
        return
    deleted, added = [*_lines(file, _ASSERT, DELETE)], [*_lines(file, _ASSERT, ADD)]
    for hunk in file.hunks:
        gone = [index for index in deleted if index in hunk.indexes]
        come = sum(index in hunk.indexes for index in added)
        if len(gone) > come:
            less = len(gone) - come
            sentence = f"{less} check{'s' * (less > 1)} fewer than before in this hunk."
            yield Warned("tests weakened", sentence, file.path, gone[0])


def _matches(file: FileDiff, pattern: re.Pattern[bytes], name: str, sentence: str) -> Iterator[Warned]:
    """Warnings on added lines; one that a deleted line beside it had as well was only moved or edited."""
    before = {file.lines.raw(index).strip() for index in _lines(file, pattern, DELETE)}
    for index in _lines(file, pattern, ADD):
        if file.lines.raw(index).strip() not in before:
            yield Warned(name, sentence, file.path, index)


def _at(file: FileDiff, offsets: Iterable[int], name: str, sentence: str) -> Iterator[Warned]:
    for index in _indexes(file, offsets, ADD):
        yield Warned(name, sentence, file.path, index)


def _lines(file: FileDiff, pattern: re.Pattern[bytes], kind: int) -> Iterator[int]:
    """Indexes of lines of a kind that hold a pattern."""
    return _indexes(file, (found.end() - 1 for found in pattern.finditer(*_extent(file))), kind)


def _indexes(file: FileDiff, offsets: Iterable[int], kind: int) -> Iterator[int]:
    """The lines that offsets in the patch lie in, each once; what is not in a line of the kind is left out."""
    lines = file.lines
    last = -1
    for offset in offsets:
        index = bisect_right(lines.start, offset) - 1
        if index != last and index >= 0 and offset < lines.end[index] and lines.kind[index] == kind:
            last = index
            yield index


def _extent(file: FileDiff) -> tuple[bytes, int, int]:
    """The patch text, and where this file's lines stand in it, the mark of the first one included."""
    lines = file.lines
    return lines.data, lines.start[0] - file.parents, lines.end[-1]
