"""Real repositories for the tests of the workspace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class ARepository:
    """A repository with an identity, a branch ``main`` and whatever the test puts in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def with_file(self, name: str | bytes, content: str | bytes = "content\n") -> ARepository:
        file = os.path.join(os.fsencode(self.path), os.fsencode(name))  # noqa: PTH118 - names are bytes
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120
        with open(file, "wb") as opened:  # noqa: PTH123
            opened.write(content if isinstance(content, bytes) else content.encode())
        return self

    def with_config(self, *settings: str) -> ARepository:
        for setting in settings:
            name, _, value = setting.partition("=")
            self.git("config", name, value)
        return self

    def with_commit(self, message: str = "A commit") -> ARepository:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self

    def git(self, *arguments: str, check: bool = True, directory: Path | None = None) -> str:
        """What the person's own git prints there."""
        done = subprocess.run(
            ["git", *arguments], cwd=directory or self.path, env=person(), capture_output=True, check=False
        )
        text = done.stdout.decode("utf-8", "surrogateescape")
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(arguments)} failed: {done.stderr.decode(errors='replace')}")
        return text.strip()

    def commit(self, ref: str = "HEAD") -> str:
        return self.git("rev-parse", ref)

    def everything(self) -> dict[str, str]:
        """All that an agent must not change: other refs, config, hooks, files, and whether every object is there."""
        refs = self.git("for-each-ref").split("\n")
        return {
            "refs": "\n".join(line for line in refs if "shopfloor/" not in line),
            "config": (self.path / ".git/config").read_text(),
            "hooks": " ".join(sorted(file.name for file in (self.path / ".git/hooks").iterdir())),
            "top": " ".join(sorted({file.name for file in (self.path / ".git").iterdir()} - {"worktrees"})),
            "status": self.git("status", "--porcelain"),
            "fsck": self.git("fsck", "--full", "--strict", "--no-dangling"),
        }


def a_repository(path: Path) -> ARepository:
    return ARepository(path)


def person() -> dict[str, str]:
    """The environment of the person's own commands."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1"}
