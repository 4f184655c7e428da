import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from daybook.cli import main


def run(journal, *arguments):
    """Exit status and output of a command on a journal."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.txt"
        file.write_text(journal, encoding="utf-8")
        command, *rest = arguments
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = main([command, str(file), *rest])
        return status, output.getvalue()


class CommandLine(unittest.TestCase):
    def test_report_by_day(self):
        status, output = run("## 2026-03-02\n09:00-10:00 @acme Write", "report", "--by", "day")
        self.assertEqual(status, 0)
        self.assertIn("2026-03-02", output)

    def test_budget_says_what_is_left(self):
        status, output = run("## 2026-03-02\n09:00-10:30 @acme Write", "budget", "@acme", "4h")
        self.assertEqual((status, output), (0, "2h 30m of 4h left\n"))

    def test_broken_journal_is_one_sentence(self):
        status, output = run("09:00-10:00 @acme Write", "report")
        self.assertEqual((status, output), (1, "daybook: an entry stands before the first day\n"))
