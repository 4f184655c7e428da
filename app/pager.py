"""``shopfloor pager``: a unified diff on standard input, coloured like delta on standard output.

Usable as git's ``core.pager`` and, with ``--color-only``, as ``interactive.diffFilter``. It shows a file as soon as it
has been read, whatever is still to come, and keeps no more than a piece of one. What is no diff goes through unchanged;
on a terminal, without the control sequences that are not colours.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO, NoReturn

from agents.errors import UsageError
from agents.escape import escape
from agents.review.export import file_object
from agents.review.model import FileDiff
from agents.review.parse import parse_diff, parse_patch
from agents.review.stream import PIECE_LINES, Patch, Text, split_patch
from app.pager_filter import filtered
from app.pager_paint import Look, file_header, hunk_header, paint_hunk
from app.pager_style import Palette, background_of, colour_depth
from app.pager_work import Output, Piece, lines_of

_COLOUR = re.compile(r"(\x1b\[[0-9;:]*[mK])")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"`{self.prog} --help` shows how it is called.")


def main(argv: Sequence[str]) -> int:
    """Read standard input to its end; the exit status.

    Raises:
        UsageError: an option that is not known.
    """
    options = _parser().parse_args(argv)
    if options.json:
        _print_objects(split_patch(iter(sys.stdin.buffer.readline, b""), piece_lines=0))
        return 0
    to_terminal = sys.stdout.isatty()
    look = _look(options, to_terminal)
    process = _less() if to_terminal and options.paging == "auto" else None
    target = sys.stdout.buffer if process is None or process.stdin is None else process.stdin
    paint = (
        partial(filtered, look=look) if options.color_only else partial(_painted, look=look, to_terminal=to_terminal)
    )
    output = Output(target, paint)
    try:
        lines = lines_of(sys.stdin.fileno(), output.catch_up)
        pieces = split_patch(lines, 0) if options.color_only else split_patch(lines, PIECE_LINES, word_diffs=True)
        for piece in pieces:
            output.add(piece)
        output.catch_up()
    except BrokenPipeError:
        _forget(sys.stdout.buffer if process is None else None)
    except KeyboardInterrupt:
        if process is None:
            raise
    finally:
        output.close()
        _wait(process)
    return 0


def print_diff(data: bytes, sizes: Mapping[str, int], *, as_json: bool = False) -> None:
    """Print what git printed for :data:`agents.review.DIFF_ARGUMENTS`, as :func:`main` would.

    Raises:
        DiffError: it is not complete.
    """
    diff = parse_diff(data, sizes)
    if as_json:
        for file in diff.files:
            print(json.dumps(file_object(file)))
        return
    look = _look(_parser().parse_args([]), sys.stdout.isatty())
    for file in diff.files:
        for line in _file(file, look):
            sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


# --- what goes out ----------------------------------------------------------------------------------------------------


def _painted(pieces: Iterable[Piece], look: Look, to_terminal: bool) -> bytes:
    parts: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, Text):
            parts.append(_safe(piece.data) if to_terminal else piece.data)
            continue
        for file in parse_patch(piece.data).files:
            lines = _file(file, look, not piece.continues_file, not piece.continues_hunk, piece.moved)
            parts.append("".join([line + "\n" for line in lines]).encode("utf-8", "backslashreplace"))
    return b"".join(parts)


def _file(
    file: FileDiff,
    look: Look,
    with_header: bool = True,
    with_first_hunk_header: bool = True,
    moved: frozenset[int] = frozenset(),
) -> Iterator[str]:
    if with_header:
        yield from file_header(file, look)
    for number, hunk in enumerate(file.hunks):
        if number or with_first_hunk_header:
            yield hunk_header(hunk, look)
        yield from paint_hunk(file, hunk, look, moved)


def _print_objects(pieces: Iterable[Text | Patch]) -> None:
    try:
        for piece in pieces:
            if isinstance(piece, Patch):
                for file in parse_patch(piece.data).files:
                    sys.stdout.write(json.dumps(file_object(file)) + "\n")
                sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout.buffer)


def _safe(line: bytes) -> bytes:
    """A line for a terminal: its colours stay, nothing else that a terminal would act on."""
    text = line.decode("utf-8", "backslashreplace")
    body = text.rstrip("\n")
    parts = (part if index % 2 else escape(part).text for index, part in enumerate(_COLOUR.split(body)))
    return ("".join(parts) + text[len(body) :]).encode("utf-8", "backslashreplace")


# --- where it goes ---------------------------------------------------------------------------------


def _less() -> subprocess.Popen[bytes] | None:
    """``less`` to page through the output; None when there is none, then everything is printed at once."""
    program = shutil.which("less")
    if program is None:
        return None
    environment = {**os.environ, "LESSCHARSET": "utf-8"}
    return subprocess.Popen([program, "-R", "-F", "-X"], stdin=subprocess.PIPE, env=environment)


def _wait(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:  # less takes it for itself and stays
            continue
        return


def _forget(stream: IO[bytes] | None) -> None:
    """Nobody reads on. What is still in the buffer must not fail again when the program ends."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


# --- options ----------------------------------------------------------------------------------------------------------


def _look(options: argparse.Namespace, to_terminal: bool) -> Look:
    when = options.color
    if options.color_only and when == "auto" and not os.environ.get("NO_COLOR"):
        when = "always"  # git reads the output, not a terminal
    depth = colour_depth(when, to_terminal, os.environ)
    may_ask = to_terminal and depth != "none"
    palette = Palette(depth, background_of(options.theme, os.environ, may_ask))
    width = options.width
    if width is None:
        width = shutil.get_terminal_size().columns if to_terminal or options.side_by_side else 0
    return Look(palette, width, options.side_by_side, options.line_numbers)


def _positive(text: str) -> int:
    value = int(text)
    if value < 20:
        raise argparse.ArgumentTypeError("at least 20 columns are needed")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="shopfloor pager", description="A unified diff on standard input, coloured on output.")
    layout = parser.add_mutually_exclusive_group()
    layout.add_argument("--side-by-side", action="store_true", default=None, help="old and new beside each other")
    layout.add_argument("--unified", dest="side_by_side", action="store_false", help="one column")
    parser.add_argument("--width", type=_positive, metavar="N", help="columns (default: the terminal's)")
    parser.add_argument("--line-numbers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--color", choices=("always", "auto", "never"), default="auto")
    parser.add_argument("--theme", choices=("dark", "light", "auto"), default="auto", help="the terminal's background")
    parser.add_argument("--paging", choices=("auto", "never"), default="auto", help="page with less on a terminal")
    parser.add_argument("--color-only", action="store_true", help="line for line, for git's interactive.diffFilter")
    parser.add_argument("--json", action="store_true", help="one object per file instead")
    return parser
