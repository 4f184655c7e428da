"""Colours of the diff: what the component classes look like, dark and light.

Backgrounds of changed lines and words are delta's (its defaults for dark and light terminals), so that a diff looks
the same here and in a pager. Everything else follows the theme.
"""

from __future__ import annotations

import re

from agents.review.spans import TOKEN_CLASSES

_SYNTAX = {
    # token class: (dark, light, attributes); classes without an entry have the line's own colour
    "attribute": ("#e6c384", "#7a5200", ""),
    "builtin": ("#7fd4d6", "#0b6b78", ""),
    "class": ("#e6c384", "#7a5200", ""),
    "comment": ("#8b97a6", "#626c76", "italic"),
    "constant": ("#f0a878", "#a3430f", ""),
    "decorator": ("#e6c384", "#7a5200", ""),
    "docstring": ("#9db89a", "#4b6b3a", "italic"),
    "emphasis": ("#d8dce4", "#20242c", "italic"),
    "escape": ("#f0a878", "#a3430f", ""),
    "function": ("#82aaff", "#2554c7", ""),
    "heading": ("#82aaff", "#2554c7", "bold"),
    "keyword": ("#c4a5f7", "#7a3fb0", ""),
    "namespace": ("#e6c384", "#7a5200", ""),
    "number": ("#f0a878", "#a3430f", ""),
    "operator": ("#a9b8c8", "#4a5966", ""),
    "preprocessor": ("#c4a5f7", "#7a3fb0", ""),
    "regex": ("#f0a878", "#a3430f", ""),
    "string": ("#b5d98f", "#3b6d11", ""),
    "strong": ("#d8dce4", "#20242c", "bold"),
    "tag": ("#f28b94", "#a8233a", ""),
    "type": ("#7fd4d6", "#0b6b78", ""),
    "variable": ("#d8dce4", "#20242c", ""),
    "deleted": ("#f28b94", "#a3122a", ""),
    "inserted": ("#b5d98f", "#0a6b1f", ""),
}
SYNTAX_NAMES = tuple(f"code-{name}" if name in _SYNTAX else "" for name in TOKEN_CLASSES)
"""The style of each token class, by its index; empty for those drawn in the line's own colour."""


def _syntax_rules() -> str:
    rules = []
    for name, (dark, light, attributes) in _SYNTAX.items():
        style = f" text-style: {attributes};" if attributes else ""
        rules.append(f"    & > .diff--code-{name} {{ color: {light};{style} }}")
        rules.append(f"    &:dark > .diff--code-{name} {{ color: {dark};{style} }}")
    return "\n".join(rules)


