"""Real diffs for the tests of the diff view: files before and after, compared by git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from agents.parts.review import Comment
from agents.review import DIFF_ARGUMENTS, DIFF_CONFIG, DiffSet, parse_diff

Files = Mapping[str, str | bytes]


class Repository:
    """A repository in a folder, whose states are trees."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, data: bytes | None = None) -> bytes:
        """What git prints."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        ran = subprocess.run(["git", *arguments], cwd=self.folder, env=environment, input=data, capture_output=True)
        assert ran.returncode == 0, f"git {arguments} failed: {ran.stderr.decode()}"
        return ran.stdout

    def tree(self, files: Files, *, executable: frozenset[str] = frozenset()) -> str:
        """The id of a tree that holds exactly these files."""
        self.git("read-tree", "--empty")
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            blob = self.git("hash-object", "-w", "--stdin", data=data).decode().strip()
            mode = "100755" if name in executable else "100644"
            self.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}")
        return self.git("write-tree").decode().strip()

    def patch(self, base: str, head: str) -> bytes:
        """What git says changed between two trees."""
        return self.git(*DIFF_CONFIG, *DIFF_ARGUMENTS, base, head)

    def blob(self, blob: str) -> bytes:
        """The content of a blob."""
        return b"" if not blob.strip("0") else self.git("cat-file", "blob", blob)


def diff_of(folder: Path, before: Files, after: Files, *, executable: frozenset[str] = frozenset()) -> DiffSet:
    """The parsed diff between two sets of files; ``executable`` ones are so afterwards."""
    repository = Repository(folder)
    base = repository.tree(before)
    return parse_diff(repository.patch(base, repository.tree(after, executable=executable)))


def a_comment(
    text: str = "Say why.", *, id: str = "R1-C1", path: str = "a.py", start: int = 1, end: int = 0, **more: object
) -> Comment:
    """A comment on lines of a file's new side."""
    fields = {"id": id, "task": "abcd", "round": 1, "text": text, "path": path.encode(), "start": start}
    return Comment(**fields, end=end or start, **more)  # type: ignore[arg-type]


def numbered(count: int, prefix: str = "line") -> str:
    """A text of so many lines."""
    return "".join(f"{prefix} {number}\n" for number in range(1, count + 1))
