"""The keys of the diff view."""

from __future__ import annotations

from textual.binding import Binding


def _key(keys: str, action: str, name: str, id: str, tooltip: str) -> Binding:
    return Binding(keys, action, name, id=f"diff.{id}", tooltip=tooltip, show=False)


DIFF_KEYS = (
    _key("j,down", "step(1)", "Line down", "line-down", "Move one line down"),
    _key("k,up", "step(-1)", "Line up", "line-up", "Move one line up"),
    _key("d,ctrl+d", "half_page(1)", "Half page down", "half-page-down", "Move half a page down"),
    _key("u,ctrl+u", "half_page(-1)", "Half page up", "half-page-up", "Move half a page up"),
    _key("pagedown,space", "half_page(2)", "Page down", "page-down", "Move a page down"),
    _key("pageup", "half_page(-2)", "Page up", "page-up", "Move a page up"),
    _key("g,home", "end(-1)", "Top", "top", "Go to the first line"),
    _key("G,end", "end(1)", "Bottom", "bottom", "Go to the last line"),
    _key("f", "file(1)", "Next file", "next-file", "Go to the next file"),
    _key("F", "file(-1)", "Previous file", "previous-file", "Go to the beginning of this file or the one before"),
    _key("right_square_bracket", "hunk(1)", "Next hunk", "next-hunk", "Go to the next hunk"),
    _key("left_square_bracket", "hunk(-1)", "Previous hunk", "previous-hunk", "Go to the previous hunk"),
    _key("n", "next(1)", "Next comment", "next", "Go to the next comment, or to the next match while searching"),
    _key("N", "next(-1)", "Previous comment", "previous", "Go to the previous comment or match"),
    _key("v", "select", "Range", "range", "Begin or end a range of lines"),
    _key("w", "choose('space')", "White space", "white-space", "Show or hide changes of white space only"),
    _key("t", "choose('tests')", "Tests", "tests", "Show or hide test files"),
    _key("h", "choose('hide')", "Hide file", "hide", "Hide this file"),
    _key("H", "choose('show_all')", "Show all", "show-all", "Show all hidden files"),
    _key("Z", "choose('fold')", "Fold", "fold", "Fold or unfold this file, or the moved block at the cursor"),
    _key("backslash", "choose('split')", "Side by side", "split",
         "Show this file side by side, or one side below the other"),
    _key("E", "choose('fold_all')", "Fold all files", "fold-all", "Fold all files to their names, or unfold them"),
    _key("m", "choose('moved')", "Moved blocks", "moved", "Fold or unfold blocks of lines that only moved"),
    _key("1", "choose('alone')", "One file at a time", "alone", "Show only this file, or all files again"),
    _key("vertical_line", "choose('split_all')", "All side by side", "split-all",
         "Show all files side by side, none, or as there is room"),
    _key("left", "side('old')", "Old side", "old-side", "Side by side: point at the old side"),
    _key("right", "side('')", "New side", "new-side", "Side by side: point at the new side"),
    _key("y", "copy", "Copy", "copy", "Copy the line, the range, the name or the comment"),
)  # fmt: skip
"""In the order the help shows them."""
