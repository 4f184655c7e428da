"""The rows of a list of files: one below the other, or as a tree of folders; all, or those that a filter leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row."""

    text: str
    """The name as it is shown: the whole path, or in a tree its last part."""
    file: int = -1
    """Index of the file; -1 for a folder."""
    depth: int = 0
    folder: str = ""
    """For a folder its path, with a slash at the end."""
    files: tuple[int, ...] = ()
    """For a folder the files below it."""
    is_closed: bool = False


def file_rows(
    names: Sequence[str], query: str = "", *, as_tree: bool = False, closed: Collection[str] = ()
) -> list[FileRow]:
    """The rows for files of these names.

    Args:
        query: letters that a name holds in this order, wherever; upper and lower case are the same.
        closed: folders whose files are not shown.
    """
    kept = [index for index, name in enumerate(names) if holds(name, query)]
    if not as_tree:
        return [FileRow(names[index], index) for index in kept]
    return list(_tree(names, kept, "", 0, closed))


def holds(name: str, query: str) -> bool:
    """Whether a name holds the letters of a query in order."""
    rest = iter(name.casefold())
    return all(letter in rest for letter in query.casefold() if not letter.isspace())


def _tree(
    names: Sequence[str], files: Sequence[int], folder: str, depth: int, closed: Collection[str]
) -> Iterator[FileRow]:
    """Folders first as they come, a folder that holds nothing but another one together with it."""
    below: dict[str, list[int]] = {}
    here = []
    for index in files:
        first, slash, _ = names[index][len(folder) :].partition("/")
        if slash:
            below.setdefault(first + "/", []).append(index)
        else:
            here.append(index)
    for part, inside in below.items():
        path = folder + part
        while (deeper := _only_folder(names, inside, path)) is not None:
            path = deeper
        is_closed = path in closed
        yield FileRow(path[len(folder) :], -1, depth, path, tuple(inside), is_closed)
        if not is_closed:
            yield from _tree(names, inside, path, depth + 1, closed)
    for index in here:
        yield FileRow(names[index][len(folder) :], index, depth)


def _only_folder(names: Sequence[str], files: Sequence[int], folder: str) -> str | None:
    parts = {names[index][len(folder) :].partition("/")[:2] for index in files}
    if len(parts) != 1:
        return None
    first, slash = next(iter(parts))
    return f"{folder}{first}/" if slash else None
