import unittest
from datetime import datetime

from daybook.journal import parse_journal

JOURNAL = """
; a comment
## 2026-03-02
09:15-10:45 @acme Write the offer #writing #urgent
10:50-11:20 @acme Call with Maria ; she wants it by Friday #not-a-tag

## 2026-03-03
08:00-09:00 Sort the mail
"""


class ParseJournal(unittest.TestCase):
    def setUp(self):
        self.offer, self.call, self.mail = parse_journal(JOURNAL)

    def test_span_belongs_to_the_day_above(self):
        self.assertEqual(self.offer.start, datetime(2026, 3, 2, 9, 15))
        self.assertEqual(self.mail.end, datetime(2026, 3, 3, 9, 0))
        self.assertEqual(self.offer.minutes, 90)

    def test_project_text_and_tags(self):
        self.assertEqual(self.offer.project, "acme")
        self.assertEqual(self.offer.text, "Write the offer")
        self.assertEqual(self.offer.tags, ("writing", "urgent"))

    def test_comment_at_the_end_is_not_text(self):
        self.assertEqual(self.call.text, "Call with Maria")
        self.assertEqual(self.call.tags, ())

    def test_project_may_be_missing(self):
        self.assertEqual(self.mail.project, "")

    def test_entry_needs_a_day(self):
        with self.assertRaises(ValueError):
            parse_journal("09:00-10:00 @acme Too early")

    def test_span_must_be_times(self):
        with self.assertRaises(ValueError):
            parse_journal("## 2026-03-02\nnine-ten @acme Talk")

    @unittest.expectedFailure
    def test_entry_may_end_after_midnight(self):
        (night,) = parse_journal("## 2026-03-02\n22:30-01:15 @acme Release")
        self.assertEqual(night.end, datetime(2026, 3, 3, 1, 15))
        self.assertEqual(night.minutes, 165)
