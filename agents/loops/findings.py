"""Reading what test runners, compilers and linters print: what matters in it, and which lines it is about.

Known by the shape of their output, not by the command: pytest, mypy, ruff, tsc, eslint, cargo, go, and whatever prints
``path:line: message``. What is not recognised is cut in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Literal

from agents.parts.checks import Finding

LINES_LIMIT = 120
"""Lines of one check that go to the agent."""
LINE_LIMIT = 600
"""Characters of a line that go to the agent."""
HEAD_LINES = 40
"""Of output that nothing is known about, so many from the beginning; the rest from the end, where runners sum up."""
FINDINGS_LIMIT = 500

_CONTROL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)

_PLACE = r"(?P<path>(?:[A-Za-z]:)?[^\s:()\"'<>|*?][^:()\"'<>|*?\n]*?)"
_COLON = re.compile(
    rf"^\s*{_PLACE}:(?P<line>\d+)(?::(?P<column>\d+))?(?::\d+)*(?:: ?| - )(?P<message>\S.*)$"
)  # mypy, ruff, go, gcc, clang, shellcheck, flake8, pyright's and tsc's pretty form
_PAREN = re.compile(rf"^\s*{_PLACE}\((?P<line>\d+),(?P<column>\d+)\): (?P<message>\S.*)$")  # tsc, msbuild
_ARROW = re.compile(rf"^\s*--> {_PLACE}:(?P<line>\d+):(?P<column>\d+)$")  # rustc, ruff
_ESLINT_LINE = re.compile(r"^ {2,}(?P<line>\d+):(?P<column>\d+)\s+(?P<severity>error|warning)\s+(?P<message>\S.*)$")
_ESLINT_FILE = re.compile(r"^(?P<path>\S.*\.\w+)$")
_RUST_HEAD = re.compile(r"^(?P<severity>error|warning)(?:\[\w+\])?: (?P<message>.*)$")
_RUFF_HEAD = re.compile(r"^(?P<message>[A-Z]+\d+ (?:\[\*\] )?\S.*)$")
_RUST_PANIC = re.compile(rf"^thread '[^']*'(?: \(\d+\))? panicked at {_PLACE}:(?P<line>\d+):(?P<column>\d+):$")
_PYTEST_RULE = re.compile(r"^=+ (?P<name>.*?) =+$")
_SEVERITY = re.compile(r"^(?:fatal )?(?P<severity>error|warning|note|info|help)\b:? *", re.IGNORECASE)


def plain(output: str) -> str:
    """Output without colours and other control sequences; of lines that overwrite themselves the last state."""
    text = _CONTROL.sub("", output.replace("\r\n", "\n"))
    return re.sub(r"[^\n]*\r(?=[^\n])", "", text).replace("\r", "") if "\r" in text else text


def important(output: str) -> tuple[list[str], int]:
    """What matters of a failing check's output (without control sequences), and how many lines were left out."""
    lines = output.rstrip().splitlines()
    for known in (_pytest, _cargo_test, _rustc, _go_test, _eslint, _ruff, _compiler):
        found = known(lines)
        if found:
            chosen = found
            break
    else:
        chosen = lines
    kept = _cut(chosen)
    return [line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]} …" for line in kept], len(lines) - len(kept)


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= LINES_LIMIT:
        return lines
    middle = f"… {len(lines) - LINES_LIMIT + 1} lines …"
    return [*lines[:HEAD_LINES], middle, *lines[len(lines) - (LINES_LIMIT - HEAD_LINES - 1) :]]


# --- what matters, by the shape of the output; an empty answer: it is not this one


