"""Whether an item of a queue has anything to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from agents.parts.queues import QueueItem
from agents.review.kinds import file_kind


def unmet_condition(item: QueueItem, changed: Sequence[bytes], failed_checks: Collection[str]) -> str:
    """The condition of an item that does not hold, as a sentence; empty when it is to be worked on.

    Args:
        changed: paths that the task has changed, both names of a renamed file.
        failed_checks: names of the project's checks that failed on the files as they are.
    """
    names = [path.decode("utf-8", "surrogateescape") for path in changed]
    if item.if_changed and not any(glob(pattern).fullmatch(name) for pattern in item.if_changed for name in names):
        return f"Nothing was changed that matches {', '.join(item.if_changed)}."
    if item.if_tests_changed and not any(file_kind(path).is_test for path in changed):
        return "No test was changed."
    if item.if_failed and item.if_failed not in failed_checks:
        return f"The check {item.if_failed} has not failed."
    return ""


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str]:
    """A pattern for paths as people write them: ``*`` within a folder, ``**`` across folders, ``?`` one character;
    one without a slash matches names in any folder, one that ends with a slash everything below it."""
    if pattern.endswith("/"):
        pattern += "**"
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    found = ""
    for part in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern.removeprefix("/")):
        found += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
    return re.compile(found, re.DOTALL)
