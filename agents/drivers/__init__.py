"""How the engine talks to an agent, whatever the agent is.

A driver runs turns and reports what happens as data; the engine records each report before anyone sees it. Drivers do
not know the engine: they are handed a ``report`` function, a runner and a policy. ``agents.drivers.native`` is our own
agent, ``agents.drivers.acp`` speaks to those that know the Agent Client Protocol, ``agents.drivers.terminal`` runs all
others in a PTY.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

from agents.model import Question, Struct, ToolStatus, Usage
from agents.parts.sessions import Conversation, Session


class Report(Struct, kw_only=True):
    """Base of what a driver reports while a turn runs."""


class TextDelta(Report, kw_only=True):
    """The agent's answer grows. ``thinking`` when it is reasoning rather than answer."""

    text: str
    thinking: bool = False


class TextEnded(Report, kw_only=True):
    """The answer or reasoning being written is complete; what comes next is another entry."""


class ToolStarted(Report, kw_only=True):
    """A tool call with complete arguments begins. ``call`` is unique within the task; while it runs, the same call
    again says what is better known meanwhile."""

    call: str
    name: str
    title: str
    arguments: dict[str, object]


class ToolOutput(Report, kw_only=True):
    """A running tool printed something."""

    call: str
    text: str


class ToolEnded(Report, kw_only=True):
    """A tool call is over. ``output`` is what the model is told and replaces what was streamed."""

    call: str
    status: ToolStatus
    output: str
    diff: str = ""
    seconds: float = 0.0


class Used(Report, kw_only=True):
    """One request to the model was paid for."""

    usage: Usage
    context_used: int = 0
    context_window: int = 0
    model: str = ""


class Notice(Report, kw_only=True):
    """Something a person watching the pane should know: a retry with its reason, a limit, a fallback."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


class PlanItem(Struct, kw_only=True):
    """One thing an agent means to do."""

    text: str
    status: Literal["pending", "in_progress", "completed"] = "pending"


class Plan(Report, kw_only=True):
    """What the agent means to do in this turn, the whole of it: it takes the place of the one before."""

    items: tuple[PlanItem, ...]


class Waiting(Report, kw_only=True):
    """The driver waits before it tries something again. With 0 seconds the wait is over."""

    reason: str = ""
    """What went wrong, one sentence."""
    seconds: float = 0.0


class Delivered(Report, kw_only=True):
    """A steering prompt has reached the agent."""

    prompt: int


class Asked(Report, kw_only=True):
    """The agent asks the person something, and its turn waits for the answer (:meth:`Driver.answer`)."""

    question: Question


class Answered(Report, kw_only=True):
    """What was asked is asked no more."""

    question: str
    """Its id."""
    answer: str = ""
    """The answer for people; empty when the agent has withdrawn the question."""


class Offered(Report, kw_only=True):
    """What the agent lets a person choose, and its commands: all of it, in place of what was told before."""

    session: Session


class Remember(Report, kw_only=True):
    """One more message of the conversation, as the driver wants it back when the engine starts again."""

    message: bytes


class Blocked(Report, kw_only=True):
    """The turn waits for something that the person must do; without a reason it goes on by itself again."""

    reason: str = ""
    hint: str = ""
    dialog: bool = False
    """Its program asks something that is answered with the keyboard."""


class NotDelivered(Report, kw_only=True):
    """The prompt of the turn did not reach the agent."""


class Alive(Report, kw_only=True):
    """The agent does something that there is nothing to tell about."""


class Afterwards(Report, kw_only=True):
    """What the agent said when its turn was over already; the one report that may come outside of turns."""

    text: str


BEFORE_DELIVERY = (Blocked, NotDelivered, Alive, Offered, Afterwards)
"""Reports that do not mean that the turn's prompt has arrived."""

AnyReport = (
    TextDelta | TextEnded | ToolStarted | ToolOutput | ToolEnded | Used | Notice | Plan | Waiting | Delivered | Asked
    | Answered | Offered | Remember | Blocked | NotDelivered | Alive | Afterwards
)  # fmt: skip


class TurnEnd(Struct, kw_only=True):
    """How a turn ended."""

    outcome: Literal["done", "interrupted", "blocked", "failed"]
    reason: str = ""
    """For blocked and failed: what is wrong, one sentence."""
    hint: str = ""
    """What to do about it."""


class Driver(Protocol):
    """One agent at work on one task. Made by the engine, given everything it needs, closed at the end."""

    async def run_turn(self, prompt: str) -> TurnEnd:
        """Deliver a prompt and work until idle. An empty prompt continues an interrupted turn. Reports all along;
        raises only what is a bug."""

    def steer(self, prompt_id: int, text: str) -> bool:
        """Offer a prompt to the running turn; False when it can take none. It is delivered when Delivered is
        reported; one that was never delivered is the engine's to send again."""

    def answer(self, question: str, option: str = "", text: str = "") -> bool:
        """Answer what was reported as Asked, with one of its options or in the person's own words; False when it is
        not asked any more. Answered is reported before the agent goes on."""

    async def interrupt(self) -> None:
        """End the running turn soon, leaving a conversation that can go on."""

    def skip_wait(self) -> bool:
        """End the wait that was reported as Waiting, and try now; False when there is none."""

    async def compact(self) -> TurnEnd:
        """Shorten the conversation: now, or before the next request of the running turn."""

    async def close(self) -> None:
        """Give up every process and connection. Safe to call twice."""


@runtime_checkable
class Lasting(Driver, Protocol):
    """A driver whose agent may outlive the run that started it: it waits for the next prompt, and has a session of
    its own in which something can be chosen."""

    def rest(self) -> bool:
        """Nothing more than Afterwards is reported until ``wake``. False when there is nothing that could be kept:
        close it then."""

    def wake(self, report: Reporter) -> None:
        """Work again, for somebody else who listens."""

    async def choose(self, setting: str, value: str) -> bool:
        """Set something (an id of the agent's and a value); False when that has to wait for its process.

        Raises:
            ShopfloorError: the agent refuses.
        """

    async def conversations(self) -> list[Conversation]:
        """What it has kept about this worktree.

        Raises:
            ShopfloorError: it cannot tell.
        """


Reporter = Callable[[AnyReport], None]
"""Receives reports; never blocks, never raises."""
