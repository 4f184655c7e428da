"""Tasks and worktrees whose records the store cannot read any more, put together from what else is known of them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.projects import ProjectDesk
from agents.errors import ShopfloorError, UsageError
from agents.loops.queue_file import title_of
from agents.model import Task, Usage
from agents.prompts.image_chips import with_names
from agents.store.mending import at_rest, task_in_copy
from agents.workspace import Workspace, open_project
from agents.workspace.known import workspace_again

_MADE_ANEW = "Its record could not be read; this one was made of its prompts, its turns and its worktree."


async def put_together(ledger: Ledger, facilities: Facilities, projects: ProjectDesk) -> None:
    """Bring back tasks without a record, at rest, and worktrees without one. What cannot be is warned of."""
    workspaces = ledger.store.workspaces(Workspace)
    for task in ledger.store.lost_tasks(ledger.tasks):
        try:
            ledger.put(await _task_again(task, workspaces.get(task), ledger, facilities, projects))
        except ShopfloorError as error:
            ledger.warn(f"Task {task} cannot be brought back: {error}")
    for known in list(ledger.tasks.values()):
        if known.worktree and known.id not in workspaces:
            try:
                ledger.store.put_workspace(known.id, await workspace_again(known))
            except ShopfloorError as error:
                ledger.warn(f"The worktree of task {known.id} is not known any more: {error}")
    ledger.flush()


async def _task_again(
    identity: str, workspace: Workspace | None, ledger: Ledger, facilities: Facilities, projects: ProjectDesk
) -> Task:
    store = ledger.store
    prompts, turns = store.prompts(identity), store.turns(identity)
    task = task_in_copy(store.path, identity)
    if task is None:
        if workspace is None:
            raise ShopfloorError("Neither the store nor its daily copy says which repository it is of.")
        project = await open_project(Path(workspace.repository))
        others = [other.profile for other in ledger.tasks.values() if other.project == workspace.repository]
        name = others[-1] if others else projects.default(project.root)
        profile = None
        with contextlib.suppress(UsageError):  # who resumes the task is told that there is none of that name
            profile = facilities.profile(name)
        said = prompts[0].text if prompts else ""
        task = Task(
            id=identity,
            title=title_of(with_names(said)) if said else Path(workspace.worktree).name,
            prompt=said,
            project=workspace.repository,
            base=project.head,
            base_commit=workspace.base_commit,
            profile=name,
            driver=profile.driver if profile else "native",
            model=profile.native.model if profile and profile.native else "",
            context_window=profile.native.context_window if profile and profile.native else 0,
            created_at=prompts[0].at if prompts else 0.0,
        )
        task = at_rest(task, _MADE_ANEW)
    if workspace is not None:
        is_there = Path(workspace.worktree).is_dir()
        task = msgspec.structs.replace(
            task, worktree=workspace.worktree, branch=workspace.branch, base_commit=workspace.base_commit,
            state=task.state if is_there else "closed",
        )  # fmt: skip
    return msgspec.structs.replace(
        task,
        turn=max([task.turn, *(turn.number for turn in turns)]),
        round=max([task.round, *(sent.number for sent in store.rounds(identity))]),
        usage=sum((turn.usage for turn in turns), Usage()),
        waiting_prompts=sum(1 for prompt in prompts if prompt.delivery == "queued" and prompt.text),
        draft_comments=sum(1 for comment in store.comments(identity) if comment.state == "draft"),
    )
