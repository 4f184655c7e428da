"""What a confined process can reach that is not a file: processes, sockets, the network, the kernel, secrets."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sandbox_scene import Scene

from agents.sandbox import Runner, choose_runner
from agents.sandbox.launcher import NETWORK_SINCE, landlock_version

CONNECT = """
import socket, sys
family, address = {family}, {address!r}
with socket.socket(family, socket.SOCK_STREAM) as stream:
    stream.connect(address)
print("CONNECTED")
"""
SYSTEM_CALLS = """
import ctypes, errno, fcntl, os
library = ctypes.CDLL(None, use_errno=True)
for name, number, arguments in (
    ("io_uring_setup", 425, (1, 0)), ("keyctl", {keyctl}, (0, -3, 0)), ("bpf", {bpf}, (0, 0, 0)),
    ("userfaultfd", {userfaultfd}, (0,)),
):
    ctypes.set_errno(0)
    result = library.syscall(number, *arguments)
    print(name, errno.errorcode.get(ctypes.get_errno(), result))
"""
NUMBERS = {
    "x86_64": {"keyctl": 250, "bpf": 321, "userfaultfd": 323},
    "aarch64": {"keyctl": 219, "bpf": 280, "userfaultfd": 282},
}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


async def test_the_environment_is_the_policys_and_nothing_else(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-secret")
    scene.with_policy(environment={"PATH": "/usr/bin:/bin", "ODD": "é=\n'\""})
    ran = await scene.python("import json, os; print(json.dumps(dict(os.environ)))")
    allowed = {"PATH": "/usr/bin:/bin", "ODD": "é=\n'\"", "PWD": str(scene.worktree), "TMPDIR": str(scene.temp)}
    seen = dict(json.loads(ran.output))
    seen.pop("LC_CTYPE", None)  # Python itself sets it where there is no locale
    assert {name: allowed.get(name) for name in seen} == seen
    assert seen["ODD"] == allowed["ODD"]


async def test_our_environment_cannot_be_read_through_proc(scene: Scene) -> None:
    ran = await scene.run(f"cat /proc/{os.getpid()}/environ /proc/{os.getpid()}/mem")
    assert ran.status != 0
    assert "PATH=" not in ran.output, "the starter's environment, where the keys are, can be read"


async def test_processes_outside_can_be_neither_ended_nor_traced(scene: Scene) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "1000")
    try:
        ran = await scene.run(f"kill -9 {stranger.pid}; kill -TERM {stranger.pid}")
        traced = await scene.python(
            f"import ctypes; print(ctypes.CDLL(None, use_errno=True).ptrace(16, {stranger.pid}, 0, 0))"
        )
        assert traced.output.strip() == "-1", "a process outside can be traced"
        assert stranger.returncode is None, f"a process outside was ended: {ran.output}"
        os.kill(stranger.pid, 0)
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_socket_in_a_hidden_folder_cannot_be_reached(scene: Scene) -> None:
    path = scene.secret / "s"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        _bind_short(server, path)
        server.listen()
        ran = await scene.python(
            f"import os; os.chdir({str(scene.secret)!r})\n" + CONNECT.format(family="socket.AF_UNIX", address="s")
        )
    assert "CONNECTED" not in ran.output
    assert ran.status != 0


async def test_without_mounts_no_unix_socket_can_be_reached_by_path_at_all(tmp_path: Path, landlock: Runner) -> None:
    scene = Scene(tmp_path, landlock)
    with closing(socket.socket(socket.AF_UNIX)) as server:
        _bind_short(server, scene.outside / "s")
        server.listen()
        ran = await scene.python(
            f"import os; os.chdir({str(scene.outside)!r})\n" + CONNECT.format(family="socket.AF_UNIX", address="s")
        )
    assert "PermissionError" in ran.output
    paired = await scene.python("import socket; a, b = socket.socketpair(); a.send(b'hi'); print(b.recv(9))")
    assert "hi" in paired.output, "programs need pairs of sockets for themselves"


async def test_an_abstract_socket_of_another_program_cannot_be_reached_with_the_network_on(scene: Scene) -> None:
    from agents.sandbox import launcher

    if launcher.landlock_version() < launcher.SCOPES_SINCE and scene.runner.mounts:
        pytest.skip("this kernel cannot scope abstract sockets; limits() says so")
    name = f"\0shopfloor-test-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(name)
        server.listen()
        ran = await scene.python(CONNECT.format(family="socket.AF_UNIX", address=name))
    assert "CONNECTED" not in ran.output


async def test_the_network_can_be_on(scene: Scene, listener: socket.socket) -> None:
    ran = await scene.python(CONNECT.format(family="socket.AF_INET", address=listener.getsockname()))
    assert "CONNECTED" in ran.output


async def test_the_network_can_be_off(scene: Scene, listener: socket.socket) -> None:
    scene.with_policy(network=False)
    ran = await scene.python(CONNECT.format(family="socket.AF_INET", address=listener.getsockname()))
    assert "CONNECTED" not in ran.output
    name = f"\0shopfloor-off-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(name)
        server.listen()
        ran = await scene.python(CONNECT.format(family="socket.AF_UNIX", address=name))
        assert "CONNECTED" not in ran.output, "an abstract socket is reached with the network off"
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        address = receiver.getsockname()
        await scene.python(f"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'out', {address!r})")
        with pytest.raises(BlockingIOError):
            receiver.recv(10)


async def test_the_machine_around_a_virtual_one_cannot_be_spoken_to(scene: Scene) -> None:
    if not hasattr(socket, "AF_VSOCK"):
        pytest.skip("no such sockets here")
    for network in (True, False):
        scene.with_policy(network=network)
        ran = await scene.python("import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); print('MADE')")
        assert "MADE" not in ran.output, "no wall for the network stops such a socket"
        assert "PermissionError" in ran.output


async def test_calls_that_reach_around_the_sandbox_are_absent(scene: Scene) -> None:
    numbers = NUMBERS.get(os.uname().machine)
    if numbers is None:
        pytest.skip("no numbers for this processor")
    ran = await scene.python(SYSTEM_CALLS.format(**numbers))
    assert ran.output.split() == [
        *("io_uring_setup", "ENOSYS", "keyctl", "ENOSYS", "bpf", "ENOSYS", "userfaultfd", "ENOSYS")
    ]


async def test_nothing_gives_privileges_back(scene: Scene) -> None:
    ran = await scene.run(
        "cat /proc/self/status; (: >> /proc/sys/kernel/core_pattern) && echo HOST; mknod disk b 254 0"
    )
    assert "NoNewPrivs:\t1" in ran.output
    assert "Seccomp:\t2" in ran.output
    assert "HOST" not in ran.output, "settings of the kernel can be changed"
    assert "CapEff:\t0000000000000000" in ran.output
    assert "CapPrm:\t0000000000000000" in ran.output
    assert not (scene.worktree / "disk").exists()


async def test_sockets_of_the_machine_in_run_are_not_there(tmp_path: Path, bubblewrap: Runner) -> None:
    ran = await Scene(tmp_path, bubblewrap).run("find /run -type s -o -type p; touch /run/x")
    assert "/run/x" in ran.output, "the search did not run"
    assert len(ran.output.splitlines()) == 1, f"these can be connected to: {ran.output}"


async def test_name_and_cgroups_of_the_machine_cannot_be_changed(scene: Scene) -> None:
    name, cgroup = socket.gethostname(), Path("/proc/self/cgroup").read_text()
    ran = await scene.run(
        "hostname stolen; echo stolen > /proc/sys/kernel/hostname; "
        "find /sys/fs/cgroup -name cgroup.procs | while read -r f; do echo 0 > $f && echo MOVED; done; "
        "mkdir /sys/fs/cgroup/mine && echo MADE; echo over"
    )
    assert "over" in ran.output
    assert socket.gethostname() == name
    assert "MOVED" not in ran.output, "a process can leave its cgroup, and with it the limits it has there"
    assert "MADE" not in ran.output
    assert Path("/proc/self/cgroup").read_text() == cgroup


async def test_only_own_processes_are_there(tmp_path: Path, bubblewrap: Runner) -> None:
    scene = Scene(tmp_path, bubblewrap)
    ran = await scene.run("echo /proc/[0-9]*")
    assert len(ran.output.split()) < 10, ran.output


async def test_unconfined_is_what_it_says(tmp_path: Path) -> None:
    scene = Scene(tmp_path, await choose_runner("none"))
    ran = await scene.run(f"cat {scene.secret}/key; echo changed > {scene.outside}/file")
    assert "PRIVATE" in ran.output
    assert (scene.outside / "file").read_text() == "changed\n"
    assert any("Nothing is confined" in sentence for sentence in scene.runner.limits())


def _bind_short(server: socket.socket, path: Path) -> None:
    """Bind by a relative name: a socket's path must be short, a test's folder is not."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


