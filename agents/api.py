"""The way in: everything that can be asked of the engine.

The engine (:class:`agents.engine.Engine`) and the client on its socket (:class:`agents.client.Client`) both are an
``Api``; screens, the command line and scripts use nothing else. Every method raises
:class:`~agents.errors.ShopfloorError` with a sentence for the person when it cannot do what it says.
Where a ``task`` is asked for, its id or any unambiguous beginning of it will do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from agents.events import AnyEvent
from agents.model import EngineInfo, Entry, NewTask, Prompt, Task, Turn, When
from agents.parts.break_fix import BreakFix
from agents.parts.changes import Changes
from agents.parts.checks import Checks
from agents.parts.committing import Committing
from agents.parts.costs import Costs
from agents.parts.explanations import Explanations
from agents.parts.finding import Finding
from agents.parts.hosting import Hosting
from agents.parts.landing import Landings
from agents.parts.projects import Projects
from agents.parts.questions import Questions
from agents.parts.queues import Queues
from agents.parts.races import Races
from agents.parts.radar import Radar
from agents.parts.reminders import Reminders
from agents.parts.review import Review
from agents.parts.reviewers import Reviewers
from agents.parts.scripts import Scripts
from agents.parts.sessions import Sessions
from agents.parts.staging import Staging
from agents.parts.terminals import Terminals
from agents.parts.worktrees import Worktrees
from agents.parts.writing import Writing

PROTOCOL = 2
"""Version of what goes over the socket; a client and an engine with different ones do not talk."""


class Subscription(Protocol):
    """One listener's view: every task change, and the details of the tasks it watches."""

    async def watch(self, tasks: Sequence[str], known: Mapping[str, int] | None = None) -> None:
        """Receive details of exactly these tasks (full ids).

        A newly watched task starts with TranscriptOpened; one that is ``known`` up to a sequence number (the highest
        in the entries received of it) starts with the entries that changed since.
        """

    def __aiter__(self) -> AsyncIterator[Sequence[AnyEvent]]:
        """Batches of events in the order they happened; ends when the engine goes away."""

    async def close(self) -> None:
        """Receive nothing more."""


class Api(Protocol):
    """What can be asked of the engine.

    A capability with several calls of its own is a *part*: an annotated attribute whose type is a protocol
    (``queues: Queues``), declared in ``agents/parts/`` together with its structs and implemented by the engine's class
    for that capability itself, so that nothing only forwards. Over the socket its methods are called ``part.method``.
    """

    projects: Projects
    """What projects offer new tasks, and which of their commands may run."""
    changes: Changes
    """What tasks changed."""
    review: Review
    """Comments on changes, and the rounds they are sent in."""
    questions: Questions
    """What agents ask in the middle of a turn."""
    reminders: Reminders
    """When the person wants to be called about a task again."""
    finding: Finding
    """What tasks can be found by beside what is in them."""
    costs: Costs
    """What agents have cost and may cost."""
    terminals: Terminals
    """The terminals of agents that have no protocol."""
    explanations: Explanations
    """Why tasks are in the state they are in."""
    sessions: Sessions
    """What agents that are not ours let a person choose."""
    staging: Staging
    """What the person has picked for the next commit."""
    writing: Writing
    """What helps a person write."""
    scripts: Scripts
    queues: Queues
    """Queues of follow-up prompts."""
    checks: Checks
    """The project's checks, and what they said."""
    landing: Landings
    """Bringing work onto its branch."""
    committing: Committing
    """The person's git commands on a task's worktree."""
    worktrees: Worktrees
    """Where tasks live."""
    hosting: Hosting
    """Pull requests and issues."""
    races: Races
    """One prompt to several profiles."""
    break_fix: BreakFix
    """Whether the tests of a change notice its code."""
    radar: Radar
    """Tasks that change the same files."""
    reviewers: Reviewers
    """Other agents that read a change."""

    async def info(self) -> EngineInfo:
        """Who is answering, and whether agents can start."""

    async def subscribe(self, since: int = 0) -> Subscription:
        """Listen. The first batch holds a TaskChanged for every task on the floor; with ``since`` (the highest sequence
        number received before) only for those that changed after it, closed ones included."""

    # tasks

    async def create_task(self, new: NewTask) -> Task:
        """Record a task and let it start as soon as there is room."""

    async def tasks(self, project: str = "", everything: bool = False) -> list[Task]:
        """Tasks of one project (any folder in it; empty: of all), closed and landed ones only with ``everything``."""

    async def task(self, task: str) -> Task:
        """One task."""

    async def transcript(self, task: str, before: int = 0, limit: int = 500) -> list[Entry]:
        """The latest ``limit`` entries, or those just before entry ``before``; oldest first."""

    async def prompts(self, task: str) -> list[Prompt]:
        """Everything said to the agent and how far each got; oldest first."""

    async def send(self, task: str, text: str, when: When = "now") -> Prompt:
        """Say something: into the running turn (``now``) or after it. A resting task starts a turn."""

    async def stop_task(self, task: str) -> Task:
        """Interrupt the turn; the task rests as ``stopped``."""

    async def resume(self, task: str) -> Task:
        """Go on with a stopped, blocked or failed task where it was left."""

    async def compact(self, task: str) -> Task:
        """Have the agent shorten its conversation: a resting task's now, else before the next request of its turn."""

    async def skip_wait(self, task: str) -> bool:
        """Make a failed request again now instead of waiting; False when nothing waits (see ``Task.waiting_until``)."""

    async def turns(self, task: str) -> list[Turn]:
        """The turns of a task and what each took, oldest first."""

    async def fork(self, task: str, turn: int = 0, prompt: str = "", profile: str = "") -> Task:
        """A new task that goes on where a turn ended (0: the last one): with the files of its snapshot and the
        conversation up to there. Without a prompt it rests until it is sent one. ``profile``: another agent's."""

    async def close_task(self, task: str) -> Task:
        """Take the task off the floor: snapshot, then remove its worktree. Branch, snapshots and transcript stay."""

    async def restore_task(self, task: str) -> Task:
        """Bring back a closed task, or a worktree that was deleted, from its last snapshot."""

    async def undo(self, task: str) -> Task:
        """Bring the files of a resting task back to before its last turn; once more brings that turn's work back.
        Commits and the conversation stay; the agent is told with the next prompt."""

    async def seen(self, task: str) -> None:
        """The person has looked at it."""

    async def set_note(self, task: str, note: str) -> Task:
        """Set what the person is waiting for."""

    async def ask(self, task: str, question: str) -> Task:
        """Ask about a task's change as it is now, in a task of its own beside it: with its own worktree, so that it
        can edit nothing of this one. Returns the new task; its answer is the last text of its transcript."""

    # the engine itself

    async def offer_environment(self, variables: Mapping[str, str]) -> None:
        """Variables that hold keys and addresses of models, as the caller has them now. Kept in memory only."""

    async def shutdown(self, when_idle: bool = False) -> None:
        """Stop the engine: turns are interrupted, recorded, and go on when it starts again. ``when_idle``: let the
        running turns end first, and start no others."""
