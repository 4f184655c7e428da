"""Panes to look at: run it in a terminal, or with a folder as argument to write pictures of it there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from pane_scenes import NOW, GridApp, Script, a_task  # noqa: E402

from agents.events import AnyEvent  # noqa: E402
from agents.model import Task, ToolUse, Usage  # noqa: E402
from tests.picture import save_picture  # noqa: E402

ANSWER = """I found it. `Cart.total` rounds **each line** and then the sum, so a cent is lost per item.

## What I will change

1. Keep exact `Decimal` values in `Line.price`
2. Round once, in `Cart.total`:
   - half up, as the [price list](https://example.org/prices) says
   - never for a single line
3. Add a test for three lines of 0.335

```python
def total(self) -> Decimal:
    # Rounded once: every line is exact until here.
    exact = sum((line.price * line.count for line in self.lines), Decimal(0))
    return exact.quantize(CENT, rounding="ROUND_HALF_UP")
```

| input | before | after |
|-------|-------:|------:|
| 3 × 0.335 | 1.02 | 1.01 |
| 7 × 1.115 | 7.84 | 7.81 |

> The price list rounds the sum, never the lines.
"""
EDIT = """--- a/shop/cart.py
+++ b/shop/cart.py
@@ -41,5 +41,6 @@ class Cart:
     def total(self) -> Decimal:
-        rounded = [line.total() for line in self.lines]
-        return sum(rounded, Decimal(0))
+        # Rounded once: every line is exact until here.
+        exact = sum((line.price * line.count for line in self.lines), Decimal(0))
+        return exact.quantize(CENT, rounding="ROUND_HALF_UP")
     def add(self, line: Line) -> None:
         self.lines.append(line)
@@ -60,2 +61,3 @@ class Cart:
     def clear(self) -> None:
-        self._total = None
+        self._changed = True
+        self._total = None
"""
FAILED = """tests/test_cart.py:31: AssertionError
E   assert Decimal('1.02') == Decimal('1.01')
1 failed, 11 passed in 0.31s
"""
ASKED = "Totals are off by a cent for some carts.\nFind the cause, mend it, add a test."
REVIEW = "Round 1 of the review: 2 comments.\n\nR1-C1 fix shop/cart.py:42\n> rounded once\nSay why."
CLAIMS = "Both comments are done.\n\n- **R1-C1** done: the comment says why.\n- **R1-C2** done: renamed to `exact`."
WIDE = "字幅 wide characters stay 一 in their columns ✓ and \x1b[31mescape codes\x1b[0m are shown."


def working(script: Script) -> Iterable[AnyEvent]:
    """An agent in the middle of its work."""
    yield script.add("prompt", ASKED, origin="person")
    yield script.add("thinking", "The rounding must happen per line. Let me look at Cart.total and its tests first.")
    yield script.tool("read", "shop/cart.py 1-80", seconds=0.02)
    yield script.tool("bash", "python -m pytest -q tests/test_cart.py", status="failed", seconds=2.14, output=FAILED)
    yield script.add("text", ANSWER)
    yield script.tool("edit", "shop/cart.py", seconds=0.04, diff=EDIT)
    yield script.add("plan", "[x] find the cause\n[>] mend it\n[ ] add a test")
    yield script.add("notice", "The model is overloaded (529); trying again in 4 s, attempt 2 of 8.")
    running = ToolUse(name="bash", title="make test", arguments={"command": "make test"})
    yield script.add("tool", tool=running, done=False, at=NOW - 12)


def reviewed(script: Script) -> Iterable[AnyEvent]:
    """An agent that answered a review."""
    yield script.add("prompt", REVIEW, origin="review", turn=2)
    yield script.tool("read", "shop/cart.py 30-60", seconds=0.01)
    yield script.tool("edit", "shop/cart.py", seconds=0.03, diff=EDIT)
    yield script.add("text", CLAIMS)
    check = ToolUse(name="tests", title="make test", status="failed", seconds=8.2, output=FAILED)
    yield script.add("check", tool=check, turn=2)
    yield script.add("prompt", "The project's checks ran on your change and failed.", origin="check", turn=3)
    yield script.add("text", WIDE, turn=3)


def tasks() -> list[Task]:
    """One of each kind."""
    return [
        a_task("t1", waiting_prompts=1),
        a_task("t2", title="Answer the review of the import dialog", state="ready", unseen=True, turn=3,
               worked_seconds=312, files_changed=4, additions=61, deletions=12, check_state="failed"),
        a_task("t3", title="Update the API client to version 3", state="blocked", sandbox="none", model="gpt-5.2-codex",
               reason="ANTHROPIC_API_KEY is not set.", hint="Set it where the engine runs, then press r to go on.",
               usage=Usage(input_tokens=1, cost_usd=None), context_used=171_000),
        a_task("t4", title="Write the changelog for 2.4", state="queued", turn=0, usage=Usage(), context_used=0),
        a_task("t5", title="Speed up the CSV export", state="checking", check_state="running", turn=2,
               worked_seconds=95),
        a_task("t6", title="Remove the old theme", state="failed", reason="The worktree's folder is gone.",
               hint="`shopfloor restore t6` brings back its last snapshot."),
    ]  # fmt: skip


async def show(app: GridApp, count: int) -> None:
    app.grid.show_tasks(tasks()[:count])
    for task in tasks()[:count]:
        script = Script(task.id)
        for event in (working if task.id in ("t1", "t3", "t5") else reviewed)(script):
            if task.id != "t4":
                app.grid.feed(event)
    app.grid.focus_task("t1")


class Demo(GridApp):
    """The panes, live."""

    BINDINGS = [("q", "quit", "Quit"), ("z", "app.zoom", "Zoom"), ("n", "app.page", "Page")]

    async def on_mount(self) -> None:
        self.call_after_refresh(show, self, 6)

    def action_zoom(self) -> None:
        self.grid.zoom()

    def action_page(self) -> None:
        self.grid.turn(1)


async def pictures(folder: Path) -> None:
    for theme in ("textual-dark", "textual-light"):
        for (width, height), count in (((80, 24), 1), ((80, 24), 2), ((120, 40), 4), ((200, 60), 6)):
            app = GridApp()
            async with app.run_test(size=(width, height)) as pilot:
                app.theme = theme
                await pilot.pause()
                await show(app, count)
                for _ in range(8):
                    await pilot.pause(0.05)
                print(save_picture(app, folder / f"panes-{width}x{height}-{count}-{theme.removeprefix('textual-')}"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(pictures(Path(sys.argv[1])))
    else:
        Demo().run()
