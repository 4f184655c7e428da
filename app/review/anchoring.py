"""Where the comments of a task stand in the diff that is shown now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agents.model import Comment
from agents.review.anchors import Placement, place_anchor
from agents.review.model import DiffSet, FileDiff
from widgets.diff import Placed

Blobs = Callable[[Sequence[str]], Awaitable[Mapping[str, bytes]]]
"""Contents of blobs by their ids."""


async def place_comments(diff: DiffSet, head_tree: str, comments: Sequence[Comment], blobs: Blobs) -> list[Placed]:
    """Follow every comment to where its lines are in this diff.

    Args:
        head_tree: the new end of the diff; a comment written on the same tree stands where it was written.
        blobs: reads file contents; asked only for files whose content is another than when the comment was written.

    Raises:
        ShopfloorError: a content cannot be read.
    """
    files = {file.old_path: file for file in diff.files if file.old_path}
    files |= {file.new_path: file for file in diff.files if file.new_path}
    found = {comment.id: files.get(comment.path) for comment in comments}
    wanted: dict[str, None] = {}
    for comment in comments:
        file = found[comment.id]
        if file is not None and not _stands(comment, file, head_tree):
            wanted |= dict.fromkeys(blob for blob in (comment.blob, _blob(comment, file)) if blob)
    contents = await blobs(list(wanted)) if wanted else {}
    return await asyncio.to_thread(
        lambda: [_placed(comment, found[comment.id], head_tree, contents) for comment in comments]
    )


def _blob(comment: Comment, file: FileDiff) -> str:
    return file.new_blob if comment.side == "new" else file.old_blob


def _stands(comment: Comment, file: FileDiff, head_tree: str) -> bool:
    """Whether its numbers count lines of the content that is shown."""
    if comment.target == "file" or not comment.start:
        return True
    if comment.blob:
        return comment.blob == _blob(comment, file)
    return comment.side == "new" and bool(head_tree) and comment.head_tree == head_tree


def _placed(comment: Comment, file: FileDiff | None, head_tree: str, contents: Mapping[str, bytes]) -> Placed:
    if comment.target == "change" or not comment.path:
        return Placed(comment, b"")
    if file is None:
        return Placed(comment, b"", state="orphaned")
    if _stands(comment, file, head_tree):
        return Placed(comment, file.path, comment.start, comment.end)
    after = contents.get(_blob(comment, file))
    if comment.blob in contents and after is not None:
        place = place_anchor(file.path, comment.start, comment.end, contents[comment.blob], after)
    else:
        place = _by_quote(comment, file.path, after or b"")
    if place.state == "orphaned":
        return Placed(comment, file.path, state="orphaned")
    return Placed(comment, file.path, place.start, place.end, place.state)


def _by_quote(comment: Comment, path: bytes, after: bytes) -> Placement:
    """Look for the quoted lines of the comment's side: at the same numbers, else in the one place where they are."""
    mark = "-" if comment.side == "old" else "+"
    quote = [line[1:] for line in comment.quote if line[:1] in (mark, " ")]
    lines = after.decode("utf-8", "backslashreplace").split("\n")
    count = len(quote)
    places = [at for at in range(len(lines) - count + 1) if quote and lines[at : at + count] == quote]
    if comment.start - 1 in places:
        return Placement("placed", path, comment.start, comment.end)
    if len(places) == 1:
        return Placement("moved", path, places[0] + 1, places[0] + count)
    return Placement("orphaned", path, comment.start, comment.start - 1, 0.0)
