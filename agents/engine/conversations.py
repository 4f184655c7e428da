"""What became of a task's turns: forking from one of them, and what goes on from it."""

from __future__ import annotations

import time

import msgspec

from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.errors import NotFound, UsageError
from agents.model import Prompt, Task, Turn
from agents.profiles import NativeSection

ALL_ENTRIES = 1_000_000


def forked_turn(ledger: Ledger, source: Task, number: int) -> Turn:
    """The turn to fork from: the given one, or the last that has ended (0).

    Raises:
        NotFound: there is no such turn.
        UsageError: it has not ended, or nobody knows where its conversation ends.
    """
    ledger.flush()
    turns = [turn for turn in ledger.store.turns(source.id) if turn.number == number or (not number and turn.after)]
    if not turns:
        what = f"turn {number}" if number else "turn that has ended"
        raise NotFound(f"Task {source.id} has no {what}.", f"It has had {source.turn} turns.")
    turn = turns[-1]
    if not turn.after:
        raise UsageError(f"Turn {turn.number} of task {source.id} has not ended.", "Fork from an earlier one.")
    if not turn.messages:
        raise UsageError(
            f"The conversation of turn {turn.number} of task {source.id} is not known.",
            f"`shopfloor run PROMPT --base {turn.after[:12]}` starts a new one from its files.",
        )
    return turn


def fork(
    ledger: Ledger, source: Task, turn: Turn, *, identity: str, prompt: str, profile: str, native: NativeSection
) -> Task:
    """A new task that goes on where a turn of another one ended: its files, its conversation, its transcript.

    With a prompt it waits to be started; without one it rests until it is sent something.
    """
    now = time.time()
    said = f"Forked from task {source.id} after turn {turn.number}."
    task = Task(
        id=identity,
        title=source.title,
        prompt=prompt or source.prompt,
        project=source.project,
        base=turn.after,
        base_commit=turn.after,
        profile=profile,
        model=native.model,
        context_window=native.context_window,
        context_used=source.context_used,
        priority=source.priority,
        check=source.check,
        own_queue=source.own_queue,
        turn=turn.number,
        state="queued" if prompt else "stopped",
        reason="" if prompt else said,
        hint="" if prompt else "Send it a prompt.",
        created_at=now,
        changed_at=now,
    )
    ledger.put(task)
    for position, message in enumerate(ledger.store.messages(source.id)[: turn.messages]):
        ledger.store.put_message(task.id, position, message)
    for entry in ledger.store.entries(source.id, limit=ALL_ENTRIES):
        if entry.turn <= turn.number:
            ledger.store.put_entry(msgspec.structs.replace(entry, task=task.id, sequence=ledger.next_sequence()))
    transcript = Transcript(task.id, ledger)
    transcript.turn = turn.number
    transcript.add("notice", said)
    if prompt:
        ledger.add_prompt(Prompt(id=0, task=task.id, text=prompt))
    ledger.flush()
    return ledger.tasks[task.id]
