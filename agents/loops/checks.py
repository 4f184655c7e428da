"""Running a project's checks: tests, types, lint. Confined like the agent, without a model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from agents.model import Struct
from agents.sandbox import Policy, Runner

OUTPUT_LIMIT = 200_000
"""Characters of output kept; the end counts."""
FEEDBACK_LINES = 120
"""Lines of a failing check that go to the agent; the end counts, that is where runners sum up."""


class CheckResult(Struct, kw_only=True):
    """How a check ended."""

    name: str
    command: str
    passed: bool
    output: str
    reason: str = ""
    """For a failure, in words: the exit status, or the time-out."""
    seconds: float = 0.0


async def run_check(
    name: str, command: str, timeout: float, runner: Runner, policy: Policy, on_output: Callable[[str], None]
) -> CheckResult:
    """Run one check to its end, or until ``timeout`` seconds are over. Its whole process tree ends with it.

    Raises:
        SandboxError: it could not be started.
    """
    started = time.monotonic()
    process = await runner.start(["/bin/sh", "-c", command], policy, stderr="stdout")
    assert process.stdout is not None
    pieces: list[str] = []
    length = 0
    reason = ""
    try:
        async with asyncio.timeout(timeout):
            while data := await process.stdout.read(65536):
                text = data.decode("utf-8", "backslashreplace")
                on_output(text)
                pieces.append(text)
                length += len(text)
                if length > 2 * OUTPUT_LIMIT:
                    pieces = ["".join(pieces)[-OUTPUT_LIMIT:]]
                    length = OUTPUT_LIMIT
            status = await process.wait()
        if status:
            reason = f"exit status {status}" if status > 0 else f"ended by signal {-status}"
    except TimeoutError:
        reason = f"not done after {timeout:g} seconds"
    finally:
        process.kill()
        await process.wait()
    output = "".join(pieces)[-OUTPUT_LIMIT:]
    seconds = time.monotonic() - started
    return CheckResult(
        name=name, command=command, passed=not reason, output=output, reason=reason, seconds=seconds
    )  # fmt: skip


def feedback_prompt(failures: list[CheckResult], round_number: int, rounds: int) -> str:
    """What the agent is told about failing checks."""
    parts = [f"The project's checks ran on your change and failed (round {round_number} of {rounds}). Mend the cause."]
    for result in failures:
        lines = result.output.rstrip().splitlines()
        left_out = max(0, len(lines) - FEEDBACK_LINES)
        longest = max((len(line) - len(line.lstrip("~")) for line in lines), default=0)
        fence = "~" * max(4, longest + 1)
        parts += ["", f"Check `{result.name}` (`{result.command}`): {result.reason}", fence]
        if left_out:
            parts.append(f"… {left_out} earlier lines left out …")
        parts += [*lines[-FEEDBACK_LINES:], fence]
    return "\n".join(parts)
