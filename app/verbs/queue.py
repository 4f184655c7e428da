"""``shopfloor queue``: queues of follow-up prompts."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agents.client import Client
from agents.errors import NotFound, UsageError
from agents.events import QueueChanged
from agents.loops.queue_file import parse_item, parse_queue, queue_text
from agents.parts.queues import Place, Queue, QueueItem, QueueRun
from app.verbs.printing import age, print_json, safe
from app.verbs.tasks import engine

GLYPHS = {"waiting": "·", "working": "●", "changed": "✓", "no change": "=", "failed": "✗", "skipped": "→"}


async def queue(options: argparse.Namespace) -> int:
    """``shopfloor queue ACTION``."""
    async with engine() as api:
        return int(await _ACTIONS[options.action](api, options))


# --- what is written down


async def _ls(api: Client, options: argparse.Namespace) -> int:
    for found in await api.queues.list(_here()):
        if options.json:
            print_json(_queue_object(found))
            continue
        said = found.problem or " ".join(found.description.split())
        size = "✗" if found.problem else str(len(found.items))
        print(f"{safe(found.name):<20} {size:>3}  {found.place:<8} {safe(said)}".rstrip())
    return 0


async def _show(api: Client, options: argparse.Namespace) -> int:
    _print_queue(await api.queues.read(options.name, _here()), options.json)
    return 0


async def _save(api: Client, options: argparse.Namespace) -> int:
    text = sys.stdin.read() if options.file == "-" else _text_of(Path(options.file))
    saved = await _save_text(api, options.name, text, options.file, options.project)
    return _told(saved, options.json)


async def _save_text(api: Client, name: str, text: str, source: str, project: bool) -> Queue:
    description, items = parse_queue(text, Path("standard input" if source == "-" else source))
    place: Place | None = "project" if project else None
    return await api.queues.save(name, items, _here(), place, description)


async def _edit(api: Client, options: argparse.Namespace) -> int:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("Neither $VISUAL nor $EDITOR names an editor.", "`shopfloor queue save` reads a file.")
    try:
        known = await api.queues.read(options.name, _here())
        text = queue_text(known.name, known.description, known.items)
    except NotFound:
        text = queue_text(options.name, "", [QueueItem(title="First prompt", prompt="Write what is to be done.")])
    with tempfile.TemporaryDirectory(prefix="shopfloor-") as folder:
        file = Path(folder, f"{options.name}.md")
        file.write_text(text, "utf-8")
        while True:
            await asyncio.to_thread(_open_editor, editor, file)
            edited = file.read_text("utf-8")
            if edited == text:
                print("Nothing was changed.")
                return 0
            try:
                return _told(await _save_text(api, options.name, edited, file.name, options.project), options.json)
            except UsageError as error:
                if not sys.stdin.isatty():
                    raise
                await asyncio.to_thread(input, f"shopfloor: {error}\nEnter goes back to the editor, Ctrl-C leaves. ")


def _open_editor(editor: str, file: Path) -> None:
    try:
        status = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(f"The editor “{editor}” could not be started: {error}.") from error
    if status:
        raise UsageError(f"The editor ended with status {status}; nothing was changed.")


async def _copy(api: Client, options: argparse.Namespace) -> int:
    known = await api.queues.read(options.name, _here())
    if options.to in {each.name for each in await api.queues.list(_here())}:
        raise UsageError(f"There is a queue “{options.to}” already.", "Choose another name.")
    saved = await api.queues.save(options.to, known.items, _here(), None, known.description)
    return _told(saved, options.json)


async def _rename(api: Client, options: argparse.Namespace) -> int:
    return _told(await api.queues.rename(options.name, options.to, _here()), options.json)


async def _delete(api: Client, options: argparse.Namespace) -> int:
    await api.queues.delete(options.name, _here())
    if options.json:
        print_json({"name": options.name, "deleted": True})
    else:
        print(f"Deleted; `shopfloor queue restore {options.name}` brings it back.")
    return 0


async def _restore(api: Client, options: argparse.Namespace) -> int:
    return _told(await api.queues.restore(options.name, _here()), options.json)


async def _copies(api: Client, options: argparse.Namespace) -> int:
    copies = await api.queues.copies(options.name or "")
    if not copies and not options.json:
        print(f"No earlier state of {options.name or 'a queue'} is kept.")
    for copy in copies:
        if options.json:
            print_json(copy)
        else:
            print(f"{safe(copy.name):<20} {copy.why:<8} {age(copy.at):>4} ago  {safe(copy.path)}")
    return 0


def _told(saved: Queue, as_json: bool) -> int:
    if as_json:
        print_json(_queue_object(saved))
    else:
        print(f"{saved.name}: {len(saved.items)} prompts in {safe(saved.path)}")
    return 0


def _print_queue(known: Queue, as_json: bool) -> None:
    if as_json:
        print_json(_queue_object(known))
    else:
        print(safe(queue_text(known.name, known.description, known.items)), end="")


def _queue_object(known: Queue) -> dict[str, object]:
    """A queue as ``--json`` prints it."""
    return {
        "name": known.name,
        "place": known.place,
        "path": known.path,
        "description": known.description,
        "problem": known.problem,
        "items": [_item_object(item) for item in known.items],
    }


def _item_object(item: QueueItem) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__struct_fields__}


# --- what runs on tasks


async def _run(api: Client, options: argparse.Namespace) -> int:
    items: Sequence[QueueItem] = ()
    if options.file:
        _, items = parse_queue(_text_of(Path(options.file)), Path(options.file))
    tasks = list(options.tasks)
    if options.ready:
        tasks += [task.id for task in await api.tasks(_here()) if task.state == "ready"]
    if not tasks:
        raise UsageError("A queue runs on tasks.", "Name at least one, or give --ready.")
    events = await api.subscribe() if options.wait else None
    runs = await api.queues.start(tasks, options.name, items, _here())
    if events is None:
        for run in runs:
            _print_run(run, options.json)
        return 0
    open_runs = {run.task: run for run in runs}
    async for batch in events:
        for task in {event.task for event in batch if isinstance(event, QueueChanged)} & open_runs.keys():
            before, now = open_runs[task], await api.queues.run(task)
            if now is None:
                continue
            if not options.json:
                _print_news(before, now)
            open_runs[task] = now
            if not now.is_active or now.needs_person:
                del open_runs[task]
                _print_run(now, options.json)
                runs = [now if run.task == task else run for run in runs]
        if not open_runs:
            break
    if open_runs:
        await api.info()  # the engine is gone: this says so
    if any(run.needs_person for run in runs):
        return 4
    return 0 if all(item.state != "failed" for run in runs for item in run.items) else 1


def _print_news(before: QueueRun, now: QueueRun) -> None:
    """What became of items meanwhile."""
    for number, item in enumerate(now.items, 1):
        was = before.items[number - 1].state if number <= len(before.items) else "waiting"
        if item.state != was:
            line = f"{now.task} {GLYPHS[item.state]} [{number}/{len(now.items)}] {item.state}  {safe(item.item.title)}"
            print(line, file=sys.stderr)


async def _status(api: Client, options: argparse.Namespace) -> int:
    run = await api.queues.run(options.task)
    if run is None:
        raise NotFound(f"No queue has run on task {options.task}.", "`shopfloor queue run NAME TASK` starts one.")
    for each in await api.queues.runs(options.task) if options.all else [run]:
        _print_run(each, options.json)
    return 0


async def _pause(api: Client, options: argparse.Namespace) -> int:
    _print_run(await api.queues.pause(options.task), options.json)
    return 0


async def _resume(api: Client, options: argparse.Namespace) -> int:
    _print_run(await api.queues.resume(options.task), options.json)
    return 0


async def _abort(api: Client, options: argparse.Namespace) -> int:
    _print_run(await api.queues.abort(options.task), options.json)
    return 0


async def _skip(api: Client, options: argparse.Namespace) -> int:
    _print_run(await api.queues.skip(options.task, options.item), options.json)
    return 0


async def _insert(api: Client, options: argparse.Namespace) -> int:
    item = parse_item(sys.stdin.read() if options.text == "-" else options.text, Path("The prompt"))
    run = await _active(api, options.task)
    waiting = _waiting(run)
    place = options.at - 1 - run.started if options.at else len(waiting)
    if not 0 <= place <= len(waiting):
        raise UsageError(f"A prompt can be inserted at {run.started + 1} to {run.started + len(waiting) + 1}.")
    waiting.insert(place, item)
    _print_run(await api.queues.edit_run(run.task, run.started, waiting), options.json)
    return 0


async def _move(api: Client, options: argparse.Namespace) -> int:
    run = await _active(api, options.task)
    waiting = _waiting(run)
    old, new = options.item - 1 - run.started, options.place - 1 - run.started
    if not (0 <= old < len(waiting) and 0 <= new < len(waiting)):
        raise UsageError(f"The prompts {run.started + 1} to {run.started + len(waiting)} wait and can be moved.")
    waiting.insert(new, waiting.pop(old))
    _print_run(await api.queues.edit_run(run.task, run.started, waiting), options.json)
    return 0


async def _active(api: Client, task: str) -> QueueRun:
    run = await api.queues.run(task)
    if run is None or not run.is_active:
        raise NotFound(f"No queue runs on task {task}.", "`shopfloor queue run NAME TASK` starts one.")
    return run


def _waiting(run: QueueRun) -> list[QueueItem]:
    return [item.item for item in run.items if item.state == "waiting"]


async def _attach(api: Client, options: argparse.Namespace) -> int:
    task = await api.queues.attach(options.task, options.name)
    if options.json:
        print_json({"task": task.id, "queue": task.own_queue or None})
    elif task.own_queue:
        print(f"{task.own_queue} runs after each turn of task {task.id} that you start.")
    else:
        print(f"No queue runs by itself on task {task.id}.")
    return 0


def _print_run(run: QueueRun, as_json: bool) -> None:
    if as_json:
        print_json(run_object(run))
        return
    reason = f": {safe(run.reason)}" if run.reason else ""
    print(f"{run.task}  {safe(run.name)} {run.state}{reason}")
    for number, item in enumerate(run.items, 1):
        turn = f" (turn {item.turn})" if item.turn else ""
        why = f": {safe(item.reason)}" if item.reason else ""
        print(f"  {GLYPHS[item.state]} {number:>2} {item.state:<9} {safe(item.item.title)}{turn}{why}")


def run_object(run: QueueRun) -> dict[str, object]:
    """A queue on a task as ``--json`` prints it."""
    return {
        "task": run.task,
        "number": run.number,
        "queue": run.name,
        "state": run.state,
        "reason": run.reason,
        "needs_person": run.needs_person,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "items": [
            {
                "state": item.state,
                "reason": item.reason,
                "turn": item.turn or None,
                "last_turn": item.last_turn or None,
                "before": item.before or None,
                "after": item.after or None,
                **_item_object(item.item),
            }
            for item in run.items
        ],
    }


def _here() -> str:
    return str(Path.cwd())


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8.", "Save it as UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Give the path of a Markdown file.") from error


_ACTIONS = {
    "ls": _ls, "show": _show, "save": _save, "edit": _edit, "copy": _copy, "rename": _rename, "delete": _delete,
    "restore": _restore, "copies": _copies, "run": _run, "status": _status, "pause": _pause, "resume": _resume,
    "abort": _abort, "skip": _skip, "insert": _insert, "move": _move, "attach": _attach,
}  # fmt: skip
