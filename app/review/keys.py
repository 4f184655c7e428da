"""The keys of the review screen and what its legend shows."""

from __future__ import annotations

from collections.abc import Mapping

from app.keys import first_key, legend_hints
from widgets.diff.keys import DIFF_KEYS
from widgets.key_table import Key, key_table
from widgets.legend import Hint

REVIEW_KEYS = key_table(
    "review",
    Key("c", "desk('write_here')", "Comment", "comment",
        "Comment on the line, range or hunk; on a draft: go on writing it"),
    Key("enter", "open", "Open", "open",
        "Comment on the line; on a draft: go on writing it; on what is folded: unfold it"),
    Key("C", "desk('write_on_file')", "Comment on the file", "comment-file", "Comment on the whole file"),
    Key("ctrl+g", "desk('write_on_change')", "Comment on the change", "comment-change", "Comment on the whole change"),
    Key("plus", "desk('again')", "Same comment here", "again",
        "Put the comment at the cursor, or the last one written, on other lines too"),
    Key("D,delete", "desk('drop')", "Drop draft", "drop", "Drop the draft at the cursor"),
    Key("s", "send", "Send", "send", "See the prompt of this round and send it"),
    Key("semicolon", "desk('next_claim')", "Next claim", "next-claim",
        "Go to the next comment that waits for your verdict; claimed and not touched first"),
    Key("a", "desk('accept')", "Accept", "resolve", "The comment at the cursor is dealt with; on to the next claim"),
    Key("x", "reopen", "Reopen or explain", "reopen",
        "On a comment: it is not dealt with, say what is missing; on code: have it explained in a side task"),
    Key("ctrl+x", "acts('explain_file')", "Explain the file", "explain-file",
        "Have the change of this file explained in a side task"),
    Key("X", "acts('explain_all')", "Explain everything", "explain-all",
        "Have everything that is shown explained in a side task"),
    Key("r", "marking('mark_file')", "File reviewed", "mark-file", "The file is reviewed; again: it is not"),
    Key("R", "marking('mark_hunk')", "Hunk reviewed", "mark-hunk", "The hunk is reviewed, or is not"),
    Key("full_stop", "marking('next_unreviewed')", "Next unreviewed", "next-unreviewed",
        "Go to the next file to review"),
    Key("comma", "listing('next_news')", "Next change under you", "next-news",
        "Go to the next file that a turn changed since you were in it"),
    Key("M", "marking('hide_reviewed')", "Hide reviewed", "hide-reviewed", "Hide or show what is reviewed"),
    Key("exclamation_mark", "marking('next_warning')", "Next warning", "next-warning",
        "Go to the next warning, or the next line at which a check fails"),
    Key("O", "marking('next_filter')", "Only", "filter", "Show only the files of the next chip; after the last all"),
    Key("z", "going('expand')", "More context", "expand", "Show more lines around the hunk"),
    Key("equals_sign", "going('whole')", "Whole file", "whole",
        "Show all lines of the file, or only the changes and a few lines around"),
    Key("minus", "acts('revert')", "Take back", "revert",
        "Take the hunk, the range of lines, or on its name the file, back in the worktree"),
    Key("S", "acts('stage')", "Stage", "stage",
        "Put the hunk, the range of lines, or on its name the file, into the index for the next commit; "
        "again: take it out"),
    Key("ctrl+z", "acts('undo')", "Undo", "undo", "Undo what you last took back or applied"),
    Key("A", "acts('apply_suggestion')", "Apply suggestion", "apply",
        "Apply the suggestion at the cursor without the agent"),
    Key("tab", "prompt", "Prompt", "prompt", "Write to the agent beside the diff"),
    Key("p", "beside('insert_path')", "Path to the prompt", "path", "Put the path and line into the prompt"),
    Key("at,ctrl+f", "going('to_file')", "Go to file", "go-to-file", "Pick a file by some letters of its name"),
    Key("slash", "going('search')", "Search", "search", "Search in all files, folded ones too"),
    Key("e", "going('edit')", "Editor", "edit", "Open the file in your editor at this line"),
    Key("Y", "copy_place", "Copy the place", "copy-place", "Copy path and line, as comments name them"),
    Key("o", "going('scope')", "Scope", "scope", "Compare with: base, HEAD, last turn, last review"),
    Key("ctrl+o", "going('compare')", "Compare", "compare",
        "Pick what is compared: a scope, one commit, any two refs"),
    Key("ctrl+r", "going('reload')", "Reload", "reload", "Read the change again"),
    Key("b", "listing('toggle')", "Files", "files", "Show or hide the list of files"),
    Key("L", "listing('filter')", "Filter the files", "filter-files", "List only files whose names hold some letters"),
    Key("T", "listing('tree')", "Tree", "tree", "Show the list of files as a tree, or one below the other"),
    Key("ctrl+p", "app.command_palette", "Commands", "palette", "Find any action of the review by its name"),
    Key("question_mark,f1", "help", "Help", "help", "Show all keys"),
    Key("escape", "leave", "Leave", "leave", "Leave the search, the range, the review"),
    Key("q", "dismiss", "Back", "back", "Back to the floor"),
)  # fmt: skip
"""In the order the help shows them."""

HINTS = {
    "review.comment": "comment",
    "diff.range": "range",
    "review.send": "send",
    "review.help": "help",
    "review.back": "back",
    "review.mark-file": "reviewed",
    "review.prompt": "prompt",
    "review.palette": "commands",
    "review.next-claim": "next claim",
    "diff.next-hunk": "hunk",
    "diff.next-file": "file",
    "diff.next": "next comment",
    "review.search": "search",
    "review.scope": "scope",
    "diff.split": "side by side",
    "diff.white-space": "space",
    "diff.tests": "tests",
    "diff.hide": "hide",
    "diff.fold": "fold",
    "review.edit": "editor",
}
"""Binding and word of what the legend shows, the most useful first; the way out always fits."""


def screen_actions() -> dict[str, str]:
    """The action of every key as the review screen runs it, by the key's id."""
    own = {binding.id or "": binding.action for binding in REVIEW_KEYS}
    return own | {binding.id or "": f"diff_key({binding.action!r})" for binding in DIFF_KEYS}


def key_of(name: str, keymap: Mapping[str, str]) -> str:
    """The first key of a binding, for people, in the person's own keys."""
    return first_key(name, (*REVIEW_KEYS, *DIFF_KEYS), keymap)


def review_hints(keymap: Mapping[str, str]) -> list[Hint]:
    """What the legend of the review shows, in the person's own keys."""
    return legend_hints(HINTS, (*REVIEW_KEYS, *DIFF_KEYS), keymap, words=HINTS, actions=screen_actions())
