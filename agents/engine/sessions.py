"""What agents that are not ours let the person choose."""

from __future__ import annotations

import msgspec

from agents.drivers import Driver, Lasting
from agents.engine.ledger import Ledger
from agents.engine.offers import OFFERED, SESSION, choose
from agents.engine.resting import Resting
from agents.engine.scheduler import Scheduler
from agents.errors import UsageError
from agents.model import Task, at_work
from agents.parts.sessions import Command, Conversation, Session, Setting


class Sessions:
    """See :class:`agents.parts.sessions.Sessions`."""

    def __init__(self, ledger: Ledger, scheduler: Scheduler, resting: Resting) -> None:
        self._ledger = ledger
        self._scheduler = scheduler
        self._resting = resting

    async def session(self, task: str) -> Session:
        """See :class:`agents.parts.sessions.Sessions`."""
        return self._session(self._ledger.find(task))

    async def offered(self, profile: str) -> Session:
        """See :class:`agents.parts.sessions.Sessions`."""
        return self._kept(OFFERED, profile)

    async def commands(self, task: str) -> list[Command]:
        """See :class:`agents.parts.sessions.Sessions`."""
        return list(self._session(self._ledger.find(task)).commands)

    async def choose(self, task: str, setting: str, value: str) -> Session:
        """See :class:`agents.parts.sessions.Sessions`."""
        known = self._ledger.find(task)
        session = self._session(known)
        meant = _setting(known, session, setting)
        chosen = _value(meant, value)
        driver = self._driver_of(known.id)
        if isinstance(driver, Lasting):
            await driver.choose(meant.id, chosen)
        choose(self._ledger.store, known.id, {meant.id: chosen})
        session = self._session(known)
        settings = [
            msgspec.structs.replace(each, value=chosen) if each.id == meant.id else each for each in session.settings
        ]
        session = msgspec.structs.replace(session, settings=tuple(settings))
        self._ledger.store.keep(SESSION, known.id, msgspec.json.encode(session))
        if meant.category == "model":
            self._ledger.update(known.id, model=chosen)
        self._ledger.flush()
        return session

    async def conversations(self, task: str) -> list[Conversation]:
        """See :class:`agents.parts.sessions.Sessions`."""
        known = self._ledger.find(task)
        driver = self._driver_of(known.id)
        if not isinstance(driver, Lasting):
            raise UsageError(
                f"The agent of task {known.id} does not run now, so it cannot be asked.", "Send it a prompt first."
            )
        return await driver.conversations()

    async def go_on_with(self, task: str, conversation: str) -> Task:
        """See :class:`agents.parts.sessions.Sessions`."""
        known = self._ledger.find(task)
        if at_work(known):
            raise UsageError(f"Task {known.id} is {known.state}.", f"`shopfloor stop {known.id}` first.")
        found = [each.id for each in await self.conversations(known.id) if each.id.startswith(conversation)]
        if len(found) != 1:
            raise UsageError(f"“{conversation}” is {'several' if found else 'none'} of its conversations.")
        await self._resting.end(known.id)
        from agents.drivers.acp import Remembered  # what this driver wants back when it starts

        position = len(self._ledger.store.messages(known.id))
        message = msgspec.json.encode(Remembered(session=found[0]))
        self._ledger.store.put_message(known.id, position, message)
        self._ledger.flush()
        return self._ledger.tasks[known.id]

    def _driver_of(self, task: str) -> Driver | None:
        return self._scheduler.driver(task) or self._resting.find(task)

    def _session(self, task: Task) -> Session:
        session = self._kept(SESSION, task.id)
        return session if session != Session() else self._kept(OFFERED, task.profile)

    def _kept(self, kind: str, key: str) -> Session:
        self._ledger.flush()
        return self._ledger.store.kept_one_as(Session, kind, key) or Session()


def _setting(task: Task, session: Session, name: str) -> Setting:
    wanted = name.casefold()
    for part in ("id", "category", "name"):
        for setting in session.settings:
            if getattr(setting, part).casefold() == wanted:
                return setting
    there = ", ".join(setting.id for setting in session.settings)
    if not there:
        raise UsageError(
            f"The agent of task {task.id} has not told yet what can be chosen.", "It does in its first turn."
        )
    raise UsageError(f"The agent of task {task.id} has no setting “{name}”; it has: {there}.")


def _value(setting: Setting, said: str) -> str:
    wanted = said.casefold()
    for choice in setting.choices:
        if wanted in (choice.value.casefold(), choice.name.casefold()):
            return choice.value
    if not setting.choices:
        return said
    there = ", ".join(choice.value for choice in setting.choices)
    raise UsageError(f"{setting.name} cannot be “{said}”; it can be: {there}.")
