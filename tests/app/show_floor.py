"""Pictures of the floor with made-up tasks: ``python tests/app/show_floor.py FOLDER [SCREEN…]``."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TEXTUAL_FPS", "240")
sys.path.insert(0, str(Path(__file__).parents[2]))

from agents.model import Entry, ToolUse, Usage
from app.app import ShopfloorApp
from tests.app.floor_engine import EngineInMemory, a_task
from tests.picture import save_picture


def bakery() -> EngineInMemory:
    """Seven tasks in every kind of state."""
    now = time.time()
    engine = EngineInMemory(
        a_task("k3f9", "Mend the flaky date tests", state="blocked", unseen=True, created_at=now - 900,
               changed_at=now - 200, additions=12, deletions=3, files_changed=2, turn=2,
               usage=Usage(input_tokens=9000, cost_usd=0.12),
               reason="The key in ANTHROPIC_API_KEY was refused (401).", hint="Set a valid key, then resume."),
        a_task("p2m4", "Parse prices with a comma", unseen=True, created_at=now - 800, changed_at=now - 75,
               additions=148, deletions=36, files_changed=5, turn=3, check_state="passed", draft_comments=2,
               usage=Usage(input_tokens=31000, cost_usd=0.48)),
        a_task("w8x1", "Add a --json option to the report command", state="working", created_at=now - 700,
               changed_at=now - 42, turn_started_at=now - 42, additions=34, deletions=1, turn=1, waiting_prompts=1,
               usage=Usage(input_tokens=12000, cost_usd=0.07), context_used=21000, context_window=200000),
        a_task("z5c7", "Speed up the nightly import by streaming rows", state="working", created_at=now - 650,
               changed_at=now - 130, turn_started_at=now - 130, turn=1, usage=Usage(input_tokens=8000, cost_usd=0.31)),
        a_task("h1d6", "Explain the retry policy in the docs", state="queued", created_at=now - 600,
               changed_at=now - 30, reason="Waits for a free place (4 agents work)."),
        a_task("b7t2", "Remove the dead feature flags", created_at=now - 5000, changed_at=now - 4000, additions=2,
               deletions=210, files_changed=11, turn=2, usage=Usage(input_tokens=1000, cost_usd=0.22),
               note="waiting for Mia's review"),
        a_task("q9v3", "Try property tests for the tax rules", state="stopped", created_at=now - 7000,
               changed_at=now - 6000, turn=1, additions=20),
    )  # fmt: skip
    for name in ("w8x1", "p2m4", "k3f9", "z5c7", "b7t2", "q9v3"):
        engine.entries[name] = [
            Entry(task=name, id=1, turn=1, kind="prompt", text=engine._tasks[name].title + ".", origin="person"),
            Entry(task=name, id=2, turn=1, kind="text", text="I'll look at how the report is **built** first.\n\n"
                  "- `bakery/report.py` writes the table\n- `tests/test_report.py` reads it back"),
            Entry(task=name, id=3, turn=1, kind="tool", tool=ToolUse(name="read", title="bakery/report.py 1-80",
                  status="done", seconds=0.1, output="…")),
            Entry(task=name, id=4, turn=1, kind="tool", tool=ToolUse(name="edit", title="bakery/report.py",
                  status="done", seconds=0.1, diff="@@ -12,2 +12,3 @@ def report\n def report(sales):\n"
                  "-    return table(sales)\n+    rows = totals(sales)\n+    return table(rows)\n")),
            Entry(task=name, id=5, turn=1, kind="tool", tool=ToolUse(name="bash", title="python -m pytest -q",
                  status="failed", seconds=2.3, output="1 failed, 11 passed\nE  AssertionError: 3,50")),
            Entry(task=name, id=6, turn=1, kind="text", done=False,
                  text="One test still fails, on prices with a comma."),
        ]  # fmt: skip
    return engine


async def pictures(folder: Path, wanted: list[str]) -> None:
    """Write one PNG for each screen, size and theme."""
    for theme in ("shopfloor-dark", "shopfloor-light"):
        for size in ((80, 24), (120, 40), (200, 60)):
            engine = bakery()
            app = ShopfloorApp(engine, "/projects/bakery", demo=True)  # type: ignore[arg-type]
            async with app.run_test(size=size) as pilot:
                app.theme = theme
                await pilot.pause(0.3)
                name = f"{theme.removeprefix('shopfloor-')}-{size[0]}x{size[1]}"

                async def picture(what: str, *keys: str, app: ShopfloorApp = app, name: str = name) -> None:
                    if wanted and what not in wanted:
                        return
                    for key in keys:
                        await pilot.press(key)
                        await pilot.pause()
                    await pilot.pause(0.3)
                    save_picture(app, folder / f"{what}-{name}")

                await picture("floor")
                await picture("pane", "space", "i", *"Also handle negative prices.")
                await picture("help", "escape", "question_mark")
                await picture("new", "escape", "escape", "n", *"Sort the report by total.")
                await picture("palette", "escape", "ctrl+p")
                await picture("rail", "escape", "ctrl+b")
                await picture("ask", "X")
                await picture("filter", "escape", "slash", *"re")


if __name__ == "__main__":
    asyncio.run(pictures(Path(sys.argv[1]), sys.argv[2:]))
