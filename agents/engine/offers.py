"""What agents have told of what can be chosen, and what was chosen, in the store."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agents.engine.ledger import Ledger
from agents.model import Task
from agents.parts.sessions import Session
from agents.store import Store

SESSION, CHOICES, OFFERED = "session", "choices", "offered"
"""Kinds of what is kept: by task, by task, by profile."""


def told(ledger: Ledger, task: Task, session: Session) -> None:
    """An agent has told what it offers."""
    data = msgspec.json.encode(session)
    ledger.store.keep(SESSION, task.id, data)
    ledger.store.keep(OFFERED, task.profile, msgspec.json.encode(msgspec.structs.replace(session, conversation="")))
    model = next((setting.value for setting in session.settings if setting.category == "model"), "")
    if model:
        ledger.update(task.id, model=model)
    ledger.flush_soon()


def choices_of(store: Store, task: str) -> dict[str, str]:
    """What the person has chosen in a task: values by the ids of settings."""
    return store.kept_one_as(dict[str, str], CHOICES, task) or {}


def choose(store: Store, task: str, choices: Mapping[str, str]) -> None:
    """Record what the person has chosen beside what they chose before."""
    if choices:
        store.keep(CHOICES, task, msgspec.json.encode({**choices_of(store, task), **choices}))
