"""What a reader chooses to see: white space, tests, single files, folds, one side beside the other."""

from __future__ import annotations

from collections.abc import Callable

from widgets.diff.rows import FILE
from widgets.diff.state import DiffState


class Choices:
    """Choices about what is shown of a diff; each method is one, by the name that bindings use."""

    def __init__(self, state: DiffState, filtered: Callable[[], None], rebuilt: Callable[[set[bytes]], None]) -> None:
        """
        Args:
            filtered: told when anything of any file may be shown or hidden now.
            rebuilt: told the files of which other rows are shown now.
        """
        self._state = state
        self._filtered = filtered
        self._rebuilt = rebuilt

    def space(self) -> None:
        """Show or hide changes of white space only."""
        self._state.hide_space = not self._state.hide_space
        self._filtered()

    def tests(self) -> None:
        """Show or hide test files."""
        self._state.hide_tests = not self._state.hide_tests
        self._filtered()

    def hide(self) -> None:
        """Hide the file at the cursor."""
        section = self._state.section
        if section is not None and section.file is not None:
            following = self._state.find(FILE, 1) or self._state.spot_of_file(section.file.path)
            self._state.hidden.add(section.file.path)
            if following is not None:
                self._state.cursor = following
            self._filtered()

    def moved(self) -> None:
        """Fold blocks that only moved, or show their lines."""
        self._state.fold_moved = not self._state.fold_moved
        self._filtered()

    def alone(self) -> None:
        """Show only the file at the cursor, or all files again."""
        section = self._state.section
        if self._state.alone is not None:
            self._state.alone = None
        elif section is not None and section.file is not None:
            self._state.alone = section.file.path
        self._filtered()

    def fold_all(self) -> None:
        """Fold all files to their names, or unfold all that are folded."""
        files = self._state.diff.files
        fold = not all(self._state.is_folded(file) for file in files)
        self._state.folds.update((file.path, fold) for file in files)
        self._filtered()

    def show_all(self) -> None:
        """Show everything that is hidden."""
        self._state.hidden.clear()
        self._state.hide_tests = False
        self._filtered()

    def split(self) -> None:
        """Show the file at the cursor side by side, or one below the other."""
        section = self._state.section
        if section is not None and section.file is not None:
            self._state.splits[section.file.path] = not self._state.is_split(section.file)
            self._rebuilt({section.file.path})

    def split_all(self) -> None:
        """All files side by side, none, or as there is room."""
        following: dict[bool | None, bool | None] = {None: True, True: False, False: None}
        self._state.split = following[self._state.split]
        self._state.splits.clear()
        self._filtered()

    def fold(self) -> None:
        """Fold the file at the cursor to its name, or unfold it; on a block that only moved: show its lines."""
        section = self._state.section
        if section is None or section.file is None:
            return
        path = section.file.path
        if self._state.unfold_at_cursor():
            self._rebuilt({path})
            return
        self._state.folds[path] = not self._state.is_folded(section.file)
        if self._state.folds[path]:
            self._state.cursor = self._state.spot_of_file(path) or self._state.cursor
        self._rebuilt({path})
