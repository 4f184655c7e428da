"""Bridges: one for each agent that is to reach its model by the engine's proxy."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from agents.endpoint.proxy import Key, Proxy, dummy_key, server_of, via_of
from agents.errors import ShopfloorError
from agents.profiles import EndpointSection, is_secret
from agents.sandbox import Policy, Process, PtySize, Runner
from agents.sandbox.planted import write_below
from agents.sandbox.runner import Backend, Stream
from agents.sockets import at_most, listening_socket

PORT = 8377
"""Where the model is for an agent without network: in a network of its own any port is free."""
CONNECTIONS = 128
"""Of one agent at once: it asks in parallel, and keeps some open."""
_FORWARDER = Path(__file__).with_name("forwarder.py")


def address_of(endpoint: EndpointSection, environment: Mapping[str, str]) -> str:
    """Where the model is: what a variable of the person's says, else the profile."""
    return (environment.get(endpoint.url_env) if endpoint.url_env else "") or endpoint.url


def is_used(endpoint: EndpointSection, network: bool) -> bool:
    """Whether an agent goes over a bridge: one without network does, and one whose key is held outside."""
    return endpoint is not None and (not network or endpoint.key == "outside")


def way_in_words(endpoint: EndpointSection, network: bool, mounts: bool, environment: Mapping[str, str]) -> str:
    """How an agent reaches its model, for people."""
    address = address_of(endpoint, environment)
    if not is_used(endpoint, network):
        return f"{address}, directly"
    if not network and not mounts:
        return f"{address}, not from here: this backend leaves no way to it open"
    at = f"at 127.0.0.1:{PORT}" if not network else "at a loopback port"
    held = f"; the key in {endpoint.key_env} is held outside" if endpoint.key == "outside" else ""
    return f"{address}, {at} by way of the engine{held}"


class _Open(NamedTuple):
    """A bridge that is open."""

    wanted: object
    """All that it was made of."""
    server: asyncio.Server
    place: Path
    runner: Runner


class Bridges:
    """The bridges of all tasks."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    async def through(
        self,
        name: str,
        endpoint: EndpointSection,
        runner: Runner,
        policy: Policy,
        environment: Mapping[str, str],
    ) -> Runner:
        """A runner that starts an agent with the way to its model; ``runner`` itself where none is needed.

        Args:
            name: of the agent, whose bridge stays as it is while nothing about it changes.
            environment: where the key and the address are looked up.

        Raises:
            ShopfloorError: there can be no way here.
            UsageError: the address is none.
        """
        if not is_used(endpoint, policy.network):
            return runner
        # the rules on connections that Landlock has (since its version 4) name ports and no addresses: a way to the
        # forwarder's port would be one to that port of any server
        if not policy.network and not runner.mounts and runner.name != "none":
            raise ShopfloorError(
                f"{runner.name.capitalize()} can take the network away, but leave no way to the model open.",
                'Install bubblewrap, or let the profile have network = "on".',
            )
        real = environment.get(endpoint.key_env, "") if endpoint.key == "outside" else ""
        wanted = (endpoint, runner.name, policy.temp, policy.network, address_of(endpoint, environment), real)
        known = self._open.get(name)
        if known is not None and known.wanted == wanted:
            return known.runner
        await self.close(name)
        made = self._open[name] = await _opened(wanted, endpoint, runner, policy, environment, real)
        return made.runner

    async def close(self, name: str) -> None:
        """Give up a bridge, if it is open."""
        known = self._open.pop(name, None)
        if known is not None:
            known.server.close()
            known.place.unlink(missing_ok=True)

    async def close_all(self) -> None:
        """Give up all bridges."""
        for name in list(self._open):
            await self.close(name)


async def _opened(
    wanted: object,
    endpoint: EndpointSection,
    runner: Runner,
    policy: Policy,
    environment: Mapping[str, str],
    real: str,
) -> _Open:
    server = server_of(address_of(endpoint, environment))
    key = Key(real, dummy_key(real), endpoint.header) if real else None
    temp = Path(policy.temp)
    place = temp / f"model-{secrets.token_hex(4)}.sock"
    try:
        proxy = Proxy(server, key, via_of(server, os.environ))
        served = at_most(CONNECTIONS, proxy.serve)
        listening = await asyncio.start_unix_server(served, sock=listening_socket(place))
    except OSError as error:
        raise ShopfloorError(f"The way to the model cannot be opened: {error.strerror or error}.") from error
    shown = Path("/tmp") if runner.mounts else temp
    port = _free_port() if policy.network or runner.name == "none" else PORT
    words = {"url": f"http://127.0.0.1:{port}", "temp": str(shown)}
    for path, text in endpoint.files.items():
        write_below(temp, path, _filled(text, words))
    variables = {variable: _filled(text, words) for variable, text in endpoint.set.items()}
    withheld: frozenset[str] = frozenset()
    if key is not None:
        withheld = frozenset(name for name in environment if is_secret(name))
        variables[endpoint.key_env] = key.dummy
    inside = _Forwarding(runner, str(shown / place.name), port, variables, withheld)
    return _Open(wanted, listening, place, inside)


class _Forwarding:
    """A runner whose processes have a forwarder beside them.

    Args:
        environment: what they get besides, whatever else they get.
        withheld: what they do not get.
    """

    def __init__(
        self, runner: Runner, place: str, port: int, environment: Mapping[str, str], withheld: frozenset[str]
    ) -> None:
        self._runner = runner
        self.name: Backend = runner.name
        self.mounts = runner.mounts
        self._before = [sys.executable, "-I", "-S", str(_FORWARDER), place, str(port)]
        self._environment = dict(environment)
        self._withheld = withheld

    async def start(
        self,
        argv: Sequence[str],
        policy: Policy,
        *,
        stdin: Stream = "null",
        stdout: Stream = "pipe",
        stderr: Stream = "pipe",
        pty: PtySize | None = None,
    ) -> Process:
        """See :meth:`agents.sandbox.Runner.start`."""
        command = [*self._before, *argv]
        return await self._runner.start(command, self._with(policy), stdin=stdin, stdout=stdout, stderr=stderr, pty=pty)

    def command_line(self, argv: Sequence[str], policy: Policy) -> list[str]:
        """See :meth:`agents.sandbox.Runner.command_line`."""
        return self._runner.command_line([*self._before, *argv], self._with(policy))

    def limits(self) -> tuple[str, ...]:
        """See :meth:`agents.sandbox.Runner.limits`."""
        return self._runner.limits()

    def _with(self, policy: Policy) -> Policy:
        given = {name: value for name, value in policy.environment.items() if name not in self._withheld}
        # the way to the model is on this machine: no proxy of the network leads there
        known = given.get("no_proxy") or given.get("NO_PROXY")
        direct = ",".join(filter(None, (known, "127.0.0.1,localhost")))
        given |= {"no_proxy": direct, "NO_PROXY": direct}
        return msgspec.structs.replace(policy, environment=given | self._environment)


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return text


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
