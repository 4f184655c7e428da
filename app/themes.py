"""Our own colours: calm grounds, one blue for what is active, amber for what needs the person.

Text keeps a contrast of at least 4.5 to 1 on every ground it stands on; green and red are the diff's.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from textual.theme import Theme

from agents import paths

DARK = Theme(
    name="shopfloor-dark",
    dark=True,
    primary="#82aaff",
    secondary="#8fbccb",
    accent="#c4a5f7",
    success="#6fd08c",
    warning="#ecb85c",
    error="#ff7b86",
    foreground="#d8dce4",
    background="#14161b",
    surface="#1a1d24",
    panel="#23272f",
    boost="#ffffff0a",
    variables={
        "border": "#82aaff",
        "border-blurred": "#343a46",
        "input-selection-background": "#82aaff 30%",
        "scrollbar": "#3a4150",
        "scrollbar-hover": "#4c5568",
        "scrollbar-active": "#82aaff",
        "scrollbar-background": "#1a1d24",
        "scrollbar-background-hover": "#1a1d24",
        "scrollbar-background-active": "#1a1d24",
        "footer-key-foreground": "#82aaff",
    },
)

LIGHT = Theme(
    name="shopfloor-light",
    dark=False,
    primary="#2554c7",
    secondary="#1f6277",
    accent="#7a3fb0",
    success="#1a6e34",
    warning="#8a5200",
    error="#b3122a",
    foreground="#20242c",
    background="#fcfcfa",
    surface="#f1f2f0",
    panel="#e4e7ea",
    boost="#0000000a",
    variables={
        "border": "#2554c7",
        "border-blurred": "#c9ced6",
        "input-selection-background": "#2554c7 22%",
        "scrollbar": "#bcc3cd",
        "scrollbar-hover": "#9aa3b0",
        "scrollbar-active": "#2554c7",
        "scrollbar-background": "#f1f2f0",
        "scrollbar-background-hover": "#f1f2f0",
        "scrollbar-background-active": "#f1f2f0",
        "footer-key-foreground": "#2554c7",
    },
)

THEMES = (DARK, LIGHT)


def kept_theme(known: Container[str]) -> str:
    """The name of the theme chosen the last time, if it is among those known; else the dark one."""
    try:
        name = _file().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return DARK.name
    return name if name in known else DARK.name


def keep_theme(name: str) -> None:
    """Remember a theme for the next time. Raises OSError where that cannot be."""
    _file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _file().write_text(f"{name}\n", "utf-8")


def _file() -> Path:
    return paths.state_dir() / "theme"
