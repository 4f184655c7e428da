"""What a comment looks like between the lines: its rows as spans. Geometry counts them, the painter colours them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from agents.escape import escape_name
from agents.parts.review import Comment
from agents.prompts.chips import CHIP
from agents.review.emphasis import Ranges, emphasize
from agents.review.evidence import Evidence
from agents.review.places import Placed
from widgets.text_strips import Span, Spans, chop, cut, expand_tabs, printable, wrap

BOX_LIMIT = 100
"""Columns a box takes at most: longer lines of prose are hard to read."""
QUOTE_LINES = 12
"""Lines of old code shown for a comment whose place is gone."""
CARD_LINES = 16
"""Lines of a before-and-after card."""

JUDGE_KEYS = ("a", "x", ";")
"""The keys shown in a claim's box: accept it, reopen it, go to the next one."""

_STATE_WORDS = {"draft": "draft", "sent": "sent", "resolved": "✓ resolved"}
_UNDELIVERED_WORDS = {"waiting": "waits for the agent", "failed": "could not be delivered"}
_CLAIM_WORDS = {"done": "✓ claimed done", "declined": "✗ declined", "question": "? asks"}
_PLACE_WORDS = {
    "moved": "moved with its lines",
    "edited": "its lines were edited",
    "orphaned": "its lines are gone · they were",
    "outside": "its file is not part of what is shown",
}


def comment_rows(placed: Placed, width: int, keys: tuple[str, str, str] = JUDGE_KEYS) -> list[Spans]:
    """The rows of a comment's box, each at most ``width`` columns.

    A resolved comment is a single row. The first span of each row is the bar at the left.
    """
    comment = placed.comment
    inner = max(16, min(width, BOX_LIMIT) - 2)
    bar = ("┃ ", f"box bar-{comment.kind if comment.state != 'resolved' else 'resolved'}")
    if comment.state == "resolved":
        return [(bar, *cut(_heading(placed, first_line=True), inner))]
    rows: list[Spans] = [cut(_heading(placed), inner)]
    if placed.state in ("orphaned", "outside") or (placed.start == 0 and comment.quote):
        rows += _quote(comment, inner)
    rows += _text(comment.text, inner)
    if comment.state in ("sent", "claimed"):
        rows += _claim(placed, inner)
    for reply in comment.replies:
        who = "you" if reply.author == "person" else printable(reply.author)
        unsent = "" if reply.round or reply.author != "person" else " (goes with the next round)"
        rows += wrap(((f"{who}{unsent}: ", "box box-dim"), *_words(printable(reply.text))), inner)
    if comment.state == "claimed":
        accept, reopen, following = keys
        rows.append((*_key(accept, "accept"), *_key(reopen, "reopen and say why"), *_key(following, "next claim")))
    return [(bar, *row) for row in rows]


def _key(key: str, words: str) -> tuple[Span, Span]:
    return (key, "box box-key"), (f" {words}   ", "box box-dim")


def _heading(placed: Placed, *, first_line: bool = False) -> Spans:
    comment = placed.comment
    state = _CLAIM_WORDS.get(comment.claim, "") if comment.state == "claimed" else _STATE_WORDS.get(comment.state, "")
    state = _UNDELIVERED_WORDS.get(comment.undelivered, state)
    if comment.kind == "note":
        state = "private, never sent"
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
        elif placed.state == "outside":
            line = f":{placed.start}" if placed.start else ""
            place = f"{escape_name(placed.path)}{line} did not change in what is shown"
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
            yield from wrap(_words(shown), width)


def _words(text: str) -> Spans:
    """What a person wrote, with the chips in it standing out."""
    spans: list[Span] = []
    at = 0
    for chip in CHIP.finditer(text):
        spans += [(text[at : chip.start()], "box"), (chip[0], "box box-chip")]
        at = chip.end()
    return (*spans, (text[at:], "box"))


def _claim(placed: Placed, width: int) -> Iterator[Spans]:
    """What the agent says, what really changed, and both states of the lines."""
    comment, evidence = placed.comment, placed.evidence
    if comment.claim_text:
        yield from wrap(((f"agent: {printable(comment.claim_text)}", "box box-dim"),), width)
    if evidence is None or comment.state != "claimed":
        return
    is_well, words = _verdict_words(comment, evidence)
    style = (
        "evidence-lines" if is_well else f"evidence-{'nothing' if evidence.touched == 'lines' else evidence.touched}"
    )
    yield from wrap(((f"{'●' if is_well else '▲'} {words}", f"box {style}"),), width)
    if evidence.before or evidence.after:
        yield from _card(evidence.before, evidence.after, width)


def _verdict_words(comment: Comment, evidence: Evidence) -> tuple[bool, str]:
    """Whether what changed fits what was asked for and claimed, and the same in words."""
    if comment.kind == "do-not-touch":
        untouched = evidence.touched != "lines"
        return untouched, "its lines are as they were" if untouched else "its lines changed, and should not have"
    if comment.kind == "question" or comment.claim in ("declined", "question"):
        return True, evidence.words
    return evidence.touched == "lines", evidence.words


def _card(before: Sequence[str], after: Sequence[str], width: int) -> Iterator[Spans]:
    """Before and after as one small diff with the changed words marked."""
    rows: list[Spans] = []
    for operation, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if operation == "equal":
            around = [*before[first : first + 1], *before[max(first + 1, last - 1) : last]]
            rows += [_card_line(" ", line, ()) for line in around if line.strip()]
            continue
        found = emphasize(before[first:last], after[start:end])
        rows += [_card_line("-", line, parts) for line, parts in zip(before[first:last], found.deleted, strict=True)]
        rows += [_card_line("+", line, parts) for line, parts in zip(after[start:end], found.added, strict=True)]
    for row in rows[:CARD_LINES]:
        yield cut(row, width)
    if len(rows) > CARD_LINES:
        yield ((f"… {len(rows) - CARD_LINES} more lines", "box box-dim"),)


def _card_line(mark: str, line: str, parts: Ranges) -> Spans:
    base = {" ": "box box-dim", "-": "delete", "+": "add"}[mark]
    spans: list[Span] = [(f"  {mark} ", base)]
    at = 0
    for start, end in parts:
        spans += [(line[at:start], base), (line[start:end], f"{base} {base}-changed")]
        at = end
    spans.append((line[at:], base))
    return tuple((expand_tabs(printable(text)), style) for text, style in spans if text)
