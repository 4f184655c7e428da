"""The keys of the diff view."""

from __future__ import annotations

from widgets.key_table import Key, key_table

DIFF_KEYS = key_table(
    "diff",
    Key("j,down", "step(1)", "Line down", "line-down", "Move one line down"),
    Key("k,up", "step(-1)", "Line up", "line-up", "Move one line up"),
    Key("d,ctrl+d", "half_page(1)", "Half page down", "half-page-down", "Move half a page down"),
    Key("u,ctrl+u", "half_page(-1)", "Half page up", "half-page-up", "Move half a page up"),
    Key("pagedown,space", "half_page(2)", "Page down", "page-down", "Move a page down"),
    Key("pageup", "half_page(-2)", "Page up", "page-up", "Move a page up"),
    Key("g,home", "end(-1)", "Top", "top", "Go to the first line"),
    Key("G,end", "end(1)", "Bottom", "bottom", "Go to the last line"),
    Key("f", "file(1)", "Next file", "next-file", "Go to the next file"),
    Key("F", "file(-1)", "Previous file", "previous-file", "Go to the beginning of this file or the one before"),
    Key("right_square_bracket", "hunk(1)", "Next hunk", "next-hunk", "Go to the next hunk"),
    Key("left_square_bracket", "hunk(-1)", "Previous hunk", "previous-hunk", "Go to the previous hunk"),
    Key("n", "next(1)", "Next comment", "next", "Go to the next comment, or to the next match while searching"),
    Key("N", "next(-1)", "Previous comment", "previous", "Go to the previous comment or match"),
    Key("v", "select", "Range", "range", "Begin or end a range of lines"),
    Key("w", "choose('space')", "White space", "white-space", "Show or hide changes of white space only"),
    Key("t", "choose('tests')", "Tests", "tests", "Show or hide test files"),
    Key("h", "choose('hide')", "Hide file", "hide", "Hide this file"),
    Key("H", "choose('show_all')", "Show all", "show-all", "Show all hidden files"),
    Key("Z", "choose('fold')", "Fold", "fold", "Fold or unfold this file, or the moved block at the cursor"),
    Key("backslash", "choose('split')", "Side by side", "split",
        "Show this file side by side, or one side below the other"),
    Key("E", "choose('fold_all')", "Fold all files", "fold-all", "Fold all files to their names, or unfold them"),
    Key("m", "choose('moved')", "Moved blocks", "moved", "Fold or unfold blocks of lines that only moved"),
    Key("1", "choose('alone')", "One file at a time", "alone", "Show only this file, or all files again"),
    Key("vertical_line", "choose('split_all')", "All side by side", "split-all",
        "Show all files side by side, none, or as there is room"),
    Key("left", "side('old')", "Old side", "old-side", "Side by side: point at the old side"),
    Key("right", "side('')", "New side", "new-side", "Side by side: point at the new side"),
    Key("y", "copy", "Copy", "copy", "Copy the line, the range, the name or the comment"),
)  # fmt: skip
"""In the order the help shows them."""
