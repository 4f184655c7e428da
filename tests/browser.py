"""A real browser without a window: Chromium, driven through its own protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE_SECONDS = 60.0
CHROMIUM = shutil.which("chromium") or ""
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
    "--hide-scrollbars", "--force-device-scale-factor=1",
)  # fmt: skip
_LISTEN = """
window.shown = "";
const RealSocket = window.WebSocket;
window.WebSocket = class extends RealSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", async event => {
      const data = event.data instanceof Blob ? await event.data.arrayBuffer() : event.data;
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      window.shown += text.replace(/\\x1b\\[[0-9;?]*[A-Za-z]/g, "");
    });
  }
};
"""
"""What the terminal of a page is told to show, without its colours and places, in the order it came."""


class Page:
    """The one page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask the browser."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                answer = json.loads((await self._socket.receive()).data)
                if answer.get("id") == number:
                    assert "error" not in answer, answer["error"]
                    return dict(answer["result"])

    async def open(self, address: str) -> None:
        await self.call("Page.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)
        await self.call("Page.navigate", url=address)

    async def value(self, script: str) -> Any:
        """What a script comes to."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, script: str, what: str) -> None:
        """Wait for a script to come to something true."""
        for _ in range(int(PATIENCE_SECONDS * 10)):
            if await self.value(script):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"It never happened that {what}.")

    async def shows(self, words: str) -> None:
        """Wait until the terminal of the page was told to show some words."""
        await self.until(f"window.shown.includes({json.dumps(words)})", f"{words!r} is shown")

    async def press(self, key: str, code: int, text: str = "", control: bool = False) -> None:
        """One key, down and up."""
        facts: dict[str, object] = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if control else 0}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **facts)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    async def write(self, text: str) -> None:
        """Characters, as a keyboard gives them."""
        for character in text:
            await self.press(character, ord(character.upper()), character)

    async def picture(self) -> bytes:
        """What is shown, as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def a_browser(folder: Path, size: tuple[int, int] = (1280, 800)) -> AsyncIterator[Page]:
    """Chromium with a profile of its own; ended afterwards."""
    profile = folder / "chromium"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *_FLAGS, f"--window-size={size[0]},{size[1]}", f"--user-data-dir={profile}", "about:blank",
        env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        port = await _port_of(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()


async def _port_of(file: Path, process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not file.exists() or not file.read_text():
            assert process.returncode is None, f"Chromium has ended with status {process.returncode}"
            await asyncio.sleep(0.05)
    return int(file.read_text().splitlines()[0])