def _pytest(lines: list[str]) -> list[str]:
    """From the first failure on, or the summary alone when that is too long."""
    rules = [(at, found["name"]) for at, line in enumerate(lines) if (found := _PYTEST_RULE.match(line))]
    begins = [at for at, name in rules if name in ("FAILURES", "ERRORS")]
    summary = [at for at, name in rules if name.startswith("short test summary")]
    if not begins and not summary:
        return []
    chosen = lines[min([*begins, *summary]) :]
    if len(chosen) <= LINES_LIMIT or not summary:
        return chosen
    told = lines[summary[0] :][: LINES_LIMIT // 2]
    return [*lines[begins[0] :][: LINES_LIMIT - len(told) - 1], "…", *told] if begins else told


def _cargo_test(lines: list[str]) -> list[str]:
    """Between the first ``failures:`` and the end."""
    begin = next((at for at, line in enumerate(lines) if line == "failures:"), -1)
    if begin < 0 or not any(line.startswith("test result: FAILED") for line in lines):
        return []
    return [line for line in lines[begin:] if not re.match(r"test \S+ \.\.\. ok$", line)]


def _rustc(lines: list[str]) -> list[str]:
    """The errors with what is drawn below each; warnings only when there is no error."""
    heads = [found["severity"] for line in lines if (found := _RUST_HEAD.match(line))]
    if not heads or not any(_ARROW.match(line) for line in lines):
        return []
    wanted = "error" if "error" in heads else "warning"
    chosen: list[str] = []
    taking = False
    for line in lines:
        if found := _RUST_HEAD.match(line):
            taking = found["severity"] == wanted
        elif re.match(r"\s+(Compiling|Checking|Finished|Running|Blocking|Downloaded|Updating) ", line):
            taking = False
        if taking:
            chosen.append(line)
    return chosen


def _go_test(lines: list[str]) -> list[str]:
    """Without the tests and packages that passed."""
    if not any(re.match(r"\s*--- FAIL: |FAIL(\t|$)", line) for line in lines):
        return []
    passed = re.compile(r"\s*(=== (RUN|PAUSE|CONT|NAME)\b|--- (PASS|SKIP): )|ok  ?\t|\?  ?\t|PASS$")
    return [line for line in lines if not passed.match(line)]


def _eslint(lines: list[str]) -> list[str]:
    """Files with errors, without their warnings."""
    if not any(_ESLINT_LINE.match(line) for line in lines):
        return []
    problems = [found["severity"] for line in lines if (found := _ESLINT_LINE.match(line))]
    only_errors = "error" in problems
    chosen: list[str] = []
    file = ""
    for line in lines:
        if found := _ESLINT_LINE.match(line):
            if only_errors and found["severity"] != "error":
                continue
            if file:
                chosen.append(file)
                file = ""
            chosen.append(line)
        elif _ESLINT_FILE.match(line):
            file = line
        elif line.startswith("✖"):
            chosen.append(line)
    return chosen


def _ruff(lines: list[str]) -> list[str]:
    """Everything but the praise for files that are well."""
    if not any(_RUFF_HEAD.match(line) for line in lines) or not any(_ARROW.match(line) for line in lines):
        return []
    return lines


def _compiler(lines: list[str]) -> list[str]:
    """Lines that name a place, with the lines that are set in below them, and the last line, which sums up."""
    if not any(_COLON.match(line) or _PAREN.match(line) for line in lines):
        return []
    places = sum(1 for line in lines if _COLON.match(line) or _PAREN.match(line))
    if places * 4 < len(lines):  # a log with a few places in it: what else it says may matter more
        return []
    chosen = []
    taking = False
    for line in lines:
        if _COLON.match(line) or _PAREN.match(line):
            taking = True
        elif not line.startswith((" ", "\t")) and line.strip():
            taking = False
        if taking:
            chosen.append(line)
    return chosen if lines[-1] in chosen else [*chosen, lines[-1]]


# --- places


def findings(output: str, worktree: str, exists: Callable[[str], bool]) -> tuple[Finding, ...]:
    """The lines of files that a check's output is about, each once, at most :data:`FINDINGS_LIMIT`.

    Args:
        output: without control sequences.
        worktree: where it ran; absolute names below it are made relative.
        exists: says whether a name, relative to the worktree, is a file: what is none is not a place.
    """
    found: dict[tuple[str, int], Finding] = {}
    known: dict[str, str] = {}
    for path, line, column, severity, message in _places(output.splitlines()):
        if path not in known:
            name = _relative(path, worktree)
            known[path] = name if name and exists(name) else ""
        name = known[path]
        if not name or (name, line) in found:
            continue
        text = message if len(message) <= LINE_LIMIT else f"{message[:LINE_LIMIT]} …"
        found[name, line] = Finding(
            path=name.encode("utf-8", "surrogateescape"), line=line, column=column, message=text, severity=severity
        )
        if len(found) == FINDINGS_LIMIT:
            break
    return tuple(found.values())


_Place = tuple[str, int, int, Literal["error", "warning", "note"], str]


def _places(lines: list[str]) -> Iterator[_Place]:
    """Path, line, column (0: none), severity and message of everything that names a place."""
    last_file = ""
    head: tuple[Literal["error", "warning", "note"], str] = ("error", "")
    raised = ""
    for at, line in enumerate(lines):
        if found := _ESLINT_LINE.match(line):
            if last_file:
                severity: Literal["error", "warning"] = "warning" if found["severity"] == "warning" else "error"
                yield last_file, int(found["line"]), int(found["column"]), severity, " ".join(found["message"].split())
            continue
        if found := _RUST_PANIC.match(line):
            yield found["path"], int(found["line"]), int(found["column"]), "error", _following(lines, at)
            continue
        if found := _ARROW.match(line):
            if head[1]:
                yield found["path"], int(found["line"]), int(found["column"]), *head
            head = ("error", "")
            continue
        if found := _RUST_HEAD.match(line) or _RUFF_HEAD.match(line):
            named = found.groupdict().get("severity")
            head = ("warning" if named == "warning" else "error", found["message"])
        if found := _COLON.match(line) or _PAREN.match(line):
            severity_of, message = _graded(found["message"])
            column = int(found["column"] or 0)
            if message.startswith("in "):  # a line of a short traceback of pytest: what was raised stands below it
                message = _raised_below(lines, at) or message
            elif re.fullmatch(r"[\w.]+", message):  # the last line of a long one: it stands above
                message, raised = raised or message, ""
            yield found["path"].strip(), int(found["line"]), column, severity_of, message
            continue
        if line.startswith("E  ") and not lines[at - 1].startswith("E  "):
            raised = line[1:].strip()
        if _ESLINT_FILE.match(line):
            last_file = line


def _graded(message: str) -> tuple[Literal["error", "warning", "note"], str]:
    found = _SEVERITY.match(message)
    if not found:
        return "error", message
    word = found["severity"].lower()
    severity: Literal["error", "warning", "note"] = "error"
    if word == "warning":
        severity = "warning"
    elif word != "error":
        severity = "note"
    return severity, message[found.end() :] or message


def _following(lines: list[str], at: int) -> str:
    """The first line below one that says something."""
    return next((line.strip() for line in lines[at + 1 : at + 4] if line.strip()), "panicked")


def _raised_below(lines: list[str], at: int) -> str:
    for line in lines[at + 1 : at + 12]:
        if line.startswith("E  "):
            return line[1:].strip()
    return ""


def _relative(path: str, worktree: str) -> str:
    """A name relative to the worktree; empty when it lies elsewhere."""
    pure = PurePosixPath(path)
    if pure.is_absolute():
        if not pure.is_relative_to(worktree):
            return ""
        pure = pure.relative_to(worktree)
    if ".." in pure.parts:
        return ""
    return str(pure)
