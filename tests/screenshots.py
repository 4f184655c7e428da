"""``python -m tests.screenshots``: draw ``screenshots/`` from the real program, its engine and the offline player.

Tasks, texts and diffs are those of the demo; only ids and times differ from run to run.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TEXTUAL_FPS", "240")  # read when Textual is imported

from textual.pilot import Pilot

from agents.model import Task
from agents.parts.review import CommentDraft
from tests.picture import save_picture

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"
PATIENCE_SECONDS = 60.0


async def draw(home: Path) -> None:
    """All pictures, in the order a person would see them."""
    from agents.engine import Engine
    from agents.offline.sample import demo_tasks, make_sample_repository
    from app.app import ShopfloorApp

    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[offline]\ndelay_ms = 10\n")
    project = await make_sample_repository(home)
    engine = Engine({"PATH": os.environ["PATH"], "HOME": str(home)})
    await engine.start()
    try:
        text, _ = await engine.projects.file(str(project))
        await engine.projects.trust(str(project), text)
        app = ShopfloorApp(engine, str(project), demo=True)
        async with app.run_test(size=(160, 45)) as pilot:
            for new in demo_tasks(project, 4):
                await engine.create_task(new)
            await until(pilot, lambda: any(task.usage.tokens > 9_000 for task in tasks(engine)), "work to look at")
            picture(app, "floor")
            await until(pilot, lambda: all(task.state == "ready" for task in tasks(engine)), "four ready tasks")
            await comment(engine)
            await pilot.press("r")
            await until(pilot, lambda: app.screen is not app.floor and bool(app.screen.query("#diff")), "the review")
            await settled(pilot)
            await pilot.press("n")
            await settled(pilot)
            picture(app, "review")
            app.theme = "shopfloor-light"
            await settled(pilot)
            picture(app, "review-light")
            await pilot.press("q")
            await settled(pilot)
            picture(app, "floor-light")
            app.theme = "shopfloor-dark"
            await pilot.press("n")
            await settled(pilot)
            picture(app, "new-task")
            await pilot.press("escape")
            await pilot.resize_terminal(80, 24)
            await settled(pilot)
            picture(app, "floor-80x24")
    finally:
        await engine.stop()


def tasks(engine: object) -> list[Task]:
    """Tasks on the floor."""
    return list(engine.ledger.tasks.values())  # type: ignore[attr-defined]


async def comment(engine: object) -> None:
    """Two drafts on the change of the task that is reviewed first."""
    from agents.review import parse_diff

    for task in tasks(engine):
        diff = await engine.changes.diff(task.id)  # type: ignore[attr-defined]
        file = max(parse_diff(diff.patch).files, key=lambda file: file.additions)
        numbers = [number for number, old in zip(file.lines.new, file.lines.old, strict=True) if number and not old]
        draft = CommentDraft(
            text="Say in the docstring what happens with an empty text.",
            path=file.new_path,
            start=numbers[3],
            end=numbers[3],
        )
        await engine.review.add(task.id, draft)  # type: ignore[attr-defined]


def picture(app: object, name: str) -> None:
    """SVG and PNG of what is shown now."""
    save_picture(app, FOLDER / f"{name}.png")  # type: ignore[arg-type]
    print(f"screenshots/{name}.png")


async def settled(pilot: Pilot[None]) -> None:
    """Let everything that was asked for be drawn, slow highlighting included."""
    for _ in range(12):
        await pilot.pause(0.1)


async def until(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    """Wait for something to be so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await pilot.pause(0.05)
    await pilot.pause(0.2)


def main() -> int:
    """Draw them all."""
    with tempfile.TemporaryDirectory(prefix="sf-") as folder:
        home = Path(folder)
        (home / ".gitconfig").write_text("[user]\n\tname = Demo\n\temail = demo@example.invalid\n")
        os.environ["SHOPFLOOR_HOME"], os.environ["HOME"] = str(home), str(home)
        asyncio.run(draw(home))
    return 0


if __name__ == "__main__":
    sys.exit(main())
