"""Pull requests and issues through the person's ``gh``; implements :class:`agents.parts.hosting.Hosting`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from agents.engine.changes import Changes
from agents.engine.committing import CommittingDesk
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.errors import NotFound, ShopfloorError, UsageError
from agents.events import EngineNotice
from agents.model import ACTIVE_STATES, FINAL_STATES, NewTask, Prompt, PullRequest, Task
from agents.parts.hosting import Issue, PullDraft
from agents.parts.review import CommentDraft
from agents.scripts.host import Ended, run_program
from agents.workspace import open_project, remote

ASK_SECONDS = 60.0
"""How often open pull requests are asked about."""
LOG_LINES = 120
LINES_AFTER = 20
"""Lines kept after the first error: what follows is usually cleaning up."""
_KIND = "pull-comment"
_INSTALL = "Install GitHub's `gh` and run `gh auth login`; everything else works without it."
_VIEW = "number,url,state,isDraft,statusCheckRollup,title,body,baseRefName"
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?")

_FAILED = frozenset(("FAILURE", "TIMED_OUT", "CANCELLED", "ACTION_REQUIRED", "STARTUP_FAILURE", "ERROR"))


class HostingDesk:
    """What tasks have at the host of their repository.

    Args:
        create_task: makes a task.
        send: says something to a task's agent.
        add_comment: records a draft comment.
    """

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        changes: Changes,
        committing: CommittingDesk,
        create_task: Callable[[NewTask], Awaitable[Task]],
        send: Callable[[str, str], Awaitable[Prompt]],
        add_comment: Callable[[str, CommentDraft], Awaitable[object]],
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes
        self._committing = committing
        self._create_task = create_task
        self._send = send
        self._add_comment = add_comment
        self._asking: asyncio.Task[None] | None = None
        ledger.on_change.append(self._task_changed)

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def take_up(self) -> None:
        """Go on asking about pull requests that were open when the engine ended."""
        if self._asking is None and any(_is_open(task) for task in self._ledger.tasks.values()):
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    # pull requests

    async def describe(self, task: str) -> PullDraft:
        """See :class:`agents.parts.hosting.Hosting`."""
        known = self._ledger.on_floor(task)
        commits = await self._changes.commits(known.id)
        parts = [known.prompt.strip()]
        if commits:
            parts += ["", "## Commits", *(f"- {commit.subject}" for commit in reversed(commits))]
        if known.check_state in ("passed", "failed"):
            parts += ["", f"Checks on this change: {known.check_state}."]
        return PullDraft(title=known.title, body="\n".join(parts), base=known.base)

    async def publish(self, task: str, draft: PullDraft) -> PullRequest:
        """See :class:`agents.parts.hosting.Hosting`."""
        known = self._ledger.on_floor(task)
        if known.state in ACTIVE_STATES or known.state == "queued":
            raise UsageError(f"Task {known.id} is {known.state}.", "Publish it when its turn has ended.")
        if not draft.title.strip():
            raise UsageError("A pull request needs a title.", "Write one.")
        await self._gh(known.project, "auth", "status")
        if files := await self._committing.files(known.id):
            await self._committing.run(known.id, f"git commit -q -m {_quoted(draft.title)} {{}}", files)
        workspace = self._changes.workspace(known)
        base = draft.base or known.base
        if not await self._changes.commits(known.id):
            raise UsageError(f"Task {known.id} has changed nothing: there is nothing to publish.")
        environment = self._facilities.host_variables()
        where = await remote.remote_for(workspace, base)
        await remote.push(workspace, where, known.branch, environment)
        if known.pull_request is None:
            options = ("--draft",) if draft.draft else ()
            created = await self._gh(
                known.project,
                *("pr", "create", "--head", known.branch, "--base", base, "--title", draft.title),
                *("--body-file", "-", *options),
                stdin=draft.body,
            )
            url = next((word for word in reversed(created.out.split()) if word.startswith("http")), "")
            return await self._look(known, url or known.branch)
        number = str(known.pull_request.number)
        await self._gh(
            known.project, "pr", "edit", number, "--title", draft.title, "--body-file", "-", stdin=draft.body
        )  # fmt: skip
        return await self._look(known, number)

    async def refresh(self, task: str) -> PullRequest:
        """See :class:`agents.parts.hosting.Hosting`."""
        known = self._ledger.find(task)
        return await self._look(known, str(_request(known).number))

    async def fetch_comments(self, task: str) -> int:
        """See :class:`agents.parts.hosting.Hosting`."""
        known = self._ledger.on_floor(task)
        number = _request(known).number
        place = f"repos/{{owner}}/{{repo}}/pulls/{number}/comments"
        listed = await self._gh(known.project, "api", "--paginate", "--slurp", place)
        pages = _json(listed, list[list[dict[str, Any]]])
        seen = {key for key, _ in self._ledger.store.kept(_KIND)}
        count = 0
        for comment in [comment for page in pages for comment in page]:
            key = f"{known.id} {comment.get('id')}"
            if key in seen or not str(comment.get("body", "")).strip():
                continue
            await self._add_comment(known.id, comment_draft(comment))
            self._ledger.store.keep(_KIND, key, b"{}")
            count += 1
        self._ledger.update(known.id, pull_request=msgspec.structs.replace(_request(known), comments=0))
        self._ledger.flush()
        return count

    async def send_failure(self, task: str) -> Prompt:
        """See :class:`agents.parts.hosting.Hosting`."""
        known = self._ledger.on_floor(task)
        number = str(_request(known).number)
        viewed = _json(await self._gh(known.project, "pr", "view", number, "--json", _VIEW), dict[str, Any])
        failing = [check for check in viewed.get("statusCheckRollup") or () if _verdict(check) == "failed"]
        if not failing:
            raise UsageError(f"No check of pull request #{number} fails now.")
        parts = [f"The checks of pull request #{number} fail. Mend the cause.", ""]
        for check in failing[:3]:
            parts += await self._failure(known, check)
        return await self._send(known.id, "\n".join(parts))

    async def _failure(self, task: Task, check: dict[str, Any]) -> list[str]:
        name = str(check.get("name") or check.get("context") or "check")
        url = str(check.get("detailsUrl") or check.get("targetUrl") or "")
        job = re.search(r"/job/(\d+)", url)
        if job is None:
            return [f"{name} failed: {url or 'no log is known'}", ""]
        try:
            log = (await self._gh(task.project, "run", "view", "--job", job[1], "--log-failed")).out
        except ShopfloorError as error:
            return [f"{name} failed, and its log could not be read: {error.message}", ""]
        step, text = failing_step(log)
        longest = max((len(line) - len(line.lstrip("~")) for line in text.split("\n")), default=0)
        fence = "~" * max(4, longest + 1)
        return [f"{name}, step “{step}”:" if step else f"{name}:", fence, text, fence, ""]

    # issues

    async def issues(self, project: str, search: str = "", limit: int = 100) -> list[Issue]:
        """See :class:`agents.parts.hosting.Hosting`."""
        root = str((await open_project(Path(project))).root)
        options = ("--search", search) if search else ()
        listed = await self._gh(
            root, "issue", "list", "--json", "number,title,body,url,labels", "--limit", str(limit), *options
        )
        return [_issue(found) for found in _json(listed, list[dict[str, Any]])]

    async def take_issue(self, project: str, number: int, profile: str = "", held: bool = False) -> Task:
        """See :class:`agents.parts.hosting.Hosting`."""
        root = str((await open_project(Path(project))).root)
        viewed = await self._gh(root, "issue", "view", str(number), "--json", "number,title,body,url,labels")
        issue = _issue(_json(viewed, dict[str, Any]))
        prompt = f"{issue.title}\n\n{issue.body}".strip() + f"\n\nThis is issue #{issue.number}: {issue.url}"
        new = NewTask(
            project=root, prompt=prompt, title=f"{issue.title} (#{issue.number})"[:100], profile=profile, held=held
        )
        return await self._create_task(new)

    # asking the host

    def _task_changed(self, before: Task | None, after: Task) -> None:
        if _is_open(after) and self._asking is None:
            self.take_up()

    async def _ask(self) -> None:
        """Ask about open pull requests until there are none."""
        try:
            while waiting := [task for task in self._ledger.tasks.values() if _is_open(task)]:
                await asyncio.sleep(ASK_SECONDS)
                for task in waiting:
                    if not _is_open(self._ledger.tasks[task.id]):
                        continue
                    try:
                        await self._look(self._ledger.tasks[task.id], str(_request(task).number))
                    except ShopfloorError as error:
                        self._ledger.warn(f"{task.title}: its pull request cannot be looked at. {error}")
        finally:
            self._asking = None

    async def _look(self, task: Task, which: str) -> PullRequest:
        """How a pull request stands; what changed is shown, and calls the person where they are needed."""
        viewed = _json(await self._gh(task.project, "pr", "view", which, "--json", _VIEW), dict[str, Any])
        before = self._ledger.tasks[task.id].pull_request
        comments = await self._new_comments(task, int(viewed["number"]))
        now = PullRequest(
            number=int(viewed["number"]),
            url=str(viewed.get("url", "")),
            state=_state(viewed),
            checks=_checks(viewed.get("statusCheckRollup") or []),
            comments=comments,
        )
        if now != before:
            news = _news(before, now)
            self._ledger.update(task.id, pull_request=now, **({"unseen": True} if news else {}))
            if news:
                self._ledger.publish(EngineNotice(text=f"{task.title}: {news}"))
            self._ledger.flush()
        return now

    async def _new_comments(self, task: Task, number: int) -> int:
        listed = await self._gh(
            task.project, "api", "--paginate", "--slurp", f"repos/{{owner}}/{{repo}}/pulls/{number}/comments"
        )
        seen = {key for key, _ in self._ledger.store.kept(_KIND)}
        pages = _json(listed, list[list[dict[str, Any]]])
        return sum(f"{task.id} {comment.get('id')}" not in seen for page in pages for comment in page)

    async def _gh(self, directory: str, *arguments: str, stdin: str = "") -> Ended:
        environment = self._facilities.host_variables()
        ended = await run_program(("gh", *arguments), directory, environment, stdin=stdin, install=_INSTALL)
        if ended.status:
            raise ShopfloorError(
                f"gh {' '.join(arguments[:2])} failed: {ended.complaint}", "`gh auth status` may help."
            )
        return ended


def comment_draft(comment: dict[str, Any]) -> CommentDraft:
    """A review comment of the host as a draft of its author."""
    line = int(comment.get("line") or comment.get("original_line") or 0)
    start = int(comment.get("start_line") or line)
    login = str((comment.get("user") or {}).get("login") or "somebody")
    return CommentDraft(
        text=str(comment.get("body", "")).replace("\r\n", "\n").strip(),
        target="lines" if line else "file",
        path=str(comment.get("path", "")).encode(),
        side="old" if comment.get("side") == "LEFT" else "new",
        start=min(start, line) if line else 0,
        end=line,
        author=f"github:{login}",
    )


def failing_step(log: str) -> tuple[str, str]:
    """The last step in what ``gh run view --log-failed`` printed (job, step and line, with tabs between), and the end
    of its lines without their times; up to a little after its first error, when it names one."""
    steps: dict[str, list[str]] = {}
    for line in log.splitlines():
        _, step, text = (*line.split("\t", 2), "", "")[:3]
        steps.setdefault(step, []).append(_STAMP.sub("", text))
    if not steps:
        return "", log.strip()[-4000:]
    step, lines = list(steps.items())[-1]
    first = next((number for number, line in enumerate(lines) if "##[error]" in line), len(lines))
    shown = [line.replace("##[error]", "error: ") for line in lines[: first + LINES_AFTER]]
    lines = [line for line in shown if not line.startswith("##[")]
    return step, "\n".join(lines[-LOG_LINES:]).strip()


def _news(before: PullRequest | None, now: PullRequest) -> str:
    """What the person should know about a change of a pull request."""
    if before is None:
        return ""
    if now.state != before.state and now.state in ("merged", "closed"):
        return f"pull request #{now.number} was {now.state}."
    if now.checks != before.checks and now.checks in ("passed", "failed"):
        return f"the checks of pull request #{now.number} have {now.checks}."
    if now.comments > before.comments:
        return f"pull request #{now.number} has new review comments."
    return ""


def _is_open(task: Task) -> bool:
    request = task.pull_request
    return request is not None and request.state in ("draft", "open") and task.state not in FINAL_STATES


def _request(task: Task) -> PullRequest:
    if task.pull_request is None:
        raise NotFound(f"Task {task.id} has no pull request.", f"`shopfloor pr {task.id}` makes one.")
    return task.pull_request


def _state(viewed: dict[str, Any]) -> Any:
    state = str(viewed.get("state", "OPEN")).lower()
    return "draft" if state == "open" and viewed.get("isDraft") else state if state in ("merged", "closed") else "open"


def _checks(found: list[dict[str, Any]]) -> Any:
    verdicts = {_verdict(check) for check in found}
    for verdict in ("failed", "running", "passed"):
        if verdict in verdicts:
            return verdict
    return "none"


def _verdict(check: dict[str, Any]) -> str:
    """Both kinds of entries: check runs have a status and a conclusion, commit statuses only a state."""
    if "state" in check:
        state = str(check["state"]).upper()
        return "passed" if state == "SUCCESS" else "failed" if state in _FAILED else "running"
    if str(check.get("status", "")).upper() != "COMPLETED":
        return "running"
    return "failed" if str(check.get("conclusion", "")).upper() in _FAILED else "passed"


def _issue(found: dict[str, Any]) -> Issue:
    return Issue(
        number=int(found["number"]),
        title=str(found.get("title", "")).strip(),
        body=str(found.get("body") or "").replace("\r\n", "\n").strip(),
        url=str(found.get("url", "")),
        labels=tuple(str(label.get("name", "")) for label in found.get("labels") or ()),
    )


def _json(ended: Ended, kind: Any) -> Any:
    try:
        return msgspec.json.decode(ended.out.encode(), type=kind)
    except msgspec.MsgspecError as error:
        raise ShopfloorError(
            f"gh answered something that cannot be read: {error}.", "Is it a current version?"
        ) from error


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'").replace("{}", "") + "'"
