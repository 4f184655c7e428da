"""Whether the program that runs is still the one on disk."""

from pathlib import Path

from agents.installation import Installation


def test_files_that_were_replaced_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "module.py"
    file.write_text("a = 1\n")
    installation = Installation(tmp_path)
    assert not installation.replaced()
    file.write_text("a = 22\n")
    assert installation.replaced()
    installation = Installation(tmp_path)
    (tmp_path / "new.py").touch()
    assert installation.replaced()
