"""Commands that run on, and pictures that are too large."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest
from native_scene import a_driver, a_profile, a_tool_host, a_worktree, ignore, until

from agents.native.host.pictures import picture_kind, picture_size
from agents.native.tools import normalise, title
from agents.offline import Call, Fault, Thinking, say


async def test_command_in_the_background_answers_at_once_and_is_stopped_by_its_group(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        told = await host.call("bash", {"command": "echo up; sleep 1000", "background": True}, ignore)
        assert not told.is_error
        path, group = re.search(r"Output: (\S+).*Stop: kill -- -(\d+)", told.text).groups()  # type: ignore[union-attr]
        looked = await host.call("bash", {"command": f"cat {path}; kill -0 -- -{group} && echo there"}, ignore)
        assert looked.text == "up\nthere"
        stopped = await host.call(
            "bash", {"command": f"kill -- -{group}; while kill -0 -- -{group}; do :; done"}, ignore
        )
        assert f"group {group}, has ended with code -15" in stopped.text, stopped.text
        later = await host.call("bash", {"command": "echo later"}, ignore)
    assert later.text == "later", "the end is told once"


async def test_command_that_ends_at_once_is_answered_like_any_other(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        told = await host.call("bash", {"command": "echo no such server; exit 3", "background": True}, ignore)
    assert told.is_error
    assert told.text == "no such server\n\nCommand exited with code 3"


async def test_background_ends_with_the_tool_host(tmp_path: Path) -> None:
    worktree = a_worktree(tmp_path)
    async with a_tool_host(tmp_path, "none") as host:
        await host.call("bash", {"command": "echo $$ > pid; sleep 1000", "background": True}, ignore)
        pid = int((worktree / "pid").read_text())
        assert Path(f"/proc/{pid}").exists()
    await until(lambda: not Path(f"/proc/{pid}").exists())


def test_models_say_background_in_several_ways() -> None:
    for arguments in ({"background": True}, {"run_in_background": "true"}, {"is_background": True}):
        normal = normalise("bash", {"command": "make serve", **arguments})
        assert normal == {"command": "make serve", "background": True}
    assert normalise("bash", {"command": "ls", "background": False}) == {"command": "ls"}
    assert title("bash", {"command": "make serve", "background": True}) == "make serve &"


def a_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(min(height, 10))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_picture_that_is_too_large_is_refused_with_its_size_and_a_way_out(tmp_path: Path) -> None:
    worktree = a_worktree(tmp_path)
    (worktree / "wide.png").write_bytes(a_png(9000, 20))
    (worktree / "small.png").write_bytes(a_png(90, 20))
    async with a_tool_host(tmp_path) as host:
        wide = await host.call("read", {"path": "wide.png"}, ignore)
        small = await host.call("read", {"path": "small.png"}, ignore)
    assert wide.is_error
    assert "9000×20" in wide.text
    assert "smaller copy" in wide.text
    assert len(small.images) == 1


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (a_png(7, 5), "image/png", (7, 5)),
        (b"GIF89a" + struct.pack("<HH", 7, 5), "image/gif", (7, 5)),
        (
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc4\x00\x02\xff\xc2\x00\x11\x08" + struct.pack(">HH", 5, 7),
            "image/jpeg",
            (7, 5),
        ),
        (b"RIFF....WEBPVP8X" + bytes(8) + bytes((6, 0, 0, 4, 0, 0)), "image/webp", (7, 5)),
        (b"RIFF....WEBPVP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 6 | 4 << 14), "image/webp", (7, 5)),
        (b"RIFF....WEBPVP8 " + bytes(10) + struct.pack("<HH", 7, 5), "image/webp", (7, 5)),
        (b"\x89PNG\r\n\x1a\n", "image/png", (0, 0)),
        (b"\xff\xd8\xff", "image/jpeg", (0, 0)),
        (b"text", "", (0, 0)),
    ],
)
def test_size_of_a_picture_is_read_from_its_beginning(data: bytes, kind: str, size: tuple[int, int]) -> None:
    assert picture_kind(data) == kind
    assert picture_size(data) == size


async def test_reasoning_a_provider_does_not_want_back_is_left_out(tmp_path: Path) -> None:
    complaint = Fault(status=400, message="messages.1.content.0: Invalid `signature` in `thinking` block")
    script = [say(Thinking("Hm."), Call("bash", {"command": "echo 1"})), complaint, "Done."]
    async with a_driver(tmp_path, script, profile=a_profile(thinking="low")) as (driver, _, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    last = player.requests[2].body
    assert "thinking" not in last
    assert [block["type"] for block in last["messages"][1]["content"]] == ["tool_use"]


async def test_scenario_of_an_offline_profile_is_what_is_asked_for(tmp_path: Path) -> None:
    from agents.profiles import NativeSection, Profile

    native = NativeSection(provider="offline", scenario="midnight", model="ignored")
    async with a_driver(tmp_path, ["Done."], profile=Profile(name="O", native=native)) as (driver, _, player):
        await driver.run_turn("Work.")
    assert player.requests[0].model == "midnight"
