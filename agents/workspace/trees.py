"""Questions about commits and trees of a main repository. No worktree is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from agents.errors import GitError, NotFound
from agents.parts.changes import AttributeFile, Commit
from agents.review.arguments import DIFF_ARGUMENTS, DIFF_CONFIG
from agents.review.parse import BINARY_BLOBS, raw_names
from agents.workspace.git import Repository, git

COMMITS_LIMIT = 500
_ATTRIBUTE_FOLDERS = 2_000
"""Folders whose attributes are asked for at most: git is told them as arguments."""
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


async def tree_of(repository: Repository, commitish: str) -> str:
    """The tree id of a commit, tag, ref or tree.

    Raises:
        NotFound: there is none.
    """
    if commitish and not commitish.startswith("-"):
        found = await git(
            repository, "rev-parse", "--quiet", "--verify", f"{commitish}^{{tree}}", accept=(0, 1, 128)
        )  # fmt: skip
        if found.status == 0:
            return found.out.decode().strip()
    raise NotFound(f"There is no commit or tree {commitish!r} in {repository.repository}.")


async def merge_base(repository: Repository, one: str, other: str) -> str | None:
    """The best common ancestor of two commits; None when they have none.

    Raises:
        GitError: one of them does not exist.
    """
    found = await git(repository, "merge-base", checked(one), checked(other), accept=(0, 1))
    return found.out.decode().strip() or None


async def diff(repository: Repository, base: str, head: str) -> bytes:
    """What changed from tree (or commit) ``base`` to ``head``, for :func:`agents.review.parse_diff`.

    Raises:
        GitError: one of them does not exist, or the diff is beyond 256 MB.
    """
    return (await git(repository, *DIFF_CONFIG, *DIFF_ARGUMENTS, checked(base), checked(head), "--")).out


async def binary_sizes(repository: Repository, patch: bytes) -> dict[str, int]:
    """Bytes of the binary files in what :func:`diff` printed, by blob id."""
    ids = {found.decode() for match in BINARY_BLOBS.finditer(patch) for found in match.groups() if found.strip(b"0")}
    if not ids:
        return {}
    asked = "".join(f"{object_id}\n" for object_id in sorted(ids)).encode()
    lines = (await git(repository, "cat-file", "--batch-check", stdin=asked)).out.decode("ascii").splitlines()
    words = [line.split(" ") for line in lines]
    return {each[0]: int(each[2]) for each in words if len(each) == 3}


async def attribute_files(repository: Repository, tree: str, patch: bytes) -> list[AttributeFile]:
    """The ``.gitattributes`` files of a tree in the folders, and those above them, of what :func:`diff` printed."""
    folders = {b""}
    for name in raw_names(patch):
        parts = name.split(b"/")[:-1]
        folders.update(b"/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    found: list[AttributeFile] = []
    wanted = sorted(folders)[:_ATTRIBUTE_FOLDERS]
    names = [(folder + b"/" if folder else b"") + b".gitattributes" for folder in wanted]
    printed = await git(repository, "ls-tree", "-z", checked(tree), "--", *(os.fsdecode(name) for name in names))
    blobs_of = dict(_tree_entry(entry) for entry in printed.out.split(b"\0") if b" blob " in entry)
    contents = await blobs(repository, list(blobs_of.values()))
    for name, content in zip(blobs_of, contents, strict=True):
        found.append(AttributeFile(name.rpartition(b"/")[0], content))
    return found


def _tree_entry(entry: bytes) -> tuple[bytes, str]:
    """Name and id of ``<mode> blob <id>TAB<name>``."""
    meta, _, name = entry.partition(b"\t")
    return name, meta.split(b" ")[2].decode("ascii")


async def commits(repository: Repository, base: str, tip: str) -> list[Commit]:
    """The commits of ``tip`` that ``base`` does not have, the latest first, at most :data:`COMMITS_LIMIT`."""
    pattern = "--format=%H%x00%ct%x00%s"
    printed = await git(repository, "log", "-z", pattern, f"-n{COMMITS_LIMIT}", checked(tip), f"^{checked(base)}", "--")
    fields = printed.out.decode("utf-8", "replace").split("\0")
    return [
        Commit(id=fields[at], at=float(fields[at + 1]), subject=fields[at + 2]) for at in range(0, len(fields) - 2, 3)
    ]


async def parent_of(repository: Repository, commit: str) -> str:
    """The tree of a commit's first parent; the empty tree for a commit without one.

    Raises:
        NotFound: there is no such commit.
    """
    await tree_of(repository, commit)
    try:
        return await tree_of(repository, f"{commit}^")
    except NotFound:
        return (await git(repository, "hash-object", "-t", "tree", "-w", "--stdin")).out.decode().strip()


async def numstat(repository: Repository, base: str, head: str) -> tuple[int, int, int]:
    """Files changed, lines added, lines deleted between two trees or commits; a renamed file counts once."""
    options = ("--shortstat", "--find-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
    printed = await git(repository, *DIFF_CONFIG, "diff", *options, checked(base), checked(head), "--")
    text = printed.out.decode()
    counts = [re.search(rf"(\d+) {word}", text) for word in ("file", "insertion", "deletion")]
    files, additions, deletions = (int(found[1]) if found else 0 for found in counts)
    return files, additions, deletions


async def changed_paths(repository: Repository, base: str, head: str) -> list[bytes]:
    """Names of what differs between two trees or commits; of a renamed file both."""
    options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none")
    printed = await git(repository, *DIFF_CONFIG, "diff", *options, checked(base), checked(head), "--")
    return [name for name in printed.out.split(b"\0") if name]


async def blobs(repository: Repository, ids: Sequence[str]) -> list[bytes]:
    """Contents of blobs, in order; an id of zeros is empty content.

    Raises:
        NotFound: an id is not one, or no such blob exists (a submodule's commit is none).
    """
    for object_id in ids:
        if not _OBJECT_ID.fullmatch(object_id):
            raise NotFound(f"{object_id!r} is not an object id.")
    wanted = [object_id for object_id in ids if object_id.strip("0")]
    found: dict[str, bytes] = {}
    if wanted:
        asked = "".join(f"{object_id}\n" for object_id in dict.fromkeys(wanted)).encode()
        found = _parse_batch((await git(repository, "cat-file", "--batch", stdin=asked)).out)
    for object_id in wanted:
        if object_id not in found:
            raise NotFound(f"There is no blob {object_id[:12]} in {repository.repository}.")
    return [found.get(object_id, b"") for object_id in ids]


def _parse_batch(out: bytes) -> dict[str, bytes]:
    """``<id> <type> <size>LF<content>LF``, or ``<id> missing``."""
    found: dict[str, bytes] = {}
    position = 0
    while position < len(out):
        end = out.index(b"\n", position)
        header = out[position:end].decode("ascii").split(" ")
        position = end + 1
        if len(header) != 3:
            continue
        size = int(header[2])
        if header[1] == "blob":
            found[header[0]] = out[position : position + size]
        position += size + 1
    return found


def checked(name: str) -> str:
    """A commit, tree or ref as an argument: never an option.

    Raises:
        GitError: it is none.
    """
    if not name or name.startswith("-"):
        raise GitError(f"{name!r} is not the name of a commit.")
    return name


async def changed_names(repository: Repository, base: str, head: str) -> list[bytes]:
    """Names of the files that differ between two commits or trees, old and new names of renamed ones.

    Raises:
        GitError: one of them does not exist.
    """
    options = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
    printed = await git(repository, *options, checked(base), checked(head), "--")
    return [name for name in printed.out.split(b"\0") if name]


async def names_in(repository: Repository, treeish: str) -> list[str]:
    """Names of the files in a commit or tree, sorted; those that are no UTF-8 are left out, as nobody could type them.

    Raises:
        GitError: there is no such tree.
    """
    printed = await git(repository, "ls-tree", "-r", "-z", "--name-only", "--full-tree", checked(treeish))
    names = [raw.decode("utf-8", "surrogateescape") for raw in printed.out.split(b"\0") if raw]
    return [name for name in names if name.isprintable()]