if sys.platform != "linux":
    pytestmark = pytest.mark.skip("what is tried here is Linux's")


ONE_PORT = """
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
create, add_rule, restrict_self = 444, 445, 446
bind_and_connect, connect, net_port, no_new_privileges = 3, 2, 2, 38
servers = [socket.create_server(("127.0.0.1", 0))]
port = servers[0].getsockname()[1]
servers += [socket.create_server(("127.0.0.2", port)), socket.create_server(("127.0.0.1", 0))]
handled = struct.pack("=QQQ", 0, bind_and_connect, 0)
rules = libc.syscall(create, handled, len(handled), 0)
granted = struct.pack("=QQ", connect, port)
assert rules >= 0 and not libc.syscall(add_rule, rules, net_port, granted, 0), os.strerror(ctypes.get_errno())
assert not libc.prctl(no_new_privileges, 1, 0, 0, 0) and not libc.syscall(restrict_self, rules, 0)
for server in servers:
    try:
        socket.create_connection(server.getsockname(), 5).close()
        print("reached")
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.skipif(landlock_version() < NETWORK_SINCE, reason="this kernel has no Landlock rules on connections")
def test_landlocks_rules_on_connections_name_no_address_so_no_way_to_a_model_is_left_open() -> None:
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", ONE_PORT], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines() == ["reached", "reached", "Permission denied"], (
        f"if another address is out of reach now, limits() and the bridge can say and do better: {ran}"
    )
