"""How the brain looks and which keys it has."""

from __future__ import annotations

from textual.binding import Binding, BindingType

BRAIN_CSS = """
Brain { width: 36; min-width: 20; height: 1fr; background: $surface; color: $foreground; }
Brain.-rail { width: 5; min-width: 5; }
Brain.-only { width: 1fr; }
Brain .brain--name { text-style: bold; }
Brain .brain--title { color: $foreground; }
Brain .brain--unseen { text-style: bold; }
Brain .brain--dim { color: $foreground 68%; }
Brain .brain--faint { color: $foreground 50%; }
Brain .brain--group { color: $foreground 62%; text-style: bold; }
Brain .brain--needs { color: $warning; }
Brain .brain--failed { color: $error; }
Brain .brain--working { color: $primary; }
Brain .brain--ready { color: $success; }
Brain .brain--resting { color: $foreground 68%; }
Brain .brain--added { color: $success; }
Brain .brain--removed { color: $error; }
Brain .brain--waiting { color: $secondary; }
Brain .brain--note { color: $secondary; text-style: italic; }
Brain .brain--current { color: $primary; text-style: bold; }
Brain .brain--unread { color: $warning; text-style: bold; }
Brain .brain--chosen { background: $foreground 7%; }
Brain .brain--cursor { background: $primary 22%; }
Brain .brain--bar { color: $foreground 25%; }
Brain .brain--picked { color: $accent; text-style: bold; }
Brain .brain--badge { color: $background; background: $warning; text-style: bold; }
"""
BRAIN_STYLES = {
    "brain--name", "brain--title", "brain--unseen", "brain--dim", "brain--faint", "brain--group", "brain--needs",
    "brain--failed", "brain--working", "brain--ready", "brain--resting", "brain--added", "brain--removed",
    "brain--waiting", "brain--note", "brain--current", "brain--unread", "brain--chosen", "brain--cursor",
    "brain--bar", "brain--badge", "brain--picked",
}  # fmt: skip

BRAIN_KEYS: list[BindingType] = [
    Binding("down,j", "move(1)", "Next task", id="brain.next", tooltip="Move to the next task in the list."),
    Binding("up,k", "move(-1)", "Previous task", id="brain.previous", tooltip="Move to the task above."),
    Binding("pagedown", "move(8)", "Page down", id="brain.page-down", tooltip="Move some tasks down."),
    Binding("pageup", "move(-8)", "Page up", id="brain.page-up", tooltip="Move some tasks up."),
    Binding("home,g", "move_to(0)", "First task", id="brain.first", tooltip="Move to the first task."),
    Binding("end,G", "move_to(-1)", "Last task", id="brain.last", tooltip="Move to the last task."),
    Binding("enter", "choose", "Go to its pane", id="brain.choose",
            tooltip="Show this task's pane and go there; of a task that asks something, choose the answer."),
    Binding("slash", "filter", "Filter", id="brain.filter",
            tooltip="Show only tasks that contain what you type, in words or in the names of changed files."),
    Binding("s,insert", "select", "Select", id="brain.select",
            tooltip="Select this task too: what you do next is done with all selected ones."),
    Binding("asterisk", "select_all", "Select all", id="brain.select-all",
            tooltip="Select all tasks that are shown, or none."),
    Binding("v", "regroup", "Group by", id="brain.group",
            tooltip="Group tasks by what they ask of you, by project or by profile."),
    Binding("escape", "leave", "Back", id="brain.leave",
            tooltip="Drop the answer, the filter or the selection, else go back to the panes."),
]  # fmt: skip
