"""The dialog in which other agents are asked to review a task: who, what it costs, how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Select, SelectionList, Static
from textual.widgets.selection_list import Selection

from agents.api import Api
from agents.loops.reviewing import place_of, price
from agents.model import Task
from agents.parts.reviewers import Estimate, Reader, Reviewer, Reviewing
from app.ship.dialog import act, ask, say
from app.ticks import TickList
from widgets.text_strips import one_line, printable

SIGNS = {
    "waiting": "…", "reading": "●", "done": "✓", "malformed": "✗", "failed": "✗", "cancelled": "■", "interrupted": "■",
}  # fmt: skip
FINDING_SIGNS = {"found": "·", "draft": "✎", "sent": "→", "dropped": "–"}
AUTO = (("never: you decide about each", 0), ("1 round", 1), ("2 rounds", 2), ("3 rounds", 3), ("5 rounds", 5))
READ_ONLY = "Other agents read; they cannot write."
LOOK_SECONDS = 0.5
"""How often a review that runs is looked at."""


class ReviewersScreen(ModalScreen[bool]):
    """Choose reviewers, start, watch and cancel them; answers whether the drafts are to be read now."""

    CSS = """
    ReviewersScreen #reviewers {
        height: auto; max-height: 8; border: none; padding: 0; margin-bottom: 1; background: $panel;
        scrollbar-size-vertical: 1;
    }
    ReviewersScreen #progress { height: auto; max-height: 25vh; margin-bottom: 1; scrollbar-size-vertical: 1; }
    ReviewersScreen.running #progress { max-height: 70vh; }
    ReviewersScreen #told { height: auto; }
    ReviewersScreen.ship .name { width: 13; }
    ReviewersScreen.ship .row { margin-bottom: 0; }
    ReviewersScreen.ship #fixes { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "start", "Start", id="reviewers.start", priority=True,
                tooltip="Let the chosen reviewers read the change."),
        Binding("ctrl+x", "cancel", "Cancel", id="reviewers.cancel", priority=True,
                tooltip="End the review that runs; what was found stays."),
        Binding("ctrl+r", "read", "Read", id="reviewers.read", priority=True,
                tooltip="Read what was found in the review."),
        Binding("escape", "leave", "Back", id="reviewers.leave", tooltip="Back to the floor; a review goes on."),
    ]  # fmt: skip

    def __init__(self, api: Api, task: Task) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._shown = task
        self._reviewers: list[Reviewer] = []
        self._estimates: dict[str, Estimate] = {}
        self._reviewing: Reviewing | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(f"Reviewers for “{one_line(self._shown.title)}”", classes="heading", markup=False)
            yield Static(READ_ONLY, id="facts", classes="facts", markup=False)
            yield TickList[str](id="reviewers")
            with Horizontal(classes="row"):
                yield Static("Read by", classes="name", markup=False)
                yield Select[str]([("as the reviewers say", "")], value="", id="profile", compact=True,
                                  allow_blank=False)  # fmt: skip
            with Horizontal(classes="row"):
                yield Static("Judged by", classes="name", markup=False)
                yield Select[str]([("nobody: all findings stay", "")], value="", id="judge", compact=True,
                                  allow_blank=False)  # fmt: skip
            with Horizontal(classes="row", id="fixes"):
                yield Static("Fixes go to", classes="name", markup=False)
                yield Select[int](_auto(), value=0, id="auto", compact=True, allow_blank=False)
            with VerticalScroll(id="progress"):
                yield Static(id="told", markup=False)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static(id="foot", classes="foot", markup=False)

    def on_mount(self) -> None:
        self.query_one("#reviewers").focus()
        self._show()
        ask(self, self._fill())
        self.set_interval(LOOK_SECONDS, self._look)

    async def _fill(self) -> None:
        self._reviewing = await self._api.reviewers.result(self._shown.id)
        self._show()
        self._reviewers = await self._api.reviewers.offered(self._shown.project)
        self._list([reviewer.name for reviewer in self._reviewers if not reviewer.problem])
        profiles = [
            info for info in await self._api.projects.profiles(self._shown.project) if info.driver != "terminal"
        ]
        names = [(one_line(info.id if info.ready else f"{info.id} (not ready)"), info.id) for info in profiles]
        for name, first in (("#profile", "as the reviewers say"), ("#judge", "nobody: all findings stay")):
            chosen = self.query_one(name, Select)
            value = chosen.value
            chosen.set_options([(first, ""), *names])
            chosen.value = value
        await self._estimate()

    async def _estimate(self) -> None:
        profile = str(self.query_one("#profile", Select).value)
        estimates = await self._api.reviewers.estimate(self._shown.id, (), profile)
        self._estimates = {estimate.reviewer: estimate for estimate in estimates}
        self._list(self.query_one(SelectionList).selected)
        self._show()

    def _list(self, chosen: Sequence[str]) -> None:
        shown = self.query_one(SelectionList)
        at = shown.highlighted or 0
        shown.clear_options()
        shown.add_options(
            Selection(
                _row(reviewer, self._estimates.get(reviewer.name)), reviewer.name, reviewer.name in chosen,
                disabled=bool(reviewer.problem),
            )
            for reviewer in self._reviewers
        )  # fmt: skip
        if self._reviewers:
            shown.highlighted = min(at, len(self._reviewers) - 1)

    @on(Select.Changed, "#profile")
    def _profile_chosen(self) -> None:
        if self._reviewers:
            ask(self, self._estimate())

    @on(SelectionList.SelectedChanged)
    def _chosen_changed(self) -> None:
        self._show()

    # a review that runs

    def _look(self) -> None:
        if self._reviewing is not None and self._reviewing.is_under_way:
            ask(self, self._read_result())

    async def _read_result(self) -> None:
        reviewing = await self._api.reviewers.result(self._shown.id)
        if reviewing != self._reviewing:
            self._reviewing = reviewing
            self._show()

    @property
    def _runs(self) -> bool:
        return self._reviewing is not None and self._reviewing.is_under_way

    def _show(self) -> None:
        """Choices while nothing runs, the readers while one does, and below the choices what the last one found."""
        for shown in (self.query_one("#reviewers"), *self.query(".row")):
            shown.display = not self._runs
        self.set_class(self._runs, "running")
        self.query_one("#progress").display = self._reviewing is not None
        if self._reviewing is not None:
            self.query_one("#told", Static).update(_progress(self._reviewing))
        self.query_one("#facts", Static).update(self._facts())
        found = self._reviewing is not None and any(one.comment for one in self._reviewing.findings)
        keys = "^X cancel" if self._runs else "Space choose   ^S start   Tab next"
        self.query_one("#foot", Static).update(f"{keys}{'   ^R read them' if found else ''}   Esc back")

    def _facts(self) -> str:
        reviewing = self._reviewing
        if reviewing is not None and self._runs:
            before = price(reviewing.estimated_usd)
            return f"At least {before} before it began · {price(reviewing.usage.cost_usd)} so far"
        chosen = set(self.query_one(SelectionList).selected)
        known = [one for name, one in self._estimates.items() if name in chosen and not one.problem]
        if not known:
            return READ_ONLY
        prices = [estimate.cost_usd for estimate in known]
        total = None if None in prices else sum(one or 0.0 for one in prices)
        tokens = sum(estimate.tokens for estimate in known)
        return f"{READ_ONLY} At least {tokens:,} tokens, {price(total)}."

    # acts

    def action_start(self) -> None:
        """Let the chosen ones read."""
        if not self._runs:
            act(self, self._start)

    async def _start(self) -> None:
        say(self, "")
        chosen = list(self.query_one(SelectionList).selected)
        if not chosen:
            say(self, "No reviewer is chosen. Space chooses one.")
            return
        profile, judge = (str(self.query_one(name, Select).value) for name in ("#profile", "#judge"))
        auto = int(str(self.query_one("#auto", Select).value))
        self._reviewing = await self._api.reviewers.start(self._shown.id, chosen, profile, judge, auto)
        self._show()

    def action_cancel(self) -> None:
        """End what runs."""
        if self._runs:
            act(self, self._cancel)

    async def _cancel(self) -> None:
        self._reviewing = await self._api.reviewers.cancel(self._shown.id)
        self._show()

    def action_read(self) -> None:
        """Open the review."""
        self.dismiss(True)

    def action_leave(self) -> None:
        """Back to the floor."""
        self.dismiss(False)


