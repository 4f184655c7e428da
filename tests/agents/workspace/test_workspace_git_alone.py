"""Git is run by one module of the project, which is the one that makes it safe."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import agents.workspace.git as module

OWN = Path(module.__file__).resolve()
ROOT = OWN.parent.parent.parent
STARTERS = {"run", "Popen", "call", "check_call", "check_output", "system", "popen", "start", "spawn"}
STARTERS |= {"create_subprocess_exec", "create_subprocess_shell", "execvp", "execv", "execvpe", "posix_spawn"}
CONFINED = "_committing"
"""The engine's part that runs a line of the person's in the sandbox of the task's agent, as one of its commands."""


@cache
def sources() -> dict[Path, list[ast.AST]]:
    """All nodes of every file but the one that runs git."""
    files = [file for package in ("agents", "app", "widgets") for file in sorted((ROOT / package).rglob("*.py"))]
    return {
        file.relative_to(ROOT): list(ast.walk(ast.parse(file.read_bytes()))) for file in files if file.resolve() != OWN
    }


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def starts_git(node: ast.AST) -> bool:
    """A call that starts a process and names git: as a program, at the head of a list, or at that of a script."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "attr", "") == CONFINED:
        return False
    texts = [part.value for given in node.args[:2] for part in ast.walk(given) if isinstance(part, ast.Constant)]
    return name in STARTERS and any(isinstance(text, str) and text.split()[:1] == ["git"] for text in texts)


def test_no_other_module_runs_git() -> None:
    found = [
        f"{file}:{getattr(node, 'lineno', 0)}"
        for file, nodes in sources().items()
        for node in nodes
        if starts_git(node) or any(name.split(".")[0] == "git" for name in imported(node))
    ]
    assert not found, f"git must only be run through {OWN.relative_to(ROOT)}, not in {found}"


def test_only_the_workspace_has_git_look_at_worktrees() -> None:
    askers = {
        file.parent.as_posix()
        for file, nodes in sources().items()
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == module.__name__
        if "confined" in {alias.name for alias in node.names}
    }
    assert askers == {"agents/workspace"}, f"what git prints in a worktree is only checked there: {askers}"


def test_the_search_would_find_it() -> None:
    guilty = ("subprocess.run(['git', 'status'])", "os.system('git gc')", "await runner.start(('git', 'x'), policy)")
    for line in guilty:
        call = ast.parse(line.removeprefix("await ")).body[0]
        assert isinstance(call, ast.Expr)
        assert starts_git(call.value), line
