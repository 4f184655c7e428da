"""Looks: what a screen shows, as text that can be compared and read in a diff.

A look has the rows of the screen, below them which stretches of each row are styled alike (``a12 b3`` are twelve
columns in style a, then three in b), and for each theme what the styles are. A colour that changes is then one line of
a diff, and a row that moves is seen as what it is. ``RENEW_LOOKS=1 pytest …`` writes the files anew; look at them
before they are kept.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual.app import App

from widgets.task_signs import SPINNER

_NAMES = ascii_letters + digits
_STILL = str.maketrans(dict.fromkeys(SPINNER, SPINNER[0]))
"""What spins stands still in a look."""


class Look:
    """What an application showed at a moment."""

    def __init__(self, app: App[Any]) -> None:
        strips = app.screen._compositor.render_strips(app.size)
        self.rows = [strip.text.translate(_STILL).rstrip() for strip in strips]
        known: dict[str, str] = {}
        self.runs = [self._runs(strip, known) for strip in strips]
        self.styles = [f"{name}  {words}" for words, name in known.items()]

    def _runs(self, strip: Iterable[Any], known: dict[str, str]) -> str:
        """Neighbours that look alike as one, their columns after the name of their style."""
        runs: list[tuple[str, int]] = []
        for text, style, _ in strip:
            name = known.setdefault(_words(style), _NAMES[min(len(known), len(_NAMES) - 1)])
            if runs and runs[-1][0] == name:
                runs[-1] = (name, runs[-1][1] + cell_len(text))
            else:
                runs.append((name, cell_len(text)))
        return " ".join(f"{name}{columns}" for name, columns in runs)


def _words(style: Style | None) -> str:
    """What a style looks like: colours and attributes, nothing else."""
    if style is None:
        return "none"
    kept = Style(
        color=style.color, bgcolor=style.bgcolor, bold=style.bold, italic=style.italic, underline=style.underline,
        reverse=style.reverse, strike=style.strike, dim=style.dim,
    )  # fmt: skip
    return str(kept)


def written(looks: dict[str, Look]) -> str:
    """One text for the looks of the same screen in several themes."""
    first, *others = looks.values()
    parts = [*first.rows, ""]
    runs = {name: look.runs for name, look in looks.items()}
    if all(other == first.runs for other in runs.values()):
        parts += first.runs
    else:
        parts += [line for name, rows in runs.items() for line in (f"--- {name}", *rows)]
    for other in others:
        assert other.rows == first.rows, "the themes show other words"
    for name, look in looks.items():
        parts += ["", f"--- {name}", *look.styles]
    return "\n".join(parts) + "\n"


def assert_looks(file: Path, looks: dict[str, Look]) -> None:
    """Compare with what is kept in a file."""
    now = written(looks)
    if os.environ.get("RENEW_LOOKS"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(now, encoding="utf-8")
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    if now != kept:
        changes = difflib.unified_diff(kept.splitlines(), now.splitlines(), "kept", "now", lineterm="", n=1)
        raise AssertionError(f"{file.name} looks different (RENEW_LOOKS=1 keeps it):\n" + "\n".join(changes))
