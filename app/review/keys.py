"""The keys of the review screen and what its legend shows."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding

from app.keys import pretty
from widgets.diff.keys import DIFF_KEYS
from widgets.legend import Hint


def _key(keys: str, action: str, name: str, id: str, tooltip: str) -> Binding:
    return Binding(keys, action, name, id=f"review.{id}", tooltip=tooltip, show=False)


REVIEW_KEYS = (
    _key("c", "comment", "Comment", "comment", "Comment on the line, range or hunk; on a draft: go on writing it"),
    _key("enter", "open", "Comment here", "open", "Comment on the line; on a draft: go on writing it"),
    _key("C", "comment_file", "Comment on the file", "comment-file", "Comment on the whole file"),
    _key("ctrl+g", "comment_change", "Comment on the change", "comment-change", "Comment on the whole change"),
    _key("D,delete", "drop", "Drop draft", "drop", "Drop the draft at the cursor"),
    _key("s", "send", "Send", "send", "See the prompt of this round and send it"),
    _key("a", "resolve", "Resolve", "resolve", "The comment at the cursor is dealt with"),
    _key("x", "reopen", "Reopen", "reopen", "The comment at the cursor is not dealt with"),
    _key("slash", "search", "Search", "search", "Search in everything that is shown"),
    _key("e", "edit", "Editor", "edit", "Open the file in your editor at this line"),
    _key("o", "scope", "Scope", "scope", "Compare with: base, HEAD, last turn, last review"),
    _key("ctrl+r", "reload", "Reload", "reload", "Read the change again"),
    _key("b", "toggle_list", "Files", "files", "Show or hide the list of files"),
    _key("question_mark,f1", "help", "Help", "help", "Show all keys"),
    _key("escape", "leave", "Leave", "leave", "Leave the search, the range, the review"),
    _key("q", "leave_at_once", "Back", "back", "Back to the floor"),
)
"""In the order the help shows them."""

HINTS = (
    ("review.comment", "comment", "comment"),
    ("diff.range", "range", "diff_key('select')"),
    ("review.send", "send", "send"),
    ("review.help", "help", "help"),
    ("review.back", "back", "leave_at_once"),
    ("diff.next-hunk", "hunk", "diff_key('hunk(1)')"),
    ("diff.next-file", "file", "diff_key('file(1)')"),
    ("diff.next", "next comment", "diff_key('next(1)')"),
    ("review.search", "search", "search"),
    ("diff.white-space", "space", "diff_key('space')"),
    ("diff.tests", "tests", "diff_key('tests')"),
    ("diff.hide", "hide", "diff_key('hide')"),
    ("diff.fold", "fold", "diff_key('fold')"),
    ("review.edit", "editor", "edit"),
    ("review.resolve", "resolve", "resolve"),
)
"""Binding, word and action of what the legend shows, the most useful first; the way out always fits."""


def review_hints(keymap: Mapping[str, str]) -> list[Hint]:
    """What the legend of the review shows, in the person's own keys."""
    defaults = {binding.id: binding.key for binding in (*REVIEW_KEYS, *DIFF_KEYS)}
    return [
        Hint(pretty((keymap.get(name) or defaults[name]).split(",")[0].strip()), words, action)
        for name, words, action in HINTS
    ]
