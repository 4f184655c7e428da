"""From policies to places, filters and profiles: pure functions, checked as tables and texts."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest
from msgspec import structs

from agents.sandbox import Bind, Policy
from agents.sandbox.landlock import readable, writable
from agents.sandbox.rules import Rules, rules_of
from agents.sandbox.seatbelt import profile_text
from agents.sandbox.seccomp import Sockets, syscall_filter


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path.resolve()
    for path in ("home/.ssh", "home/.config/gh", "home/work/.git", "state/tasks/x", "other"):
        (top / path).mkdir(parents=True)
    (top / "home" / "file").touch()
    return top


def _short(rules: Rules, top: Path) -> list[tuple[str, str]]:
    return [(str(Path(rule.path).relative_to(top)), rule.right) for rule in rules.values()]


def _policy(top: Path, **lists: tuple[str, ...]) -> Policy:
    absolute = {name: tuple(str(top / path) for path in paths) for name, paths in lists.items()}
    return structs.replace(Policy(directory=str(top)), **absolute)


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({"write": ("home/work",), "hide": ("home/.ssh",)}, [("home/.ssh", "hide"), ("home/work", "write")]),
        ({"hide": ("state",), "write": ("state/tasks/x",)}, [("state", "hide"), ("state/tasks/x", "write")]),
        ({"hide": ("state",), "read": ("state/tasks",)}, [("state", "hide"), ("state/tasks", "read")]),
        ({"read": ("other", "home")}, []),
        ({"hide": ("home/.ssh",), "write": ("home/.ssh",)}, [("home/.ssh", "write")]),
        ({"hide": ("home/.ssh",), "read": ("home/.ssh",)}, []),
        ({"write": ("home",), "read": ("home/work",)}, [("home", "write")]),
        ({"write": ("home", "home/work")}, [("home", "write")]),
        (
            {"write": ("home/work",), "protect": ("home/work/.git",)},
            [("home/work", "write"), ("home/work/.git", "read")],
        ),
        ({"write": ("home/work",), "protect": ("home",)}, []),
        ({"protect": ("other",)}, []),
        ({"write": ("missing",), "hide": ("missing",), "read": ("missing",), "protect": ("missing",)}, []),
        (
            {"write": ("home",), "hide": ("home/.config/gh",)},
            [("home", "write"), ("home/.config", "write"), ("home/.config/gh", "hide")],
        ),
    ],
)
def test_the_deeper_path_decides_and_at_the_same_path_the_later_list(
    tree: Path, lists: dict[str, tuple[str, ...]], expected: list[tuple[str, str]]
) -> None:
    assert _short(rules_of(_policy(tree, **lists)), tree) == expected


def test_a_symbolic_link_to_a_secret_hides_the_secret(tree: Path) -> None:
    (tree / "link").symlink_to(tree / "home" / ".ssh")
    assert _short(rules_of(_policy(tree, hide=("link",))), tree) == [("home/.ssh", "hide")]


def test_a_protected_place_below_a_bind_is_taken_from_what_the_bind_shows(tree: Path) -> None:
    (tree / "state" / "tasks" / "x" / "hooks").mkdir()
    bind = Bind(source=str(tree / "state/tasks/x"), target=str(tree / "other"), writable=True)
    rules = rules_of(Policy(directory=str(tree), binds=(bind,), protect=(str(tree / "other/hooks"),)))
    assert [(rule.path, rule.right, rule.source) for rule in rules.values()] == [
        (str(tree / "other"), "write", str(tree / "state/tasks/x")),
        (str(tree / "other/hooks"), "read", str(tree / "state/tasks/x/hooks")),
    ]


def test_without_mounts_everything_but_the_hidden_is_readable(tree: Path) -> None:
    rules = rules_of(_policy(tree, hide=("home/.ssh", "state"), read=("state/tasks",)))
    below = {path.removeprefix(f"{tree}/") for path in readable(rules) if path.startswith(f"{tree}/")}
    assert below == {"home/.config", "home/file", "home/work", "other", "state/tasks"}


def test_without_mounts_nothing_new_can_be_made_beside_what_is_protected_except_where_work_happens(tree: Path) -> None:
    policy = _policy(tree, write=("home/work", "home/.config"), protect=("home/work/.git", "home/.config/gh"))
    (tree / "home" / ".config" / "other").mkdir()
    granted = {path.removeprefix(f"{tree}/") for path in writable(rules_of(policy), str(tree / "home/work"))}
    assert granted == {"home/work", "home/.config/other"}


ALLOWED, KILLED, ABSENT, REFUSED = 0x7FFF0000, 0x80000000, 0x50000 | errno.ENOSYS, 0x50000 | errno.EPERM
X86, ARM = ("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)


def _decides(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would do with a system call: the few steps of classic BPF that filters use."""
    data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("=HBBI", program))
    position, value = 0, 0
    while True:
        code, if_true, if_false, constant = steps[position]
        position += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, constant)
            case 0x15:
                position += if_true if value == constant else if_false
            case 0x35:
                position += if_true if value >= constant else if_false
            case 0x06:
                return int(constant)


