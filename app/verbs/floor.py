"""``shopfloor [PATH]``: the full-screen program."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import sys
from pathlib import Path

from agents.client import Client, connect, reconnect, stop_engine
from agents.errors import EngineOutdated, UsageError
from app.verbs.printing import agreed, safe

IN_A_BROWSER = "web_driver"
"""In the variable TEXTUAL_DRIVER: the screen is shown by `shopfloor web`, which has asked what is to be asked."""


async def open_floor(path: str, demo: bool = False) -> int:
    """Open the floor for the repository at ``path`` until the person leaves; agents go on."""
    folder = _folder(path)
    in_browser = IN_A_BROWSER in os.environ.get("TEXTUAL_DRIVER", "")
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The floor needs a terminal.", "`shopfloor run` and the other verbs work without one."
        )  # fmt: skip
    if not in_browser and not sys.stderr.isatty():  # Textual draws there, so that programs can be part of a pipe
        raise UsageError("The floor is drawn on standard error, which is not a terminal.", "Start it without `2>`.")
    # read when Textual is imported; what a second piece of an echo waits for is up to twice such a period, and what
    # streams is merged by our own pump
    os.environ.setdefault("TEXTUAL_FPS", "240")
    gc.disable()  # until everything is set up: imports leave nothing to collect, and are looked through many times
    try:
        return await _open(folder, in_browser, demo)
    finally:
        gc.enable()


async def _open(folder: Path, in_browser: bool, demo: bool) -> int:
    # in a thread: meanwhile the engine answers and opens the repository, which takes as long
    importing = asyncio.create_task(asyncio.to_thread(importlib.import_module, "app.app"))
    api = await (connect() if in_browser else _connect())
    try:
        text, trusted = await _project_file(api, str(folder))
        tasks = await api.tasks()
        await importing
        from app.app import ShopfloorApp
        from app.tour import was_shown

        if text and not trusted and not demo and not in_browser:
            await _ask_trust(api, folder, text)
        app = ShopfloorApp(api, str(folder), demo, reconnect, connect, not (demo or was_shown()), tasks)
        await app.run_async()
        return app.return_code or 0
    finally:
        await api.disconnect()


async def prepare(path: str) -> Path:
    """The folder of a repository, with an engine that runs and everything asked that a screen elsewhere cannot ask."""
    folder = _folder(path)
    api = await _connect()
    try:
        text, trusted = await _project_file(api, str(folder))
        if text and not trusted and sys.stdin.isatty():
            await _ask_trust(api, folder, text)
    finally:
        await api.disconnect()
    return folder


def _folder(path: str) -> Path:
    folder = Path(path).expanduser().absolute()
    if not folder.is_dir():
        verb = "" if os.sep in path else f", and no verb “{path}”"
        raise UsageError(
            f"There is no folder {folder}{verb}.",
            "`shopfloor --help` lists the verbs." if verb else "Give the path of a git repository.",
        )
    return folder


async def _ask_trust(api: Client, folder: Path, text: str) -> None:
    print(f"{folder}/.shopfloor.toml wants to run commands on this machine:\n\n{safe(text.rstrip())}\n")
    if agreed("Let them run? It is asked again when the file changes."):
        await api.projects.trust(str(folder), text)


async def _project_file(api: Client, folder: str) -> tuple[str, bool]:
    """The project file, and whether it is trusted; raises the sentence when the folder is not a repository."""
    await api.tasks(folder)
    return await api.projects.file(folder)


async def _connect() -> Client:
    """The engine; an older one is replaced if the person wants it, after its turns or in the middle of them."""
    try:
        return await connect()
    except EngineOutdated as outdated:
        print(outdated.message)
        if agreed("Replace it when its running turns have ended?"):
            print("Waiting for the running turns; Ctrl+C leaves everything as it is.")
            await stop_engine(when_idle=True)
        elif agreed("Replace it now? Running turns are interrupted and go on in the new one."):
            await stop_engine()
        else:
            raise
    return await connect()
