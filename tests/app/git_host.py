"""A host of repositories: a ``gh`` that stands in for the real one, and a remote to push to."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.shop import git

_FAKE = Path(__file__).with_name("fake_gh.py")


def a_host(folder: Path, repository: Path) -> tuple[Path, Path]:
    """Make one in a folder, and let ``repository`` push to it.

    Returns:
        Where it keeps its things, and the folder of its ``gh``, for PATH.
    """
    host, programs = folder / "host", folder / "bin"
    host.mkdir()
    programs.mkdir()
    program = programs / "gh"
    program.write_text(f'#!/bin/sh\nFAKE_GH={host} exec {sys.executable} {_FAKE} "$@"\n')
    program.chmod(0o755)
    git(folder, "init", "-q", "--bare", "remote.git")
    git(repository, "remote", "add", "origin", str(folder / "remote.git"))
    return host, programs
