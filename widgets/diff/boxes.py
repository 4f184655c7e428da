"""What a comment looks like between the lines: its rows as spans. Geometry counts them, the painter colours them."""

from __future__ import annotations

from collections.abc import Iterator

from agents.model import Comment
from agents.review.escape import escape_name
from agents.review.places import Placed
from widgets.text_strips import Spans, chop, cut, expand_tabs, printable, wrap

BOX_LIMIT = 100
"""Columns a box takes at most: longer lines of prose are hard to read."""
QUOTE_LINES = 12
"""Lines of old code shown for a comment whose place is gone."""

_STATE_WORDS = {"draft": "draft", "sent": "sent", "resolved": "✓ resolved"}
_CLAIM_WORDS = {"done": "✓ claimed done", "declined": "✗ declined", "question": "? asks"}
_PLACE_WORDS = {
    "moved": "moved with its lines",
    "edited": "its lines were edited",
    "orphaned": "its lines are gone · they were",
}


def comment_rows(placed: Placed, width: int) -> list[Spans]:
    """The rows of a comment's box, each at most ``width`` columns.

    A resolved comment is a single row. The first span of each row is the bar at the left.
    """
    comment = placed.comment
    inner = max(16, min(width, BOX_LIMIT) - 2)
    bar = ("┃ ", f"box bar-{comment.kind if comment.state != 'resolved' else 'resolved'}")
    if comment.state == "resolved":
        return [(bar, *cut(_heading(placed, first_line=True), inner))]
    rows: list[Spans] = [cut(_heading(placed), inner)]
    if placed.state == "orphaned" or (placed.start == 0 and comment.quote):
        rows += _quote(comment, inner)
    rows += _text(comment.text, inner)
    if comment.state == "claimed":
        rows += _claim(comment, inner)
    return [(bar, *row) for row in rows]


def _heading(placed: Placed, *, first_line: bool = False) -> Spans:
    comment = placed.comment
    state = _CLAIM_WORDS.get(comment.claim, "") if comment.state == "claimed" else _STATE_WORDS.get(comment.state, "")
    spans = [(comment.id, "box box-strong"), (f"  {comment.kind.replace('-', ' ')}", f"box kind-{comment.kind}")]
    spans.append((f"  {state}", f"box state-{comment.state}"))
    if comment.author != "person":
        spans.append((f"  by {printable(comment.author)}", "box box-dim"))
    if comment.end > comment.start and comment.target == "lines":
        spans.append((f"  lines {comment.start}–{comment.end}", "box box-dim"))
    elif comment.target in ("file", "hunk", "change"):
        spans.append((f"  on the {comment.target}", "box box-dim"))
    if placed.state in _PLACE_WORDS:
        place = _PLACE_WORDS[placed.state]
        if placed.state == "orphaned" and not placed.path and comment.path:
            place = f"{escape_name(comment.path)} is no longer part of the change · its lines were"
        spans.append((f"  {place}", f"box place-{placed.state}"))
    if first_line:
        spans.append((f"  {printable(comment.text.strip().partition(chr(10))[0])}", "box box-dim"))
    return tuple(spans)


def _quote(comment: Comment, width: int) -> Iterator[Spans]:
    for line in comment.quote[:QUOTE_LINES]:
        style = {"+": "quote-add", "-": "quote-delete"}.get(line[:1], "box-dim")
        yield cut(((expand_tabs(printable(line)), f"box {style}"),), width)
    if len(comment.quote) > QUOTE_LINES:
        yield ((f"… {len(comment.quote) - QUOTE_LINES} more lines", "box box-dim"),)


def _text(text: str, width: int) -> Iterator[Spans]:
    fenced = False
    for line in text.strip("\n").split("\n"):
        shown = expand_tabs(printable(line))
        if line.startswith("```"):
            fenced = not fenced
            yield ((shown, "box box-dim"),)
        elif fenced:
            yield from chop(((shown, "box quote-add"),), width)
        else:
            yield from wrap(((shown, "box"),), width)


def _claim(comment: Comment, width: int) -> Iterator[Spans]:
    if comment.claim_text:
        yield from wrap(((f"agent: {printable(comment.claim_text)}", "box box-dim"),), width)
    yield (("a", "box box-key"), (" resolve   ", "box box-dim"), ("x", "box box-key"), (" reopen", "box box-dim"))
