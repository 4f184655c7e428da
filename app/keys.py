"""Every action of the floor: its id, keys, words and help. Bindings, legend, palette and help page come from here.

Keys can be changed in ``keys.toml`` of the configuration folder, one line for an action::

    "floor.new-task" = "n"
    "brain.next" = ["down", "ctrl+n"]

A line ``preset = "pie"`` above them starts from another set of keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from textual.binding import Binding, BindingType

from agents.model import ACTIVE_STATES, TaskState
from app.key_conflicts import conflicts
from widgets.legend import Hint


class Action(NamedTuple):
    """Something a person can do on the floor."""

    id: str
    keys: str
    """Textual's names, separated by commas; the first is the one that hints show."""
    act: str
    """What happens: a method of :class:`app.acts.Acts`."""
    title: str
    """As the palette names it."""
    help: str
    label: str = ""
    """One or two words for the legend; empty when it never stands there."""
    argument: int | tuple[int, int] | None = None
    """What the method is given, if anything."""

    @property
    def action(self) -> str:
        """The action that Textual runs on the floor."""
        return f"act({self.act!r})" if self.argument is None else f"act({self.act!r}, {self.argument!r})"


FLOOR: tuple[Action, ...] = (
    Action("floor.new-task", "n", "new_task", "New task", "Write a prompt and start an agent on it.", "new"),
    Action("floor.review", "r", "review", "Review the change", "Read what the focused task changed and comment on it.",
           "review"),
    Action("floor.say", "i,colon", "say", "Say something", "Write to the focused task's agent.", "say"),
    Action("floor.next-needed", "space,ctrl+n", "next_needed", "Next task that needs me",
           "Go to the next task that is blocked, has failed, or has finished unseen.", "who needs me"),
    Action("floor.zoom", "z", "zoom", "Zoom", "Show the focused pane alone, or all panes again.", "zoom"),
    Action("floor.area", "tab", "next_area", "Next area", "Go from the list to the panes to the composer.", "area"),
    Action("floor.area-back", "shift+tab", "previous_area", "Previous area", "Go back from area to area."),
    Action("floor.brain", "ctrl+b,b", "toggle_brain", "List of tasks",
           "Collapse the list of tasks to a rail; in a narrow terminal, change between list and panes.", "list"),
    Action("floor.filter", "f,slash", "filter", "Find a task", "Filter the list of tasks as you type.", "find"),
    Action("floor.back", "grave_accent", "back_and_forth", "Last task", "Go back and forth between the last two tasks.",
           "last"),
    Action("floor.page-next", "full_stop", "turn_page", "Next page", "Show the next page of panes.", "page", 1),
    Action("floor.page-previous", "comma", "turn_page", "Previous page", "Show the page of panes before.",
           argument=-1),
    Action("floor.layout", "L", "arranging.next_layout", "Layout",
           "Change between grid, columns, and one large pane with a strip of the others.", "layout"),
    Action("floor.order", "O", "arranging.next_order", "Order of the panes",
           "Let panes stand by age, those first that need you, or as you place them."),
    Action("floor.pin", "p", "arranging.pin", "Pin", "Let the focused pane stand first on every page, or not any more.",
           "pin"),
    Action("floor.move-before", "less_than_sign", "arranging.move", "Move before",
           "Put the focused pane before its neighbour.", argument=-1),
    Action("floor.move-after", "greater_than_sign", "arranging.move", "Move after",
           "Put the focused pane after its neighbour.", argument=1),
    Action("floor.left", "shift+left,h", "go_beside", "Pane to the left", "Go to the pane on the left.",
           argument=(-1, 0)),
    Action("floor.right", "shift+right,l", "go_beside", "Pane to the right", "Go to the pane on the right.",
           argument=(1, 0)),
    Action("floor.up", "shift+up", "go_beside", "Pane above", "Go to the pane above.", argument=(0, -1)),
    Action("floor.down", "shift+down", "go_beside", "Pane below", "Go to the pane below.", argument=(0, 1)),
    Action("floor.wider", "plus,equals_sign", "arranging.widen", "Wider list", "Give the list of tasks more columns.",
           argument=1),
    Action("floor.narrower", "minus", "arranging.widen", "Narrower list", "Give the list of tasks fewer columns.",
           argument=-1),
    Action("floor.answer", "a", "answer", "Answer", "Answer what an agent asks, in the list.", "answer"),
    Action("floor.note", "w", "note", "Waiting on…",
           "Write what you wait for on the focused task, and when you want to be called about it.", "waiting on"),
    Action("floor.stop", "S", "stop", "Stop", "Interrupt the focused or selected tasks; they rest until resumed.",
           "stop"),
    Action("floor.resume", "R", "resume", "Resume", "Go on with a stopped, blocked or failed task.", "resume"),
    Action("floor.queues", "Q", "queues", "Queues",
           "Read, edit and run queues of prompts, and watch the one that runs on the focused task.", "queues"),
    Action("floor.commit", "c", "shipping.commit", "Git: commit",
           "Pick files of the focused task and run a git command on them."),
    Action("floor.land", "m", "shipping.land", "Land", "Bring the focused task's work onto its branch.", "land"),
    Action("floor.reviewers", "V", "shipping.reviewers", "Reviewers",
           "Have other agents read the focused task's change; what they find becomes drafts of the review."),
    Action("floor.line", "ctrl+l", "shipping.line", "Landing line",
           "The tasks that wait to land, and those that did: hold the line, take out, take back."),
    Action("floor.publish", "U", "shipping.publish", "Pull request",
           "Publish the focused task's branch as a pull request, or bring it up to date."),
    Action("floor.issues", "I", "shipping.issues", "Task from an issue", "Start a task from an issue of the host."),
    Action("floor.scripts", "e", "shipping.scripts", "Scripts",
           "Run the project's commands for the focused task; start and stop its services.", "scripts"),
    Action("floor.trust", "T", "shipping.trust", "Trust the project file",
           "Read .shopfloor.toml and decide whether its commands may run."),
    Action("floor.check", "C", "run_checks", "Run the checks", "Run the project's checks on the focused task now.",
           "check"),
    Action("floor.break-fix", "B", "judging.break_fix", "Break/fix",
           "Run the tests of the focused task's change without the change; what does not notice is drafted in its "
           "review."),
    Action("floor.race", "W", "judging.race", "Race",
           "Compare the tasks that work on the focused task's prompt and keep one; else begin a race."),
    Action("floor.start-race", "ctrl+w", "judging.start_race", "New race",
           "Give one prompt to several profiles at once."),
    Action("floor.compact", "K", "compact", "Shorten the conversation",
           "Have the focused task's agent shorten its conversation, to make room in its context window."),
    Action("floor.choose", "M", "choose_settings", "Mode and model",
           "Choose the mode, the model and other options of the focused task's agent.", "model"),
    Action("floor.close", "X", "close", "Close", "Take the focused task off the floor (asks first).", "close"),
    Action("floor.projects", "P", "toggle_projects", "All projects", "Show the tasks of all projects, or of this one.",
           "all projects"),
    Action("floor.dashboard", "D", "dashboard", "Dashboard",
           "Show what agents have cost by day, profile and project, and what today may cost.", "costs"),
    Action("floor.tour", "f3", "tour", "Tour", "Show the three screens again that say how this is used."),
    Action("floor.start-engine", "E", "start_engine", "Start the engine",
           "Start the engine again after it was stopped on purpose."),
    Action("floor.theme", "ctrl+k", "theme", "Theme", "Choose colours: light, dark and others."),
    Action("floor.help", "question_mark,f1", "help", "Help", "Show all keys.", "help"),
    Action("floor.palette", "ctrl+p", "palette", "Commands", "Find any action or task by its name.", "commands"),
    Action("floor.quit", "q", "leave", "Quit", "Leave the screen; the agents go on working.", "quit"),
)  # fmt: skip

