"""Our own colours: calm grounds, one blue for what is active, amber for what needs the person.

Text keeps a contrast of at least 4.5 to 1 on every ground it stands on; green and red are the diff's. No colour is the
only sign of anything, so that every theme works for every eye; the ``safe`` ones use colours that most colour-blind
people tell apart (Okabe and Ito). A person's own themes are TOML files in ``themes/`` of the configuration folder::

    dark = true
    primary = "#ffb86c"
    background = "#101010"

    [variables]
    scrollbar = "#444444"
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from textual.color import Color, ColorParseError
from textual.theme import Theme

from agents import paths
from agents.errors import UsageError
from agents.model import Struct
from agents.toml_file import read_toml


def _variables(primary: str, border: str, bars: tuple[str, str, str]) -> dict[str, str]:
    """Variables that follow from a few colours; ``bars``: a scroll bar, one under the mouse, and its ground."""
    return {
        "border": primary,
        "border-blurred": border,
        "input-selection-background": f"{primary} 28%",
        "scrollbar": bars[0],
        "scrollbar-hover": bars[1],
        "scrollbar-active": primary,
        "scrollbar-background": bars[2],
        "scrollbar-background-hover": bars[2],
        "scrollbar-background-active": bars[2],
        "footer-key-foreground": primary,
    }


_GREY_BARS = ("#3a4150", "#4c5568", "#1a1d24")
_LIGHT_BARS = ("#bcc3cd", "#9aa3b0", "#f1f2f0")

DARK = Theme(
    name="shopfloor-dark", dark=True, primary="#82aaff", secondary="#8fbccb", accent="#c4a5f7", success="#6fd08c",
    warning="#ecb85c", error="#ff7b86", foreground="#d8dce4", background="#14161b", surface="#1a1d24", panel="#23272f",
    boost="#ffffff0a", variables=_variables("#82aaff", "#343a46", _GREY_BARS),
)  # fmt: skip
LIGHT = Theme(
    name="shopfloor-light", dark=False, primary="#2554c7", secondary="#1f6277", accent="#7a3fb0", success="#1a6e34",
    warning="#8a5200", error="#b3122a", foreground="#20242c", background="#fcfcfa", surface="#f1f2f0", panel="#e4e7ea",
    boost="#0000000a", variables=_variables("#2554c7", "#c9ced6", _LIGHT_BARS),
)  # fmt: skip
CONTRAST = Theme(
    name="shopfloor-contrast", dark=True, primary="#6cb6ff", secondary="#66e0e0", accent="#f0a0ff", success="#4dff88",
    warning="#ffd633", error="#ff8080", foreground="#ffffff", background="#000000", surface="#000000", panel="#1c1c1c",
    boost="#ffffff14", variables=_variables("#6cb6ff", "#808080", ("#a0a0a0", "#ffffff", "#000000")),
)  # fmt: skip
CONTRAST_LIGHT = Theme(
    name="shopfloor-contrast-light", dark=False, primary="#0033a8", secondary="#00485e", accent="#5c0099",
    success="#00501e", warning="#6b3a00", error="#96001a", foreground="#000000", background="#ffffff",
    surface="#ffffff", panel="#e6e6e6", boost="#00000014",
    variables=_variables("#0033a8", "#606060", ("#606060", "#000000", "#ffffff")),
)  # fmt: skip
SAFE = Theme(
    name="shopfloor-safe", dark=True, primary="#82aaff", secondary="#8fbccb", accent="#cc99bb", success="#56b4e9",
    warning="#f0e442", error="#e69f00", foreground="#d8dce4", background="#14161b", surface="#1a1d24", panel="#23272f",
    boost="#ffffff0a", variables=_variables("#82aaff", "#343a46", _GREY_BARS),
)  # fmt: skip
SAFE_LIGHT = Theme(
    name="shopfloor-safe-light", dark=False, primary="#2554c7", secondary="#1f6277", accent="#8a3a6a",
    success="#005a96", warning="#6b5c00", error="#9a4a00", foreground="#20242c", background="#fcfcfa",
    surface="#f1f2f0", panel="#e4e7ea", boost="#0000000a",
    variables=_variables("#2554c7", "#c9ced6", _LIGHT_BARS),
)  # fmt: skip
ANSI = Theme(
    name="shopfloor-ansi", ansi=True, dark=True, primary="ansi_bright_blue", secondary="ansi_cyan",
    accent="ansi_magenta", success="ansi_green", warning="ansi_yellow", error="ansi_red", foreground="ansi_default",
    background="ansi_default", surface="ansi_default", panel="ansi_default", boost="ansi_default",
    variables={
        "ansi-background": "ansi_black", "ansi-foreground": "ansi_white",
        "border": "ansi_bright_blue", "border-blurred": "ansi_bright_black",
        "block-cursor-foreground": "ansi_black", "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white", "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_blue", "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_white", "scrollbar-active": "ansi_bright_blue",
        "scrollbar-background": "ansi_default", "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default", "footer-key-foreground": "ansi_bright_blue",
    },
)  # fmt: skip
"""Only the sixteen colours that the person has chosen for their terminal."""

THEMES = (DARK, LIGHT, CONTRAST, CONTRAST_LIGHT, SAFE, SAFE_LIGHT, ANSI)


class _ThemeFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person's theme."""

    primary: str
    dark: bool = True
    secondary: str | None = None
    accent: str | None = None
    success: str | None = None
    warning: str | None = None
    error: str | None = None
    foreground: str | None = None
    background: str | None = None
    surface: str | None = None
    panel: str | None = None
    boost: str | None = None
    variables: dict[str, str] = {}


