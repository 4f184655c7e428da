"""Where the comments of a task stand in the diff that is shown, and what became of what they ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from agents.parts.review import Comment
from agents.review.anchors import Placement, place_anchor
from agents.review.evidence import Evidence, evidence_for, file_named
from agents.review.model import DiffSet, FileDiff

Blobs = Callable[[Sequence[str]], Awaitable[Mapping[str, bytes]]]
"""Contents of blobs by their ids."""
Since = Callable[[str], Awaitable[DiffSet | None]]
"""What changed from a tree to the tree shown; None when that tree is not there any more."""
Judged = tuple[Comment, DiffSet | None]
"""A comment as it stood on the base there is now, and what the task did since then; None when that is not known."""
Done = Callable[[Comment], Awaitable[Judged]]

ELSEWHERE_FILES = 40
"""Other changed files in which lines that left their file are looked for."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment and where it stands in the diff that is shown."""

    comment: Comment
    path: bytes
    """The file it is in now, which need not be part of the diff; empty for the whole change or when that is gone."""
    start: int = 0
    end: int = 0
    """Lines on the comment's side; 0 when it stands at no line."""
    state: str = "placed"
    """``placed``, ``moved``, ``edited``, ``orphaned`` (its lines are gone: shown at the top with its old code), or
    ``outside`` (its lines are there, in a file that is not part of the diff that is shown)."""
    evidence: Evidence | None = None
    """What changed since it was written; None for drafts, and when that cannot be known."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """The diff that is shown, and what is known about how it came to be."""

    head_tree: str
    files: Mapping[bytes, FileDiff]
    """By both names."""
    since: Mapping[str, DiffSet | None]
    judged: Mapping[str, Judged]
    """By the id of the comment, of those that the agent was told."""


async def place_comments(
    diff: DiffSet,
    head_tree: str,
    comments: Sequence[Comment],
    blobs: Blobs,
    since: Since | None = None,
    done: Done | None = None,
) -> list[Placed]:
    """Follow every comment to where its lines are in this diff.

    Args:
        head_tree: the new end of the diff; a comment written on the same tree stands where it was written.
        blobs: reads file contents; asked only for files whose content is another than when the comment was written.
        since: what changed since a comment was written: renames are followed with it.
        done: what of that the task did: evidence comes from it. All of it, when it is not given.

    Raises:
        ShopfloorError: a content cannot be read.
    """
    files = {file.old_path: file for file in diff.files if file.old_path}
    files |= {file.new_path: file for file in diff.files if file.new_path}
    trees = {comment.head_tree for comment in comments if comment.head_tree and comment.state != "resolved"}
    known = {tree: await since(tree) if since is not None else None for tree in trees - {head_tree}}
    known[head_tree] = DiffSet(())
    told = [comment for comment in comments if comment.state in ("sent", "claimed")]
    judged = {each.id: await done(each) if done else (each, known.get(each.head_tree)) for each in told}
    shown = _Shown(head_tree, files, known, judged)
    wanted: dict[str, None] = {}
    for comment in comments:
        file = _file_of(comment, shown)
        if comment.target in ("file", "change") or (file is not None and _stands(comment, file, head_tree)):
            continue
        wanted |= dict.fromkeys(blob for blob in (comment.blob, file and _blob(comment, file)) if blob)
        if file is None and (now := _since_file(comment, shown)) is not None:
            wanted[now.new_blob] = None
        wanted |= dict.fromkeys(other.new_blob for other in _elsewhere(comment, file, shown))
    contents = await blobs(list(wanted)) if wanted else {}
    return await asyncio.to_thread(lambda: [_placed(comment, shown, contents) for comment in comments])


def _file_of(comment: Comment, shown: _Shown) -> FileDiff | None:
    """The file a comment is about, under the name it has now."""
    since, known = shown.since.get(comment.head_tree), shown.files.get(comment.path)
    if known is not None and comment.side == "old" and comment.blob == known.old_blob:
        return known  # by the name that its old side has
    for moved in since.files if since is not None else ():
        if moved.status == "renamed" and moved.old_path == comment.path:
            return shown.files.get(moved.new_path)
    return known


def _since_file(comment: Comment, shown: _Shown) -> FileDiff | None:
    """What a file that the shown diff leaves out has become since the comment was written."""
    since = shown.since.get(comment.head_tree)
    now = file_named(since, comment.path) if since is not None else None
    return now if now is not None and now.new_path and comment.side == "new" and comment.start else None


def _followed_outside(comment: Comment, now: FileDiff, contents: Mapping[str, bytes]) -> Placement | None:
    before, after = contents.get(comment.blob), contents.get(now.new_blob)
    if before is None or after is None:
        return None
    place = place_anchor(now.new_path, comment.start, comment.end, before, after)
    return place if place.state != "orphaned" else None


def _blob(comment: Comment, file: FileDiff) -> str:
    return file.new_blob if comment.side == "new" else file.old_blob


def _elsewhere(comment: Comment, file: FileDiff | None, shown: _Shown) -> list[FileDiff]:
    """Other files that changed since the comment was written and may hold its lines now."""
    since = shown.since.get(comment.head_tree)
    if since is None or comment.side == "old" or not comment.blob:
        return []
    changed = [shown.files.get(other.new_path) for other in since.files if other.additions and other.new_path]
    return [other for other in changed if other is not None and other is not file][:ELSEWHERE_FILES]


def _stands(comment: Comment, file: FileDiff, head_tree: str) -> bool:
    """Whether its numbers count lines of the content that is shown."""
    if comment.target == "file" or not comment.start:
        return True
    if comment.blob:
        return comment.blob == _blob(comment, file)
    return comment.side == "new" and bool(head_tree) and comment.head_tree == head_tree


def _placed(comment: Comment, shown: _Shown, contents: Mapping[str, bytes]) -> Placed:
    since = shown.since.get(comment.head_tree)
    carried, done = shown.judged.get(comment.id, (comment, None))
    evidence = evidence_for(carried, done) if done is not None else None
    if comment.target == "change" or not comment.path:
        return Placed(comment, b"", evidence=evidence)
    file = _file_of(comment, shown)
    if file is not None and _stands(comment, file, shown.head_tree):
        return Placed(comment, file.path, comment.start, comment.end, evidence=evidence)
    if file is None and since is not None and file_named(since, comment.path) is None and shown.head_tree:
        return Placed(comment, comment.path, comment.start, comment.end, "outside", evidence)
    now = _since_file(comment, shown) if file is None else None
    if now is not None and (followed := _followed_outside(comment, now, contents)) is not None:
        return Placed(comment, followed.path, followed.start, followed.end, "outside", evidence)
    path = file.path if file is not None else b""
    place = _followed(comment, file, path, shown, contents)
    if place is None or place.state == "orphaned":
        return Placed(comment, path, state="orphaned", evidence=evidence)
    return Placed(comment, place.path, place.start, place.end, place.state, evidence)


def _followed(
    comment: Comment, file: FileDiff | None, path: bytes, shown: _Shown, contents: Mapping[str, bytes]
) -> Placement | None:
    after = contents.get(_blob(comment, file)) if file is not None and _blob(comment, file).strip("0") else None
    if comment.blob in contents:
        others = {other.path: contents[other.new_blob] for other in _elsewhere(comment, file, shown)}
        return place_anchor(path, comment.start, comment.end, contents[comment.blob], after, others)
    return _by_quote(comment, path, after or b"") if file is not None else None


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
    return Placement("orphaned", path, comment.start, comment.start - 1)