PANE_DIGITS: tuple[Action, ...] = tuple(
    Action(f"floor.pane-{n}", str(n), "go_to_pane", f"Pane {n}", f"Go to pane {n} of this page.", argument=n)
    for n in range(1, 10)
)

_AREAS: Mapping[str, Sequence[str]] = {
    "panes": ("floor.say", "floor.review", "floor.new-task", "floor.help", "floor.quit", "floor.next-needed",
              "floor.answer", "floor.stop", "floor.resume", "floor.zoom", "floor.area", "floor.palette", "floor.close",
              "floor.land", "floor.queues", "floor.scripts", "floor.note", "floor.layout", "floor.pin"),
    "brain": ("brain.choose", "floor.new-task", "floor.review", "floor.help", "floor.quit", "floor.next-needed",
              "floor.answer", "brain.filter", "floor.area", "brain.select", "floor.brain", "floor.palette",
              "floor.note"),
    "composer": ("composer.send", "composer.new-line", "composer.when", "composer.leave", "floor.area",
                 "floor.palette"),
    "terminal": ("terminal.leave", "terminal.page-up"),
    "terminal-read": ("terminal.type", "floor.review", "floor.say", "floor.help", "terminal.search", "terminal.copy",
                      "floor.area", "floor.zoom", "floor.stop", "floor.resume", "floor.close", "floor.palette"),
    "empty": ("floor.new-task", "floor.projects", "floor.help", "floor.palette", "floor.quit"),
}  # fmt: skip

