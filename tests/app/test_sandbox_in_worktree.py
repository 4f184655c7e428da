"""``shopfloor sandbox`` in the worktree of a task: git works there as it does for the agent."""

from __future__ import annotations

from pathlib import Path

from tests.shell import Shell
from tests.shop import git

COMMIT = (
    "echo BACKEND > new && git add new && git commit -qm Mine && git stash list && git update-ref refs/heads/main HEAD"
)


async def test_git_works_on_the_agents_copy_and_the_worktree_is_the_persons_afterwards(shell: Shell) -> None:
    shell.model.add("Done.")
    status, out, err = await shell("run", "Do it", "-p", "test", "--wait", "--json")
    assert status == 0, out + err
    worktree, main = Path((await shell.task(_id(out)))["worktree"]), _main(shell)
    at_rest = (worktree / ".git").read_text()
    for backend in ("bubblewrap", "landlock", "none"):
        command = COMMIT.replace("BACKEND", backend)
        status, out, err = await shell(
            "sandbox", "--", "/bin/sh", "-c", command, at=worktree, SHOPFLOOR_SANDBOX=backend
        )  # fmt: skip
        assert status == 0, f"git does not work there with {backend}: {out}{err}"
        assert _main(shell) == main, f"the repository's branch was moved with {backend}"
        assert (worktree / ".git").read_text() == at_rest, f"the person's git sees the agent's copy after {backend}"


async def test_network_that_the_project_takes_away_is_away_in_the_checkout_too(shell: Shell) -> None:
    (shell.repository / ".shopfloor.toml").write_text('[sandbox]\nnetwork = "off"\n')
    _, out, err = await shell("sandbox", "--show")
    assert "Network        off" in out, out + err


async def test_no_agent_starts_where_nothing_confines_and_it_is_said_what_to_install(shell: Shell) -> None:
    broken = shell.folder / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    shell.variables |= {"PATH": f"{broken.parent}:{shell.variables['PATH']}", "SHOPFLOOR_SANDBOX": "bubblewrap"}
    shell.model.add("Done.")
    status, out, err = await shell("run", "Do it", "-p", "test", "--wait", "--json")
    assert status != 0, out
    task = await shell.task(_id(out))
    told = err + task["reason"] + (await shell("show", task["id"], "--transcript"))[1]
    assert "No permissions to create new namespace" in told, f"why is not said: {told}"
    assert "Install bubblewrap" in told, f"what to do is not said: {told}"
    assert not shell.model.requests, "the model was asked although its agent cannot be confined"


def _id(printed: str) -> str:
    import json

    return str(json.loads(printed.splitlines()[-1])["id"])


def _main(shell: Shell) -> str:
    return git(shell.repository, "rev-parse", "main")
