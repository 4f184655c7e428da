"""The data every part of Shopfloor shares: tasks, turns, transcripts, prompts.

Plain frozen structs, no behaviour beyond what follows from their own fields. They are the arguments and results of
:class:`agents.api.Api`, the rows of the store and the lines on the socket. Paths inside a repository are ``bytes``
because git's are; paths of this machine are ``str``. Times are seconds since the epoch unless a name says otherwise.
"""

from __future__ import annotations

from typing import Literal, dataclass_transform

import msgspec

TaskState = Literal[
    "queued", "preparing", "working", "checking", "ready", "landed", "closed", "blocked", "stopped", "failed"
]
ACTIVE_STATES: frozenset[TaskState] = frozenset(("preparing", "working", "checking"))
"""States in which something of the task runs."""
FINAL_STATES: frozenset[TaskState] = frozenset(("landed", "closed"))
"""States of a task that has left the floor."""

CheckState = Literal["none", "running", "passed", "failed"]
Delivery = Literal["queued", "delivered", "answered", "failed", "withdrawn"]
Origin = Literal["person", "review", "check", "queue", "script", "landing"]
"""Who or what says a prompt."""
When = Literal["now", "after"]
"""``now`` steers the running turn; ``after`` waits until it ends. Both start a turn when none runs."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every shared struct: immutable, named fields, defaults left out on the wire."""


class Usage(Struct, kw_only=True):
    """Tokens and money, of one step or added up."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float | None = 0.0
    """US dollars; None when a price is not known."""

    @property
    def tokens(self) -> int:
        """All tokens, cached ones included."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    def __add__(self, other: Usage) -> Usage:
        unknown = self.cost_usd is None or other.cost_usd is None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cost_usd=None if unknown else (self.cost_usd or 0.0) + (other.cost_usd or 0.0),
        )


class Step(Struct, kw_only=True):
    """One request to the model."""

    usage: Usage
    model: str = ""
    at: float = 0.0


class Turn(Struct, kw_only=True):
    """What one turn of a task was: the worktree before and after it, and what it took."""

    number: int
    before: str
    """A commit below ``refs/shopfloor/``."""
    after: str = ""
    """The same; empty while the turn runs, and when it was cut."""
    base_commit: str = ""
    """What the task's change was compared with when it began."""
    started_at: float = 0.0
    ended_at: float = 0.0
    outcome: str = ""
    """``done``, ``interrupted``, ``skipped``, ``blocked`` or ``failed``; empty while it runs, and when it was cut."""
    profile: str = ""
    """Who worked, when it was another agent than the task's."""
    conversation: str = ""
    """The conversation it went into, when it was not the task's own."""
    messages: int = 0
    """Messages of the driver's conversation when it ended, all turns before included."""
    steps: tuple[Step, ...] = ()

    @property
    def usage(self) -> Usage:
        """Tokens and money of all its steps."""
        return sum((step.usage for step in self.steps), Usage())


class NewTask(Struct, kw_only=True):
    """What a person gives to start a task."""

    project: str
    """Any folder inside the repository."""
    prompt: str
    title: str = ""
    """Empty: taken from the first line of the prompt."""
    profile: str = ""
    """Empty: the project's default, then the user's, then the first profile that is ready."""
    base: str = ""
    """A ref or commit; empty: the project file's base, then the branch checked out in the main checkout."""
    base_commit: str = ""
    """The commit to start from, where the base may have moved on since it was looked up; empty: what the base stands
    for now."""
    priority: int = 0
    check: bool = True
    """Run the project's checks after each turn."""
    choices: dict[str, str] = {}
    """What its agent is told to use, where it is one that lets that be chosen (the part ``sessions`` of the Api says
    what there is): values by ids or categories of settings, such as ``model`` and ``mode``."""
    held: bool = False
    """Do not start it before the person resumes it."""
    queue: str | None = None
    """The queue that runs by itself when a turn that the person started has ended. None: the project's default, then
    the user's; empty: none."""