_LABELS = {"brain.choose": "its pane", "brain.filter": "filter", "brain.select": "select", "composer.send": "send",
           "composer.new-line": "new line", "composer.when": "now / after", "composer.leave": "panes",
           "terminal.leave": "take the keys back from the agent", "terminal.page-up": "scroll",
           "terminal.type": "keys to the agent", "terminal.search": "search", "terminal.copy": "copy"}  # fmt: skip

PRESETS: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "pie": {
        "diff.next-hunk": "c,right_square_bracket",
        "diff.previous-hunk": "C,left_square_bracket",
        "diff.range": "ctrl+v",
        "diff.moved": "I",
        "review.comment": "m",
        "review.comment-file": "i",
        "review.explain-file": "x",
        "review.explain-all": "X",
        "review.reopen": "K",
        "review.reload": "r,ctrl+r",
        "review.mark-file": "v",
        "review.mark-hunk": "V",
        "prompt.clear": "ctrl+c",
    },
}
"""Sets of keys to start from: what differs from the default ones. ``pie``: a diff is read as in pie's ``/git``, where
``c`` and ``C`` go through the chunks and ``r`` reads again."""

_NAMES = {
    "question_mark": "?", "full_stop": ".", "comma": ",", "colon": ":", "slash": "/", "grave_accent": "`",
    "space": "Space", "tab": "Tab", "enter": "Enter", "escape": "Esc", "up": "↑", "down": "↓", "left": "←",
    "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}",
    "delete": "Del", "semicolon": ";", "exclamation_mark": "!", "at": "@",
    "vertical_line": "|", "plus": "+", "underscore": "_",
    "less_than_sign": "<", "greater_than_sign": ">", "equals_sign": "=", "asterisk": "*",
    "backslash": "\\", "backspace": "⌫", "circumflex_accent": "^", "minus": "-",
}  # fmt: skip


def pretty(key: str) -> str:
    """A key as people write it: ``^B``, ``Shift+Tab``, ``?``."""
    *modifiers, name = key.split("+")
    shown = _NAMES.get(name, name.upper() if len(name) > 1 or modifiers else name)
    if modifiers == ["ctrl"] and len(shown) == 1:
        return f"^{shown}"
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])


def pretty_keys(keys: str) -> str:
    """Several keys separated by commas, for people."""
    return " ".join(pretty(key.strip()) for key in keys.split(","))


def first_key(name: str, bindings: Iterable[Binding], keymap: Mapping[str, str]) -> str:
    """The first key of one of these bindings, for people, in the person's own keys."""
    default = next(binding.key for binding in bindings if binding.id == name)
    return pretty((keymap.get(name) or default).split(",")[0].strip())


def legend_hints(
    wanted: Iterable[str],
    bindings: Sequence[Binding],
    keymap: Mapping[str, str],
    *,
    words: Mapping[str, str],
    actions: Mapping[str, str] | None = None,
) -> list[Hint]:
    """What a legend shows of the bindings of a screen.

    Args:
        wanted: their ids, the most useful first.
        words: what they are called there; by default as the palette calls them.
        actions: what a click on each does; by default their ids say it.
    """
    names = {binding.id: binding.description.lower() for binding in bindings}
    return [
        Hint(first_key(name, bindings, keymap), words.get(name) or names[name], (actions or {}).get(name, name))
        for name in wanted
    ]


