"""A part of the Api is called like the Api itself, over the same socket."""

from __future__ import annotations

import errno
from typing import Protocol

import msgspec

from agents import rpc


class Greetings(Protocol):
    async def greet(self, name: str, times: int = 1) -> list[str]:
        """Say hello."""


class Small(Protocol):
    greetings: Greetings

    async def ping(self) -> str:
        """Answer."""


def test_methods_of_a_part_carry_its_name_and_its_types() -> None:
    found = rpc.Methods(Small)
    assert sorted(found) == ["greetings.greet", "ping"]
    arguments = msgspec.json.decode(b'{"name": "Ada"}', type=found["greetings.greet"].parameters)
    assert (arguments.name, arguments.times) == ("Ada", 1)
    assert found["greetings.greet"].result == list[str]


def test_what_a_disk_refuses_is_said_with_what_to_do_and_is_no_fault_of_ours() -> None:
    told = rpc.error_of(rpc.fault_of(OSError(errno.ENOSPC, "No space left on device", "/place")))
    assert str(told) == "The disk refuses: No space left on device (/place). Make room, and try again."
    assert "A fault of Shopfloor itself" in rpc.fault_of(OSError(errno.EBADF, "Bad file descriptor")).message
