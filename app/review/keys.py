"""The keys of the review screen and what its legend shows."""

from __future__ import annotations

from textual.binding import Binding


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
    ("c", "comment", "comment"),
    ("v", "range", "diff_key('select')"),
    ("s", "send", "send"),
    ("right_square_bracket", "hunk", "diff_key('hunk(1)')"),
    ("f", "file", "diff_key('file(1)')"),
    ("n", "next comment", "diff_key('next(1)')"),
    ("slash", "search", "search"),
    ("w", "space", "diff_key('space')"),
    ("t", "tests", "diff_key('tests')"),
    ("h", "hide", "diff_key('hide')"),
    ("z", "fold", "diff_key('fold')"),
    ("e", "editor", "edit"),
    ("a", "resolve", "resolve"),
    ("question_mark", "help", "help"),
    ("q", "back", "leave_at_once"),
)
"""Key, word and action of what the legend shows, the most useful first."""