def bindings(actions: Iterable[Action]) -> list[BindingType]:
    """Textual's bindings for actions. Keys that move between areas work while text is written too."""
    return [
        Binding(
            action.keys,
            action.action,
            action.title,
            id=action.id,
            tooltip=action.help,
            priority=action.id in ("floor.area", "floor.area-back"),
        )
        for action in actions
    ]


def floor_bindings() -> list[tuple[str, list[Binding]]]:
    """The bindings that the widgets of the floor bring along, under the name of the place where they work."""
    from app.app import ShopfloorApp
    from widgets.agent_pane import AgentPane
    from widgets.brain import Brain
    from widgets.prompt_area import PromptArea
    from widgets.terminal.pane import TerminalPane

    return _named(
        ("Everywhere", ShopfloorApp.BINDINGS),
        ("In the list of tasks", Brain.BINDINGS),
        ("In a pane", AgentPane.BINDINGS),
        ("In a terminal", TerminalPane.BINDINGS),
        ("In the composer", PromptArea.BINDINGS),
    )


def widget_bindings() -> list[tuple[str, list[Binding]]]:
    """The same of all screens. Importing them costs what a floor that opens does not want to pay."""
    from app.dashboard import DashboardScreen
    from app.judging.race import RaceScreen, StartRaceScreen
    from app.new_task import NewTaskScreen
    from app.pick_text import TextPicker
    from app.queues.keys import QUEUE_KEYS
    from app.queues.targets import TargetScreen
    from app.review.keys import REVIEW_KEYS
    from app.review.send import SendScreen
    from app.ship.commit import CommitScreen
    from app.ship.land import LandScreen, LineScreen
    from app.ship.publish import IssuesScreen, PublishScreen
    from app.ship.reviewers import ReviewersScreen
    from app.ship.scripts import ScriptsScreen, TrustScreen
    from app.tour import TourScreen
    from widgets.comment_box import CommentBox
    from widgets.diff.keys import DIFF_KEYS
    from widgets.prompt_pane import PromptPane
    from widgets.queue_items import ItemEditor

    return floor_bindings() + _named(
        ("In the new-task dialog", NewTaskScreen.BINDINGS),
        ("Where a text is chosen", TextPicker.BINDINGS),
        ("On the dashboard", DashboardScreen.BINDINGS),
        ("In the tour", TourScreen.BINDINGS),
        ("In a review", REVIEW_KEYS),
        ("In the diff of a review", DIFF_KEYS),
        ("While writing a comment", CommentBox.BINDINGS),
        ("In the queues", QUEUE_KEYS),
        ("While editing a prompt of a queue", ItemEditor.BINDINGS),
        ("While choosing tasks for a queue", TargetScreen.BINDINGS),
        ("In the prompt beside a diff", PromptPane.BINDINGS),
        ("Before a round is sent", SendScreen.BINDINGS),
        ("Where a race is begun", StartRaceScreen.BINDINGS),
        ("In a race", RaceScreen.BINDINGS),
        ("In the dialog for git commands", CommitScreen.BINDINGS),
        ("In the dialog that lands a task", LandScreen.BINDINGS),
        ("In the landing line", LineScreen.BINDINGS),
        ("In the dialog for reviewers", ReviewersScreen.BINDINGS),
        ("In the dialog for pull requests", PublishScreen.BINDINGS),
        ("Where an issue is chosen", IssuesScreen.BINDINGS),
        ("In the scripts of a task", ScriptsScreen.BINDINGS),
        ("While reading the project file", TrustScreen.BINDINGS),
    )


def _named(*places: tuple[str, Sequence[BindingType]]) -> list[tuple[str, list[Binding]]]:
    return [(name, [item for item in found if isinstance(item, Binding) and item.id]) for name, found in places]


