"""The private git folder an agent works with, and how it takes the place of the real one.

It is a complete common dir: config, refs, hooks, the worktree's own entry, and an object folder that borrows the real
objects. Every git command works on it (commit, rebase, stash, gc, tags) and nothing of it reaches the repository.

A backend with mounts shows it at the real folder's path, or a clone's at that of its entry, so the ``.git`` file of
the worktree is right as it is. Without mounts that file is pointed at it while the agent works.

A clone is not listed in the repository as one of its worktrees, and its agent sees the repository as it is, wholly
read-only. Its entry lies in the task's private folder: with that, the person's git works in it while the agent rests.

It is written once, before the agent starts. Afterwards the host never writes below it and never runs git on it: the
agent may have put anything there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import Literal

from agents.errors import GitError
from agents.model import Struct
from agents.sandbox import Bind
from agents.workspace.git import Repository, git, person_config

_NO_MAINTENANCE = "\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
_IDENTITY = {"user.name": "Agent", "user.email": "agent@shopfloor.invalid"}
"""Who an agent commits as when the person has not said who they are."""
_HIDDEN_REFS = b"refs/shopfloor/"
LITTER = (".aider.tags.cache.v*",)
"""What agents keep in a worktree for themselves and cannot be told to keep elsewhere: no part of any change."""


Kind = Literal["worktree", "clone"]


class Workspace(Repository, kw_only=True):
    """Where a task's files and its git copy live: recorded when it is made, never read back from the worktree."""

    task: str
    worktree: str
    private: str
    """The task's folder for git: ``git`` (the agent's), ``objects`` (mount point), ``snapshot`` (the reader's)."""
    name: str
    """Of the worktree's entry below ``worktrees/`` in the git folder."""
    branch: str
    base_commit: str
    notices: tuple[str, ...] = ()
    """What will not work as the person may expect, each a sentence."""
    kind: Kind = "worktree"
    furnished: bool = False
    """Ignored files were brought and the project's set-up ran (see :mod:`agents.workspace.furnish`)."""

    @property
    def entry(self) -> Path:
        """Where git keeps HEAD and index of the worktree while the agent rests. No agent can write it."""
        if self.kind == "clone":
            return Path(self.private, "entry")
        return Path(self.git_dir, "worktrees", self.name)

    @property
    def agent_git(self) -> Path:
        """The agent's own git folder. Untrusted once the agent has started."""
        return Path(self.private, "git")

    @property
    def agent_entry(self) -> Path:
        """Where the agent's own HEAD and index are."""
        if self.kind == "clone":
            return self.agent_git
        return self.agent_git / "worktrees" / self.name

    @property
    def objects_mount(self) -> Path:
        """Where the real objects are shown to the agent; an empty folder on the host."""
        return Path(self.private, "objects")

    @property
    def reading(self) -> Path:
        """The reader's folder: its index, the objects it finds, the pack it hands over. No agent can see it."""
        return Path(self.private, "snapshot")


class Grants(Struct, kw_only=True):
    """What git needs in an agent's :class:`~agents.sandbox.Policy`, beside the rest."""

    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    protect: tuple[str, ...] = ()


