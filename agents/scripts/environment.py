"""The variables that scripts find: which task, where it lives, its ports, and how to reach the engine."""

from __future__ import annotations

import os
from collections.abc import Collection

from agents.model import Task


def script_environment(task: Task, socket: str = "") -> dict[str, str]:
    """Variables of a task, beside those of the machine.

    Args:
        socket: where ``shopfloor`` reaches the engine; empty: its own place.
    """
    variables = {
        "SHOPFLOOR_TASK": task.id,
        "SHOPFLOOR_PROJECT": task.project,
        "SHOPFLOOR_WORKTREE": task.worktree,
        "SHOPFLOOR_BRANCH": task.branch,
        "SHOPFLOOR_BASE": task.base_commit,
    }
    if socket:
        variables["SHOPFLOOR_SOCKET"] = socket
    return variables | port_environment(task.ports)


def port_environment(ports: Collection[int]) -> dict[str, str]:
    """``SHOPFLOOR_PORT_0`` and so on."""
    return {f"SHOPFLOOR_PORT_{number}": str(port) for number, port in enumerate(ports)}


def host_environment(without: Collection[str]) -> dict[str, str]:
    """The engine's own environment, for scripts that run with the person's rights.

    Args:
        without: variables that hold the keys of models, which no script needs.
    """
    return {name: value for name, value in os.environ.items() if name not in without}
