"""``make bench``: everything the design has a budget for, measured here and now.

Machines are noisy: compare rows of one run, quote medians. Names of benchmarks as arguments run only those.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys

BENCHMARKS = {
    "imports": "tests.bench.bench_engine:imports",
    "workspaces": "tests.bench.bench_engine:workspaces",
    "confinement": "tests.bench.bench_engine:confinement",
    "panes": "tests.bench.bench_panes:panes",
    "floor": "tests.bench.bench_floor:floor",
    "screen": "tests.bench.bench_screen:screen_figures",
    "baseline": "tests.bench.bench_baseline:baseline",
    "diff": "tests.bench.bench_diff:diff",
    "review": "tests.bench.bench_review:review",
    "engine": "tests.bench.bench_engine:engine_process",
    "native": "tests.bench.bench_native:native",
    "acp": "tests.bench.bench_acp:acp",
    "restart": "tests.bench.bench_load:restart",
    "events": "tests.bench.bench_load:events",
    "agents": "tests.bench.bench_load:agents",
    "idle": "tests.bench.bench_load:idle",
    "terminal-agents": "tests.bench.bench_terminal_agents:terminal_agents",
    "terminal": "tests.bench.bench_terminal:terminal",
}


def main() -> int:
    """Run the benchmarks named, or all."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name in wanted:
        module, _, function = BENCHMARKS[name].partition(":")
        for figure in getattr(importlib.import_module(module), function)():
            print(figure.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
