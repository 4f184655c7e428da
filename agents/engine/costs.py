"""What agents have cost; see :class:`agents.parts.costs.Costs`. The budget holds what is new, never a running turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from agents.errors import UsageError
from agents.model import Struct, Task, Turn, Usage
from agents.parts.costs import Spending, Today
from agents.store import Store

SPENT_HINT = "`shopfloor budget AMOUNT` raises it for today; tomorrow has a new one."
"""What to do when the budget is spent."""

_KIND = "budget"
_BESIDE = "spent-beside"
_PAST = "spent-past"
_OPEN_DAYS = 1
"""Days before today in which what is spent beside turns may still grow; older days are folded."""


class Past(Struct, kw_only=True):
    """What was spent beside turns on a day that is over, with one profile in one project."""

    spent: Spending
    tasks: tuple[str, ...]
    """Whose it was: with their turns of that day they are counted once."""


class CostDesk:
    """Implements the part ``costs``, and says whether turns may start.

    Args:
        limit_usd: what may be spent in a day; None: as much as it takes.
        flush: makes what was counted visible in the store.
    """

    def __init__(
        self, store: Store, tasks: Mapping[str, Task], limit_usd: float | None, flush: Callable[[], None]
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._limit_usd = limit_usd
        self._flush = flush
        self._day = ""
        self._spent_usd = 0.0
        self._raised_usd: float | None = None
        self.on_raised: Callable[[], None] = lambda: None
        """Called when turns that were held may start."""

    # counting

    def add(self, usage: Usage) -> None:
        """One more request was paid for."""
        self._turn_the_page()
        self._spent_usd += usage.cost_usd or 0.0

    def add_beside(self, key: str, task: str, turn: Turn) -> None:
        """A request was paid for that belongs to no turn of the task: ``turn`` holds it as its last step, after those
        that were added under the same key before."""
        self.add(turn.steps[-1].usage)
        self._store.keep(_BESIDE, key, msgspec.json.encode((task, turn)))

    def _fold(self, before: float) -> None:
        """Keep of what was spent beside turns that ended before a time only the sums of each day."""
        past = self._past()
        days = set()
        for key, (task, turn) in self._store.kept_as(tuple[str, Turn], _BESIDE):
            if turn.ended_at < before:
                for spent in spending([(task, turn)], self._tasks, ""):
                    past = folded(past, Past(spent=spent, tasks=(task,)))
                    days.add(spent.day)
                self._store.forget(_BESIDE, key)
        for day in days:
            self._store.keep(_PAST, day, msgspec.json.encode([one for one in past if one.spent.day == day]))
        self._flush()

    def _past(self) -> list[Past]:
        """The days that are folded."""
        return [one for _, day in self._store.kept_as(list[Past], _PAST) for one in day]

    def _turns_since(self, at: float) -> list[tuple[str, Turn]]:
        """Turns of all tasks, and what was spent beside them."""
        beside = [found for _, found in self._store.kept_as(tuple[str, Turn], _BESIDE)]
        return [*self._store.turns_since(at), *(found for found in beside if found[1].ended_at >= at)]

    def _turn_the_page(self) -> None:
        """Begin to count a day, with what was spent of it before the engine started."""
        day = day_of(time.time())
        if day == self._day:
            return
        self._day = day
        self._flush()
        self._fold(midnight(day) - _OPEN_DAYS * 86_400)
        self._raised_usd = self._store.kept_one_as(float, _KIND, day)
        rows = [row for row in spending(self._turns_since(midnight(day)), self._tasks, day) if row.day == day]
        self._spent_usd = sum(row.usage.cost_usd or 0.0 for row in rows)
        self._spent_usd += sum(row.known_usd for row in rows if row.usage.cost_usd is None)

    @property
    def _budget_usd(self) -> float | None:
        return self._limit_usd if self._raised_usd is None else self._raised_usd

    def holds(self) -> str:
        """Why no turn may start now, in words; empty when one may."""
        self._turn_the_page()
        budget = self._budget_usd
        if budget is None or self._spent_usd < budget:
            return ""
        return f"Today's budget of ${budget:,.2f} is spent (${self._spent_usd:,.2f})."

    def seconds_left(self) -> float:
        """Until the next day, which has a budget of its own."""
        return max(1.0, midnight(day_of(time.time())) + 86_400 - time.time())

    # the Api

    async def spending(self, days: int = 1) -> list[Spending]:
        """See :class:`agents.parts.costs.Costs`."""
        self._flush()
        since = day_of(max(0.0, time.time() - (max(1, days) - 1) * 86_400))
        return spending(self._turns_since(midnight(since)), self._tasks, since, self._past())

    async def today(self) -> Today:
        """See :class:`agents.parts.costs.Costs`."""
        self._turn_the_page()
        rows = await self.spending(1)
        turns = self._turns_since(midnight(self._day))
        return Today(
            day=self._day,
            usage=sum((row.usage for row in rows), Usage()),
            spent_usd=self._spent_usd,
            tasks=len(
                {
                    task
                    for task, turn in turns
                    if task in self._tasks and any(day_of(step.at) == self._day for step in turn.steps)
                }
            ),
            seconds=sum(row.seconds for row in rows),
            budget_usd=self._budget_usd,
            holds=self.holds(),
        )

    async def raise_budget(self, usd: float) -> Today:
        """See :class:`agents.parts.costs.Costs`."""
        if not usd >= 0:
            raise UsageError("A budget is an amount of US dollars.", "Give a number such as 20.")
        self._turn_the_page()
        self._raised_usd = usd
        self._store.keep(_KIND, self._day, str(usd).encode())
        self._flush()
        self._store.commit()  # raises where the disk refuses it, which was told to everyone
        self.on_raised()
        return await self.today()


def day_of(at: float) -> str:
    """``2026-01-31``, in local time."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def midnight(day: str) -> float:
    """When a day began."""
    return time.mktime(time.strptime(day, "%Y-%m-%d"))


