"""The turn that a task is in, as it is recorded: its prompt, whether that arrived, and what it takes."""

from __future__ import annotations

import time

import msgspec

from agents.engine.costs import CostDesk
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.model import Prompt, Step, Turn, Usage


class TurnBook:
    """The turns of one run, one after the other."""

    def __init__(self, task: str, ledger: Ledger, costs: CostDesk, transcript: Transcript) -> None:
        self._id = task
        self._ledger = ledger
        self._costs = costs
        self._transcript = transcript
        self.turn: Turn | None = next(reversed(ledger.store.turns(task)), None)
        """The turn that requests are counted for."""
        self._prompt: Prompt | None = None
        self._is_delivered = False
        self._texts: list[str] = []

    def cut(self) -> Turn | None:
        """The last turn, if it was cut and what runs now is its rest."""
        turns = self._ledger.store.turns(self._id)
        is_cut = bool(turns) and turns[-1].outcome not in ("done", "skipped")
        return msgspec.structs.replace(turns[-1], outcome="") if is_cut else None

    def begin(self, prompt: Prompt, turn: Turn) -> Turn:
        """A turn that is to answer a prompt; one without text goes on with what was cut."""
        self._transcript.turn = turn.number
        self._prompt, self._is_delivered, self._texts = prompt, False, []
        return self._put(turn)

    def _put(self, turn: Turn) -> Turn:
        self.turn = turn
        self._ledger.store.put_turn(self._id, turn)
        return turn

    def end(self, after: str, outcome: str, messages: int, is_answered: bool) -> Turn:
        """The turn is over."""
        assert self.turn is not None
        turn = self._put(
            msgspec.structs.replace(
                self.turn, after=after, ended_at=time.time(), outcome=outcome, messages=messages
            )
        )  # fmt: skip
        if self._prompt is not None and self._is_delivered and is_answered:
            self._ledger.put_prompt(msgspec.structs.replace(self._prompt, delivery="answered", turn=turn.number))
        return turn

    # what is heard meanwhile

    def deliver(self) -> None:
        """The first sign of life of a turn: its prompt has arrived."""
        if self._is_delivered or self._prompt is None:
            return
        self._is_delivered = True
        self._arrived(self._prompt)

    def steered(self, number: int) -> None:
        """A prompt has come into the running turn."""
        for prompt in self._ledger.waiting_prompts(self._id):
            if prompt.id == number:
                self._arrived(prompt)

    def _arrived(self, prompt: Prompt) -> None:
        turn = self._transcript.turn
        self._ledger.put_prompt(msgspec.structs.replace(prompt, delivery="delivered", turn=turn))
        if prompt.text:
            self._transcript.add_prompt(prompt)

    def not_delivered(self) -> None:
        """The turn's prompt could not be brought to the agent."""
        if self._prompt is not None and self._prompt.text:
            self._ledger.put_prompt(msgspec.structs.replace(self._prompt, delivery="failed"))

    def say(self, text: str) -> None:
        """The agent said something more."""
        self._texts.append(text)

    @property
    def said(self) -> str:
        """All that the agent said in this turn."""
        return "".join(self._texts)

    def count(self, usage: Usage, model: str) -> None:
        """One more request of the turn, durable with the next commit."""
        if self.turn is not None and (usage.tokens or usage.cost_usd is None):
            self._costs.add(usage)
            step = Step(usage=usage, model=model, at=time.time())
            self._put(msgspec.structs.replace(self.turn, steps=(*self.turn.steps, step)))