def shown_bindings(bindings: Iterable[Binding], own: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Keys, in the person's ``own`` where there are some, and what they do; the numbers of answers in one row."""
    shown = {binding.id or "": (own or {}).get(binding.id or "") or binding.key for binding in bindings}
    rows = []
    for binding in bindings:
        keys, meaning = pretty_keys(shown[binding.id or ""]), binding.tooltip
        if binding.id == "pane.answer-1":
            keys = f"{keys} … {pretty_keys(shown['pane.answer-9'])}"
            meaning = "Answer what the agent asks with that option"
        elif (binding.id or "").startswith("pane.answer-"):
            continue
        rows.append((keys, meaning))
    return rows


def _dialog_bindings() -> list[tuple[str, list[Binding]]]:
    """The bindings of dialogs that say themselves which keys they have."""
    from app.agent_options import OptionsScreen
    from app.ask import AskScreen, TellScreen
    from app.choose import ChooseScreen
    from app.help import HelpScreen
    from app.note import NoteScreen
    from app.review.help import ReviewHelp
    from app.review.pick import PickScreen
    from app.too_small import TooSmallScreen

    screens = (
        AskScreen, ChooseScreen, HelpScreen, NoteScreen, OptionsScreen, PickScreen, ReviewHelp, TellScreen,
        TooSmallScreen,
    )  # fmt: skip
    return _named(*((screen.__name__, screen.BINDINGS) for screen in screens))


@cache
def default_keys() -> dict[str, str]:
    """Every id that can be given other keys, and the keys it has by default."""
    return _keys(widget_bindings() + _dialog_bindings())


@cache
def _floor_keys() -> dict[str, str]:
    """Those of the floor and its widgets."""
    return _keys(floor_bindings())


def _keys(places: Iterable[tuple[str, Iterable[Binding]]]) -> dict[str, str]:
    known = {action.id: action.keys for action in (*FLOOR, *PANE_DIGITS)}
    return known | {binding.id: binding.key for _, found in places for binding in found if binding.id}


def hints(area: str, keymap: Mapping[str, str], state: TaskState | None = None, asks: bool = False) -> list[Hint]:
    """What the legend shows in an area (``panes``, ``brain``, ``composer``, ``empty``) on a task in this state, whose
    agent ``asks`` something."""
    useless = {"floor.stop", "floor.resume", "composer.when"} | (set() if asks else {"floor.answer"})
    if state in ACTIVE_STATES:
        useless -= {"floor.stop", "composer.when"}
    elif state in ("stopped", "blocked", "failed"):
        useless.remove("floor.resume")
    actions = {action.id: action for action in FLOOR}
    defaults = _floor_keys()
    found: list[Hint] = []
    for name in _AREAS[area]:
        if name in useless:
            continue
        keys = keymap.get(name) or defaults[name]
        label = _LABELS.get(name) or actions[name].label
        first = keys.split(",")[1 if name == "composer.new-line" and "," in keys else 0]
        found.append(Hint(pretty(first.strip()), label, name))
    return found


def welcome(keymap: Mapping[str, str]) -> str:
    """What an empty floor says."""
    new, review, leave = (
        pretty((keymap.get(name) or _floor_keys()[name]).split(",")[0].strip())
        for name in ("floor.new-task", "floor.review", "floor.quit")
    )
    return (
        "No task yet.\n\n"
        f"{new}   write what to do; an agent starts in a worktree of its own\n"
        f"{review}   when it is ready, read its change and comment on lines\n"
        f"{leave}   leave at any time: agents go on, and are here when you return"
    )


class Keymap(NamedTuple):
    """The person's own keys, and what is wrong with the file they stand in."""

    keys: dict[str, str]
    problems: tuple[str, ...] = ()


def read_keymap(path: Path) -> Keymap:
    """Read ``keys.toml``. What cannot be used is left out and named in ``problems``; no file is no problem."""
    if not path.exists():
        return Keymap({})
    import tomllib

    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Keymap({}, (f"{path} cannot be read: {error}. The default keys are used.",))
    known = default_keys()
    problems: list[str] = []
    preset = read.pop("preset", "default")
    if not isinstance(preset, str) or preset not in PRESETS:
        problems.append(f"{path}: there is no preset {preset!r}; there are {', '.join(PRESETS)}.")
        preset = "default"
    keys: dict[str, str] = dict(PRESETS[preset])
    for name, value in read.items():
        given = [value] if isinstance(value, str) else value
        if name not in known:
            problems.append(f"{path}: there is no action {name!r}; the help page lists them.")
        elif not isinstance(given, list) or not given or not all(isinstance(key, str) and key for key in given):
            problems.append(f'{path}: {name} needs a key or a list of keys, such as "n" or ["n", "ctrl+n"].')
        else:
            keys[name] = ",".join(given)
    return Keymap(keys, (*problems, *(f"{path}: {problem}" for problem in conflicts(known, keys))))
