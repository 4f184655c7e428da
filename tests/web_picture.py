"""``python -m tests.web_picture``: draw ``screenshots/web.png``, the floor in a real browser, played offline."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

from tests.browser import CHROMIUM, a_browser

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 120.0
RESTING = ("ready", "blocked", "failed")


async def draw(home: Path) -> None:
    """Four agents at work, then the page."""
    from agents.client import connect
    from agents.offline.sample import demo_tasks, make_sample_repository

    project = await make_sample_repository(home)
    api = await connect(environment={})
    try:
        text, _ = await api.projects.file(str(project))
        await api.projects.trust(str(project), text)
        for new in demo_tasks(project, 4):
            await api.create_task(new)
        (home / "state" / "tour").touch()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while any(task.state not in RESTING for task in await api.tasks()):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "app" / "launch.py"), "web", str(project),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            found = re.search(r"http://\S+", line)
            assert found, line
            async with a_browser(home, (1280, 880)) as page:
                await page.open(found.group())
                await page.until("document.body.classList.contains('-first-byte')", "the floor is painted")
                await asyncio.sleep(3)
                (ROOT / "screenshots" / "web.png").write_bytes(await page.picture())
        finally:
            process.terminate()
            await process.wait()
    finally:
        await api.shutdown()
        await api.disconnect()


def main() -> int:
    """Draw it; without Chromium say so."""
    if not CHROMIUM:
        print("screenshots/web.png is left as it is: Chromium is not installed.")
        return 0
    with tempfile.TemporaryDirectory(prefix="sf-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / ".gitconfig").write_text("[user]\n\tname = Demo\n\temail = demo@example.invalid\n")
        os.environ["SHOPFLOOR_HOME"], os.environ["HOME"] = folder, folder
        asyncio.run(draw(Path(folder)))
    print("screenshots/web.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
