"""Processes that should have ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import psutil


async def still_alive(processes: Iterable[psutil.Process], patience_seconds: float = 10.0) -> list[psutil.Process]:
    """Those that have not ended after some time.

    One that has is a zombie until its parent takes note, which for the children of a killed process is the init of
    the machine: some do so once in a second or two only, and it says nothing about the process.
    """
    until = time.monotonic() + patience_seconds
    alive = list(processes)
    while (alive := [process for process in alive if _is_alive(process)]) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.005)  # nobody tells
    return alive


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
