"""``shopfloor web``: the same screen in a browser on this machine, served by textual-serve.

Only 127.0.0.1 is listened on. Every address begins with a token that is made anew at each start; without it there is
no page, no script and no socket. The browser's own words about where a request comes from are checked too, so that no
other page can use ours.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import html
import secrets
import shlex
import sys
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agents.errors import ShopfloorError, UsageError

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
_LAUNCHER = Path(__file__).with_name("launch.py")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Shopfloor</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}/static/css/xterm.css">
<script src="{root}/static/js/textual.js"></script>
<script src="{root}/focus.js"></script>
<style>
@font-face {{ font-family: "Roboto Mono"; src: url("{root}/static/fonts/RobotoMono-VariableFont_wght.ttf"); }}
html, body {{ margin: 0; height: 100%; background: #14161b; color: #d8dce4; font: 16px "Roboto Mono", monospace; }}
#terminal {{ position: absolute; inset: 0; }}
#ended, #start {{ display: none; position: absolute; inset: 0; place-content: center; text-align: center; }}
body.-closed #terminal {{ display: none; }}
body.-closed #ended {{ display: grid; }}
a {{ color: #82aaff; }}
</style>
</head>
<body>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{socket}" data-font-size="{size}"></div>
<div id="ended"><p>This screen has ended; the agents go on.</p><p><a href="{root}/">Open it again</a></p></div>
<div id="start"></div>
</body>
</html>
"""

_FOCUS = """new MutationObserver(() => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys && document.body.classList.contains("-first-byte")) keys.focus();
}).observe(document.documentElement, {attributes: true, subtree: true, attributeFilter: ["class"]});
"""
"""Keys go to the floor without a click on it first."""


def serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl+C."""
    try:
        import textual_serve.server  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "The page needs the package textual-serve.", "Install it beside Shopfloor: `pip install textual-serve`."
        ) from error
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        print("The page is closed; the agents go on.")
    return 0


async def _serve(options: argparse.Namespace) -> None:
    from aiohttp import web

    from app.verbs.floor import prepare

    folder = await prepare(options.path)
    command = shlex.join([sys.executable, str(_LAUNCHER), "floor", str(folder)])
    page = WebFloor(command, secrets.token_urlsafe(24))
    runner = web.AppRunner(page.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, options.port)
        try:
            await site.start()
        except OSError as error:
            raise ShopfloorError(
                f"Port {options.port} of {HOST} cannot be used: {error.strerror}.", "Choose another with --port."
            ) from error
        page.port = runner.addresses[0][1]
        print(f"Open {page.address} in a browser on this machine. Ctrl+C closes it.", flush=True)
        if options.open:
            await asyncio.to_thread(webbrowser.open, page.address)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


class WebFloor:
    """The page, its files and its socket, below a token."""

    def __init__(self, command: str, token: str) -> None:
        from textual_serve.server import Server

        self._token = token
        self._server = Server(command, host=HOST, title="Shopfloor")
        self.port = 0
        """Known when it listens."""

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://{HOST}:{self.port}/{self._token}/"

    def application(self) -> web.Application:
        """Everything that is answered."""
        from aiohttp import web

        @web.middleware
        async def guard(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            return await self._guard(request, handler)

        app = web.Application(middlewares=[guard])
        app.add_routes(
            [
                web.get("/{token}/", self._page),
                web.get("/{token}/focus.js", self._focus),
                web.get("/{token}/ws", self._server.handle_websocket),
                web.get("/{token}/static/{path:.+}", self._file),
            ]
        )
        return app

    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        from aiohttp import web

        token = request.match_info.get("token", "")
        if not hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self._token.encode()):
            raise web.HTTPNotFound(text="There is nothing here. Open the address that `shopfloor web` printed.\n")
        origin = request.headers.get("Origin", "")
        here = (f"{HOST}:{self.port}", f"localhost:{self.port}")
        if request.host not in here or (origin and origin not in (f"http://{host}" for host in here)):
            raise web.HTTPForbidden(text="This page can be opened from this machine only.\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(self._headers())
        return response

    def _headers(self) -> dict[str, str]:
        sockets = f"ws://{HOST}:{self.port} ws://localhost:{self.port}"
        rules = (
            f"default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
            f"img-src 'self' data:; connect-src 'self' {sockets}; frame-ancestors 'none'; base-uri 'none'"
        )
        return {
            "Content-Security-Policy": rules,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }

    async def _page(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        size = request.query.get("fontsize", "16")
        text = _PAGE.format(
            root=html.escape(f"/{self._token}"),
            socket=html.escape(f"ws://{request.host}/{self._token}/ws"),
            size=size if size.isdecimal() and 6 <= int(size) <= 60 else "16",
        )
        return web.Response(text=text, content_type="text/html")

    async def _focus(self, _: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.Response(text=_FOCUS, content_type="text/javascript")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        root = Path(self._server.statics_path).resolve()
        file = (root / request.match_info["path"]).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(file)
