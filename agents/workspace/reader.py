"""What is read from a worktree or from an agent's git folder: always confined, and checked before it counts.

The reader sees everything and writes only to the task's ``snapshot`` folder: its own index, the objects it had to
make, and a pack of them when they are many. The host takes nothing but those and an object id, and git verifies every
object and every link before anything reaches the repository.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import stat
import time
from pathlib import Path
from typing import BinaryIO

import msgspec

from agents.errors import GitError
from agents.sandbox import Policy, Runner
from agents.sandbox.defaults import reader_policy
from agents.workspace.git import Result, confined, confined_environment, git, person_config
from agents.workspace.known import Snapshot
from agents.workspace.packing import Loose, few_objects, pack_of
from agents.workspace.private import LITTER, Workspace, alternates

PACK_LIMIT_BYTES = 1024 * 1024 * 1024
"""New content of one snapshot or one import."""
_CHECK_OUT_SECONDS = 1800.0
"""A repository of a million files takes minutes."""
_LOOSE_LIMIT = 100
"""Packs with no more objects than this become loose objects, as git itself does on a push; larger ones stay packs."""
_UNPACK = ("unpack-objects", "-q", "--strict", f"--max-input-size={PACK_LIMIT_BYTES}")
_INDEX = ("index-pack", "--stdin", "--strict", f"--max-input-size={PACK_LIMIT_BYTES}")
_NAME, _EMAIL = "Shopfloor", "snapshots@shopfloor.invalid"
"""Who commits snapshots."""
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

_CHECK_OUT = """
set -e
git read-tree --reset -u "$1"
if [ "$2" != "$1" ]; then
    cp -p "$GIT_INDEX_FILE" "$GIT_INDEX_FILE.branch"
    GIT_INDEX_FILE="$GIT_INDEX_FILE.branch" git read-tree -m "$2"
fi
: >"$GIT_INDEX_FILE.fresh"
"""
"""The last line says that files and index are of one second, which the first snapshot must know."""

_REWIND = """
set -e
git read-tree --reset -u "$1"
: >"$GIT_INDEX_FILE.fresh"
"""

_APPLY = """
git apply --whitespace=nowarn "$1"
"""

_SNAPSHOT = """
[ -f "$GIT_INDEX_FILE" ] || git read-tree "$1" || exit 3
shift
if [ -f "$GIT_INDEX_FILE.fresh" ]; then
    git update-index -q --force-write-index
    rm -f "$GIT_INDEX_FILE.fresh"
