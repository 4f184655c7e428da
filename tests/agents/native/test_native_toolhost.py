"""The tools, as a real process in the real sandbox."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from pathlib import Path

import pytest
from native_scene import a_tool_host, a_worktree, ignore, until

from agents.native.tools import ToolHost, ToolResult


async def bash(host: ToolHost, command: str, **arguments: object) -> ToolResult:
    return await host.call("bash", {"command": command, **arguments}, ignore)


async def read(host: ToolHost, path: str, **arguments: object) -> ToolResult:
    return await host.call("read", {"path": path, **arguments}, ignore)


async def ended(pid: int) -> None:
    """Wait until a process of this machine is gone."""
    await until(lambda: not Path(f"/proc/{pid}").exists())


# --- read -------------------------------------------------------------------------------------------------------------


async def test_read_gives_at_most_2000_lines_and_says_how_to_go_on(tmp_path: Path) -> None:
    a_worktree(tmp_path, long__txt="".join(f"line {number}\n" for number in range(1, 3001)))
    async with a_tool_host(tmp_path) as host:
        first = await read(host, "long.txt")
        rest = await read(host, "long.txt", offset=2001)
        part = await read(host, "long.txt", offset=10, limit=2)
    assert first.text.startswith("line 1\n")
    assert first.text.endswith("line 2000\n\n[Lines 1-2000 of 3000. Go on with offset=2001.]")
    assert rest.text.startswith("line 2001\n")
    assert rest.text.endswith("line 3000")
    assert part.text == "line 10\nline 11\n\n[Lines 10-11 of 3000. Go on with offset=12.]"


async def test_read_gives_at_most_50_kb_and_never_half_a_line(tmp_path: Path) -> None:
    a_worktree(tmp_path, wide__txt=("x" * 999 + "\n") * 100)
    async with a_tool_host(tmp_path) as host:
        result = await read(host, "wide.txt")
    text, _, notice = result.text.partition("\n\n")
    assert len(text) <= 50 * 1024
    assert set(text.split("\n")) == {"x" * 999}
    assert notice == "[Lines 1-51 of 100. Go on with offset=52.]"


@pytest.mark.parametrize(
    ("path", "arguments", "words"),
    [
        ("missing.txt", {}, "there is no such file"),
        ("folder", {}, "is a folder"),
        ("binary", {}, "is binary"),
        ("huge-line", {}, "head -c 51200"),
        ("short.txt", {"offset": 9}, "has 2 lines"),
        ("pipe", {}, "not a regular file"),
    ],
)
async def test_what_cannot_be_read_is_an_error_with_a_way_on(
    tmp_path: Path, path: str, arguments: dict[str, object], words: str
) -> None:
    worktree = a_worktree(tmp_path, short__txt="1\n2\n")
    (worktree / "folder").mkdir()
    (worktree / "binary").write_bytes(b"\x7fELF\0\0")
    (worktree / "huge-line").write_text("x" * 60_000)
    os.mkfifo(worktree / "pipe")
    async with a_tool_host(tmp_path) as host:
        result = await read(host, path, **arguments)
    assert result.is_error
    assert words in result.text


async def test_picture_is_read_as_a_picture(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    (a_worktree(tmp_path) / "a.png").write_bytes(picture)
    async with a_tool_host(tmp_path) as host:
        result = await read(host, "a.png")
    assert not result.is_error
    assert [(image.media_type, base64.b64decode(image.data)) for image in result.images] == [("image/png", picture)]


async def test_control_characters_do_not_reach_the_model(tmp_path: Path) -> None:
    (a_worktree(tmp_path) / "odd.txt").write_bytes(b"\xef\xbb\xbfa\x1b[31mb\x07\tc\r\nd\xff\n")
    async with a_tool_host(tmp_path) as host:
        file = await read(host, "odd.txt")
        output = await bash(host, r"printf 'one\033[1mtwo\033[0m\007\tx\r\n10%%\r50%%\r100%%\n\033]0;title\007end\n'")
    assert file.text == "a[31mb\tc\nd\ufffd"
    assert output.text == "onetwo\tx\n100%\nend"


# --- write ------------------------------------------------------------------------------------------------------------


async def test_write_makes_folders_and_gives_a_diff(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        new = await host.call("write", {"path": "a/b/c.txt", "content": "one\ntwo"}, ignore)
        again = await host.call("write", {"path": "a/b/c.txt", "content": "one\nthree\n"}, ignore)
    assert (tmp_path / "work/a/b/c.txt").read_text() == "one\nthree\n"
    assert new.diff == "--- /dev/null\n+++ b/a/b/c.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n"
    assert "-two\n\\ No newline at end of file\n+three\n" in again.diff


async def test_file_that_is_written_anew_keeps_what_read_does_not_show_of_it(
    tmp_path: Path,
) -> None:
    file = a_worktree(tmp_path) / "dos.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    async with a_tool_host(tmp_path) as host:
        assert (await read(host, "dos.txt")).text == "one\ntwo"
        result = await host.call("write", {"path": "dos.txt", "content": "one\nthree\n"}, ignore)
        assert file.read_bytes() == b"\xef\xbb\xbfone\r\nthree\r\n"
        await host.call("write", {"path": "dos.txt", "content": "\ufeffone\r\nfour\n"}, ignore)
        assert file.read_bytes() == b"\xef\xbb\xbfone\r\nfour\n", "what names its line ends means them"
    assert "CRLF" in result.text
    assert "-two" in result.diff
    assert "-\ufeffone" not in result.diff, "a line that stays is shown as changed"


@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
async def test_denied_write_says_that_it_is_policy(tmp_path: Path, backend: str) -> None:
    outside = Path("/opt/nobody-may-write-this")
    async with a_tool_host(tmp_path, backend) as host:
        results = [
            await host.call("write", {"path": str(outside), "content": "yours"}, ignore),
            await bash(host, f"echo yours > {outside}"),
        ]
    assert not outside.exists()
    for result in results:
        assert result.is_error
        assert "policy" in result.text, result.text


async def test_protected_file_is_read_and_not_edited(tmp_path: Path) -> None:
    settings = a_worktree(tmp_path, settings__ini="safe = yes\n") / "settings.ini"
    edits = [{"oldText": "yes", "newText": "no"}]
    async with a_tool_host(tmp_path, "bubblewrap", protect=settings) as host:
        assert (await read(host, "settings.ini")).text == "safe = yes"
        result = await host.call("edit", {"path": "settings.ini", "edits": edits}, ignore)
    assert settings.read_text() == "safe = yes\n"
    assert result.is_error
    assert "protected" in result.text


# --- bash -------------------------------------------------------------------------------------------------------------


async def test_command_output_and_exit_code_are_told(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        good = await bash(host, "echo out; echo err >&2; pwd")
        silent = await bash(host, "true")
        bad = await bash(host, "echo almost; exit 3")
        killed = await bash(host, "kill -9 $$")
    assert good == ToolResult(text=f"out\nerr\n{tmp_path / 'work'}")
    assert silent.text == "(no output)"
    assert bad == ToolResult(text="almost\n\nCommand exited with code 3", is_error=True)
    assert killed == ToolResult(text="Command was killed by signal 9", is_error=True)


@pytest.mark.parametrize("count", [5_000, 500_000])
async def test_long_output_keeps_its_beginning_and_its_end_and_names_a_file_with_all_of_it(
    tmp_path: Path, count: int
) -> None:
    async with a_tool_host(tmp_path) as host:
        result = await bash(host, f"seq 1 {count}")
        whole = re.search(r"all output: (\S+)\]", result.text)
        assert whole, result.text
        all_of_it = await bash(host, f"wc -l < {whole[1]}; head -1 {whole[1]}; tail -1 {whole[1]}")
    lines = result.text.split("\n")
    assert (lines[0], lines[99], lines[101], lines[-1]) == ("1", "100", str(count - 1899), str(count))
    assert lines[100].startswith(f"[… {count - 2000} of {count} lines left out here;")
    assert all_of_it.text.split() == [str(count), "1", str(count)]


async def test_endless_line_keeps_its_end(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        result = await bash(host, "echo begun; head -c 300000 /dev/zero | tr '\\0' x; printf end")
    assert result.text.startswith("begun\n[… a part left out here; all output: ")
    assert result.text.endswith("xxxend")
    assert len(result.text) < 52_000


async def test_colours_do_not_count_and_no_line_is_told_twice(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        result = await bash(
            host, r"for i in $(seq 1 1500); do printf '\033[38;2;1;2;3m\033[48;2;1;2;3m%s\033[0m\n' $i; done"
        )
    assert result.text.split("\n") == [str(number) for number in range(1, 1501)], "nothing needs to be left out"


async def test_output_is_shown_while_the_command_runs(tmp_path: Path) -> None:
    shown: list[str] = []
    seen = asyncio.Event()

    def show(text: str) -> None:
        shown.append(text)
        seen.set()

    async with a_tool_host(tmp_path) as host:
        command = {"command": r"printf '\033[1mbegun\033[0'; until [ -e gate ]; do sleep 0.01; done; echo 'm ended'"}
        call = asyncio.create_task(host.call("bash", command, show))
        async with asyncio.timeout(10):
            await seen.wait()
        assert not call.done()
        (tmp_path / "work" / "gate").touch()
        result = await call
    assert shown[0] == "begun"
    assert result.text == "begun ended"


async def test_flood_of_output_is_shown_sparingly(tmp_path: Path) -> None:
    shown: list[str] = []
    async with a_tool_host(tmp_path) as host:
        await host.call("bash", {"command": "yes | head -c 30000000"}, shown.append)
    assert sum(map(len, shown)) < 1_000_000


async def test_time_out_stops_the_whole_tree(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path, "landlock") as host:
        result = await bash(host, "setsid sleep 1000 & echo $!; sleep 1000 & echo $!; wait", timeout=0.3)
        for pid in map(int, result.text.split("\n")[:2]):
            await ended(pid)
    assert result.is_error
    assert "timed out after 0.3 seconds" in result.text


async def test_cancelled_command_is_stopped_before_the_call_returns(tmp_path: Path) -> None:
    pids: list[str] = []
    begun = asyncio.Event()

    def show(text: str) -> None:
        pids.extend(text.split())
        begun.set()

    async with a_tool_host(tmp_path, "landlock") as host:
        command = {"command": "sleep 1000 & echo $$ $!; wait"}
        call = asyncio.create_task(host.call("bash", command, show))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        for pid in map(int, pids):
            await ended(pid)
        assert (await bash(host, "echo alive")).text == "alive"


@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
async def test_background_process_survives_its_command_and_ends_with_the_host(tmp_path: Path, backend: str) -> None:
    beats = tmp_path / "work" / "beats"
    loop = "while true; do echo x >> beats; sleep 0.02; done"
    async with a_tool_host(tmp_path, backend) as host:
        for command in (f"({loop}) & echo started", f"({loop}) > log 2>&1 & echo started"):
            result = await bash(host, command)
            assert result.text == "started\n\n[The command has ended; what it started goes on in the background.]"
        await until(beats.exists)
        size = beats.stat().st_size
        await until(lambda: beats.stat().st_size > size + 10)
    size = beats.stat().st_size
    assert (await (await asyncio.create_subprocess_exec("sleep", "0.1")).wait()) == 0
    assert beats.stat().st_size == size, "the background process goes on after the tool host has ended"


async def test_command_that_reads_input_gets_none(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        result = await bash(host, "cat; echo done")
    assert result.text == "done"


# --- several at once --------------------------------------------------------------------------------------------------


async def test_commands_run_side_by_side(tmp_path: Path) -> None:
    # each waits for the other: one after the other they would never end
    one = "touch a; until [ -e b ]; do sleep 0.01; done; echo 1"
    two = "touch b; until [ -e a ]; do sleep 0.01; done; echo 2"
    async with a_tool_host(tmp_path) as host:
        results = await asyncio.gather(bash(host, one, timeout=20), bash(host, two, timeout=20))
    assert [result.text for result in results] == ["1", "2"]


async def test_edits_of_one_file_happen_in_order(tmp_path: Path) -> None:
    a_worktree(tmp_path, a__txt="0\n")
    async with a_tool_host(tmp_path) as host:
        calls = [
            host.call("edit", {"path": path, "edits": [{"oldText": f"{n}\n", "newText": f"{n + 1}\n"}]}, ignore)
            for n, path in enumerate(["a.txt", "./a.txt", str(tmp_path / "work/a.txt")] * 5)
        ]
        results = await asyncio.gather(*calls)
    assert not [result.text for result in results if result.is_error]
    assert (tmp_path / "work/a.txt").read_text() == "15\n"


# --- the process ------------------------------------------------------------------------------------------------------


async def test_dead_tool_host_answers_what_it_had_and_is_started_again(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path, "landlock") as host:
        result = await bash(host, "kill -9 $PPID; sleep 1000")
        assert result.is_error
        assert "ended while this ran" in result.text
        assert (await bash(host, "echo back")).text == "back"
        assert host.notices == ["The tool host ended unexpectedly and was started again."]  # type: ignore[attr-defined]


async def test_closing_ends_the_process_and_can_be_repeated(tmp_path: Path) -> None:
    async with a_tool_host(tmp_path) as host:
        await bash(host, "true")
        process = host._process
        assert process is not None
        await host.close()
        await host.close()
    assert not Path(f"/proc/{process.pid}").exists()


async def test_commands_have_none_of_the_engines_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret-1")
    async with a_tool_host(tmp_path) as host:
        result = await bash(host, "env; tr '\\0' '\\n' < /proc/$PPID/environ")
    assert "secret-1" not in result.text
