import unittest

from daybook.journal import parse_journal
from daybook.report import table, totals_by_day, totals_by_project

ENTRIES = parse_journal("""
## 2026-03-02
09:00-10:30 @acme Write
11:00-11:30 @home Water the plants
## 2026-03-03
09:00-12:00 @acme Write more
""")


class Totals(unittest.TestCase):
    def test_by_project_largest_first(self):
        self.assertEqual(list(totals_by_project(ENTRIES).items()), [("acme", 270), ("home", 30)])

    def test_by_day_earliest_first(self):
        self.assertEqual(totals_by_day(reversed(ENTRIES)), {"2026-03-02": 120, "2026-03-03": 180})

    @unittest.expectedFailure
    def test_night_counts_for_both_days(self):
        night = parse_journal("## 2026-03-02\n22:30-01:15 @acme Release")
        self.assertEqual(totals_by_day(night), {"2026-03-02": 90, "2026-03-03": 75})


class Table(unittest.TestCase):
    def test_has_a_sum(self):
        lines = table({"acme": 270, "home": 30}).splitlines()
        self.assertEqual(lines[0].split(), ["acme", "4h", "30m"])
        self.assertEqual(lines[-1].split(), ["total", "5h"])

    def test_of_nothing(self):
        self.assertEqual(table({}), "Nothing yet.")
