"""The sample repository of the demo: a small Python package with tests, and the tasks prepared for it."""

from __future__ import annotations

import shutil
from pathlib import Path

from agents import paths
from agents.errors import GitError, ShopfloorError
from agents.model import NewTask
from agents.offline.scenario import load_scenarios
from agents.workspace.git import Repository, discover, git

NAME = "daybook"

_HIDDEN = "dot-"
"""Names of data files that get a leading dot in the repository; with one here, they would act on ours."""
_PERSON = {"name": "Shopfloor demo", "email": "demo@localhost"}


async def make_sample_repository(folder: Path) -> Path:
    """Make the sample repository ``daybook`` in a folder, with one commit on ``main``.

    Returns:
        The main checkout.

    Raises:
        GitError: git is missing or refused.
        ShopfloorError: the folder cannot be written.
    """
    root = folder / NAME
    try:
        _copy_files(paths.shipped_profiles() / "offline" / "sample", root)
    except OSError as error:
        raise ShopfloorError(f"The sample repository cannot be made in {folder}: {error.strerror or error}.") from error
    made = await discover(root, "init", "--quiet", "--initial-branch=main")
    if made.status:
        raise GitError(f"Git cannot make the sample repository in {root}: {made.complaint}.")
    repository = Repository(repository=str(root), git_dir=str(root / ".git"))
    for key, value in _PERSON.items():
        await git(repository, "config", f"user.{key}", value)
    await git(repository, "add", "--all")
    identity = {
        f"GIT_{role}_{key.upper()}": value for role in ("AUTHOR", "COMMITTER") for key, value in _PERSON.items()
    }
    await git(
        repository, "commit", "--quiet", "--message=Keep a journal, report where the time went", environment=identity
    )
    return root


def demo_tasks(project: Path, count: int, profile: str = "offline") -> list[NewTask]:
    """The tasks of the demo: the prepared scenarios in turn, numbered from the second time on."""
    scenarios = list(load_scenarios().values())
    tasks = []
    for number in range(count):
        scenario, lap = scenarios[number % len(scenarios)], number // len(scenarios) + 1
        title = scenario.title if lap == 1 else f"{scenario.title} ({lap})"
        tasks.append(NewTask(project=str(project), title=title, prompt=scenario.prompt.strip(), profile=profile))
    return tasks


def _copy_files(source: Path, root: Path) -> None:
    for file in sorted(source.rglob("*")):
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        target = root / file.relative_to(source)
        if target.name.startswith(_HIDDEN):
            target = target.with_name(f".{target.name.removeprefix(_HIDDEN)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
