"""Who may import what, and what an import may cost: the rules that keep the layers apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after a statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "never"),
    [
        ("import agents.server", {"textual", "rich", "anthropic", "openai", "pydantic", "git"}),
        ("import agents.client", {"textual", "rich", "anthropic", "openai", "pydantic", "git", "sqlite3", "pygments"}),
        ("import agents.review", {"textual", "rich", "pygments"}),
        ("import agents.drivers.native", {"textual", "rich", "anthropic", "openai", "pydantic"}),
        ("import app.main", {"textual", "rich", "anthropic", "openai", "pydantic", "sqlite3"}),
        ("import app.app", {"anthropic", "openai", "pydantic", "git", "sqlite3"}),
    ],
)
def test_an_import_loads_nothing_it_should_not_pay_for(statement: str, never: set[str]) -> None:
    found = loaded_by(statement) & never
    assert not found, f"`{statement}` must not load {sorted(found)}"


def test_no_module_of_the_agents_imports_the_screen() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "agents").rglob("*.py"))
        if path.name not in ("__init__.py", "toolhost.py", "launcher.py", "landlock_launcher.py")
    ]
    found = loaded_by("import " + ", ".join(modules)) & {"textual", "rich"}
    assert not found, f"agents/ must work without a screen, yet it loads {sorted(found)}"


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