class Question(Struct, kw_only=True):
    """Something an agent asks the person in the middle of a turn, which waits for the answer."""

    id: str
    """Unique within the task."""
    text: str
    options: tuple[str, ...] = ()
    """Answers to choose from; empty: only free text."""
    takes_text: bool = False
    """An answer in the person's own words is possible."""
    text_option: str = ""
    """The option that such an answer chooses; the words follow as a prompt. Empty: the words are the answer."""


class Rest(Struct, kw_only=True):
    """How a task rests."""

    state: TaskState
    reason: str = ""
    hint: str = ""
    unseen: bool = False
    changed_at: float = 0.0


class QueueProgress(Struct, kw_only=True):
    """How far a queue of follow-up prompts has come on a task."""

    name: str
    position: int
    """The item at work, 1-based; 0 before the first."""
    total: int
    paused: bool = False


class PullRequest(Struct, kw_only=True):
    """The pull request of a task's branch, as the host last told it."""

    number: int
    url: str
    state: Literal["draft", "open", "merged", "closed"] = "open"
    checks: Literal["none", "running", "passed", "failed"] = "none"
    comments: int = 0
    """Review comments that were not fetched yet."""


class Task(Struct, kw_only=True):
    """One piece of work, the agent on it and where both stand."""

    id: str
    """Four letters and digits, unique in this engine."""
    title: str
    prompt: str
    project: str
    """The main checkout, absolute."""
    base: str
    """The ref the person named."""
    base_commit: str
    """What it stood for when the task was made."""
    branch: str = ""
    worktree: str = ""
    profile: str
    driver: str = "native"
    model: str = ""
    priority: int = 0
    state: TaskState = "queued"
    reason: str = ""
    """Why it is blocked, stopped, failed or waiting, in words."""
    hint: str = ""
    """What to do about it."""
    note: str = ""
    """Free text of the person: what I am waiting for."""
    held: bool = False
    """It is queued and does not start before the person resumes it."""
    unseen: bool = False
    """It became ready, blocked or failed and nobody has looked since."""
    check: bool = True
    """The project's checks run after each turn."""
    check_state: CheckState = "none"
    check_round: int = 0
    """How often failing checks have gone back to the agent since it was last told something else."""
    turn: int = 0
    """Turns started."""
    round: int = 0
    """Review rounds sent."""
    usage: Usage = Usage()
    context_used: int = 0
    """Tokens in the context window now."""
    context_window: int = 0
    files_changed: int = 0
    additions: int = 0
    deletions: int = 0
    waiting_prompts: int = 0
    """Prompts that wait for the running turn to end."""
    draft_comments: int = 0
    """Comments written and not sent."""
    sandbox: str = ""
    """The backend that confines the agent: bubblewrap, landlock, seatbelt, or none."""
    created_at: float = 0.0
    changed_at: float = 0.0
    """When the state last changed."""
    turn_started_at: float = 0.0
    worked_seconds: float = 0.0
    """Seconds spent in turns that have ended."""
    undone: int = 0
    """The turn whose work the person has undone; 0 when the last turn's work stands."""
    stalled: bool = False
    """A turn runs, but nothing was heard of it for a while and no tool runs."""
    waiting_until: float = 0.0
    """A request failed and is made again then; ``reason`` says what went wrong. 0 when nothing waits."""
    question: Question | None = None
    """What the agent asks now, in the middle of its turn; the state is then ``blocked``."""
    asked_at_rest: Rest | None = None
    """Its program asks something outside of a turn; how the task rested before, and rests again when that is
    answered."""
    dialog: bool = False
    """It is blocked because its program, a terminal's, asks something that is answered with the keyboard."""
    queue: QueueProgress | None = None
    """The queue that runs on it; None when none does."""
    own_queue: str = ""
    """The queue that runs by itself when a turn that the person started has ended; empty: none."""
    ports: tuple[int, ...] = ()
    """Ports of this machine that belong to its worktree."""
    conflicts: tuple[str, ...] = ()
    """Ids of the tasks on the floor whose change would conflict with this one's."""
    landing: str = ""
    """Where it stands on its way onto a branch, in words; empty when it is on none."""
    reviewing: str = ""
    """How far other agents are that review it, in words; empty when none do."""
    pull_request: PullRequest | None = None
    remind_at: float = 0.0
    """When the person wants to be called about it again; 0: not."""
    sequence: int = 0
    """Grows with every change of any task or entry of this engine; the number of this one's last change."""