def folded(past: list[Past], more: Past) -> list[Past]:
    """What was spent in the past, and some more."""
    key = _key(more.spent)
    same = next((one for one in past if _key(one.spent) == key), None)
    if same is None:
        return [*past, more]
    tasks = tuple(dict.fromkeys((*same.tasks, *more.tasks)))
    spent = _sum(same.spent, more.spent, len(tasks) - len(same.tasks))
    return [Past(spent=spent, tasks=tasks) if one is same else one for one in past]


def _key(spent: Spending) -> tuple[str, str, str]:
    return spent.day, spent.profile, spent.project


def _sum(known: Spending, more: Spending, new_tasks: int) -> Spending:
    """What was spent in both; ``new_tasks`` of the second are not among those of the first."""
    return msgspec.structs.replace(
        known,
        tasks=known.tasks + new_tasks,
        turns=known.turns + more.turns,
        steps=known.steps + more.steps,
        seconds=known.seconds + more.seconds,
        usage=known.usage + more.usage,
        known_usd=known.known_usd + more.known_usd,
    )


def spending(
    turns: list[tuple[str, Turn]], tasks: Mapping[str, Task], since: str, past: Sequence[Past] = ()
) -> list[Spending]:
    """What turns cost from a day on, and what was spent beside them: by day, profile and project, the latest day
    first."""
    found: dict[tuple[str, str, str], Spending] = {}
    counted: set[tuple[str, str, str]] = set()

    def row(day: str, task: Task, turn: Turn) -> tuple[tuple[str, str, str], Spending]:
        key = (day, turn.profile or task.profile, task.project)
        known = found.get(key) or Spending(day=day, profile=key[1], project=task.project)
        if (day, key[1], task.id) not in counted:
            counted.add((day, key[1], task.id))
            known = msgspec.structs.replace(known, tasks=known.tasks + 1)
        return key, known

    for name, turn in turns:
        task = tasks.get(name)
        if task is None:
            continue
        for step in turn.steps:
            if (day := day_of(step.at)) >= since:
                key, known = row(day, task, turn)
                found[key] = msgspec.structs.replace(
                    known,
                    usage=known.usage + step.usage,
                    known_usd=known.known_usd + (step.usage.cost_usd or 0.0),
                    steps=known.steps + 1,
                )
        if turn.ended_at and (day := day_of(turn.started_at)) >= since:
            key, known = row(day, task, turn)
            seconds = max(0.0, turn.ended_at - turn.started_at)
            found[key] = msgspec.structs.replace(known, turns=known.turns + 1, seconds=known.seconds + seconds)
    for one in past:
        day, profile, project = key = _key(one.spent)
        if day >= since:
            new = [task for task in one.tasks if (day, profile, task) not in counted]
            known = found.get(key) or Spending(day=day, profile=profile, project=project)
            found[key] = _sum(known, one.spent, len(new))
    return sorted(found.values(), key=_key, reverse=True)


def cost_in_words(usage: Usage) -> str:
    """Tokens and money, for a line of a transcript."""
    price = f"${usage.cost_usd:.4f}" if usage.cost_usd is not None else "cost unknown"
    return f"{usage.tokens:,} tokens, {price}"
