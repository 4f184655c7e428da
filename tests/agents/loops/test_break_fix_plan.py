"""What break/fix takes out of a change, and how it reads what runners say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agents.loops.break_fix import TouchedTest, command_for, passed, plan_break_fix, read_results
from agents.project_file import BreakFixSection
from agents.review import parse_diff
from tests.shop import a_repository, git

PYTEST = BreakFixSection()


def a_patch(folder: Path, before: dict[str, str], after: dict[str, str]) -> bytes:
    """The change between two states of a repository."""
    repository = a_repository(folder)
    for files in (before, after):
        for name, text in files.items():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(text)
        git(repository, "add", "-A")
        git(repository, "commit", "-qm", "state", "--allow-empty")
    options = ("--raw", "-z", "--patch", "--full-index", "-M")
    return subprocess.run(
        ["git", "diff", *options, "HEAD~", "HEAD"], cwd=repository, capture_output=True, check=True
    ).stdout


def test_only_the_test_functions_that_changed_are_judged(tmp_path: Path) -> None:
    before = (
        "class TestCart:\n    def test_old(self):\n        assert 1\n\n    def test_touched(self):\n        assert 1\n"
    )
    after = before[:-2] + "2\n\n\ndef test_new():\n    assert 3\n"
    patch = a_patch(tmp_path / "r", {"test_cart.py": before}, {"test_cart.py": after, "cart.py": "a = 1\n"})
    plan = plan_break_fix(parse_diff(patch), {b"test_cart.py": after.encode()}, PYTEST)
    assert [test.name for test in plan.tests] == ["TestCart::test_touched", "test_new"]
    assert plan.files == ("test_cart.py",)


def test_prose_comments_and_lock_files_are_not_taken_out_and_files_share_the_bound(tmp_path: Path) -> None:
    body = "\n".join(f"x{number} = {number}" for number in range(60)) + "\n"
    changed = body.replace("x1 =", "y1 =").replace("x30 =", "y30 =").replace("x58 =", "y58 =")
    after = {
        "a.py": changed, "b.py": "b = 2\n", "README.md": "# new\n", "c.py": "# only a comment\n", "uv.lock": "x\n",
        "test_a.py": "def test_a():\n    assert 1\n",
    }  # fmt: skip
    change = parse_diff(a_patch(tmp_path / "r", {"a.py": body}, after))
    plan = plan_break_fix(change, {}, BreakFixSection(hunks=2))
    assert [piece.path for piece in plan.pieces] == [b"a.py", b"b.py"], "each file has its turn"
    assert plan.left_out == 2


def test_a_summary_is_read_by_test_and_all_variants_must_pass() -> None:
    printed = (
        "PASSED fake.py::test_printed_by_a_test\n=== short test summary info ===\n"
        "PASSED t.py::test_a[1 - x]\nFAILED t.py::test_a[2] - assert 1 == 2\n"
        "PASSED t.py::T::test_b\nERROR u.py - Oops\n"
    )
    results = read_results(printed)
    assert results == {"t.py::test_a": False, "t.py::T::test_b": True, "u.py": False}
    assert passed(TouchedTest(path=b"t.py", name="T::test_b"), False, results)
    assert not passed(TouchedTest(path=b"t.py", name="test_gone"), True, results)
    assert passed(TouchedTest(path=b"any.rb"), True, {}), "other runners tell by their exit status alone"


def test_pytest_of_the_projects_own_environment_needs_no_setting(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTEST_DISABLE_PLUGIN_AUTOLOAD=1 exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "test_with a blank.py").write_text("def test_one():\n    assert 1\n\n\ndef test_two():\n    assert 0\n")
    command = command_for(PYTEST, ["test_with a blank.py"])
    done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert read_results(done.stdout) == {
        "test_with a blank.py::test_one": True,
        "test_with a blank.py::test_two": False,
    }, done.stdout + done.stderr
    assert done.returncode == 1
