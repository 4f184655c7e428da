"""The command line: what was asked, and how it ends.

Exit status: 0 done, 1 the work failed, 2 bad usage or configuration, 3 the engine cannot be reached or started,
4 the task is blocked and waits for a person.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import importlib
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, cast

from agents.errors import ShopfloorError, UsageError
from agents.version import VERSION
from app.arguments import amount, days, from_0, from_1, port, priority, seconds
from app.faults import fault_sentence
from app.verbs.queue_arguments import add_queue_verbs


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in our way: one sentence, status 2; and takes options wherever they stand."""

    _is_intermixed = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """A positional argument that may be left out is taken for missing when an option stands before it, and is then
        left over: read once more, the options first."""
        found, left = super().parse_known_args(args, namespace)
        if not left or self._is_intermixed or self._subparsers is not None:
            return found, left
        self._is_intermixed = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_intermixed = False

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"`{self.prog} --help` shows how it is called.")


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; the exit status. No traceback reaches a person."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no ✓ is no reason to end
    elif sys.stdout is None:  # it was closed: nobody wants to know
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    try:
        try:
            return _dispatch(list(arguments))
        finally:
            sys.stdout.flush()
    except ShopfloorError as error:
        return _told(error)
    except KeyboardInterrupt:
        print("shopfloor: stopped by you.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _write_no_more()  # nobody reads on; not a fault
        return 0
    except Exception as error:
        if isinstance(error, FileNotFoundError) and not _is_somewhere():
            return _told(UsageError("The folder you are in is not there any more.", "Go to one that is."))
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _write_no_more()
            return _told(ShopfloorError("There is no room left on the disk.", "Make room and try again."))
        return _told(ShopfloorError(fault_sentence(error)))


def _told(error: ShopfloorError) -> int:
    """Say what is wrong in one line, whatever names it holds; the exit status."""
    from agents.escape import escape

    print(f"shopfloor: {escape(str(error)).text}", file=sys.stderr)
    return error.exit_status


def _write_no_more() -> None:
    """Let the rest of the output go nowhere: it would be tried again at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_somewhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return False
    return True


def _dispatch(arguments: list[str]) -> int:
    match arguments[:1]:
        case ["pager"]:
            from app.pager import main as pager

            return pager(arguments[1:])
        case ["sandbox"]:
            from app.sandbox import main as sandbox

            return sandbox(arguments[1:])
        case ["demo"]:
            from app.demo import main as demo

            return demo(arguments[1:])
    arguments = _with_verb(arguments)
    options = parser(arguments[0]).parse_args(arguments)
    if options.verb == "floor":
        from app.verbs.floor import open_floor

        return asyncio.run(open_floor(options.path))
    if options.verb == "web":
        from app.web import serve

        return serve(options)
    if options.verb == "engine":
        from app.verbs.engine import engine

        return engine(options.action, options.json, options.when_idle)
    if options.verb == "doctor":
        from app.verbs.doctor import doctor

        return asyncio.run(doctor(options.json))
    if options.verb == "acp":
        from app.verbs.acp import acp

        return acp(options.profile)
    module = importlib.import_module(f"app.verbs.{_VERBS[options.verb]}")
    verb = getattr(module, options.verb.replace("-", "_"))
    return int(asyncio.run(verb(options)))


def _with_verb(arguments: list[str]) -> list[str]:
    """``shopfloor [PATH]`` is ``shopfloor floor [PATH]``."""
    if arguments and (arguments[0] in _VERBS or arguments[0] in ("-h", "--help", "--version")):
        return arguments
    return ["floor", *arguments]


_VERBS: Mapping[str, str] = {
    "acp": "",
    "adopt": "scripts",
    "answer": "tasks",
    "break-fix": "break_fix",
    "budget": "conversations",
    "check": "tasks",
    "close": "tasks",
    "comment": "review",
    "comments": "review",
    "conflicts": "landing",
    "compact": "conversations",
    "demo": "",
    "diff": "review",
    "do": "scripts",
    "doctor": "",
    "engine": "tasks",
    "explain": "explaining",
    "floor": "",
    "fork": "conversations",
    "git": "committing",
    "land": "landing",
    "landings": "landing",
    "ls": "tasks",
    "note": "tasks",
    "issues": "hosting",
    "pager": "",
    "pr": "hosting",
    "profiles": "tasks",
    "prune": "tasks",
    "queue": "queue",
    "race": "race",
    "remind": "tasks",
    "restore": "tasks",
    "resume": "tasks",
    "retry": "conversations",
    "review": "review",
    "review-by": "reviewers",
    "reviewers": "reviewers",
    "run": "tasks",
    "sandbox": "",
    "screen": "explaining",
    "send": "tasks",
    "service": "scripts",
    "session": "sessions",
    "show": "tasks",
    "spending": "conversations",
    "stop": "tasks",
    "trust": "tasks",
    "worktrees": "scripts",
    "undo": "tasks",
    "web": "",
}
"""Every verb, and the module of :mod:`app.verbs` that has it; empty for those with a way of their own."""


class _NotAsked:
    """Stands for the parser of a verb that was not asked for: making them all takes longer than most verbs."""

    def __getattr__(self, name: str) -> Callable[..., _NotAsked]:
        return lambda *_, **__: self


def parser(for_verb: str = "") -> argparse.ArgumentParser:
    """The command line: the whole of it, or what is needed to understand one verb."""
    top = _Parser(
        prog="shopfloor",
        description="Run many coding agents at once in one terminal and stay in control of quality.",
        epilog="Without a verb: open the floor for the repository at PATH (default: here).",
    )
    top.add_argument("--version", action="version", version=f"shopfloor {VERSION}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=_Parser)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        if for_verb in _VERBS and name != for_verb:
            return cast(argparse.ArgumentParser, _NotAsked())
        return verbs.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")

    def task_verb(name: str, text: str) -> argparse.ArgumentParser:
        made = verb(name, text)
        made.add_argument("task", metavar="TASK", help="a task's id, or the beginning of it")
        return made

    def as_json(made: argparse.ArgumentParser) -> None:
        made.add_argument("--json", action="store_true", help="print objects for scripts, one a line")

    floor = verb("floor", "open the floor for a repository")
    floor.add_argument("path", nargs="?", default=".", metavar="PATH")
    web = verb("web", "open the floor in a browser on this machine, under an address that nobody can guess")
    web.add_argument("path", nargs="?", default=".", metavar="PATH")
    web.add_argument("--port", type=port, default=0, metavar="N", help="a port of 127.0.0.1 (default: a free one)")
    web.add_argument(
        "--open",
        action="store_true",
        help="open the browser, on whose command line anybody on this machine may read the address",
    )
    demo = verb("demo", "try it: a sample repository and an offline model; nothing leaves the machine")
    demo.add_argument("--agents", type=from_0, default=4, metavar="N", help="how many agents work (default: 4)")
    demo.add_argument("--headless", action="store_true", help="no screen: wait for all and print a line for each")
    demo.add_argument("--keep", action="store_true", help="keep the folder with the repository and the engine's state")
    demo.add_argument(
        "--timeout", type=seconds, default=300, metavar="SECONDS", help="headless: give up (default: 300)"
    )
    as_json(demo)

    run = verb("run", "start a task")
    run.add_argument("prompt", metavar="PROMPT", help="what to do; - reads it from standard input")
    run.add_argument("--template", default="", metavar="NAME", help="begin with a template; PROMPT follows it")
    run.add_argument("--each", action="store_true", help="a task for each line or list item of the prompt")
    run.add_argument("--hold", action="store_true", help="do not start it yet: `shopfloor resume` does")
    run.add_argument("-p", "--profile", default="", help="which agent (see `shopfloor profiles`)")
    run.add_argument("--base", default="", help="branch or commit to start from")
    run.add_argument("--title", default="", help="a name for it (default: the prompt's first line)")
    run.add_argument("--priority", type=priority, default=0, help="higher starts earlier")
    queued = run.add_mutually_exclusive_group()
    queued.add_argument("--queue", metavar="NAME", help="a queue of prompts that follows each turn you start")
    queued.add_argument("--no-queue", action="store_const", dest="queue", const="", help="none, whatever the default")
    run.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE", help="mode, model… of its agent")
    run.add_argument("--no-check", action="store_true", help="do not run the project's checks")
    run.add_argument("--wait", action="store_true", help="wait until it is ready or needs you")
    as_json(run)

    listing = verb("ls", "list the tasks of this repository")
    listing.add_argument("--all", action="store_true", help="closed ones and those of other repositories too")
    as_json(listing)
    show = task_verb("show", "show a task and the end of its transcript")
    show.add_argument("--transcript", action="store_true", help="the whole transcript")
    show.add_argument("--markdown", action="store_true", help="the whole transcript as a Markdown document")
    as_json(show)

    send = task_verb("send", "say something to a task's agent")
    send.add_argument("text", metavar="TEXT", help="the prompt; - reads it from standard input")
    when = send.add_mutually_exclusive_group()
    when.add_argument("--now", action="store_const", dest="when", const="now", help="into the running turn (default)")
    when.add_argument(
        "--after", action="store_const", dest="when", const="after", help="when the running turn has ended"
    )
    as_json(send)
    send.set_defaults(when="now")
    for name, text in (
        ("stop", "interrupt a task's turn"),
        ("resume", "go on with a stopped, blocked or failed task"),
        ("close", "take a task off the floor; branch, snapshots and transcript stay"),
        ("restore", "bring back a closed task, or a deleted worktree, from its last snapshot"),
        ("undo", "bring a task's files back to before its last turn; once more takes that back"),
        ("check", "run the project's checks on a resting task"),
    ):
        as_json(task_verb(name, text))
    as_json(task_verb("explain", "tell why a task is in its state: which sign decided, when, with what evidence"))
    screen = task_verb("screen", "show what the terminal of a task's agent shows")
    screen.add_argument("--press", nargs="+", metavar="KEY", help="press keys in it first: y, enter, escape, ctrl+c")
    as_json(screen)
    as_json(task_verb("compact", "have a task's agent shorten its conversation"))
    as_json(task_verb("retry", "make a failed request again now instead of waiting"))
    fork = task_verb("fork", "start a new task where a turn of this one ended, with its files and its conversation")
    fork.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help="what to do there")
    fork.add_argument("--turn", type=from_0, default=0, metavar="N", help="which turn (default: the last one)")
    fork.add_argument("-p", "--profile", default="", help="go on with another agent")
    as_json(fork)
    spending = verb("spending", "show what agents have cost, by day and profile")
    spending.add_argument("--days", type=days, default=1, metavar="N", help="today and the days before (default: 1)")
    as_json(spending)
    budget = verb("budget", "show what today may cost, or raise it for today")
    budget.add_argument("amount", nargs="?", type=amount, metavar="USD", help="US dollars of today, in all")
    as_json(budget)
    note = task_verb("note", "set what you are waiting for")
    note.add_argument("text", metavar="TEXT")
    remind = task_verb("remind", "be called about a task at a time")
    remind.add_argument("when", metavar="WHEN", help="15m, 2h, 16:30, tomorrow, fri 9:00, a date; never takes it back")

    session = task_verb("session", "show what a task's agent lets you choose (mode, model, options), and set it")
    session.add_argument("setting", metavar="SETTING", nargs="?", default="", help="an id, category or name")
    session.add_argument("value", metavar="VALUE", nargs="?", default="")
    other = session.add_mutually_exclusive_group()
    other.add_argument("--conversations", action="store_true", help="list those the agent has kept about the worktree")
    other.add_argument("--load", default="", metavar="ID", help="go on with another one of them in the next turn")
    as_json(session)
    answer = task_verb("answer", "answer what a task's agent asks")
    answer.add_argument("option", metavar="OPTION", nargs="?", default="", help="its number, or the beginning of it")
    answer.add_argument("--text", default="", metavar="TEXT", help="answer in your own words; - reads standard input")
    as_json(answer)

    diff = task_verb("diff", "print what a task changed")
    scopes = ("branch", "working", "turn", "review", "commit", "refs")
    diff.add_argument("--scope", choices=scopes, default="branch")
    diff.add_argument("--base", metavar="REF", default="", help="the commit, or the first of two refs")
    diff.add_argument("--head", metavar="REF", default="", help="the second of two refs (default: the files now)")
    diff.add_argument("--format", choices=("patch", "ansi", "json"), default=None)
    comment = task_verb("comment", "write a comment on a change (a draft until sent)")
    comment.add_argument("place", metavar="PATH[:LINE[-LINE]]", help="where; . for the whole change")
    comment.add_argument("text", metavar="TEXT")
    kinds = ("fix", "question", "suggestion", "do-not-touch", "note")
    comment.add_argument("--kind", choices=kinds, default="fix", help="a note is private and never sent")
    comment.add_argument("--author", default="person", help="who writes it, when that is not you: a tool, an agent")
    comment.add_argument("--old", action="store_true", help="the line numbers are those of the old side")
    as_json(comment)
    as_json(task_verb("comments", "list a task's comments"))
    review = task_verb("review", "print the prompt that the drafts make (--json: what there is to review), or send it")
    review.add_argument("--send", action="store_true", help="send the drafts as one round")
    review.add_argument("--after", action="store_true", help="as a follow-up instead of into the running turn")
    as_json(review)

    by = task_verb("review-by", "have other agents read a task's change; what they find becomes drafts of the review")
    by.add_argument("names", metavar="NAME", nargs="*", help="reviewers (default: all that can be used)")
    by.add_argument("-p", "--profile", default="", help="who reads, whatever the reviewers' files say")
    by.add_argument("--judge", metavar="PROFILE", default="", help="who takes out what is said twice or unfounded")
    by.add_argument("--auto", type=from_0, default=0, metavar="N", help="send findings to the agent, at most N times")
    by.add_argument("--kind", action="append", choices=kinds, help="which findings are sent by --auto (default: fix)")
    instead = by.add_mutually_exclusive_group()
    instead.add_argument("--estimate", action="store_true", help="only say what it takes at least")
    instead.add_argument("--result", action="store_true", help="only show the latest one, or how far it is")
    instead.add_argument("--cancel", action="store_true", help="end the one that runs")
    instead.add_argument("--no-wait", action="store_true", help="start it and leave")
    as_json(by)
    as_json(verb("reviewers", "list the reviewers that can be asked"))

    do = verb("do", "run a command of the project file for a task; without a name: list them")
    do.add_argument("name", metavar="NAME", nargs="?", default="")
    do.add_argument("task", metavar="TASK", nargs="?", default="", help="default: the one whose worktree this is")
    as_json(do)
    service = verb("service", "run the project's own thing (a dev server) in a task's worktree")
    service.add_argument("action", choices=("ls", "start", "stop", "restart"))
    service.add_argument("name", metavar="NAME", nargs="?", default="", help="which; ls: of which task")
    service.add_argument("task", metavar="TASK", nargs="?", default="", help="default: the one whose worktree this is")
    as_json(service)
    add_queue_verbs(verb("queue", "write queues of follow-up prompts and run them on tasks"), _Parser)

    git = task_verb("git", "list what differs from a task's last commit, or run a git command on it, confined")
    git.add_argument("command", metavar="COMMAND", nargs="?", default="", help="{} stands for the picked files")
    git.add_argument("-f", "--file", action="append", default=[], metavar="PATH", help="pick a file (default: all)")
    only = git.add_mutually_exclusive_group()
    only.add_argument("--preview", action="store_true", help="print the command that would run")
    only.add_argument("--suggest", action="store_true", help="print a commit message by the task's model; nothing runs")
    as_json(git)
    race = verb("race", "give one prompt to several agents, compare what they make, and keep one")
    race.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help="what to do; - reads it; none: list them")
    race.add_argument("-p", "--profile", action="append", default=[], help="an agent; name at least two")
    race.add_argument("--base", default="", help="branch or commit to start from")
    race.add_argument("--title", default="", help="a name for it (default: the prompt's first line)")
    race.add_argument("--no-check", action="store_true", help="do not run the project's checks")
    race.add_argument("--wait", action="store_true", help="wait until none of them works any more")
    chosen = race.add_mutually_exclusive_group()
    chosen.add_argument("--show", metavar="ID", default="", help="compare the tasks of a race (or of a task's)")
    chosen.add_argument("--keep", metavar="TASK", default="", help="keep this task and close the others of its race")
    as_json(race)
    tried = task_verb("break-fix", "run the tests of a change without the change, and find those that do not notice")
    tried.add_argument("--again", action="store_true", help="also on files that were judged before")
    doing = tried.add_mutually_exclusive_group()
    doing.add_argument("--no-wait", action="store_true", help="do not wait for the end")
    doing.add_argument("--show", action="store_true", help="print the latest report; run nothing")
    doing.add_argument("--cancel", action="store_true", help="end the one that runs")
    as_json(tried)
    land = task_verb("land", "bring a task's work onto its branch, once it is tried on top of it")
    how = land.add_mutually_exclusive_group()
    how.add_argument("--squash", action="store_const", dest="how", const="squash", help="as one commit (default)")
    how.add_argument("--merge", action="store_const", dest="how", const="merge", help="with a merge commit")
    how.add_argument("--rebase", action="store_const", dest="how", const="rebase", help="its own commits made again")
    land.add_argument("--onto", metavar="BRANCH", default="", help="default: the branch it started from")
    land.add_argument("-m", "--message", default="", help="of the commit that is made")
    land.add_argument("--no-check", action="store_true", help="do not run the project's checks on the result first")
    land.add_argument("--no-wait", action="store_true", help="only put it in the line")
    other = land.add_mutually_exclusive_group()
    other.add_argument("--undo", action="store_true", help="take a landed task's work off the branch again")
    other.add_argument("--cancel", action="store_true", help="take it out of the line")
    as_json(land)
    land.set_defaults(how="squash")
    as_json(task_verb("conflicts", "show which tasks change the same files as this one, and which conflict"))
    pr = task_verb("pr", "publish a task's branch as a pull request, or bring the one it has up to date")
    pr.add_argument("--title", default="", help="default: the task's")
    pr.add_argument("--body", default="", help="the description; - reads it; default: made from the task")
    pr.add_argument("--base", default="", help="default: the branch it started from")
    pr.add_argument("--draft", action="store_true", help="as a draft")
    what = pr.add_mutually_exclusive_group()
    what.add_argument("--describe", action="store_true", help="print title and description; publish nothing")
    what.add_argument("--status", action="store_true", help="ask how it stands")
    what.add_argument("--comments", action="store_true", help="bring its review comments into the review")
    what.add_argument("--send-failure", action="store_true", help="send the log of the failing job to the agent")
    as_json(pr)
    issues = verb("issues", "list open issues of the host, or start tasks from them")
    issues.add_argument("number", metavar="NUMBER", type=from_1, nargs="*", help="start a task for each of these")
    issues.add_argument("--search", default="", help="as in the host's own search")
    issues.add_argument("-p", "--profile", default="", help="which agent")
    issues.add_argument("--hold", action="store_true", help="do not start yet")
    as_json(issues)
    landings = verb("landings", "show the line of tasks that are landed, or hold it")
    landings.add_argument("--all", action="store_true", help="of all repositories")
    held = landings.add_mutually_exclusive_group()
    held.add_argument("--hold", action="store_true", help="let no landing begin")
    held.add_argument("--go", action="store_true", help="let them go on")
    as_json(landings)

    adopt = verb("adopt", "go on with a branch or a worktree that was begun elsewhere, in a task of its own")
    adopt.add_argument("what", metavar="BRANCH|FOLDER")
    adopt.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help="what to do there")
    adopt.add_argument("-p", "--profile", default="", help="which agent")
    as_json(adopt)
    worktrees = verb("worktrees", "list where tasks live, how large and how old that is")
    worktrees.add_argument("--all", action="store_true", help="of all repositories")
    as_json(worktrees)
    prune = verb("prune", "show what closed tasks still take of the disk, and free it")
    prune.add_argument("--yes", action="store_true", help="do not ask")
    as_json(prune)
    trust = verb("trust", "show the project file and let its commands run")
    trust.add_argument("--yes", action="store_true", help="trust it without asking")
    as_json(verb("profiles", "list the agents that can be used"))
    as_json(verb("doctor", "check this machine and say what is missing"))
    engine = verb("engine", "control the engine, which keeps agents at work while no screen is open")
    engine.add_argument("action", choices=("start", "stop", "restart", "status", "run", "mend"))
    engine.add_argument("--when-idle", action="store_true", help="stop, restart: let the running turns end first")
    as_json(engine)
    acp = verb("acp", "serve our own agent to an editor: the Agent Client Protocol on standard input and output")
    acp.add_argument("-p", "--profile", default="", help="which model (a native profile)")
    verb("pager", "a unified diff on standard input, coloured on standard output")
    verb("sandbox", "run a command exactly as an agent's commands run")
    return top