def grants(workspace: Workspace, mounts: bool) -> Grants:
    """What the agent of a workspace may touch, under a backend with or without mounts."""
    objects = Path(workspace.git_dir, "objects")
    read = (workspace.repository, workspace.git_dir, *(str(path) for path in alternates(objects)), *person_config())
    dot_git = str(Path(workspace.worktree, ".git"))
    if not mounts:
        # Landlock has no exception inside a grant, and rights to make files such as packed-refs.lock cover the folder.
        entry = (str(workspace.entry),) if workspace.kind == "clone" else ()
        return Grants(write=(workspace.worktree, str(workspace.agent_git)), read=(*read, *entry), protect=(dot_git,))
    if workspace.kind == "clone":
        shown = Bind(source=str(workspace.agent_git), target=str(workspace.entry), writable=True)
        return Grants(write=(workspace.worktree,), read=read, binds=(shown,), protect=(dot_git,))
    real, own = Path(workspace.git_dir), workspace.agent_git
    fixed = ("config", "hooks", f"worktrees/{workspace.name}/commondir", f"worktrees/{workspace.name}/gitdir")
    binds = [
        Bind(source=str(own), target=str(real), writable=True),
        *(Bind(source=str(own / name), target=str(real / name)) for name in fixed),
        Bind(source=str(objects), target=str(workspace.objects_mount)),
    ]
    nested = workspace.objects_mount / "info" / "alternates"
    if (objects / "info" / "alternates").exists():
        # Its relative lines would be taken from the mount point. All of it is in the agent's own list already.
        binds.append(Bind(source=str(Path(workspace.private, "empty")), target=str(nested)))
    return Grants(write=(workspace.worktree,), read=read, binds=tuple(binds), protect=(dot_git,))


async def make_agent_git(workspace: Workspace) -> None:
    """Make the agent's git folder. The worktree's entry in the real one must exist, its index included.

    Raises:
        GitError: the refs cannot be read or the folder cannot be written.
    """
    listed = await git(workspace, "for-each-ref", "--format=%(objectname) %(refname)%00%(symref)%00%(*objectname)")
    configured = await git(workspace, "config", "-z", "--get-regexp", r"^user\.(name|email)$", accept=(0, 1))
    known = dict(each.partition("\n")[::2] for each in configured.out.decode("utf-8", "surrogateescape").split("\0"))
    # the person's own stands in there too: some agents let git read no configuration but that of the repository
    who = "".join(f"[user]\n\t{key[5:]} = {_quoted(known.get(key) or own)}\n" for key, own in _IDENTITY.items())
    try:
        _write_agent_git(workspace, listed.out, _NO_MAINTENANCE + who)
    except (OSError, shutil.Error) as error:
        raise GitError(f"The private git folder of task {workspace.task} cannot be made: {error}.") from error


def alternates(objects: Path) -> list[Path]:
    """Every object folder that ``objects`` borrows from, through all levels, as absolute paths."""
    found: list[Path] = []
    waiting = [objects]
    while waiting:
        folder = waiting.pop(0)
        try:
            lines = (folder / "info" / "alternates").read_bytes().split(b"\n")
        except FileNotFoundError:
            continue
        for line in lines:
            if line and not line.startswith(b"#"):
                path = Path(os.path.normpath(folder / os.fsdecode(line)))
                if path not in found:
                    found.append(path)
                    waiting.append(path)
    return found


def make_entry(workspace: Workspace) -> None:
    """Make a clone's folder and its entry, as git does for a worktree; files and index come later. Or only the entry of
    one whose folder is there."""
    Path(workspace.worktree).mkdir(exist_ok=True)
    workspace.entry.mkdir(parents=True)
    for name, content in (
        ("HEAD", f"ref: refs/heads/{workspace.branch}"),
        ("commondir", workspace.git_dir),
        ("gitdir", f"{workspace.worktree}/.git"),
    ):
        (workspace.entry / name).write_text(f"{content}\n", "utf-8", "surrogateescape")
    point_worktree(workspace, False)