def _auto() -> list[tuple[str, int]]:
    return [(f"the agent by themselves, {text}" if number else text, number) for text, number in AUTO]


def _row(reviewer: Reviewer, estimate: Estimate | None) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{one_line(reviewer.name):<13}", "bold")
    if problem := reviewer.problem or (estimate.problem if estimate else ""):
        line.append(f"✗ {one_line(problem.replace(reviewer.path, Path(reviewer.path).name))}")
        return line
    if estimate is not None:
        line.append(f"{price(estimate.cost_usd):>12}  {one_line(estimate.profile)}  ", "dim")
    line.append(one_line(reviewer.title.partition(":")[2].strip() or reviewer.title), "dim")
    return line


def _progress(reviewing: Reviewing) -> Text:
    text = Text()
    if reviewing.round:
        text.append(f"Round {reviewing.round} of {reviewing.auto} went to the agent.\n", "dim")
    for reader in reviewing.readers:
        text.append(f"{SIGNS[reader.state]} {one_line(reader.reviewer):<13}", "bold")
        text.append(f"{_what(reader)}\n")
    for finding in reviewing.findings:
        text.append(f"  {FINDING_SIGNS[finding.state]} {finding.severity:<6} {one_line(place_of(finding))} ", "bold")
        text.append(f"{one_line(finding.text)}")
        became = f"dropped: {finding.reason}" if finding.state == "dropped" else finding.comment
        text.append(f" ({one_line(became)})\n" if became else "\n", "dim")
    if reviewing.state == "judging":
        text.append("● The judge weighs what was found.\n")
    elif reviewing.state == "answering":
        text.append("● The agent works on what was found.\n")
    text.append(printable(f"{reviewing.judged} {reviewing.reason}".strip()))
    if not reviewing.is_under_way:
        text.append(f" {reviewing.usage.tokens:,} tokens, {price(reviewing.usage.cost_usd)}.", "dim")
    return text


def _what(reader: Reader) -> str:
    if reader.state == "reading":
        return f"reads {one_line(reader.doing)}" if reader.doing else "reads"
    if reader.state == "done":
        count = len(reader.findings)
        found = f"{count} finding{'s' if count != 1 else ''}" if count else "nothing to say"
        return f"{found} · {price(reader.usage.cost_usd)}"
    return f"{reader.state} {one_line(reader.reason)}".rstrip()
