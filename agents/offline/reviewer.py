"""What the player answers when it is asked to review: one question about the first new line, so that it is seen where
findings stand."""

from __future__ import annotations

import json
import re

SAID = "The offline player is not a model and cannot judge this line. A reviewer's finding stands here."
_ASKED = '{"findings": [{"path": '
_JUDGED = '{"verdicts": [{"finding": '
_FIRST = re.compile(r"^\+\+\+ b/(?P<path>.+)\n@@ -\S+ \+(?P<start>\d+).*\n(?P<before>(?: .*\n|-.*\n)*)\+", re.MULTILINE)


def reviewer_answer(prompt: str) -> str:
    """The answer to a reviewer's or a judge's prompt; empty when it is neither."""
    if _JUDGED in prompt:
        return json.dumps({"verdicts": []})
    if _ASKED not in prompt:
        return ""
    found = _FIRST.search(prompt)
    if found is None or SAID in prompt:
        return json.dumps({"findings": []})
    line = int(found["start"]) + sum(one.startswith(" ") for one in found["before"].splitlines())
    finding = {"path": found["path"].strip(), "start": line, "severity": "low", "kind": "question", "text": SAID}
    return json.dumps({"findings": [finding]})
