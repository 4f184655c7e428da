"""Running a project's checks: tests, types, lint. Confined like the agent, without a model."""

from __future__ import annotations

import asyncio
import codecs
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from agents.errors import ShopfloorError
from agents.loops.findings import findings, important, plain
from agents.parts.checks import CheckResult
from agents.sandbox import Policy, Runner

OUTPUT_LIMIT = 200_000
"""Characters of output kept in a result; the end counts."""
LOG_LIMIT = 20_000_000
"""Bytes of output kept in its log; the beginning counts."""
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
    started = time.monotonic()
    try:
        with log.open("wb") as file:
            output, reason = await _run(command, timeout, runner, policy, on_output, file)
    except OSError as error:
        raise ShopfloorError(f"{log} cannot be written: {error.strerror or error}.", "Make room for it.") from error
    text = plain(output)
    return CheckResult(
        name=name,
        command=command,
        passed=not reason,
        output=text,
        reason=reason,
        seconds=time.monotonic() - started,
        log=str(log),
        findings=findings(text, policy.directory, _is_file_in(policy.directory)) if reason else (),
    )


async def _run(
    command: str,
    timeout: float,
    runner: Runner,
    policy: Policy,
    on_output: Callable[[str], None],
    log: IO[bytes],
) -> tuple[str, str]:
    """What it printed last, and why it failed; empty when it passed."""
    process = await runner.start(["/bin/sh", "-c", command], policy, stderr="stdout")
    assert process.stdout is not None
    decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
    pieces: list[str] = []
    length = total = 0
    try:
        async with asyncio.timeout(timeout):
            while data := await process.stdout.read(65536):
                if total < LOG_LIMIT:
                    log.write(data[: LOG_LIMIT - total])
                total += len(data)
                text = decode(data)
                on_output(text)
                pieces.append(text)
                length += len(text)
                if length > 2 * OUTPUT_LIMIT:
                    pieces = ["".join(pieces)[-OUTPUT_LIMIT:]]
                    length = OUTPUT_LIMIT
                if total > FLOOD_LIMIT:
                    return "".join(pieces)[-OUTPUT_LIMIT:], f"ended: it printed more than {FLOOD_LIMIT // 10**6} MB"
            status = await process.wait()
        reason = _status_in_words(status)
    except TimeoutError:
        reason = f"not done after {timeout:g} seconds"
    finally:
        process.kill()
        await process.wait()
    return "".join(pieces)[-OUTPUT_LIMIT:], reason


def _status_in_words(status: int) -> str:
    """Why an exit status is a failure; empty when it is none."""
    signal = -status if status < 0 else status - 128 if 128 < status < 160 else 0
    if signal:
        return f"ended by signal {signal}"
    return f"exit status {status}" if status else ""


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