class OwnThemes(NamedTuple):
    """A person's themes, and what is wrong with their files."""

    themes: tuple[Theme, ...] = ()
    problems: tuple[str, ...] = ()


def own_themes(folder: Path | None = None) -> OwnThemes:
    """Read the person's themes; what a file does not say is as in our dark or light one. A file that cannot be used is
    left out and named in ``problems``."""
    themes, problems = [], []
    for file in sorted((folder or paths.config_dir() / "themes").glob("*.toml")):
        try:
            themes.append(_theme_of(file.stem, read_toml(file, _ThemeFile), file))
        except (UsageError, FileNotFoundError) as error:
            problems.append(f"{error} The theme is left out.")
    return OwnThemes(tuple(themes), tuple(problems))


def _theme_of(name: str, given: _ThemeFile, file: Path) -> Theme:
    base = DARK if given.dark else LIGHT
    own = {key: value for key, value in msgspec.structs.asdict(given).items() if value is not None}
    own["variables"] = {**base.variables, "border": given.primary, **given.variables}
    for key, value in {**own, **given.variables}.items():
        if isinstance(value, str):
            try:
                Color.parse(value.partition(" ")[0])
            except ColorParseError as error:
                raise UsageError(f"{file}: {key} is no colour: {value!r}.", 'Write it as "#rrggbb".') from error
    colours = {key: getattr(base, key) for key in _ThemeFile.__struct_fields__}
    return Theme(name=name, **{**colours, **own})


def first_theme(known: Collection[str], configured: str = "", environment: Mapping[str, str] | None = None) -> str:
    """The theme to begin with: the variable SHOPFLOOR_THEME, then the one chosen the last time, then the configured
    one, then light or dark by what the terminal says of its background.

    Args:
        configured: the name in ``config.toml``.
    """
    environment = os.environ if environment is None else environment
    try:
        kept = _file().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):  # none was chosen, or it cannot be known which: it can be chosen again
        kept = ""
    for name in (environment.get("SHOPFLOOR_THEME", ""), kept, configured):
        if name and name in known:
            return name
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT.name if ground in ("7", "15") else DARK.name


def keep_theme(name: str) -> None:
    """Remember a theme for the next time. Raises OSError where that cannot be."""
    _file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _file().write_text(f"{name}\n", "utf-8")


def _file() -> Path:
    return paths.state_dir() / "theme"
