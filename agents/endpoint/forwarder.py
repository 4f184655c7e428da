"""Brings what connects to a loopback port to a unix socket. Needs nothing but Python itself.

Run as ``python -I -S forwarder.py SOCKET PORT COMMAND…`` inside a sandbox. It listens, leaves a process behind that
serves, and becomes the command, so that whoever started it deals with the command alone. The one left behind has no
part in the command's terminal or streams, and goes when the command has gone.
"""

from __future__ import annotations

import _thread
import os
import signal
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing takes as long as half of all else here
    from typing import NoReturn

_PIECE = 1 << 16
_LOOK_SECONDS = 2.0


def main() -> NoReturn:
    """Serve, and be the command."""
    place, port, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
    except OSError as error:
        sys.exit(f"shopfloor: the way to the model cannot be opened at port {port}: {error.strerror}")
    agent = os.getpid()
    if os.fork() == 0:
        if os.fork() == 0:
            _serve(listener, place, agent)
        os._exit(0)
    os.wait()
    listener.close()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"shopfloor: cannot start {command[0]}: {error.strerror}")


def _serve(listener: socket.socket, place: str, agent: int) -> NoReturn:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    listener.settimeout(_LOOK_SECONDS)
    while True:
        try:
            client = listener.accept()[0]
        except TimeoutError:
            try:
                os.kill(agent, 0)
            except ProcessLookupError:
                os._exit(0)
            continue
        client.settimeout(None)
        _thread.start_new_thread(_join, (client, place))


def _join(client: socket.socket, place: str) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.connect(place)
    except OSError:
        client.close()
        return
    _thread.start_new_thread(_carry, (client, server))
    _carry(server, client)


def _carry(source: socket.socket, target: socket.socket) -> None:
    """One direction; its end is told to the other side."""
    try:
        while data := source.recv(_PIECE):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already


if __name__ == "__main__":
    main()
