"""Running a project's checks: tests, types, lint. Confined like the agent, without a model."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from agents.errors import ShopfloorError
from agents.loops.findings import findings, important, plain
from agents.parts.checks import CheckResult
from agents.sandbox import Policy, Runner
from agents.scripts import run_script

FLOOD_LIMIT = 200_000_000
"""Bytes after which a check is ended: it is running away."""


async def run_check(
    name: str,
    command: str,
    timeout: float,
    runner: Runner,
    policy: Policy,
    on_output: Callable[[str], None],
    log: Path,
) -> CheckResult:
    """Run one check to its end, or until ``timeout`` seconds are over. Its whole process tree ends with it.

    Args:
        log: the file for all it prints. The agent must not be able to write where it lies.

    Raises:
        SandboxError: it could not be started.
        ShopfloorError: the log cannot be written.
    """
    try:
        with log.open("wb") as file:
            end = await run_script(
                command, runner, policy, on_output, timeout_seconds=timeout, log=file, flood_bytes=FLOOD_LIMIT
            )
    except OSError as error:
        raise ShopfloorError(f"{log} cannot be written: {error.strerror or error}.", "Make room for it.") from error
    text = plain(end.output)
    return CheckResult(
        name=name,
        command=command,
        passed=end.passed,
        output=text,
        reason=end.reason,
        seconds=end.seconds,
        log=str(log),
        findings=findings(text, policy.directory, _is_file_in(policy.directory)) if end.reason else (),
    )


def _is_file_in(worktree: str) -> Callable[[str], bool]:
    def is_file(name: str) -> bool:
        try:
            return stat.S_ISREG(Path(worktree, name).lstat().st_mode)
        except (OSError, ValueError):
            return False

    return is_file


def feedback_prompt(failures: Sequence[CheckResult], round_number: int, rounds: int) -> str:
    """What the agent is told about failing checks."""
    parts = [f"The project's checks ran on your change and failed (round {round_number} of {rounds}). Mend the cause."]
    for result in failures:
        lines, left_out = important(result.output)
        longest = max((len(line) - len(line.lstrip("~")) for line in lines), default=0)
        fence = "~" * max(4, longest + 1)
        parts += ["", f"Check `{result.name}` (`{result.command}`): {result.reason}", fence, *lines, fence]
        if left_out and result.log:
            parts.append(f"{left_out} lines were left out; all of its output: {result.log}")
    return "\n".join(parts)
