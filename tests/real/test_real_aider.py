"""Real aider: it has no tools, reads its model's answers for files instead, and works on GitPython."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.offline import ModelRequest, OfflineServer, Reply, say
from tests.real.conftest import RealShop
from tests.real.tried import AIDER, NAMES, chosen
from tests.shop import git


class Model:
    """Answers each prompt with a whole file, or with words alone."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, request: ModelRequest) -> Reply:
        self.asked.append(request.messages[-1].text)
        return say(self._answers.pop(0) if self._answers else "Nothing more.")


@pytest.fixture(autouse=True)
def _installed(installed: Path) -> None:
    if AIDER not in chosen():
        pytest.skip(f"{AIDER.profile} is not named in {NAMES}")
    if not (installed / "python" / "bin" / AIDER.program).exists():
        pytest.skip(f"{AIDER.program} could not be installed")


async def test_two_turns_change_a_file_and_nothing_else_is_in_the_change(real: RealShop) -> None:
    git(real.repository, "tag", "-a", "v1", "-m", "One")  # GitPython reads the packed refs by itself
    (real.repository / ".git" / "info" / "exclude").write_text(".aider.tags.cache*\n")
    model = Model("made.txt\n```\nmade by an agent\n```\n", "made.txt\n```\nmade by me\n```\n")
    server = OfflineServer(model)
    real.url = await server.start()
    try:
        task = await real.rests((await real.start(AIDER, "Make a file\nand say so")).id)
        assert (task.files_changed, task.additions, task.deletions) == (1, 1, 0)
        assert Path(task.worktree, "made.txt").read_text() == "made by an agent\n"
        await real.engine.send(task.id, "Say who made it")
        task = await real.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    finally:
        await server.close()
    assert Path(task.worktree, "made.txt").read_text() == "made by me\n"
    assert (task.files_changed, task.additions) == (1, 1)
    assert "Make a file\nand say so" in model.asked[0], "two lines stayed two lines"