ATTENTION: dict[str, int] = {
    "blocked": 0, "failed": 1, "unseen": 2, "stalled": 3, "stopped": 4, "ready": 5, "working": 6, "queued": 7, "rest": 8
}  # fmt: skip
"""Ranks of who needs the person, lowest first."""


def attention(task: Task) -> int:
    """How urgently a task needs the person: a rank of :data:`ATTENTION`, lower is more urgent."""
    if task.state in ("blocked", "failed"):
        return ATTENTION[task.state]
    if task.state == "ready" and task.unseen:
        return ATTENTION["unseen"]
    if task.state in ACTIVE_STATES:
        return ATTENTION["stalled" if task.stalled else "working"]
    return ATTENTION.get(task.state, ATTENTION["rest"])


def at_work(task: Task) -> bool:
    """Something of the task runs, be it that its turn waits for an answer to :attr:`Task.question`."""
    return task.state in ACTIVE_STATES or task.question is not None


def is_under_way(task: Task) -> bool:
    """It works, or will as soon as there is room."""
    return at_work(task) or task.state == "queued"


EntryKind = Literal["prompt", "text", "thinking", "tool", "plan", "check", "script", "question", "notice", "error"]
ToolStatus = Literal["running", "done", "failed", "interrupted"]


class ToolUse(Struct, kw_only=True):
    """A tool call and, once it is there, its result."""

    name: str
    title: str = ""
    """One line for people: the command, the path and range."""
    arguments: dict[str, object] = {}
    status: ToolStatus = "running"
    output: str = ""
    """What the model was told (or the end of it while it still runs)."""
    diff: str = ""
    """For edits: a unified diff of what changed."""
    seconds: float = 0.0


class Entry(Struct, kw_only=True):
    """One item of a task's transcript. The same id arrives again when the entry grows or ends."""

    task: str
    id: int
    """1, 2, 3… within the task."""
    turn: int
    kind: EntryKind
    text: str = ""
    """Markdown for text and thinking; plain for the rest. A check's text is its output; a question's ends with its
    numbered options and, once there is one, the answer after an arrow."""
    tool: ToolUse | None = None
    done: bool = True
    """False while it is still being written."""
    at: float = 0.0
    sequence: int = 0
    """Number of its last recorded change (see ``Task.sequence``)."""
    origin: Origin | Literal[""] = ""
    """Who said a prompt; empty when that is not known, and for every other kind."""


class Prompt(Struct, kw_only=True):
    """Something said to an agent, and how far it got."""

    id: int
    task: str
    text: str
    when: When = "after"
    origin: Origin = "person"
    delivery: Delivery = "queued"
    turn: int = 0
    """The turn it was delivered in; 0 before that."""
    at: float = 0.0


class EngineInfo(Struct, kw_only=True):
    """Who answers on the socket."""

    version: str
    protocol: int
    pid: int
    home: str
    log: str
    started_at: float
    tasks: int = 0
    working: int = 0
    clients: int = 0
    sandbox: str = ""
    sandbox_problem: str = ""
    """Why agents cannot start; empty when they can."""
    damages: tuple[str, ...] = ()
    """What in the store could not be read so far and is passed over, each a sentence."""
    replaced: bool = False
    """The program's files have changed since it started: it should be restarted."""
