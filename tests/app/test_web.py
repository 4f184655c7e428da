"""The floor in a browser: what is answered to whom, and in a real one that a key works."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.browser import CHROMIUM, a_browser
from tests.shell import ROOT, Shell

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def a_page(shell: Shell) -> AsyncIterator[str]:
    """``shopfloor web``, and the address that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "app" / "launch.py"), "web", cwd=shell.repository, env=shell.variables,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", line)
        assert found, f"no address in {line!r}: {(await process.stderr.read()).decode() if not line else ''}"
        yield found.group()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_only_who_knows_the_token_is_answered_and_only_from_here(shell: Shell) -> None:
    async with a_page(shell) as address, aiohttp.ClientSession() as client:
        root, token = address.rstrip("/").rsplit("/", 1)
        async with client.get(address) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert token in page
            assert "no-referrer" in answer.headers["Referrer-Policy"]
            assert "https://" not in page, "the page asks another host"
        for wrong in (f"{root}/", f"{root}/{token[:-1]}/", f"{root}/static/js/textual.js", f"{root}/x/ws"):
            async with client.get(wrong) as answer:
                assert answer.status == 404, f"{wrong} is answered"
        async with client.get(f"{address}static/js/textual.js") as answer:
            assert answer.status == 200
        async with client.get(f"{address}static/%2e%2e/server.py") as answer:
            assert answer.status in (403, 404)
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            async with client.get(address, headers=headers) as answer:
                assert answer.status == 403, f"{headers} is answered"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{root}/{'x' * len(token)}/ws".replace("http", "ws"))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{address}ws".replace("http", "ws"), headers={"Origin": "http://evil.example"})


async def test_every_start_has_another_token(shell: Shell) -> None:
    async with a_page(shell) as first, a_page(shell) as second:
        assert first.split("/")[-2] != second.split("/")[-2]


@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
async def test_a_real_browser_shows_the_floor_and_its_keys_start_a_task(shell: Shell, tmp_path: Path) -> None:
    shell.model.add("Done.")
    (shell.folder / "home" / "state").mkdir(parents=True, exist_ok=True)
    (shell.folder / "home" / "state" / "tour").touch()
    async with a_page(shell) as address, a_browser(tmp_path) as page:
        await page.open(address)
        await page.until("document.body.classList.contains('-first-byte')", "the floor is painted")
        await page.shows("No tasks yet")
        await page.press("n", ord("N"), "n")
        await page.shows("New task")
        await page.write("from the browser")
        picture = await page.picture()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000, "the picture is empty"
        await page.press("s", ord("S"), control=True)
        await page.shows("steer now")
        _, out, _ = await shell("ls", "--json")
        assert [json.loads(line)["title"] for line in out.splitlines()] == ["from the browser"]
