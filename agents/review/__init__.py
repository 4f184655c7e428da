"""The diff and what is said about it, without a screen: parsing, emphasis, anchors, and the prompt of a round.

Everything here is pure: bytes and structs in, structs out; who calls it decides where git runs and what is drawn. Only
:mod:`agents.review.highlighter` has a life cycle (its worker process). Importing this package is cheap; the parts that
cost something (Pygments) are modules of their own, imported by who needs them.
"""

from __future__ import annotations

from agents.review.arguments import DIFF_ARGUMENTS, DIFF_CONFIG
from agents.review.errors import DiffError
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, DiffSet, FileDiff, FileStatus, Hunk, Lines
from agents.review.parse import parse_diff, parse_patch

__all__ = [
    "ADD",
    "CONTEXT",
    "DELETE",
    "DIFF_ARGUMENTS",
    "DIFF_CONFIG",
    "NO_NEWLINE",
    "DiffError",
    "DiffSet",
    "FileDiff",
    "FileStatus",
    "Hunk",
    "Lines",
    "parse_diff",
    "parse_patch",
]
