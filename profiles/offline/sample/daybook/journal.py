"""The journal: days, and entries below them."""

from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True)
class Entry:
    """A span of time spent on something."""

    start: datetime
    end: datetime
    project: str
    text: str
    tags: tuple = ()

    @property
    def minutes(self):
        """How long it took."""
        return int((self.end - self.start).total_seconds()) // 60


def parse_journal(text):
    """The entries of a journal in the order they are written."""
    entries = []
    day = None
    for line in text.splitlines():
        line = line.strip()
        if line == "" or line.startswith(";"):
            continue
        if line.startswith("## "):
            day = date.fromisoformat(line[3:].strip())
            continue
        if day is None:
            raise ValueError("an entry stands before the first day")
        span, _, rest = line.partition(" ")
        begin, _, end = span.partition("-")
        start = datetime.combine(day, time.fromisoformat(begin))
        stop = datetime.combine(day, time.fromisoformat(end))
        project = ""
        words = []
        tags = []
        for word in rest.split():
            if word == ";":
                break
            if word.startswith("@") and project == "":
                project = word[1:]
            elif word.startswith("#"):
                tags.append(word[1:])
            else:
                words.append(word)
        entries.append(Entry(start, stop, project, " ".join(words), tuple(tags)))
    return entries