DIFF_CSS = (
    """
DiffView {
    height: 1fr;
    width: 1fr;
    overflow: hidden hidden;
    background: $background;
    color: $foreground;
    layout: vertical;
    & > .diff--context { color: $foreground; }
    & > .diff--add { background: #d0ffd0; color: #12261a; }
    & > .diff--add-changed { background: #a0efa0; }
    & > .diff--delete { background: #ffe0e0; color: #33161a; }
    & > .diff--delete-changed { background: #ffc0c0; }
    & > .diff--absent { background: $foreground 4%; }
    & > .diff--sign-context { color: $foreground; }
    & > .diff--sign-add { color: #0a6b1f; text-style: bold; }
    & > .diff--sign-delete { color: #a3122a; text-style: bold; }
    & > .diff--mark, & > .diff--found { background: $warning; color: white; }
    & > .diff--trailing-space { background: #d36bd3; }
    & > .diff--conflict { background: #fbeab5; color: #6b4e00; text-style: bold; }
    & > .diff--numbers { color: $foreground 45%; }
    & > .diff--numbers-add { color: #1f7a34; }
    & > .diff--numbers-delete { color: #b04050; }
    & > .diff--file { color: $foreground; }
    & > .diff--file-mark { color: $foreground 60%; }
    & > .diff--file-name { color: $primary; text-style: bold; }
    & > .diff--file-fact { color: $foreground 60%; }
    & > .diff--file-warning, & > .diff--line-warning, & > .diff--hunk-unasked { color: #a3430f; text-style: bold; }
    & > .diff--file-reviewed, & > .diff--hunk-reviewed { color: #0a6b1f; }
    & > .diff--file-comments { color: $warning; }
    & > .diff--sticky { background: $panel; }
    & > .diff--status-added { color: #0a6b1f; text-style: bold; }
    & > .diff--status-deleted { color: #a3122a; text-style: bold; }
    & > .diff--status-renamed, & > .diff--status-copied { color: $secondary; text-style: bold; }
    & > .diff--status-type-changed, & > .diff--status-unmerged { color: $warning; text-style: bold; }
    & > .diff--count-add { color: #0a6b1f; }
    & > .diff--count-delete { color: #a3122a; }
    & > .diff--rule { color: $primary 60%; }
    & > .diff--hunk { background: $surface; }
    & > .diff--hunk-numbers { color: $foreground 35%; }
    & > .diff--hunk-line { color: $primary; text-style: bold; }
    & > .diff--hunk-section { color: $foreground 75%; }
    & > .diff--line-mark { background: $foreground 6%; }
    & > .diff--line-error { color: #a3122a; }
    & > .diff--line-note { color: $foreground 80%; }
    & > .diff--line-source { text-style: bold; }
    & > .diff--fold { background: $foreground 6%; color: $foreground 72%; }
    & > .diff--fold-add { color: #1f7a34; }
    & > .diff--fold-delete { color: #b04050; }
    & > .diff--note { color: $foreground 60%; text-style: italic; }
    & > .diff--box { background: $panel; color: $foreground; }
    & > .diff--box-strong { text-style: bold; }
    & > .diff--box-dim { color: $foreground 72%; }
    & > .diff--box-chip { color: $secondary; text-style: bold; }
    & > .diff--box-key { color: $accent; text-style: bold; }
    & > .diff--quote-add { color: #0a6b1f; }
    & > .diff--quote-delete { color: #a3122a; }
    & > .diff--bar-fix, & > .diff--kind-fix { color: $warning; }
    & > .diff--bar-question, & > .diff--kind-question { color: $primary; }
    & > .diff--bar-suggestion, & > .diff--kind-suggestion { color: $success; }
    & > .diff--bar-do-not-touch, & > .diff--kind-do-not-touch { color: $error; }
    & > .diff--bar-note, & > .diff--kind-note { color: $secondary; }
    & > .diff--evidence-lines { color: $success; }
    & > .diff--evidence-file { color: $warning; text-style: bold; }
    & > .diff--evidence-nothing { color: $error; text-style: bold; }
    & > .diff--bar-resolved { color: $foreground 40%; }
    & > .diff--state-draft { color: $foreground 60%; }
    & > .diff--state-sent { color: $secondary; }
    & > .diff--state-claimed { color: $accent; text-style: bold; }
    & > .diff--state-resolved { color: $success; }
    & > .diff--place-moved, & > .diff--place-edited { color: $secondary; }
    & > .diff--place-outside { color: $foreground 60%; }
    & > .diff--place-orphaned { color: $error; }
    & > .diff--cursor { background: $primary; color: $primary; }
    & > .diff--selection { background: $accent; color: $accent; }
    & > .diff--scroll { color: $foreground 15%; }
    & > .diff--scroll-thumb { color: $foreground 45%; }
    & > .diff--scroll-comment { color: $warning; }
    &:dark > .diff--add { background: #002800; color: #e6f2e6; }
    &:dark > .diff--add-changed { background: #006000; }
    &:dark > .diff--delete { background: #3f0001; color: #f5e3e3; }
    &:dark > .diff--delete-changed { background: #901011; }
    &:dark > .diff--file-warning, &:dark > .diff--line-warning, &:dark > .diff--hunk-unasked { color: #ffb86b; }
    &:dark > .diff--file-reviewed, &:dark > .diff--hunk-reviewed { color: #57d977; }
    &:dark > .diff--sign-add { color: #57d977; }
    &:dark > .diff--sign-delete, &:dark > .diff--line-error { color: #ff7b86; }
    &:dark > .diff--trailing-space { background: #a03ca0; }
    &:dark > .diff--fold-add { color: #6fc48a; }
    &:dark > .diff--fold-delete { color: #e58a94; }
    &:dark > .diff--mark, &:dark > .diff--found { color: black; }
    &:dark > .diff--conflict { background: #3d3110; color: #e5c07b; }
    &:dark > .diff--numbers-add { color: #3f9d5a; }
    &:dark > .diff--numbers-delete { color: #c25562; }
    &:dark > .diff--status-added, &:dark > .diff--count-add, &:dark > .diff--quote-add { color: #57d977; }
    &:dark > .diff--status-deleted, &:dark > .diff--count-delete, &:dark > .diff--quote-delete { color: #ff7b86; }
"""
    + _syntax_rules()
    + "\n}\n"
)

COMPONENT_CLASSES = frozenset(re.findall(r"\.(diff--[\w-]+)", DIFF_CSS))
"""Every style there is a rule for."""
