"""Pictures of the floor: three sizes, one to many tasks, both themes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agents.model import Entry, PullRequest, Question, QueueProgress, ToolUse, Usage
from tests.app.floor_engine import EngineInMemory, a_task
from tests.app.floor_stage import a_floor
from tests.looks import Look, assert_looks
from widgets.pane_grid import PaneGrid

KEPT = Path(__file__).parent / "looks"
DAYS = 86_400
EDIT = """@@ -12,2 +12,3 @@ def report
 def report(sales):
-    return table(sales)
+    rows = totals(sales)
+    return table(rows)
"""
ANSWER = """I looked at how the report is **built**:

| file | what |
|---|---:|
| `report.py` | 120 |

```python
def total(rows):
    return sum(rows)
```
"""


def a_bakery(count: int) -> EngineInMemory:
    """Tasks in every kind of state, all of days ago, so that no age changes while the test runs."""
    then = time.time() - 3 * DAYS - 300
    kinds: list[dict[str, Any]] = [
        {"title": "Mend the flaky date tests", "state": "blocked", "unseen": True,
         "question": Question(id="q1", text="May I install freezegun?", options=("Allow once", "Reject"))},
        {"title": "Add a --json option to the report", "state": "working", "worked_seconds": 95.0, "turn": 2,
         "context_used": 42_000, "context_window": 200_000, "ports": (4310, 4311), "conflicts": ("t003",),
         "queue": QueueProgress(name="review-and-fix", position=4, total=12)},
        {"title": "Parse prices with a comma", "unseen": True, "additions": 148, "deletions": 36, "files_changed": 5,
         "check_state": "passed", "pull_request": PullRequest(number=12, url="https://x", checks="passed")},
        {"title": "Remove dead feature flags", "state": "stopped", "note": "waiting for Mia's review"},
        {"title": "Explain the retry policy", "state": "queued", "reason": "Waits for a free place."},
        {"title": "Speed up the nightly import", "state": "failed", "reason": "The key was refused (401)."},
        {"title": "Try property tests for tax rules", "check_state": "failed"},
    ]  # fmt: skip
    engine = EngineInMemory()
    for number in range(count):
        fields = kinds[number % len(kinds)]
        name = f"t{number:03}"
        task = a_task(
            name, created_at=then + number, changed_at=then - number, usage=Usage(cost_usd=0.12), **fields
        )  # fmt: skip
        engine._tasks[name] = task
        engine.entries[name] = [
            Entry(task=name, id=1, turn=1, kind="prompt", text=f"{task.title}.", origin="person"),
            Entry(task=name, id=2, turn=1, kind="thinking", text="Where is it built?"),
            Entry(task=name, id=3, turn=1, kind="text", text=ANSWER),
            Entry(task=name, id=4, turn=1, kind="tool",
                  tool=ToolUse(name="edit", title="report.py", status="done", diff=EDIT, seconds=0.1)),
            Entry(task=name, id=5, turn=1, kind="tool",
                  tool=ToolUse(name="bash", title="pytest -q", status="failed", seconds=2.3, output="1 failed")),
            Entry(task=name, id=6, turn=1, kind="plan", text="- [x] read\n- [>] change\n- [ ] test"),
        ]  # fmt: skip
    return engine


@pytest.mark.parametrize("count", [1, 4, 9, 64])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_floor_looks_as_it_is_kept(size: tuple[int, int], count: int) -> None:
    engine = a_bakery(count)
    looks: dict[str, Look] = {}
    async with a_floor(engine=engine, size=size, moving=True) as stage:
        await stage.until(lambda: len(stage.floor.roster.shown) == count, "the tasks are shown")
        if size[0] < 100:
            await stage.press("enter")
            await stage.until(lambda: stage.floor.query_one(PaneGrid).panes_in_view, "the panes are shown")
        panes = stage.floor.query_one(PaneGrid).panes_in_view
        await stage.until(lambda: all(pane.sequence or not pane.is_empty for pane in panes), "the panes are filled")
        for theme in ("shopfloor-dark", "shopfloor-light"):
            stage.app.theme = theme
            await stage.pilot.pause()
            await stage.until(lambda: stage.app.pump.is_resting, "everything is painted")
            looks[theme] = Look(stage.app)
    assert_looks(KEPT / f"floor-{size[0]}x{size[1]}-{count}.txt", looks)
