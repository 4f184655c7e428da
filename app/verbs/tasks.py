"""Verbs about tasks."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from agents.client import Client, connect
from agents.errors import NotFound, UsageError
from agents.events import TaskChanged
from agents.model import Entry, NewTask, Task
from agents.moments import parse_moment
from agents.parts.questions import how_to_answer
from agents.parts.writing import Template
from agents.prompts.separate import Separate, separate_prompts
from app.images import with_images
from app.verbs.printing import STATE_GLYPHS, age, agreed, cost, counted, print_json, safe, task_object
from app.verbs.transcripts import markdown

RESTING = frozenset(("ready", "blocked", "failed", "stopped", "closed", "landed"))
SHOWN_ENTRIES = 12


@contextlib.asynccontextmanager
async def engine() -> AsyncIterator[Client]:
    """The engine, started if need be."""
    client = await connect()
    try:
        yield client
    finally:
        await client.disconnect()


def exit_status(task: Task) -> int:
    """What a verb that waited for a task exits with."""
    return {"ready": 0, "landed": 0, "closed": 0, "blocked": 4}.get(task.state, 1)


async def run(options: argparse.Namespace) -> int:
    """``shopfloor run``."""
    async with engine() as api:
        new = await _new_task(api, options)
        tasks = separate_prompts(new.prompt) if options.each else [Separate(new.title, new.prompt)]
        made = [
            await api.create_task(msgspec.structs.replace(new, title=each.title, prompt=each.prompt)) for each in tasks
        ]
        worst = 0
        for task in made:
            if options.wait:
                if not options.json:
                    print(f"{task.id}  {safe(task.title)}", file=sys.stderr)
                task = await _rest(api, task.id, quiet=options.json)
                worst = worst or exit_status(task)
            _print_task(task, options.json)
        return worst


async def _new_task(api: Client, options: argparse.Namespace) -> NewTask:
    """What the options say, over what a template says."""
    prompt, project = await with_images(api, _text(options.prompt)), str(Path.cwd())
    template = Template(name="", text="")
    if options.template:
        found = {each.name.lower(): each for each in await api.writing.templates(project)}
        if options.template.lower() not in found:
            names = ", ".join(sorted(each.name for each in found.values())) or "none"
            raise NotFound(f"There is no template “{options.template}”; there are: {names}.")
        template = found[options.template.lower()]
        if template.problem:
            raise UsageError(template.problem, "Correct the file and try again.")
    return NewTask(
        project=project,
        prompt="\n\n".join(part for part in (template.text, prompt) if part.strip()),
        title=options.title,
        profile=options.profile or template.profile,
        base=options.base or template.base,
        priority=options.priority,
        check=not options.no_check and template.check is not False,
        choices=_choices(options.set),
        held=options.hold,
        queue=(template.queue or None) if options.queue is None else options.queue,
    )


async def _rest(api: Client, task_id: str, quiet: bool) -> Task:
    """Wait until a task rests; says each state on standard error."""
    said = ""
    async for batch in await api.subscribe():
        for event in batch:
            if not isinstance(event, TaskChanged) or event.task.id != task_id:
                continue
            task = event.task
            if task.state != said and not quiet:
                print(f"{STATE_GLYPHS[task.state]} {task.state} {safe(task.reason)}".rstrip(), file=sys.stderr)
            said = task.state
            if task.state in RESTING:
                return task
    return await api.task(task_id)  # the engine is gone: this says so


async def ls(options: argparse.Namespace) -> int:
    """``shopfloor ls``."""
    async with engine() as api:
        tasks = await api.tasks("" if options.all else str(Path.cwd()), options.all)
    if options.json:
        for task in tasks:
            print_json(task_object(task))
        return 0
    if not tasks:
        print("No tasks. `shopfloor run PROMPT` starts one.")
    for task in tasks:
        change = f"+{task.additions} −{task.deletions}" if task.files_changed else ""
        print(
            f"{task.id:<5} {STATE_GLYPHS[task.state]} {task.state:<9} {change:>11} {cost(task.usage.cost_usd):>7} "
            f"{age(task.changed_at):>4}  {safe(task.title)}" + (f" — {safe(task.reason)}" if task.reason else "")
        )
    return 0


async def show(options: argparse.Namespace) -> int:
    """``shopfloor show``."""
    async with engine() as api:
        task = await api.task(options.task)
        limit = 1_000_000 if options.transcript or options.markdown else SHOWN_ENTRIES
        entries = await api.transcript(task.id, limit=limit)
        turns = await api.turns(task.id)
    if options.markdown:
        print(markdown(task, turns, entries), end="")
        return 0
    if options.json:
        shown = task_object(task)
        if options.transcript:
            shown["transcript"] = [msgspec.to_builtins(entry) for entry in entries]
            shown["by_turn"] = [msgspec.to_builtins(turn) for turn in turns]
        print_json(shown)
        return 0
    _print_task(task, False)
    for line in ("", *(_entry_line(entry, options.transcript) for entry in entries)):
        print(line)
    return 0


def _entry_line(entry: Entry, whole: bool) -> str:
    if entry.tool is not None:
        line = f"[{entry.kind}] {entry.tool.name}: {entry.tool.title} ({entry.tool.status}, {entry.tool.seconds:.1f} s)"
        text = f"{line}\n{entry.tool.output}" if whole and entry.tool.output else line
    else:
        text = f"[{entry.kind}] {entry.text}"
    return safe(text if whole or len(text) < 500 else text[:500] + " …")


async def send(options: argparse.Namespace) -> int:
    """``shopfloor send``."""
    async with engine() as api:
        prompt = await api.send(options.task, await with_images(api, _text(options.text)), options.when)
        task = await api.task(prompt.task)
    if options.json:
        print_json({"task": task.id, "prompt": prompt.id, "when": prompt.when, "state": task.state})
    else:
        where = "offered to the running turn" if prompt.when == "now" and task.state == "working" else "recorded"
        print(f"Prompt {prompt.id} of task {task.id} is {where}; the task is {task.state}.")
    return 0


async def answer(options: argparse.Namespace) -> int:
    """``shopfloor answer``."""
    async with engine() as api:
        task = await api.task(options.task)
        if task.question is not None and not (options.option or options.text):
            raise UsageError(safe(f"It asks: {task.question.text}"), safe(how_to_answer(task.question)))
        text = _text(options.text) if options.text else ""
        asked = task.question.id if task.question else ""
        _print_task(await api.questions.answer(task.id, asked, options.option, text), options.json)
    return 0


async def stop(options: argparse.Namespace) -> int:
    """``shopfloor stop``."""
    async with engine() as api:
        _print_task(await api.stop_task(options.task), options.json)
    return 0


async def resume(options: argparse.Namespace) -> int:
    """``shopfloor resume``."""
    async with engine() as api:
        _print_task(await api.resume(options.task), options.json)
    return 0


async def close(options: argparse.Namespace) -> int:
    """``shopfloor close``."""
    async with engine() as api:
        _print_task(await api.close_task(options.task), options.json)
    return 0


async def restore(options: argparse.Namespace) -> int:
    """``shopfloor restore``."""
    async with engine() as api:
        _print_task(await api.restore_task(options.task), options.json)
    return 0


async def undo(options: argparse.Namespace) -> int:
    """``shopfloor undo``."""
    async with engine() as api:
        task = await api.undo(options.task)
        if options.json:
            _print_task(task, True)
        elif task.undone:
            print(f"The files of task {task.id} are as before turn {task.undone}; the same again takes that back.")
        else:
            print(f"The work of the last turn of task {task.id} is back.")
    return 0


async def prune(options: argparse.Namespace) -> int:
    """``shopfloor prune``."""
    async with engine() as api:
        found = await api.worktrees.leftovers()
        for leftover in found:
            if options.json:
                print_json(leftover)
            else:
                print(f"{leftover.bytes / 1e6:>9.1f} MB  {leftover.what}: {safe(leftover.path)}")
        if not found or (options.json and not options.yes):
            if not options.json:
                print("There is nothing to free.")
            return 0
        if not options.yes:
            if not sys.stdin.isatty():
                raise UsageError("There is nobody to ask.", "`shopfloor prune --yes` deletes without asking.")
            if not agreed("Delete these folders? Branches, snapshots and transcripts stay."):
                return 1
        await api.worktrees.prune(found)
    return 0


async def note(options: argparse.Namespace) -> int:
    """``shopfloor note``."""
    async with engine() as api:
        _print_task(await api.set_note(options.task, options.text), False)
    return 0


async def remind(options: argparse.Namespace) -> int:
    """``shopfloor remind``."""
    at = parse_moment(options.when, time.time())
    async with engine() as api:
        _print_task(await api.reminders.set(options.task, at), False)
    return 0


async def check(options: argparse.Namespace) -> int:
    """``shopfloor check``."""
    async with engine() as api:
        task = await api.checks.run(options.task)
    _print_task(task, options.json)
    return 0 if task.check_state == "passed" else 1


async def profiles(options: argparse.Namespace) -> int:
    """``shopfloor profiles``."""
    async with engine() as api:
        infos = await api.projects.profiles(str(Path.cwd()))
    for info in infos:
        if options.json:
            print_json(info)
            continue
        login = {"yes": "logged in", "key": "has a key", "no": "not logged in"}.get(info.login, "")
        facts = ", ".join(filter(None, (info.version, login, "no network" if info.network == "off" else "")))
        ready = f"✓ ready{f' ({facts})' if facts else ''}" if info.ready else f"✗ {info.missing}"
        print(f"{info.id:<20} {info.driver:<9} {info.model:<28} {safe(ready)}")
    return 0


async def trust(options: argparse.Namespace) -> int:
    """``shopfloor trust``."""
    async with engine() as api:
        text, trusted = await api.projects.file(str(Path.cwd()))
        if not text:
            print("This project has no .shopfloor.toml; there is nothing to trust.")
            return 0
        if trusted:
            print("The project file is trusted as it is.")
            return 0
        print(safe(text.rstrip()))
        if not options.yes:
            if not sys.stdin.isatty():
                raise UsageError("There is nobody to ask.", "`shopfloor trust --yes` trusts it without asking.")
            if not agreed("Let the commands in it run?"):
                print("Not trusted; its commands do not run.")
                return 1
        await api.projects.trust(str(Path.cwd()), text)
        print("Trusted as it is now. A change of the file is asked about again.")
    return 0


def _print_task(task: Task, as_json: bool) -> None:
    if as_json:
        print_json(task_object(task))
        return
    lines = [
        f"{task.id}  {STATE_GLYPHS[task.state]} {task.state}  {safe(task.title)}",
        *([f"      {safe(task.reason)} {safe(task.hint)}".rstrip()] if task.reason else []),
        f"      {task.profile} {task.model}  from {_base(task)}",
    ]
    if task.worktree:
        lines.append(f"      branch {safe(task.branch)}  in {safe(task.worktree)}")
    if task.turn:
        changed = f"{counted(task.files_changed, 'file')}, +{task.additions} −{task.deletions}"
        lines.append(
            f"      {counted(task.turn, 'turn')}, {changed}, checks {task.check_state}, {task.usage.tokens} tokens, "
            f"{cost(task.usage.cost_usd)}, {task.worked_seconds:.1f} s"
        )
    print("\n".join(lines))


def _base(task: Task) -> str:
    """Where a task began: the branch and its commit, or a commit alone when no branch was checked out."""
    commit = task.base_commit[:7]
    return commit if task.base == task.base_commit else f"{safe(task.base)} ({commit})"


def _choices(settings: list[str]) -> dict[str, str]:
    pairs = [setting.partition("=") for setting in settings]
    if wrong := next((name for name, mark, value in pairs if not (name and mark and value)), ""):
        raise UsageError(f"“{wrong}” sets nothing.", "Write it as --set model=NAME.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _text(argument: str) -> str:
    if argument != "-":
        return argument
    text = sys.stdin.read()
    if not text.strip():
        raise UsageError("Standard input was empty.", "Pipe the prompt in, or give it as an argument.")
    return text
