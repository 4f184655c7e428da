"""Worktrees, snapshots and diffs: everything Shopfloor does with git, safe against what an agent may have planted.

:mod:`agents.workspace.git` is the only module of the project that runs git. On the host it runs only on the main
repository, with everything pinned; whatever looks at a worktree runs confined, read-only and without network.
The agent works on a private copy of the repository's git folder (its objects borrowed from the real one), so it
cannot damage the repository; :meth:`Workspaces.snapshot` and :meth:`Workspaces.import_branch` bring back what is
good.

``git`` runs git, pinned or confined · ``packing`` hands it a few objects · ``project`` finds repositories · ``private``
is the agent's git folder and what its policy needs · ``making`` makes and deletes worktrees · ``reader`` looks into
them, confined · ``known`` remembers what was taken over · ``trees`` compares trees · ``merging`` combines commits,
``carrying`` states of a task with another base · ``worktrees`` is the surface: :class:`Workspaces`.
"""

from agents.workspace.git import Repository
from agents.workspace.known import Snapshot
from agents.workspace.private import Grants, Kind, Workspace
from agents.workspace.project import Project, open_project
from agents.workspace.worktrees import Workspaces

__all__ = ["Grants", "Kind", "Project", "Repository", "Snapshot", "Workspace", "Workspaces", "open_project"]
