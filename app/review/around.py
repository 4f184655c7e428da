"""What stands around the diff: the list of its files, and what the reader has to know about where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from agents.parts.review import Comment
from app.review.words import drafts_of
from widgets.diff import DiffView
from widgets.diff.state import DiffState
from widgets.file_list import ListedFile
from widgets.text_strips import printable


def listed_files(state: DiffState, unread: Collection[bytes]) -> list[ListedFile]:
    """The files of a change as its list shows them.

    Args:
        unread: those that changed since the reader was in them.
    """
    drafts: Counter[bytes] = Counter()
    others: Counter[bytes] = Counter()
    for placed in state.placed:
        if placed.comment.state != "resolved":
            (drafts if placed.comment.state == "draft" else others)[placed.path] += 1
    return [
        ListedFile(
            file,
            drafts=drafts[file.path],
            comments=others[file.path],
            is_hidden=state.is_hidden(file),
            is_news=file.path in unread,
            is_reviewed=state.remarks_on(file).is_reviewed,
            warnings=len(state.remarks_on(file).names),
        )
        for file in state.diff.files
    ]


def held_back(state: DiffState) -> list[str]:
    """The ids of the comments to send that stand in files which the reader has hidden: they stay drafts."""
    files = {file.path: file for file in state.diff.files}
    to_send = {comment.id for comment in drafts_of(placed.comment for placed in state.placed)}
    return [
        placed.comment.id
        for placed in state.placed
        if placed.comment.id in to_send and placed.path in files and state.is_put_away(files[placed.path])
    ]


def reader_flags(view: DiffView, comments: Sequence[Comment]) -> list[str]:
    """What is different from plain reading: a warning here, a search, a range, what is hidden, what waits."""
    state = view.state
    flags = []
    section = state.section
    if section is not None and section.is_split and state.side:
        flags.append("old side")
    if view.searched:
        number, total = view.match()
        flags.append(f"“{printable(view.searched)}” {number}/{total}")
    if state.anchor is not None:
        first, last = state.selection()
        count = last.row - first.row + 1
        flags.append(f"range of {count} line{'s' * (count > 1)}")
    if state.hide_space:
        flags.append("white space hidden")
    if state.hide_tests:
        flags.append("tests hidden")
    hidden = sum(state.is_hidden(file) for file in state.diff.files)
    if hidden:
        flags.append(f"{hidden} hidden")
    drafts = len(drafts_of(comments))
    if drafts:
        flags.append(f"{drafts} draft{'s' * (drafts > 1)} to send")
    waiting = sum(comment.state in ("sent", "claimed") for comment in comments)
    if waiting:
        flags.append(f"{waiting} open")
    return [*flags, *_here(state)]


def _here(state: DiffState) -> list[str]:
    """The warning about the line or file at the cursor; last, because it may be long."""
    section = state.section
    if section is None or section.file is None:
        return []
    remarks = state.remarks_on(section.file)
    line = section.refs[state.cursor.row]
    warning = remarks.warned_lines.get(line) if line >= 0 else next(iter(remarks.warnings), None)
    return [f"⚠ {warning.name}: {warning.sentence}"] if warning is not None else []
