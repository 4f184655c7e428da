"""A repository to make diffs in: real git, an environment built from nothing, and the trees of two states."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from agents.review import DIFF_ARGUMENTS, DIFF_CONFIG, DiffSet, parse_diff

_VARIABLES = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


class Repository:
    """A git repository in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, data: bytes | None = None, statuses: tuple[int, ...] = (0,)) -> bytes:
        """What git prints; fails when it ends with another status than these."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**_VARIABLES, "HOME": str(self.folder)},
            input=data,
            capture_output=True,
            check=False,
        )
        assert done.returncode in statuses, f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
        return done.stdout

    def write(self, name: str | bytes, content: bytes, mode: int = 0o644) -> Repository:
        """Put a file there."""
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))  # noqa: PTH118 - names may be no text
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        if os.path.islink(path):  # noqa: PTH114
            os.unlink(path)  # noqa: PTH108
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(content)
        os.chmod(path, mode)  # noqa: PTH101
        return self

    def link(self, name: str, target: str) -> Repository:
        """Put a symbolic link there."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        return self

    def remove(self, name: str) -> Repository:
        """Take a file away."""
        (self.folder / name).unlink()
        return self

    def tree(self) -> str:
        """The tree id of everything that is in the folder now."""
        self.git("add", "-A", "-f", ".")
        return self.git("write-tree").decode().strip()

    def commit(self, message: str = "x") -> str:
        """Commit everything; the commit id."""
        self.git("add", "-A", "-f", ".")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").decode().strip()

    def raw_diff(self, old: str, new: str, *arguments: str) -> bytes:
        """What git prints for our own arguments."""
        return self.git(*DIFF_CONFIG, *DIFF_ARGUMENTS, *arguments, old, new)

    def diff(self, old: str, new: str) -> DiffSet:
        """The parsed difference of two trees."""
        return parse_diff(self.raw_diff(old, new))

    def tree_after(self, tree: str, patch: bytes) -> str:
        """The tree that ``git apply`` makes of a tree and a patch."""
        self.git("read-tree", tree)
        if patch:
            self.git("apply", "--cached", "--whitespace=nowarn", "-", data=patch)
        return self.git("write-tree").decode().strip()

    def content(self, tree: str, name: str) -> bytes:
        """A file's content in a tree."""
        return self.git("cat-file", "blob", f"{tree}:{name}")

    def clear(self) -> Repository:
        """An empty folder again."""
        for path in self.folder.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return self


def texts(diff: DiffSet) -> list[bytes]:
    """All lines of all files, with the mark of their kind."""
    marks = {0: b" ", 1: b"+", 2: b"-", 3: b"\\"}
    return [marks[file.lines.kind[i]] + file.lines.raw(i) for file in diff.files for i in range(len(file.lines))]
