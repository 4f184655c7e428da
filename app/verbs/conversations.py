"""Verbs about what an agent and its model say to each other: its length, its waits, its branches, its price."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.verbs.printing import cost, counted, print_json, safe, task_object
from app.verbs.tasks import engine


async def compact(options: argparse.Namespace) -> int:
    """``shopfloor compact``."""
    async with engine() as api:
        before = (await api.task(options.task)).context_used
        task = await api.compact(options.task)
    if options.json:
        print_json(task_object(task))
    elif task.state == "working":
        print(f"The conversation of task {task.id} is shortened before its next request.")
    else:
        print(f"The conversation of task {task.id}: {before:,} → {task.context_used:,} tokens.")
    return 0


async def retry(options: argparse.Namespace) -> int:
    """``shopfloor retry``."""
    async with engine() as api:
        skipped = await api.skip_wait(options.task)
    if options.json:
        print_json({"task": options.task, "skipped": skipped})
    else:
        print("Trying again now." if skipped else "Nothing of it waits to be tried again.")
    return 0 if skipped else 1


async def fork(options: argparse.Namespace) -> int:
    """``shopfloor fork``."""
    async with engine() as api:
        task = await api.fork(options.task, options.turn, options.prompt, options.profile)
    if options.json:
        print_json(task_object(task))
    else:
        print(f"{task.id}  {task.state}  {safe(task.title)}\n      from turn {task.turn} of {safe(options.task)}")
        if task.hint:
            print(f"      {task.hint}")
    return 0


async def spending(options: argparse.Namespace) -> int:
    """``shopfloor spending``."""
    async with engine() as api:
        found = await api.costs.spending(options.days)
    for spent in found:
        if options.json:
            print_json(spent)
            continue
        usage = spent.usage
        name = safe(Path(spent.project).name)
        print(
            f"{spent.day}  {name:<16} {spent.profile:<20} {cost(usage.cost_usd):>9}  {usage.input_tokens:>10,} in  "
            f"{usage.output_tokens:>9,} out  {usage.cache_read_tokens:>11,} cached  "
            f"{usage.cache_write_tokens:>10,} written  {spent.steps} requests, {spent.tasks} tasks"
        )
    if not found and not options.json:
        print("Nothing was spent.")
    return 0


async def budget(options: argparse.Namespace) -> int:
    """``shopfloor budget``."""
    async with engine() as api:
        today = await (api.costs.today() if options.amount is None else api.costs.raise_budget(options.amount))
    if options.json:
        print_json(today)
        return 0
    limit = "no budget" if today.budget_usd is None else f"of {cost(today.budget_usd)}"
    print(f"Today: {cost(today.spent_usd)} {limit}, {counted(today.tasks, 'task')}, {today.usage.tokens:,} tokens.")
    if today.usage.cost_usd is None:
        print("Some prices are not known; they count nothing here.")
    if today.holds:
        print(f"{today.holds} New turns wait; `shopfloor budget AMOUNT` raises it.")
    return 0
