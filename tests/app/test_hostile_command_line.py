"""What the command line says when nothing fits: arguments, folders, homes, engines. All in this process."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.main import main
from app.verbs.review import draft_at
from tests.shop import a_repository

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A person's empty home, which is where they are; its name is short, because a socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="sf-") as folder:
        for name in [name for name in os.environ if name.startswith("SHOPFLOOR")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", folder)
        monkeypatch.setenv("SHOPFLOOR_HOME", f"{folder}/home")
        before = Path.cwd()
        os.chdir(folder)
        yield Path(folder)
        os.chdir(before)


@pytest.fixture
def run(place: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line, which must say one plain sentence; its exit status and the sentence."""

    def run(*arguments: str) -> tuple[int, str]:
        status = main(arguments)
        said = capsys.readouterr().err
        assert said.startswith("shopfloor: "), said
        assert said.count("\n") == 1, f"one line, not: {said}"
        assert "Traceback" not in said
        assert "A fault of" not in said
        return status, said.removeprefix("shopfloor: ").strip()

    return run


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nope", "and no verb “nope”. `shopfloor --help` lists the verbs."),
        ("no/where", "Give the path of a git repository."),
        ("run x --priority high", "Argument --priority: “high” is no whole number from -1000000000 to 1000000000."),
        ("spending --days 0", "“0” is no whole number from 1 to 36500."),
        ("spending --days 99999999", "“99999999” is no whole number from 1 to 36500."),
        ("budget nan", "“nan” is no amount of US dollars; write one such as 20."),
        ("budget much", "“much” is no amount of US dollars; write one such as 20."),
        ("web --port 99999", "“99999” is no whole number from 0 to 65535."),
        ("web --port -1", "“-1” is no whole number from 0 to 65535."),
        ("demo --headless --timeout nan", "“nan” is no number of seconds above 0."),
        ("fork x --turn -1", "“-1” is no whole number from 0 to 1000000000."),
        ("issues 0", "“0” is no whole number from 1 to 1000000000."),
        ("queue move x one 2", "“one” is no whole number from 1 to 1000000000."),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_words(run: Run, line: str, said: str) -> None:
    status, sentence = run(*line.split())
    assert (status, said in sentence) == (2, True), sentence


def test_a_folder_that_is_gone_is_said(run: Run, place: Path) -> None:
    gone = place / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert run("sandbox", "--show") == (2, "The folder you are in is not there any more. Go to one that is.")


@pytest.mark.parametrize("program", ["/nowhere", "./nothing", "no-such-program", "/", "/etc/passwd"])
def test_what_is_no_program_is_not_tried_in_the_sandbox(run: Run, program: str) -> None:
    said = f"There is no program “{program}” that could be run. Give its name, or its path."
    assert run("sandbox", "--", program) == (2, said)


def test_a_line_break_in_a_path_makes_no_second_line(run: Run, place: Path) -> None:
    os.chdir(a_repository(place / "two\nlines"))
    status, said = run("sandbox", "--show")
    assert status == 1
    assert "two␊lines has a line break in it. Rename the folder." in said


def a_file(place: Path) -> None:
    (place / "home").write_text("no folder")


def a_full_lock(place: Path) -> None:
    (place / "home" / "state").mkdir(parents=True)
    (place / "home" / "state" / "engine.lock").symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("spoilt", "verb", "status", "said"),
    [
        (a_file, "ls", 3, "Shopfloor cannot use its folder {home}/state: Not a directory. Make it writable"),
        (a_file, "engine run", 3, "Shopfloor cannot use its folder {home}/state: Not a directory. Make it writable"),
        (a_file, "engine status", 3, "No engine is running. `shopfloor engine start` starts one."),
        (a_full_lock, "engine run", 3, "The engine cannot write its lock {home}/state/engine.lock:"),
    ],
)
def test_a_home_that_cannot_be_used_is_said(
    run: Run, place: Path, spoilt: Callable[[Path], None], verb: str, status: int, said: str
) -> None:
    spoilt(place)
    ended, sentence = run(*verb.split())
    assert (ended, said.format(home=place / "home") in sentence) == (status, True), sentence


def test_a_home_whose_name_is_not_utf8_is_refused(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_HOME", os.fsdecode(os.fsencode(place) + b"/caf\xe9"))
    status, said = run("ls")
    assert status == 3
    assert f"{place}/caf\\xe9/state: its name is not UTF-8. Set SHOPFLOOR_HOME to another folder." in said


def answering(place: Path, answer: bytes) -> None:
    """Something listens where the engine does, and says this to whatever it is asked."""
    (place / "home" / "run").mkdir(parents=True, mode=0o700)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place / "home" / "run" / "engine.sock"))
    listening.listen()

    def serve() -> None:
        with listening:
            client, _ = listening.accept()
            with client:
                while client.recv(65_536):
                    client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()


OTHER = b'{"jsonrpc":"2.0","id":1,"result":{"version":"9","protocol":99,"pid":1,"home":"","log":"","started_at":1.0}}\n'


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no engine of this version. `shopfloor engine restart` replaces it."),
        (b'{"jsonrpc":"2.0","id":1,"result":{"version":7}}\n', "is no engine of this version."),
        (OTHER, "The engine that runs is version 9 (protocol 99)"),
    ],
)
def test_an_engine_of_another_version_or_none_at_all_is_told_apart(
    run: Run, place: Path, answer: bytes, said: str
) -> None:
    answering(place, answer)
    status, sentence = run("ls")
    assert (status, said in sentence) == (3, True), sentence


def test_an_engine_that_cannot_be_understood_can_still_be_stopped(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(place, b'{"jsonrpc":"2.0","id":1,"result":{"version":7}}\n{"jsonrpc":"2.0","id":2,"result":null}\n')
    assert main(["engine", "stop"]) == 0
    assert capsys.readouterr().out == "The engine has stopped. Interrupted turns go on when it starts again.\n"


def test_a_number_that_no_line_has_is_part_of_the_name() -> None:
    place = f"a.txt:{'9' * 5000}"
    assert draft_at(place, "text", "fix", old=False).path == place.encode()
