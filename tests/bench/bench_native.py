"""The native agent: its first request, what a step costs beside two other small agents, memory and CPU of streams.

All agents of one run hold the same scripted conversation with the same loopback server, each in an environment built
from nothing. The others are installed into a scratch folder when they are not there; one that cannot be is left out,
with a sentence.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from tests.bench.bench_engine import ROOT, scratch
from tests.bench.measure import Figure, summary

FEW, MANY = 10, 60
"""Steps of a short and of a long run: their difference leaves out what starting costs."""
RUNS = 3
STREAMS = 20
PIECES = 400
COMPETITORS = Path(tempfile.gettempdir()) / "shopfloor-bench"
PI = "@mariozechner/pi-coding-agent@0.73.1"
"""The last version for the node that most machines have."""
MINI = "mini-swe-agent>=2,<3"

_MINI_SCRIPT = """
import sys
from minisweagent.agents.default import DefaultAgent
from minisweagent.environments.local import LocalEnvironment
from minisweagent.models.litellm_model import LitellmModel
import yaml
from minisweagent.config import builtin_config_dir
config = yaml.safe_load((builtin_config_dir / "mini.yaml").read_text())
agent = {k: v for k, v in config["agent"].items() if k in ("system_template", "instance_template")}
model = {k: v for k, v in config.get("model", {}).items() if k in ("observation_template", "format_error_template")}
kwargs = {"api_base": sys.argv[1] + "/v1", "api_key": "none"}
model = LitellmModel(model_name="openai/model-1", model_kwargs=kwargs, cost_tracking="ignore_errors", **model)
DefaultAgent(model, LocalEnvironment(), **agent, step_limit=0, cost_limit=0).run("Count the steps.")
"""


class Missing(Exception):
    """A competitor cannot be had here; the text says why."""


def native() -> Sequence[Figure]:
    """Everything about the native agent."""
    return [*_first_request(), *_steps(), *asyncio.run(_streams())]


# --- the first request ------------------------------------------------------------------------------------------------


def _first_request() -> Sequence[Figure]:
    from agents.native.prompt import system_prompt
    from agents.native.tools import SPECS

    tools = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in SPECS]
    text = system_prompt("/home/person/worktrees/project/abcd-a-task") + json.dumps(tools, separators=(",", ":"))
    detail = f"{len(text)} characters, four to a token; without files of a project"
    return [Figure("first request: system prompt and tools", len(text) / 4, "tok", 2000, detail)]


# --- a step, beside others --------------------------------------------------------------------------------------------


def _clean(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": f"{Path(shutil.which('node') or '/usr/bin/node').parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "SHOPFLOOR_HOME": str(folder / "home"),
        "PYTHONDONTWRITEBYTECODE": "",
        **more,
    }


def _ours(url: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "tests.bench.native_parts", "run", url, str(folder)], _clean(
        folder, PYTHONPATH=str(ROOT)
    )


def _mini(url: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    python = COMPETITORS / "mini" / "bin" / "python"
    if not (COMPETITORS / "mini" / "bin" / "mini").exists():
        _install([sys.executable, "-m", "venv", str(python.parent.parent)])
        _install([str(python), "-m", "pip", "install", "-q", "mcp", MINI])  # its litellm imports mcp without naming it
    config = folder / "mini"
    config.mkdir()
    (folder / "mini.py").write_text(_MINI_SCRIPT)
    more = {"MSWEA_GLOBAL_CONFIG_DIR": str(config), "MSWEA_CONFIGURED": "true", "MSWEA_SILENT_STARTUP": "1"}
    return [str(python), str(folder / "mini.py"), url], _clean(folder, LITELLM_LOCAL_MODEL_COST_MAP="True", **more)


def _pi(url: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    program = COMPETITORS / "pi" / "node_modules" / ".bin" / "pi"
    if shutil.which("node") is None:
        raise Missing("pi: there is no node here")
    if not program.exists():
        (COMPETITORS / "pi").mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PI]
        _install(command, COMPETITORS / "pi")
    settings = folder / ".pi" / "agent"
    settings.mkdir(parents=True)
    (settings / "models.json").write_text(json.dumps({"providers": {"anthropic": {"baseUrl": url, "apiKey": "none"}}}))
    argv = [str(program), "-p", "--no-session", "--model", "anthropic/claude-sonnet-4-5", "Count the steps."]
    return argv, _clean(folder, PI_OFFLINE="1")


def _install(command: list[str], folder: Path | None = None) -> None:
    """Through the ordinary clients, with the person's own settings for them."""
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"{command[-1]} cannot be installed: {error}") from error


