"""Which part of a line is what, and the processes that find out."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from agents.review.highlighter import Highlighter
from agents.review.languages import language_of
from agents.review.spans import TOKEN_CLASSES, Highlighted
from agents.review.syntax import LIMIT_BYTES, LIMIT_LINE_CHARACTERS, highlight

PYTHON = b'import os\n\n\ndef f(x):\n    """Doc\n    def not_code(): pass\n    """\n    return "a" + str(1)  # note\n'


def parts(found: Highlighted, data: bytes, number: int) -> list[tuple[str, str]]:
    text = data.decode("utf-8", "backslashreplace").split("\n")[number - 1]
    return [(text[start : start + length], TOKEN_CLASSES[known]) for start, length, known in found.spans(number)]


def test_parts_of_a_line_are_named() -> None:
    found = highlight(b"x.py", PYTHON)
    assert found.language == "python"
    assert ("return", "keyword") in parts(found, PYTHON, 8)
    assert ('"a"', "string") in parts(found, PYTHON, 8)
    assert ("1", "number") in parts(found, PYTHON, 8)
    assert ("# note", "comment") in parts(found, PYTHON, 8)


def test_a_line_inside_a_docstring_is_docstring_not_code() -> None:
    assert {name for _, name in parts(highlight(b"x.py", PYTHON), PYTHON, 6)} == {"docstring"}


def test_lines_outside_the_file_have_no_spans() -> None:
    found = highlight(b"x.py", PYTHON)
    assert found.spans(0) == found.spans(99) == []


@pytest.mark.parametrize(
    "data",
    [
        PYTHON.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + PYTHON,
        PYTHON.replace(b"Doc", b"D\xe9c\xff"),
        PYTHON.replace(b"Doc", "naïve 日本".encode()),
        PYTHON.replace(b"x):", b"x):\x0c"),
        PYTHON[:-1],
        b"\n\n\n" + PYTHON,
    ],
    ids=["returns", "bom", "not-utf8", "wide", "form-feed", "no-final-line-feed", "blank-lines-first"],
)
def test_offsets_are_those_of_the_decoded_line(data: bytes) -> None:
    found = highlight(b"x.py", data)
    text = data.decode("utf-8", "backslashreplace").split("\n")
    number = next(index for index, line in enumerate(text, 1) if "return" in line)
    assert ("return", "keyword") in parts(found, data, number)
    for index, line in enumerate(text, 1):
        assert all(start + length <= len(line) for start, length, _ in found.spans(index))


def test_returns_at_the_ends_of_lines_do_not_hide_what_a_line_is() -> None:
    data = b"[section]\r\nkey = value\r\n"
    assert parts(highlight(b"x.ini", data), data, 1) == [("[section]", "keyword")]


def test_binary_huge_and_unknown_files_are_plain_and_long_lines_alone_too() -> None:
    assert highlight(b"x.py", b"a\0b").language == ""
    assert highlight(b"x.py", b"#" * (LIMIT_BYTES + 1)).language == ""
    assert highlight(b"x.unknown", b"a\n").language == ""
    data = b"x = '" + b"y" * LIMIT_LINE_CHARACTERS + b"'\nreturn\n"
    found = highlight(b"x.py", data)
    assert found.spans(1) == []
    assert parts(found, data, 2) == [("return", "keyword")]


@pytest.mark.parametrize(
    ("path", "data", "attribute", "language"),
    [
        (b"src/x.rs", b"", "", "rust"),
        (b"Makefile", b"", "", "make"),
        (b"Dockerfile", b"", "", "docker"),
        (b"a/CMakeLists.txt", b"", "", "cmake"),
        (b"x.h", b"int f(void);\n", "", "c"),
        (b"x.h", b"class A {\npublic:\n};\n", "", "cpp"),
        (b"x.test.tsx", b"", "", "tsx"),
        (b"run", b"#!/usr/bin/env -S python3.11 -u\n", "", "python"),
        (b"run", b"#!/bin/sh\n", "", "bash"),
        (b"run", b"#!/usr/bin/env\n", "", ""),
        (b"x.inc", b"", "JavaScript", "javascript"),
        (b"x.py", b"", "no-such-language", "python"),
        (b"caf\xe9.py", b"", "", "python"),
        (b"README", b"words\n", "", ""),
    ],
)
def test_language_comes_from_attribute_name_or_first_line(
    path: bytes, data: bytes, attribute: str, language: str
) -> None:
    assert language_of(path, data, attribute) == language


async def test_highlighter_answers_like_the_function_and_keeps_what_it_found() -> None:
    highlighter = Highlighter()
    try:
        first = await highlighter.highlight(b"x.py", PYTHON, key="blob")
        assert first == highlight(b"x.py", PYTHON)
        assert await highlighter.highlight(b"x.py", b"other", key="blob") is first, "the same blob was done twice"
    finally:
        await highlighter.close()


async def test_highlighter_lets_go_of_work_nobody_waits_for_and_goes_on() -> None:
    highlighter = Highlighter()
    try:
        given_up = [asyncio.create_task(highlighter.highlight(b"%d.py" % n, PYTHON * 50)) for n in range(4)]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        assert (await highlighter.highlight(b"x.py", PYTHON)).language == "python"
    finally:
        await highlighter.close()


async def test_highlighter_replaces_a_worker_that_died() -> None:
    highlighter = Highlighter()
    try:
        await highlighter.highlight(b"x.py", PYTHON)
        children = Path("/proc/self/task").glob("*/children")
        (worker,) = [
            int(pid)
            for path in children
            for pid in path.read_text().split()
            if b"syntax_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        os.kill(worker, signal.SIGKILL)
        lost = await highlighter.highlight(b"y.py", PYTHON)
        assert lost.language in ("", "python"), "the file may lose its colours, nothing else"
        assert (await highlighter.highlight(b"z.py", PYTHON)).language == "python"
    finally:
        await highlighter.close()


async def test_closed_highlighter_answers_plain_and_wakes_who_waits() -> None:
    highlighter = Highlighter()
    waiting = asyncio.create_task(highlighter.highlight(b"x.py", PYTHON * 3000))
    await asyncio.sleep(0)
    await highlighter.close()
    assert (await waiting).language == ""
    assert (await highlighter.highlight(b"y.py", PYTHON)).language == ""
