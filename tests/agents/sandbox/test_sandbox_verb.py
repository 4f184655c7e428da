"""``shopfloor sandbox`` as a person runs it, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from agents.sandbox import Runner

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = "import sys; from app.main import main; sys.exit(main(['sandbox', *sys.argv[1:]]))"


class Person:
    """Somebody at a prompt in a checkout."""

    def __init__(self, top: Path, backend: str) -> None:
        self.checkout = top / "checkout"
        self.elsewhere = top / "elsewhere"
        self.elsewhere.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(top),
            "TERM": "xterm",
            "SHOPFLOOR_HOME": str(top / "shopfloor"),
            "SHOPFLOOR_SANDBOX": backend,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        }
        self.git("init", "-q", str(self.checkout))
        self.git("-C", str(self.checkout), "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty",
                 "-m", "first")  # fmt: skip

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], env=self.environment, check=True)

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", PROGRAM, *arguments]

    def types(self, *arguments: str, folder: Path | None = None, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments),
            cwd=folder or self.checkout,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def person(tmp_path: Path, runner: Runner) -> Person:
    return Person(tmp_path.resolve(), runner.name)


def test_a_command_runs_confined_and_its_exit_status_passes_through(person: Person) -> None:
    ran = person.types("--", "sh", "-c", f"cat; echo x > here; echo x > {person.elsewhere}/x; exit 7", text="typed\n")
    assert ran.returncode == 7, ran.stderr
    assert ran.stdout == "typed\n"
    assert (person.checkout / "here").exists()
    assert not (person.elsewhere / "x").exists()


def test_files_that_are_its_streams_are_read_and_added_to_and_no_more(person: Person) -> None:
    given, kept = person.elsewhere / "given", person.elsewhere / "kept"
    given.write_text("given\n" * 100_000)
    kept.write_text("kept before\n")
    script = "wc -l; for n in 0 1 2; do echo planted > /proc/self/fd/$n; done; cat /proc/self/fd/1; echo said >&2"
    with given.open() as source, kept.open("a") as target:
        argv = person.argv("--", "sh", "-c", f"timeout 5 sh -c '{script}'")
        streams = {"stdin": source, "stdout": target, "stderr": target}
        subprocess.run(argv, cwd=person.checkout, env=person.environment, check=False, **streams)
    assert given.read_text() == "given\n" * 100_000, "the file on standard input was changed"
    lines = kept.read_text().splitlines()
    assert lines[:2] == ["kept before", "100000"], "what stood in the file of its output was changed"
    assert lines.count("kept before") == 1, "it could be read"


def test_a_signal_that_ends_the_command_is_in_the_exit_status(person: Person) -> None:
    assert person.types("--", "sh", "-c", "kill -TERM $$").returncode == 143


def test_a_plain_folder_will_do(person: Person) -> None:
    ran = person.types("--", "sh", "-c", "echo x > here", folder=person.elsewhere)
    assert ran.returncode == 0, ran.stderr
    assert (person.elsewhere / "here").exists()


def test_the_network_can_be_cut_off(person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = f"import socket; socket.create_connection({server.getsockname()!r}); print('CONNECTED')"
        assert "CONNECTED" in person.types("--", sys.executable, "-c", program).stdout
        assert "CONNECTED" not in person.types("--no-network", "--", sys.executable, "-c", program).stdout


def test_show_says_in_words_what_may_be_touched_and_runs_nothing(person: Person) -> None:
    ran = person.types("--show", "--", "touch", "made")
    assert ran.returncode == 0, ran.stderr
    assert f"May write      {person.checkout}" in ran.stdout
    assert ran.stdout.rstrip().endswith("touch made")
    assert not (person.checkout / "made").exists()


def test_a_profiles_rules_hold(person: Person) -> None:
    profiles = Path(person.environment["SHOPFLOOR_HOME"]) / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "open.toml").write_text(
        'name = "Open"\ndriver = "native"\n[native]\nprovider = "anthropic"\nmodel = "m"\n'
        f'[sandbox]\nnetwork = "off"\nwrite = ["{person.elsewhere}"]\n'
    )
    ran = person.types("--profile", "open", "--", "sh", "-c", f"echo x > {person.elsewhere}/x")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (person.elsewhere / "x").exists()
    assert "Network        off" in person.types("-p", "open", "--show").stdout


@pytest.mark.parametrize(
    ("arguments", "says"), [((), "no command"), (("--profile", "nobody", "--", "true"), "nobody"), (("--bad",), "bad")]
)
def test_bad_usage_is_one_plain_sentence(person: Person, arguments: tuple[str, ...], says: str) -> None:
    ran = person.types(*arguments)
    assert ran.returncode == 2
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_git_folder_of_a_persons_own_checkout_is_not_handed_out(tmp_path: Path, bubblewrap: Runner) -> None:
    person = Person(tmp_path.resolve(), "bubblewrap")
    ran = person.types("--", "sh", "-c", "echo evil > .git/commondir; git log --oneline")
    assert "first" in ran.stdout
    assert not (person.checkout / ".git" / "commondir").exists()


def test_at_a_terminal_the_command_has_a_terminal_of_its_own(person: Person) -> None:
    argv = person.argv("--", "sh", "-c", 'test -t 0 && stty size && read line && echo "got $line"; exit 5')
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(person.checkout)
        os.execvpe(argv[0], argv, person.environment)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    seen = b""
    typed = False
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        seen += data
        if b"33 99" in seen and not typed:
            os.write(master, b"hello\r")
            typed = True
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5, seen
    assert b"got hello" in seen


def test_agents_can_be_confined_where_everything_is_confined_already(tmp_path: Path, landlock: Runner) -> None:
    person = Person(tmp_path.resolve(), "auto")
    person.environment["SHOPFLOOR_HOME"] = str(person.checkout / "shopfloor")
    inner = person.argv("--", "sh", "-c", "echo x > here; exit 3")
    ran = person.types("--", "env", "SHOPFLOOR_SANDBOX=landlock", *(f"{k}={v}" for k, v in person.environment.items()
                       if k in ("PYTHONPATH", "SHOPFLOOR_HOME")), *inner)  # fmt: skip
    assert ran.returncode == 3, ran.stderr
    assert (person.checkout / "here").exists()