def _steps() -> Sequence[Figure]:
    figures: list[Figure] = []
    walls: dict[str, list[float]] = {}
    processor: dict[str, list[float]] = {}
    agents = {"ours": _ours, "mini-swe-agent": _mini, "pi": _pi}
    for _ in range(RUNS):  # in turns, so that a noisy machine is noisy for all
        for name, program in list(agents.items()):
            try:
                wall, cpu = _measured_steps(program)
            except Missing as problem:
                print(f"left out: {problem}")
                del agents[name]
                continue
            walls.setdefault(name, []).append(wall)
            processor.setdefault(name, []).append(cpu)
    for name in agents:
        detail = "request to request, the tool's process included" if name == "ours" else ""
        figures.append(summary(f"wall of a step: {name}", walls[name], "ms", None, detail))
    for name in agents:
        figures.append(summary(f"CPU of a step, all processes: {name}", processor[name], "ms"))
    return figures


def _measured_steps(program: Callable[[str, Path], tuple[list[str], dict[str, str]]]) -> tuple[float, float]:
    """Milliseconds of wall (median) and CPU of one step."""
    _, few = _played(program, FEW)
    gaps, many = _played(program, MANY)
    return statistics.median(gaps) * 1000, max(0.0, many - few) / (MANY - FEW) * 1000


def _played(program: Callable[[str, Path], tuple[list[str], dict[str, str]]], steps: int) -> tuple[list[float], float]:
    """Seconds between requests, and CPU seconds of a whole run and all it started."""
    with scratch() as folder:
        log = folder / "requests"
        serve = [sys.executable, "-m", "tests.bench.native_parts", "serve", str(steps), str(log)]
        server = subprocess.Popen(
            serve, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_clean(folder)
        )
        try:
            assert server.stdout is not None
            argv, environment = program(server.stdout.readline().strip(), folder)
            with (folder / "output").open("wb") as output:
                agent = subprocess.Popen(
                    argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
                _, status, used = os.wait4(agent.pid, 0)
            agent.returncode = os.waitstatus_to_exitcode(status)
            said = (folder / "output").read_text("utf-8", "replace")[-400:]
            times = [float(line.split()[0]) for line in log.read_text().splitlines()] if log.exists() else []
        finally:
            server.communicate("")
    if len(times) <= steps:
        raise Missing(f"{Path(argv[0]).name} made {len(times)} requests, not {steps + 1}; it said: {said}")
    return [later - earlier for earlier, later in itertools.pairwise(times)], used.ru_utime + used.ru_stime


# --- many at once -----------------------------------------------------------------------------------------------------


async def _streams() -> Sequence[Figure]:
    """Memory of agents in one process, at rest and while all of them stream; CPU of a piece of text."""
    from agents.drivers import AnyReport
    from agents.drivers.native import NativeDriver
    from agents.profiles import NativeSection, Profile
    from agents.sandbox import Policy, choose_runner

    def ignore(_: AnyReport) -> None:
        pass

    with scratch() as folder:
        server = subprocess.Popen(
            [sys.executable, "-c", _STREAM_SERVER, str(PIECES)],
            cwd=ROOT, env=_clean(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            runner, process = await choose_runner(), psutil.Process()
            native = NativeSection(provider="anthropic", model="m", base_url=url)

            def driver() -> NativeDriver:
                return NativeDriver(
                    profile=Profile(name="Bench", native=native), runner=runner, policy=Policy(directory=str(folder)),
                    worktree=str(folder), report=ignore, environment={"ANTHROPIC_API_KEY": "none"},
                )  # fmt: skip

            first = driver()
            await first.run_turn("Warm up.")  # imports the SDK, which all of them share
            gc.collect()
            empty = process.memory_info().rss
            drivers = [driver() for _ in range(STREAMS)]
            turns = [asyncio.create_task(each.run_turn("Talk.")) for each in drivers]
            began, peak = process.cpu_times(), 0
            while not all(turn.done() for turn in turns):
                peak = max(peak, process.memory_info().rss)
                await asyncio.sleep(0.02)
            ended = process.cpu_times()
            gc.collect()
            rest = process.memory_info().rss
            for each in (first, *drivers):
                await each.close()
        finally:
            server.communicate("")
    spent = ended.user + ended.system - began.user - began.system
    return [
        Figure(
            "memory of an agent at rest, in the engine", (rest - empty) / STREAMS / 1e6, "MB", 2, f"{STREAMS} of them"
        ),
        Figure(
            "memory of a streaming agent, in the engine", (peak - empty) / STREAMS / 1e6, "MB", 2, f"{STREAMS} at once"
        ),
        Figure(
            "CPU of a streamed piece of text", spent / STREAMS / PIECES * 1e6, "µs", None, f"{PIECES} pieces, paced"
        ),
    ]


_STREAM_SERVER = """
import asyncio, sys
from agents.offline import OfflineServer, say
async def main():
    server = OfflineServer(lambda request: say("piece " * int(sys.argv[1])), delay_seconds=0.01)
    print(await server.start(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()
asyncio.run(main())
"""
