"""A task under review: a real repository, and an Api that keeps its comments in memory, for the review screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
from textual.app import App
from textual.pilot import Pilot

from agents.api import Api
from agents.errors import NotFound, ShopfloorError, UsageError
from agents.model import Prompt, Task, When
from agents.parts.changes import Commit, Diff, Scope
from agents.parts.checks import CheckReport, CheckResult, CheckState, Finding
from agents.parts.review import Comment, CommentDraft, EditedPrompt, Reply
from agents.parts.writing import Said
from agents.prompts.image_chips import image_chip
from agents.review.prompt import review_prompt
from app.review.screen import ReviewScreen
from app.themes import THEMES
from tests.widgets.diff.diff_scene import Files, Repository
from widgets.diff import DiffView


class MemoryStaging:
    """An index in a repository."""

    def __init__(self, api: MemoryApi) -> None:
        self._api = api
        self.index = api.base

    async def stage(self, task: str, patch: bytes, out: bool = False) -> tuple[str, str]:
        self._api._called("stage")
        git = self._api.repository.git
        git("read-tree", self.index)
        git("apply", "--cached", "--whitespace=nowarn", *(["--reverse"] if out else []), "-", data=patch)
        self.index = git("write-tree").decode().strip()
        return await self.staged(task)

    async def staged(self, task: str) -> tuple[str, str]:
        return self._api.base, self.index


class MemoryWriting:
    """What was said before, and the files there are."""

    def __init__(self, api: MemoryApi) -> None:
        self._api = api
        self.before: list[str] = []
        self.put_by: list[str] = []
        self.images: list[str] = []
        """The paths of images that were to be kept."""

    async def files(self, task: str) -> list[str]:
        return self._api.repository.git("ls-tree", "-r", "--name-only", self._api.head).decode().split("\n")[:-1]

    async def said(self, limit: int = 1000) -> list[Said]:
        return [Said(text=text, task="abcd") for text in reversed(self.before)]

    async def yank(self, text: str) -> None:
        self.put_by.append(text)

    async def draft(self, task: str) -> str:
        return self._api.composer

    async def save_draft(self, task: str, text: str) -> None:
        self._api.composer = text

    async def attach_image(self, path: str) -> str:
        self.images.append(path)
        return image_chip(path)


class MemoryChecks:
    """What the checks said last."""

    def __init__(self) -> None:
        self.state: CheckState | None = None

    async def results(self, task: str) -> CheckState | None:
        return self.state


class MemoryReview:
    """Comments in a list, and marks in a set."""

    def __init__(self, api: MemoryApi) -> None:
        self._api = api
        self.edited = EditedPrompt()
        self.asked_about: list[CommentDraft] = []

    async def comments(self, task: str) -> list[Comment]:
        self._api._called("comments")
        return list(self._api.notes)

    async def add(self, task: str, draft: CommentDraft, base_tree: str = "", head_tree: str = "") -> Comment:
        self._api._called("add")
        number = self._api.known_task.round + 1
        taken = max((int(note.id.rpartition("C")[2]) for note in self._api.notes if note.round == number), default=0)
        fields = {name: getattr(draft, name) for name in CommentDraft.__struct_fields__}
        comment = Comment(
            **fields,
            id=f"R{number}-C{taken + 1}",
            task=task,
            round=number,
            base_tree=base_tree,
            head_tree=head_tree,
            at=time.time(),
        )
        self._api.notes.append(comment)
        self._api.changed()
        return comment

    async def edit(self, task: str, comment: str, text: str) -> Comment:
        self._api._called("edit")
        return self._api._replace(comment, text=text)

    async def delete(self, task: str, comment: str) -> None:
        self._api._called("delete")
        self._api.notes = [note for note in self._api.notes if note.id != comment]
        self._api.changed()

    async def reply(self, task: str, comment: str, text: str, author: str = "person") -> Comment:
        self._api._called("reply")
        known = next(note for note in self._api.notes if note.id == comment)
        kept = tuple(reply for reply in known.replies if reply.round)
        replies = (*kept, Reply(text=text, author=author)) if text.strip() else kept
        return self._api._replace(comment, replies=replies, state="sent" if text.strip() else known.state)

    async def explain(
        self, task: str, question: str, about: CommentDraft, base_tree: str = "", head_tree: str = ""
    ) -> Task:
        self._api._called("explain")
        self._api.questions.append(question)
        self.asked_about.append(about)
        return msgspec.structs.replace(self._api.known_task, id="side", state="queued")

    async def prompt(self, task: str, without: Sequence[str] = ()) -> str:
        self._api._called("prompt")
        drafts = [note for note in self._api.notes if note.state == "draft" and note.id not in without]
        if not drafts:
            raise UsageError("There are no comments to send.", "`c` in the review writes one.")
        return review_prompt(
            drafts, round_number=self._api.known_task.round + 1, base_name="main", directory="/src/shop"
        )

    async def send(self, task: str, when: When = "now", text: str = "", without: Sequence[str] = ()) -> Prompt:
        text = text or await self.prompt(task, without)
        self._api._called("send_round")
        self.edited = EditedPrompt()
        self._api.notes = [
            msgspec.structs.replace(note, state="sent") if note.state == "draft" and note.id not in without else note
            for note in self._api.notes
        ]
        prompt = Prompt(id=len(self._api.sent) + 1, task=task, text=text, when=when, origin="review")
        self._api.sent.append(prompt)
        self._api.changed()
        return prompt

    async def edited_prompt(self, task: str) -> EditedPrompt:
        return self.edited

    async def keep_edited_prompt(self, task: str, edited: EditedPrompt) -> None:
        self._api._called("keep_edited_prompt")
        self.edited = edited

    async def resolve(self, task: str, comment: str, resolved: bool = True) -> Comment:
        self._api._called("resolve")
        return self._api._replace(comment, state="resolved" if resolved else "sent")

    async def reviewed(self, task: str) -> list[str]:
        self._api._called("reviewed")
        return sorted(self._api.marks)

    async def mark(self, task: str, marks: Sequence[str], reviewed: bool = True) -> None:
        self._api._called("mark")
        (self._api.marks.update if reviewed else self._api.marks.difference_update)(marks)
        self._api.changed()


class MemoryApi:
    """The part of the Api that a review asks for: diffs by git, comments in a list."""

    def __init__(self, repository: Repository, task: Task, base: str, head: str) -> None:
        self.repository = repository
        self.known_task = task
        self.base = base
        self.head = head
        self.notes: list[Comment] = []
        self.sent: list[Prompt] = []
        self.seen_tasks: list[str] = []
        self.calls: list[str] = []
        self.marks: set[str] = set()
        self.changes = self
        self.review = MemoryReview(self)
        self.wait: asyncio.Event | None = None
        """What a change of files waits for."""
        self.staging = MemoryStaging(self)
        self.writing = MemoryWriting(self)
        self.checks = MemoryChecks()
        self.said: list[str] = []
        """What was told about patches."""
        self.questions: list[str] = []
        self.composer = ""
        """The unsent text of the composer."""
        self.trees: dict[str, str] = {}
        """What stands for commits: subject → tree."""
        self.failing = ""
        """A method that fails, as it does when the engine is gone."""
        self.changed: Callable[[], None] = lambda: None
        """Told about comments as the application is."""

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failing == name:
            raise ShopfloorError("The engine cannot be reached.", "Start it again.")

    async def diff(self, task: str, scope: Scope = "branch", base: str = "", head: str = "") -> Diff:
        self._called("diff")
        if scope in ("refs", "commit"):
            head = head or self.head
            if not base.strip("0"):
                raise NotFound(f"There is no commit or tree {base!r}.")
            patch = self.repository.patch(base, head)
            return Diff(
                task=task, scope=scope, base_tree=base, head_tree=head, base_name=base[:7],
                head_name="" if head == self.head else head[:7], directory="/src/shop", patch=patch,
            )  # fmt: skip
        if scope == "review":
            raise UsageError("Nothing was sent for review yet.")
        return Diff(
            task=task,
            scope=scope,
            base_tree=self.base,
            head_tree=self.head,
            base_name="main (1a2b3c4)" if scope == "branch" else scope,
            directory="/src/shop",
            patch=self.repository.patch(self.base, self.head),
        )

    async def commits(self, task: str) -> list[Commit]:
        self._called("commits")
        return [Commit(id=tree, subject=subject) for subject, tree in self.trees.items()]

    async def apply(self, task: str, patch: bytes, said: str) -> Task:
        self._called("apply")
        if self.wait is not None:
            await self.wait.wait()
        self.repository.git("read-tree", self.head)
        self.repository.git("apply", "--cached", "--whitespace=nowarn", "-", data=patch)
        self.head = self.repository.git("write-tree").decode().strip()
        self.said.append(said)
        return self.known_task

    async def send(self, task: str, text: str, when: When = "now") -> Prompt:
        self._called("send")
        prompt = Prompt(id=len(self.sent) + 1, task=task, text=text, when=when)
        self.sent.append(prompt)
        return prompt

    async def blobs(self, task: str, ids: Sequence[str]) -> list[bytes]:
        self._called("blobs")
        return [self.repository.blob(blob) for blob in ids]

    async def seen(self, task: str) -> None:
        self.seen_tasks.append(task)

    def claim(self, comment: str, claim: str, text: str = "") -> None:
        """What the agent says about a comment."""
        self._replace(comment, state="claimed", claim=claim, claim_text=text)

    def _replace(self, comment: str, **changes: object) -> Comment:
        index = next(i for i, note in enumerate(self.notes) if note.id == comment)
        self.notes[index] = msgspec.structs.replace(self.notes[index], **changes)
        self.changed()
        return self.notes[index]


class ReviewApp(App[None]):
    """An application that shows nothing but a review."""

    def __init__(self, api: MemoryApi, theme: str = "shopfloor-dark", keymap: Mapping[str, str] | None = None) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self.api = api
        self.review = ReviewScreen(cast(Api, api), api.known_task, keymap=keymap)
        self.copied = ""

    def on_mount(self) -> None:
        self.api.changed = self.review.comments_changed
        self.push_screen(self.review)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied = text


class Scene:
    """One task whose agent changed files, and the screen to review it in."""

    def __init__(self, folder: Path, before: Files, after: Files, **facts: object) -> None:
        self.repository = Repository(folder / "repository")
        self.worktree = folder / "worktree"
        self.worktree.mkdir()
        base = self.repository.tree(before)
        head = self.repository.tree(after)
        for name, content in after.items():
            target = self.worktree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        fields: dict[str, object] = {
            "id": "abcd", "title": "Speed up the cart", "prompt": "Make it fast", "project": "/src/shop",
            "base": "main", "base_commit": "1a2b3c4", "profile": "offline", "state": "ready", "turn": 1,
            "worktree": str(self.worktree),
        }  # fmt: skip
        self.task = Task(**(fields | facts))  # type: ignore[arg-type]
        self.api = MemoryApi(self.repository, self.task, base, head)

    def app(self, theme: str = "shopfloor-dark", keymap: Mapping[str, str] | None = None) -> ReviewApp:
        """The application, not yet running."""
        return ReviewApp(self.api, theme, keymap)

    def agent_writes(self, after: Files) -> None:
        """The files become these."""
        self.api.head = self.repository.tree(after)

    def check_says(self, *findings: Finding, tree: str = "", name: str = "tests") -> None:
        """A check has failed with these findings, on the files as they are or those of another tree."""
        result = CheckResult(name=name, command="make test", passed=False, output="", findings=findings)
        report = CheckReport(task=self.task.id, tree=tree or self.api.head, results=(result,))
        self.api.checks.state = CheckState(report=report, is_current=not tree)

    def at_work(self) -> Task:
        """The task while a turn runs."""
        return msgspec.structs.replace(self.task, state="working", turn=self.task.turn + 1)

    def after_turn(self) -> Task:
        """The task when that turn has ended."""
        return msgspec.structs.replace(self.task, state="ready", turn=self.task.turn + 1)


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str) -> None:
    """Let the application go on until something is so; fails saying what was waited for."""
    for _ in range(400):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it never came to this: {what}")


def screen_text(app: App[None]) -> str:
    """What stands on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    assert len(lines) <= height, "the screen is higher than the terminal"
    return "\n".join(strip.text[:width] for strip in lines)


async def opened(pilot: Pilot[None], app: ReviewApp) -> DiffView:
    """The diff view, when the change is shown in it."""
    await until(pilot, lambda: app.screen is app.review and app.review.is_mounted, "the review is on the screen")
    view = app.review.query_one(DiffView)
    await until(pilot, lambda: view.state.diff.files, "the change is shown")
    return view


def line_at_cursor(view: DiffView) -> str:
    """The code in the row of the cursor."""
    section = view.state.section
    assert section is not None, "nothing is shown"
    assert section.file is not None, "the cursor is in no file"
    return section.file.lines.text(section.refs[view.state.cursor.row])


async def go_to_line(pilot: Pilot[None], view: DiffView, text: str) -> None:
    """Put the cursor on a line of code."""
    assert view.search(text), f"no line of the diff holds {text!r}"
    for _ in range(view.match()[1]):
        if line_at_cursor(view) == text:
            view.search("")
            await pilot.pause()
            return
        view.action_next(1)
    raise AssertionError(f"no line of the diff is {text!r}")
