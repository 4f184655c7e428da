"""How a terminal's text looks here: its SGR sequences as styles on the pane's own ground."""

from __future__ import annotations

from collections.abc import Callable

from rich.color import Color
from rich.style import Style

_ATTRIBUTES = {
    1: "bold", 2: "dim", 3: "italic", 4: "underline", 5: "blink", 6: "blink", 7: "reverse", 8: "conceal", 9: "strike",
    21: "underline2", 53: "overline",
}  # fmt: skip
_KEPT = 4_000


class Looks:
    """The styles of one pane, by the parameters of the sequences that ask for them."""

    def __init__(self, filtered: Callable[[Style], Style]) -> None:
        """
        Args:
            filtered: what the application makes of a style.
        """
        self._filtered = filtered
        self._base = Style()
        self._styles: dict[str, Style] = {}

    def set_base(self, base: Style) -> None:
        """The style of text that asks for none; colours may be others now."""
        self._base = base
        self._styles.clear()

    @property
    def base(self) -> Style:
        """The style of text that asks for none."""
        return self._base

    def __getitem__(self, look: str) -> Style:
        """The style for the parameters of SGR sequences, joined by ``m``."""
        style = self._styles.get(look)
        if style is None:
            if len(self._styles) > _KEPT:
                self._styles.clear()
            style = self._styles[look] = self._filtered(self._base + style_of(look)) if look else self._base
        return style


def style_of(look: str) -> Style:
    """The style that SGR parameters ask for, over nothing."""
    attributes: dict[str, bool] = {}
    colours: dict[str, Color | None] = {}
    for sequence in look.split("m"):
        parameters = sequence.split(";")
        while parameters:
            head, *sub = parameters.pop(0).split(":")
            code = int(head) if head.isdigit() else 0
            if code in (38, 48, 58):
                if sub:
                    colour = _colour([part for part in sub if part != ""])
                else:
                    count = {"5": 2, "2": 4}.get(parameters[0] if parameters else "", 1)
                    colour, parameters = _colour(parameters[:count]), parameters[count:]
                if code != 58:
                    colours["color" if code == 38 else "bgcolor"] = colour
            elif code == 4 and sub == ["0"]:
                attributes["underline"] = False
            elif code in _ATTRIBUTES:
                attributes[_ATTRIBUTES[code]] = True
            elif 30 <= code <= 37 or 90 <= code <= 97:
                colours["color"] = Color.from_ansi(code - 30 if code < 90 else code - 82)
            elif 40 <= code <= 47 or 100 <= code <= 107:
                colours["bgcolor"] = Color.from_ansi(code - 40 if code < 100 else code - 92)
    return Style(color=colours.get("color"), bgcolor=colours.get("bgcolor"), **attributes)  # type: ignore[arg-type]


def _colour(parameters: list[str]) -> Color | None:
    numbers = [int(part) for part in parameters if part.isdigit()]
    match numbers:
        case [5, number] if number < 256:
            return Color.from_ansi(number)
        case [2, *_, red, green, blue] if max(red, green, blue) < 256:
            return Color.from_rgb(red, green, blue)
        case _:
            return None
