"""The pull request of a task, and tasks from the host's issues."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from agents.api import Api
from agents.model import PullRequest, Task
from agents.parts.hosting import Issue, PullDraft
from app.new_task import Tick
from app.ship.dialog import act, ask, close, say
from app.ship.unsent import forget_unsent, keep_unsent, unsent
from widgets.chip_area import SteadyTextArea
from widgets.text_strips import one_line, printable

CHECKS = {"none": "no checks", "running": "… checks run", "passed": "✓ checks passed", "failed": "✗ checks failed"}


class PublishScreen(ModalScreen[None]):
    """Title and description to edit, then the pull request is made or brought up to date."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "publish", "Publish", id="publish.publish", priority=True,
                tooltip="Push the branch and make the pull request, or bring it up to date."),
        Binding("ctrl+r", "refresh", "Ask again", id="publish.refresh", priority=True, tooltip="Ask how it stands."),
        Binding("ctrl+t", "comments", "Fetch comments", id="publish.comments", priority=True,
                tooltip="Bring its review comments into the review."),
        Binding("ctrl+l", "failure", "Send log", id="publish.failure", priority=True,
                tooltip="Send the log of the failing job to the agent."),
        Binding("escape", "dismiss", "Back", id="publish.leave", tooltip="Back to the floor."),
    ]  # fmt: skip

    def __init__(self, api: Api, task: Task) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._shown = task
        self._draft = PullDraft(title=task.title)
        self._title_field, self._body_field = f"title {task.id}", f"body {task.id}"

    def compose(self) -> ComposeResult:
        has = self._shown.pull_request is not None
        with Vertical():
            yield Static(f"Pull request of “{one_line(self._shown.title)}”", classes="heading", markup=False)
            yield Static(_stands(self._shown.pull_request), id="stands", classes="facts", markup=False)
            with Horizontal(classes="row"):
                yield Static("Title", classes="name", markup=False)
                yield Input(unsent(self.app, self._title_field) or one_line(self._shown.title), id="title")
            body = SteadyTextArea(soft_wrap=True, placeholder="What it does, and why.", id="body")
            body.cursor_blink = False
            yield body
            yield Tick("As a draft", value=False, id="draft", compact=True, disabled=has)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static(
                "^S publish   ^R ask again   ^T its comments   ^L failing log to the agent   Esc back",
                classes="foot",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#title").focus()
        ask(self, self._fill())

    async def _fill(self) -> None:
        self._draft = await self._api.hosting.describe(self._shown.id)
        body = self.query_one("#body", SteadyTextArea)
        if not body.text:
            body.text = unsent(self.app, self._body_field) or self._draft.body

    @on(Input.Changed, "#title")
    def _title_written(self, event: Input.Changed) -> None:
        keep_unsent(self, self._title_field, event.value, one_line(self._shown.title))

    @on(TextArea.Changed, "#body")
    def _body_written(self, event: TextArea.Changed) -> None:
        keep_unsent(self, self._body_field, event.text_area.text, self._draft.body)

    def action_publish(self) -> None:
        """Publish."""
        act(self, self._publish)

    async def _publish(self) -> None:
        draft = msgspec.structs.replace(
            self._draft,
            title=self.query_one("#title", Input).value,
            body=self.query_one("#body", SteadyTextArea).text,
            draft=self.query_one("#draft", Tick).value,
        )
        say(self, "")
        self.query_one("#stands", Static).update("Publishing…")
        request = self._shown.pull_request
        try:
            request = await self._api.hosting.publish(self._shown.id, draft)
        finally:
            self.query_one("#stands", Static).update(_stands(request))
        forget_unsent(self, self._title_field, self._body_field)
        self.notify(f"#{request.number}  {printable(request.url)}", markup=False)

    def action_refresh(self) -> None:
        """Ask how it stands."""
        act(self, self._refresh)

    async def _refresh(self) -> None:
        request = await self._api.hosting.refresh(self._shown.id)
        self.query_one("#stands", Static).update(_stands(request))

    def action_comments(self) -> None:
        """Bring its comments into the review."""
        act(self, self._comments)

    async def _comments(self) -> None:
        count = await self._api.hosting.fetch_comments(self._shown.id)
        self.notify(f"{count} new comment{'s' if count != 1 else ''} in the review.", markup=False)

    def action_failure(self) -> None:
        """Send the failing log."""
        act(self, self._failure)

    async def _failure(self) -> None:
        await self._api.hosting.send_failure(self._shown.id)
        self.notify("The agent was told, with the log.", markup=False)
        close(self)


def _stands(request: PullRequest | None) -> str:
    if request is None:
        return "It has none yet. What is not committed is committed first; then the branch is pushed."
    comments = f" · {request.comments} new comments" if request.comments else ""
    return f"#{request.number} {request.state} · {CHECKS[request.checks]}{comments} · {printable(request.url)}"


class IssuesScreen(ModalScreen[Task | None]):
    """Open issues of the repository; answers with the task that was made of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="issues.leave", tooltip="Back to the floor."),
    ]

    def __init__(self, api: Api, project: str) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._project = project
        self._issues: list[Issue] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Issues", classes="heading", markup=False)
            with Horizontal(classes="row"):
                yield Static("Search", classes="name", markup=False)
                yield Input(placeholder="as in the host's own search; Enter", id="search")
            yield Static("Asking…", id="facts", classes="facts", markup=False)
            yield OptionList(id="issues", markup=False)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static("Enter start a task of it   Tab search   Esc back", classes="foot", markup=False)

    def on_mount(self) -> None:
        self.query_one("#issues").focus()
        ask(self, self._read(""))

    @on(Input.Submitted, "#search")
    def _search(self, event: Input.Submitted) -> None:
        ask(self, self._read(event.value))

    async def _read(self, search: str) -> None:
        say(self, "")
        facts = self.query_one("#facts", Static)
        try:
            self._issues = await self._api.hosting.issues(self._project, search)
        finally:
            facts.update("" if self._issues else "There are none.")
        shown = self.query_one("#issues", OptionList)
        shown.clear_options()
        shown.add_options([Option(_line(issue)) for issue in self._issues])
        shown.highlighted = 0 if self._issues else None
        shown.focus()

    @on(OptionList.OptionSelected, "#issues")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        act(self, partial(self._take, self._issues[event.option_index]))

    async def _take(self, issue: Issue) -> None:
        close(self, await self._api.hosting.take_issue(self._project, issue.number))


def _line(issue: Issue) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"#{issue.number:<6}", "dim")
    line.append(one_line(issue.title))
    if issue.labels:
        line.append(f"  {one_line(', '.join(issue.labels))}", "dim")
    return line
