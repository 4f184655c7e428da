"""What a reviewer is told to look at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.review.model import DiffSet
from agents.review.warnings import PER_NAME, Warned, file_warnings
from tests.agents.review.review_repository import Repository

KEY = b"".join((b"ghp", b"_", b"a1B2c3D4" * 5))
"""Put together here so that nothing in this repository looks like a key."""


def warned(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> list[Warned]:
    repository = Repository(folder / "repository")
    for name, content in before.items():
        repository.write(name, content)
    old = repository.tree()
    repository.clear()
    for name, content in after.items():
        repository.write(name, content)
    return warnings_of(repository.diff(old, repository.tree()))


def warnings_of(diff: DiffSet) -> list[Warned]:
    return [warning for file in diff.files for warning in file_warnings(file)]


def names(found: list[Warned]) -> list[str]:
    return [warning.name for warning in found]


TESTS = b"def test_one():\n    assert f() == 1\n    assert g() == 2\n\ndef test_two():\n    assert h() == 3\n"


def test_a_removed_assert_is_a_weaker_test(tmp_path: Path) -> None:
    after = TESTS.replace(b"    assert g() == 2\n", b"    g()\n")
    (warning,) = warned(tmp_path, {"tests/test_a.py": TESTS}, {"tests/test_a.py": after})
    assert (warning.name, warning.path) == ("tests weakened", b"tests/test_a.py")
    assert "1 check fewer" in warning.sentence


def test_a_changed_assert_is_none(tmp_path: Path) -> None:
    after = TESTS.replace(b"g() == 2", b"g() == 3")
    assert warned(tmp_path, {"tests/test_a.py": TESTS}, {"tests/test_a.py": after}) == []


def test_a_deleted_test_and_a_deleted_test_file_are_told(tmp_path: Path) -> None:
    after = TESTS.partition(b"\ndef test_two")[0]
    found = warned(
        tmp_path,
        {"tests/test_a.py": TESTS, "tests/test_b.py": TESTS},
        {"tests/test_a.py": after},
    )
    assert {(w.path, w.name) for w in found if w.name == "tests deleted"} == {
        (b"tests/test_a.py", "tests deleted"),
        (b"tests/test_b.py", "tests deleted"),
    }


@pytest.mark.parametrize(
    "line",
    [b"@pytest.mark.skip", b"@pytest.mark.xfail(strict=False)", b"    pytest.skip('later')", b"    self.skipTest('x')"],
)
def test_a_skip_added_to_a_test_is_told(tmp_path: Path, line: bytes) -> None:
    found = warned(tmp_path, {"tests/test_a.py": TESTS}, {"tests/test_a.py": line + b"\n" + TESTS})
    assert names(found) == ["skipped tests"]


def test_only_in_a_test_of_another_language_is_told(tmp_path: Path) -> None:
    before = b"it('adds', () => {\n  expect(1).toBe(1)\n})\n"
    found = warned(tmp_path, {"src/a.test.ts": before}, {"src/a.test.ts": before.replace(b"it(", b"it.only(", 1)})
    assert "skipped tests" in names(found)


@pytest.mark.parametrize(
    "line",
    [b"x = f()  # type: ignore", b"import os  # noqa", b"// eslint-disable-next-line", b"//nolint:errcheck"],
)
def test_a_silencer_is_told_with_its_line(tmp_path: Path, line: bytes) -> None:
    repository = Repository(tmp_path / "repository").write("a.py", b"one\ntwo\n")
    old = repository.tree()
    diff = repository.diff(old, repository.write("a.py", b"one\n" + line + b"\ntwo\n").tree())
    (warning,) = warnings_of(diff)
    assert warning.name == "silenced checks"
    assert diff.files[0].lines.raw(warning.line) == line


def test_a_silencer_that_only_moved_is_not_told(tmp_path: Path) -> None:
    before = b"import os  # noqa\nx = 1\ny = 2\n"
    after = b"x = 1\ny = 2\nimport os  # noqa\n"
    assert warned(tmp_path, {"a.py": before}, {"a.py": after}) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".github/workflows/test.yml", "ci"),
        ("pyproject.toml", "dependencies"),
        ("uv.lock", "lock file"),
        (".vscode/tasks.json", "editor settings"),
        (".claude/settings.json", "agent settings"),
        (".mcp.json", "agent settings"),
        (".envrc", "runs later"),
        ("tests/conftest.py", "runs later"),
        ("Makefile", "runs later"),
        (".husky/pre-commit", "runs later"),
        (".gitattributes", "git settings"),
    ],
)
def test_files_that_bite_later_are_told_by_name(tmp_path: Path, name: str, expected: str) -> None:
    assert expected in names(warned(tmp_path, {name: b"a\n"}, {name: b"b\n"}))


def test_ordinary_files_are_not_told(tmp_path: Path) -> None:
    files = {"src/makefile_parser.py": b"a\n", "docs/ci.md": b"a\n", "src/hooks/useThing.ts": b"a\n"}
    assert warned(tmp_path, files, dict.fromkeys(files, b"b\n")) == []


def test_modes_and_links_are_told(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository").write("run.sh", b"x\n").write("data", b"x\n")
    old = repository.tree()
    repository.write("run.sh", b"x\n", 0o755).link("data", "/etc/passwd").write("new.sh", b"x\n", 0o755)
    found = {(w.path, w.name) for w in warnings_of(repository.diff(old, repository.tree()))}
    assert found == {(b"run.sh", "permissions"), (b"data", "symlink"), (b"new.sh", "permissions")}


def test_a_key_is_told_and_its_placeholder_is_not(tmp_path: Path) -> None:
    value = b"q8Zx3LmN7vT2bR9kW4cY6d"
    after = b"token = '" + KEY + b"'\npassword = 'YOUR_PASSWORD_GOES_HERE'\nsecret_key = '" + value + b"'\n"
    found = warned(tmp_path, {"a.py": b"\n"}, {"a.py": b"\n" + after})
    assert names(found) == ["secret", "secret"], found


def test_code_that_handles_tokens_is_not_a_secret(tmp_path: Path) -> None:
    after = b"token = settings.authentication.value\nauth = hashlib.sha256(data).hexdigest()\npassword = read_it()\n"
    assert warned(tmp_path, {"a.py": b"\n"}, {"a.py": b"\n" + after}) == []


def test_hidden_characters_are_told(tmp_path: Path) -> None:
    after = "ok = 1\nif user != 'admin\u202e': pass\nname = 'a\u200bb'\n".encode()
    assert names(warned(tmp_path, {"a.py": b"ok = 1\n"}, {"a.py": after})) == ["hidden characters"] * 2


def test_marks_of_a_conflict_are_told_and_a_heading_is_not(tmp_path: Path) -> None:
    conflict = b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> side\n"
    found = warned(tmp_path, {}, {"a.py": b"a\n" + conflict, "b.rst": b"Title\n=======\n"})
    assert [(warning.name, warning.path, warning.line) for warning in found] == [("conflict", b"a.py", 1)]


def test_a_script_that_runs_on_install_is_told(tmp_path: Path) -> None:
    before = b'{\n  "scripts": {\n  }\n}\n'
    after = b'{\n  "scripts": {\n    "postinstall": "node x.js"\n  }\n}\n'
    found = warned(tmp_path, {"package.json": before}, {"package.json": after})
    assert [(w.name, w.line >= 0) for w in found] == [("runs later", True), ("dependencies", False)]


def test_many_places_of_one_sort_are_cut_short(tmp_path: Path) -> None:
    after = b"".join(b"x%d = 1  # noqa\n" % number for number in range(PER_NAME * 3))
    assert len(warned(tmp_path, {"a.py": b""}, {"a.py": after})) == PER_NAME
