"""Pictures of the running application: Textual's SVG export turned into a PNG that shows every glyph."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import resvg_py
from textual.app import App

FONT = "DejaVu Sans Mono"
"""What the exported SVG is drawn with; the web font it names cannot be loaded without a network."""


def save_picture(source: App[Any] | str, path: str | Path, zoom: float = 1.0) -> Path:
    """Write what an application shows now (or an SVG that it exported) as PNG, and as SVG beside it.

    Args:
        source: A running application, or the SVG text of one.
        path: Where to; its ending is replaced by ``.png`` and ``.svg``.
        zoom: Pixels per SVG unit.

    Returns:
        The path of the PNG.
    """
    svg = source if isinstance(source, str) else source.export_screenshot()
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_suffix(".svg").write_text(svg, encoding="utf-8")
    png = target.with_suffix(".png")
    png.write_bytes(png_of(svg, zoom))
    return png


def png_of(svg: str, zoom: float = 1.0) -> bytes:
    """Draw an SVG that Textual exported.

    The drawing library has no web fonts and shows no text at all for a family that it does not find, so the font
    is replaced by one that is installed.
    """
    local = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    local = re.sub(r"font-family:[^;}]*", f"font-family: '{FONT}'", local)
    return bytes(resvg_py.svg_to_bytes(svg_string=local, zoom=zoom, font_family=FONT, monospace_family=FONT))