fi
git add -A --ignore-errors . "$@"
added=$?
[ "$added" -le 1 ] || exit 3
echo "$added"
exec git write-tree
"""
"""``git add`` takes every file as old as its index for changed, and writes its object again, since it cannot refresh a
read-only one: seconds for a fresh checkout. An index written a second later does not have that.
"""

_PACK = """
cd "$GIT_OBJECT_DIRECTORY" || exit 3
{
    for object in ??/*; do [ -f "$object" ] && echo "${object%/*}${object#*/}"; done
    for index in pack/*.idx; do
        [ -f "$index" ] && git show-index <"$index" | while read -r _ object _; do echo "$object"; done
    done
} | git pack-objects -q --stdout --threads=1 --window=0 >"$1"
"""
"""Everything the private object folder holds is new; to name it is three times as fast as to let git find that out."""

_BRANCH = """
tip=$(git rev-parse --quiet --verify "$1^{commit}") || exit 0
echo "$tip"
[ "$tip" = "$3" ] || printf '%s\\n^%s\\n^%s\\n' "$tip" "$2" "$3" | git pack-objects -q --local --revs --stdout >"$4"
"""


async def check_out(runner: Runner, workspace: Workspace, files: str, index: str) -> None:
    """Write the files of ``files`` into the empty worktree. The real entry and the reader get an index.

    Done confined because checking out runs the smudge filters of the person's configuration, which may be scripts in
    the tree that is checked out.

    Args:
        files: the commit or tree whose files to write.
        index: the commit whose tree the worktree's index shall hold; the same, except when restoring.
    """
    own = _index(workspace)
    _remove(own)
    argv = ["/bin/sh", "-c", _CHECK_OUT, "sh", files, index]
    result = await confined(runner, argv, _policy(workspace, writable=True), timeout_seconds=_CHECK_OUT_SECONDS)
    if result.status:
        raise GitError(
            f"The files of {files[:12]} could not be written to {workspace.worktree}: {result.complaint}.",
            "Is the disk full, or does the repository need a filter that only works with network?",
        )
    indexed = own if files == index else own.with_name(f"{own.name}.branch")
    if indexed.is_symlink():
        raise GitError(
            f"The index of {workspace.worktree} was replaced by a link.", "Look at the repository's filters."
        )
    # copy2 keeps the time of the index; without it git would take files changed in that second for unchanged.
    shutil.copy2(indexed, workspace.entry / "index")


async def rewind(runner: Runner, workspace: Workspace, files: str) -> None:
    """Make the worktree's files those of ``files``: others that were in the last snapshot go, ignored ones stay. The
    caller has taken a snapshot of what is there now; the agent's own index and branch are not touched."""
    argv = ["/bin/sh", "-c", _REWIND, "sh", files]
    result = await confined(runner, argv, _policy(workspace, writable=True), timeout_seconds=_CHECK_OUT_SECONDS)
    if result.status:
        raise GitError(f"The files of {files} could not be written to {workspace.worktree}: {result.complaint}.")


async def apply_patch(runner: Runner, workspace: Workspace, patch: bytes) -> None:
    """Change the worktree's files as a patch says, all of it or nothing. Confined, as everything in a worktree: what
    stands under a name of the patch may be a link by now, and writing a file may run a filter."""
    policy = _policy(workspace, writable=True)
    file = workspace.reading / "applied.patch"
    _remove(file)  # what a filter left there may be a link
    file.write_bytes(patch)
    try:
        result = await confined(runner, ["/bin/sh", "-c", _APPLY, "sh", str(file)], policy)
    finally:
        _remove(file)
    if result.status:
        raise GitError(f"It does not fit the files as they are now: {result.complaint}.", "Read the change again.")


async def read_worktree(runner: Runner, workspace: Workspace, last: Snapshot, message: str) -> Snapshot:
    """Bring the worktree's state into the repository as a commit on top of the task's base: all files, untracked ones
    too, ignored ones not. The same tree as ``last`` brings nothing and is that snapshot again.

    Raises:
        GitError: it cannot be read, or git found the result damaged.
    """
    result = await _snapshot(runner, workspace, last.commit)
    if result.status:
        # The reader's index may name objects that are gone (a gc after its last snapshot was dropped). Begin anew.
        _remove(_index(workspace))
        result = await _snapshot(runner, workspace, workspace.base_commit)
    added, tree, *_ = (*result.out.decode("ascii", "replace").split("\n"), "")
    if result.status or not _OBJECT_ID.fullmatch(tree):
        raise GitError(f"The worktree {workspace.worktree} cannot be read: {result.complaint}.")
    notices = _notices(result) if added != "0" or result.err else ()
    if tree == last.tree:
        return Snapshot(commit=last.commit, tree=tree, notices=notices)
    try:
        commit = await _take_snapshot(runner, workspace, tree, message)
    except GitError:
        _remove(_index(workspace))  # it names objects that nobody has
        raise
    finally:
        shutil.rmtree(_objects(workspace), ignore_errors=True)
    return Snapshot(commit=commit, tree=tree, changed=True, notices=notices)


async def read_branch(runner: Runner, workspace: Workspace, known: str) -> str | None:
    """Bring the commits of the agent's branch into the repository; its tip, or None when the branch is gone.

    Args:
        known: a commit that need not be brought, the last tip.

    Raises:
        GitError: it cannot be read, or git found the result damaged.
    """
    _remove(_pack(workspace))
    reference = f"refs/heads/{workspace.branch}"
    arguments = [reference, workspace.base_commit, known, str(_pack(workspace))]
    policy = _policy(workspace)
    real_objects = Path(workspace.git_dir, "objects")
    environment = confined_environment(
        str(workspace.agent_git),
        GIT_OBJECT_DIRECTORY=str(workspace.agent_git / "objects"),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=os.pathsep.join(map(str, (real_objects, *alternates(real_objects)))),
    )
    policy = msgspec.structs.replace(policy, directory=workspace.private, environment=environment)
    result = await confined(runner, ["/bin/sh", "-c", _BRANCH, "sh", *arguments], policy)
    if result.status:
        raise GitError(f"The agent's branch {workspace.branch} cannot be read: {result.complaint}.")
    tip = result.out.decode("ascii", "replace").strip()
    if not tip:
        return None
    if not _OBJECT_ID.fullmatch(tip):
        raise GitError(f"The agent's branch {workspace.branch} cannot be read: git answered something else.")
    if tip != known:
        await _import_pack(workspace)
        # Strict unpacking checks links of what came; this checks that the whole history is there.
        history = ("rev-list", "--objects", "--quiet", tip, "--not", workspace.base_commit, known)
        check = await git(workspace, *history, accept=(0, 1, 128))
        if check.status:
            raise GitError(f"The agent's branch {workspace.branch} is damaged: {check.complaint}.")
    return tip


async def _snapshot(runner: Runner, workspace: Workspace, begin: str) -> Result:
    _remove(_index(workspace).with_name("index.lock"))  # of a reader that was killed
    left_out = [f":(exclude){pattern}" for pattern in LITTER]
    return await confined(runner, ["/bin/sh", "-c", _SNAPSHOT, "sh", begin, *left_out], _policy(workspace))


async def _take_snapshot(runner: Runner, workspace: Workspace, tree: str, message: str) -> str:
    """Bring what the reader wrote into the repository, and a commit of ``tree`` with it; the commit's id."""
    objects = await asyncio.to_thread(few_objects, _objects(workspace))
    if objects is None:
        await _pack_and_import(runner, workspace)
    commit = Loose(b"commit", _commit_content(workspace, tree, message))
    sha256 = len(tree) == 64
    pack = pack_of([*(objects or ()), commit], sha256=sha256)
    _accept(workspace, await git(workspace, *_UNPACK, stdin=pack, accept=(0, 1, 128)))
    named = b"commit %d\0" % len(commit.content) + commit.content
    return (hashlib.sha256 if sha256 else hashlib.sha1)(named).hexdigest()


async def _pack_and_import(runner: Runner, workspace: Workspace) -> None:
    _remove(_pack(workspace))
    argv = ["/bin/sh", "-c", _PACK, "sh", str(_pack(workspace))]
    result = await confined(runner, argv, _policy(workspace))
    if result.status:
        raise GitError(f"The worktree {workspace.worktree} cannot be read: {result.complaint}.")
    await _import_pack(workspace)


def _commit_content(workspace: Workspace, tree: str, message: str) -> bytes:
    who = f"{_NAME} <{_EMAIL}> {int(time.time())} +0000"
    head = f"tree {tree}\nparent {workspace.base_commit}\nauthor {who}\ncommitter {who}\n\n"
    return head.encode() + os.fsencode(message) + b"\n"


def _policy(workspace: Workspace, writable: bool = False) -> Policy:
    objects = Path(workspace.git_dir, "objects")
    borrowed = [str(path) for path in alternates(objects)]
    environment = confined_environment(
        workspace.git_dir,
        GIT_WORK_TREE=workspace.worktree,
        GIT_INDEX_FILE=str(_index(workspace)),
        GIT_OBJECT_DIRECTORY=str(_objects(workspace)),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=os.pathsep.join((str(objects), *borrowed)),
    )
    temp = Path(workspace.private, "reader-tmp")  # not below what it may write, where a link could take its place
    for folder in (temp, _objects(workspace)):
        folder.mkdir(parents=True, exist_ok=True)
    worktree = Path(workspace.worktree)
    return reader_policy(
        worktree,
        temp=temp,
        repository=Path(workspace.repository),
        read=map(Path, (workspace.git_dir, workspace.private, *borrowed, *person_config())),
        write=(workspace.reading, *((worktree,) if writable else ())),
        protect=(worktree / ".git",),
        extra_environment=environment,
    )


async def _import_pack(workspace: Workspace) -> None:
    """Take what the reader packed into the repository, if git finds it sound."""
    try:
        descriptor = os.open(_pack(workspace), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise GitError(f"The reader of {workspace.worktree} left no objects: {error.strerror}.") from error
    with os.fdopen(descriptor, "rb") as pack:
        count = _object_count(pack)
        if not count:
            return
        command = _UNPACK if count <= _LOOSE_LIMIT else _INDEX
        taken = await git(workspace, *command, stdin=pack, accept=(0, 1, 128))
    _accept(workspace, taken)
    _remove(_pack(workspace))


def _accept(workspace: Workspace, taken: Result) -> None:
    """See that git took all of a pack.

    Raises:
        GitError: it found something in it that it refuses.
    """
    if taken.status:
        found = re.search(r"^error: (object .*)$", taken.err.decode("utf-8", "backslashreplace"), re.MULTILINE)
        raise GitError(
            f"Git refuses what the agent left in {workspace.worktree}: {found[1] if found else taken.complaint}.",
            "Mend or delete that file, or tell the agent to, then go on.",
        )


def _object_count(pack: BinaryIO) -> int:
    if not stat.S_ISREG(os.fstat(pack.fileno()).st_mode):
        raise GitError("The reader left something that is not a pack.")
    header = os.pread(pack.fileno(), 12, 0)
    if len(header) != 12 or header[:4] != b"PACK":
        raise GitError("The reader left something that is not a pack.")
    return int.from_bytes(header[8:])


def _notices(result: Result) -> tuple[str, ...]:
    """What git could not add, in sentences; its words are untrusted and shown as text."""
    notices = []
    for line in result.err.decode("utf-8", "backslashreplace").split("\n"):
        nested = re.fullmatch(r"warning: adding embedded git repository: (.*)", line)
        if nested:
            notices.append(f"{nested[1]} is a repository of its own: only its commit is recorded, not its files.")
        elif line.startswith("error: ") and "unable to index file" not in line:
            notices.append(f"Not recorded: {line.removeprefix('error: ')}.")
    return tuple(notices)


def _index(workspace: Workspace) -> Path:
    return workspace.reading / "index"


def _objects(workspace: Workspace) -> Path:
    return workspace.reading / "objects"


def _pack(workspace: Workspace) -> Path:
    return workspace.reading / "new.pack"


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