@pytest.mark.parametrize(
    ("call", "machine", "sockets", "number", "arguments", "expected"),
    [
        ("read", X86, "none", 0, (), ALLOWED),
        ("openat", ARM, "none", 56, (), ALLOWED),
        ("ioctl TCGETS", X86, "all", 16, (0, 0x5401), ALLOWED),
        ("ioctl TIOCSTI", X86, "all", 16, (0, 0x5412), REFUSED),
        ("ioctl TIOCSTI, high half set", X86, "all", 16, (0, 0xFFFFFFFF_00005412), REFUSED),
        ("ioctl TIOCLINUX", X86, "all", 16, (0, 0x541C), REFUSED),
        ("ioctl TIOCSTI", ARM, "all", 29, (0, 0x5412), REFUSED),
        ("keyctl", X86, "all", 250, (), ABSENT),
        ("keyctl", ARM, "all", 219, (), ABSENT),
        ("bpf", ARM, "all", 280, (), ABSENT),
        ("io_uring_setup", ARM, "all", 425, (), ABSENT),
        ("userfaultfd", X86, "all", 323, (), ABSENT),
        ("socket unix", X86, "all", 41, (1,), ALLOWED),
        ("socket unix", X86, "no-unix", 41, (1,), REFUSED),
        ("socket inet", X86, "no-unix", 41, (2,), ALLOWED),
        ("socket inet", X86, "none", 41, (2,), REFUSED),
        ("socket packet", ARM, "no-unix", 198, (17,), ALLOWED),
        ("socket netlink", X86, "all", 41, (16,), ALLOWED),
        ("socket vsock", X86, "all", 41, (40,), REFUSED),
        ("socket vsock", ARM, "no-unix", 198, (40,), REFUSED),
        ("socket vsock, high half set", X86, "all", 41, (0xFFFFFFFF_00000028,), REFUSED),
        ("the call after that of sockets", X86, "all", 42, (40,), ALLOWED),
        ("socket inet", ARM, "none", 198, (2,), REFUSED),
        ("socketpair", X86, "none", 53, (1,), ALLOWED),
        ("x32 read", X86, "all", 0x40000000, (), ABSENT),
    ],
)
def test_the_filter_decides_about_a_call(
    call: str, machine: tuple[str, int], sockets: Sockets, number: int, arguments: tuple[int, ...], expected: int
) -> None:
    program = syscall_filter(sockets=sockets, machine=machine[0])
    assert _decides(program, machine[1], number, *arguments) == expected, call


@pytest.mark.parametrize("machine", [X86, ARM])
def test_a_call_by_another_architectures_numbers_ends_the_process(machine: tuple[str, int]) -> None:
    assert _decides(syscall_filter(sockets="all", machine=machine[0]), 0x40000003, 4) == KILLED


def test_an_unknown_processor_has_no_filter() -> None:
    assert syscall_filter(sockets="all", machine="pdp11") == b""


def test_a_policy_in_the_language_of_seatbelt(tree: Path) -> None:
    policy = Policy(
        directory=str(tree / "home/work"),
        write=(str(tree / "home/work"),),
        protect=(str(tree / "home/work/.git"),),
        hide=(str(tree / "home/.ssh"), str(tree / "state")),
        temp=str(tree / "state/tasks/x"),
        network=False,
    )
    text = profile_text(policy).replace(str(tree), "")
    assert text.splitlines() == [
        "(version 1)",
        "(allow default)",
        "(deny file-write*)",
        *(
            f'(allow file-write* (literal "/dev/{name}"))'
            for name in ("null", "zero", "random", "urandom", "tty", "ptmx", "dtracehelper")
        ),
        '(allow file-write* file-ioctl (regex #"^/dev/ttys[0-9]+$"))',
        '(deny file-read* file-write* (subpath "/home/.ssh"))',
        '(allow file-read* file-write* (subpath "/home/work"))',
        '(allow file-read* (subpath "/home/work/.git"))',
        '(deny file-write* (subpath "/home/work/.git"))',
        '(deny file-read* file-write* (subpath "/state"))',
        '(allow file-read* file-write* (subpath "/state/tasks/x"))',
        '(deny file-write-unlink (literal "/home/work"))',
        '(deny file-write-unlink (literal "/state/tasks/x"))',
        "(deny appleevent-send)",
        "(deny lsopen)",
        "(deny job-creation)",
        "(deny nvram*)",
        "(deny system-privilege)",
        "(deny signal)",
        "(allow signal (target same-sandbox))",
        "(deny process-info-pidinfo (target others))",
        "(deny network-outbound (remote unix-socket))",
        "(allow system-socket)",
        "(deny network*)",
    ]


def test_a_path_with_quotes_stays_one_string_in_a_seatbelt_profile(tmp_path: Path) -> None:
    odd = tmp_path / 'a"b\\c)'
    odd.mkdir()
    text = profile_text(Policy(directory=str(odd), write=(str(odd),)))
    assert 'a\\"b\\\\c)"))' in text


def test_what_is_protected_and_not_there_is_denied_by_a_seatbelt_profile(tmp_path: Path) -> None:
    login = tmp_path.resolve() / "login"
    login.mkdir()
    text = profile_text(Policy(directory=str(tmp_path), write=(str(login),), protect=(str(login / "settings.json"),)))
    denied = f'(deny file-write* (subpath "{login}/settings.json"))'
    assert text.index(denied) > text.index(f'(allow file-read* file-write* (subpath "{login}"))')