def point_worktree(workspace: Workspace, to_agent_git: bool) -> None:
    """Make the worktree's ``.git`` file name the real entry, or the agent's.

    Follows nothing an agent may have put in its place: the new file is made beside it, in a folder opened by its
    recorded path without following links, and renamed over it. Something else at that name is moved out of the way.

    Raises:
        GitError: the worktree is gone or cannot be written.
    """
    content = f"gitdir: {workspace.agent_entry if to_agent_git else workspace.entry}\n".encode(errors="surrogateescape")
    try:
        folder = os.open(workspace.worktree, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise GitError(f"The worktree {workspace.worktree} is not there any more: {error.strerror}.") from error
    try:
        if _read_plain(folder, ".git") == content:
            return
        _set_aside(workspace, folder)
        temporary = f".git.{secrets.token_hex(8)}"
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
        try:
            os.write(file, content)
        finally:
            os.close(file)
        os.rename(temporary, ".git", src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        raise GitError(f"The .git file of {workspace.worktree} cannot be written: {error.strerror}.") from error
    finally:
        os.close(folder)


def _read_plain(folder: int, name: str) -> bytes | None:
    """A small plain file's content; None for anything else."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:  # not there, a link, not ours to read: to be replaced
        return None
    try:
        return os.read(file, 4096)
    except IsADirectoryError:
        return None
    finally:
        os.close(file)


def _set_aside(workspace: Workspace, folder: int) -> None:
    """Move a folder named ``.git`` (an agent's own repository) to the task's private folder; files are written over."""
    try:
        mode = os.stat(".git", dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        shutil.move(Path(workspace.worktree, ".git"), Path(workspace.private, f"replaced-git-{secrets.token_hex(4)}"))


def _write_agent_git(workspace: Workspace, refs: bytes, settings: str) -> None:
    real, own = Path(workspace.git_dir), workspace.agent_git
    shutil.rmtree(own, ignore_errors=True)
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "logs", "info", "hooks"):
        (own / folder).mkdir(parents=True, exist_ok=True)
    workspace.objects_mount.mkdir(exist_ok=True)
    Path(workspace.private, "empty").touch()
    for name in (
        "HEAD",
        "config.worktree",
        "shallow",
        "index",
        "info/attributes",
        "info/sparse-checkout",
    ):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(real / name, own / name)
    ignored = real / "info" / "exclude"
    lines = [ignored.read_bytes() if ignored.exists() else b"", *map(str.encode, LITTER), b""]
    (own / "info" / "exclude").write_bytes(b"\n".join(lines))
    (own / "config").write_bytes((real / "config").read_bytes() + settings.encode("utf-8", "surrogateescape"))
    _copy_hooks(real / "hooks", own / "hooks")
    borrowed = [real / "objects", *alternates(real / "objects")]
    if workspace.kind == "clone":
        _own_head(workspace)
    else:
        shutil.copytree(workspace.entry, workspace.agent_entry, copy_function=shutil.copy2)
        borrowed.insert(0, workspace.objects_mount)
    (own / "objects" / "info" / "alternates").write_bytes(b"".join(os.fsencode(path) + b"\n" for path in borrowed))
    _write_refs(own, refs)


def _quoted(value: str) -> str:
    """A value as git's configuration takes it, whatever is in it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _own_head(workspace: Workspace) -> None:
    """What makes the copy the git folder of a clone: HEAD, index and files are the task's, not the main checkout's."""
    for name in ("HEAD", "index"):
        shutil.copy2(workspace.entry / name, workspace.agent_git / name)
    place = _quoted(workspace.worktree)
    for name in ("config", "config.worktree"):
        if (workspace.agent_git / name).exists():
            with (workspace.agent_git / name).open("a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(f"\n[core]\n\tbare = false\n\tworktree = {place}\n")


def _copy_hooks(real: Path, own: Path) -> None:
    """Hooks as files of their own: a link out of the folder would not lead anywhere from the copy."""
    if real.is_dir():
        for hook in real.iterdir():
            if hook.suffix != ".sample" and hook.is_file():
                shutil.copy2(hook, own / hook.name)


def _write_refs(own: Path, listed: bytes) -> None:
    """Packed as git packs them: programs that read the file themselves insist on what annotated tags stand for."""
    packed = []
    for line in listed.splitlines():
        value, symbolic, peeled = line.split(b"\0")
        name = value.partition(b" ")[2]
        if not name or name.startswith(_HIDDEN_REFS):
            continue
        if symbolic:
            file = own / os.fsdecode(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"ref: " + symbolic + b"\n")
        else:
            packed.append((name, value + b"\n" + (b"^" + peeled + b"\n" if peeled else b"")))
    lines = [entry for _, entry in sorted(packed)]
    (own / "packed-refs").write_bytes(b"# pack-refs with: peeled fully-peeled sorted \n" + b"".join(lines))
