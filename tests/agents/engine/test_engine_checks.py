"""The project's checks, run in the sandbox after each turn: what they say, and when they do not run."""

from __future__ import annotations

from pathlib import Path

from agents.engine import Engine
from tests.shop import KEY, Shop, runs, writes


async def with_checks(shop: Shop, *checks: str, defaults: str = "") -> None:
    """A trusted project file; each check is the lines of its table."""
    text = "".join(f"[[check]]\n{check}\n" for check in checks) + (f"[defaults]\n{defaults}\n" if defaults else "")
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)


async def check_entries(shop: Shop, task: str) -> list[str]:
    """How each check that ran ended, in order."""
    return [
        f"{entry.tool.name} {entry.tool.status}"
        for entry in await shop.engine.transcript(task)
        if entry.kind == "check" and entry.tool is not None
    ]


async def test_rounds_end_and_the_person_is_called(shop: Shop) -> None:
    await with_checks(shop, 'name = "never"\nrun = "echo no; exit 1"', defaults="check_rounds = 2")
    for number in range(3):
        shop.model.add(writes("try.txt", f"{number}\n"), "Tried.")
    task = await shop.rests((await shop.task()).id, "blocked")
    assert task.reason == "The checks still fail after 2 rounds: never."
    assert (task.turn, task.check_round, task.check_state) == (3, 2, "failed")
    told = [prompt.text.splitlines()[0] for prompt in await shop.engine.prompts(task.id) if prompt.origin == "check"]
    assert ["round 1 of 2" in told[0], "round 2 of 2" in told[1]] == [True, True], told


async def test_an_agent_that_changes_nothing_about_it_is_not_told_again(shop: Shop) -> None:
    await with_checks(shop, 'name = "never"\nrun = "echo no; exit 1"')
    shop.model.add("I cannot.", "It is not mine.")
    task = await shop.rests((await shop.task()).id, "blocked")
    assert task.turn == 2
    assert await check_entries(shop, task.id) == ["never failed"], "unchanged files are not checked twice"


async def test_unchanged_files_are_not_checked_again_even_by_another_engine(shop: Shop) -> None:
    await with_checks(shop, 'name = "tests"\nrun = "true"')
    shop.model.add(writes("a.txt", "a\n"), "Made.", "Nothing new.", "Nothing new either.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.send(task.id, "and?")
    await shop.until(task.id, lambda known: known.turn == 2, "the second turn")
    await shop.rests(task.id)
    assert await check_entries(shop, task.id) == ["tests done"]
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin", KEY: "secret-test-key"})
    await shop.engine.start()
    await shop.engine.send(task.id, "and now?")
    await shop.until(task.id, lambda known: known.turn == 3, "the third turn")
    assert (await shop.rests(task.id)).check_state == "passed"
    assert await check_entries(shop, task.id) == ["tests done"]
    await shop.engine.checks.run(task.id)
    assert await check_entries(shop, task.id) == ["tests done", "tests done"], "the person asked"


async def test_a_changed_command_runs_on_unchanged_files(shop: Shop) -> None:
    await with_checks(shop, 'name = "tests"\nrun = "true"')
    shop.model.add("Done.", "Done.")
    task = await shop.rests((await shop.task()).id)
    await with_checks(shop, 'name = "tests"\nrun = "true again"')
    await shop.engine.send(task.id, "and?")
    await shop.until(task.id, lambda known: known.turn == 2, "the second turn")
    await shop.rests(task.id)
    assert await check_entries(shop, task.id) == ["tests done", "tests done"]


async def test_checks_that_hang_flood_and_kill_themselves_fail_with_a_reason(shop: Shop) -> None:
    await with_checks(
        shop,
        'name = "hangs"\nrun = "echo begun; sleep 600"\ntimeout = 0.5',
        'name = "floods"\nrun = "yes flood | head -c 30000000; exit 7"',
        'name = "dies"\nrun = "echo last words; kill -9 $$"',
        'name = "leaves"\nrun = "sleep 600 & exit 0"',
        defaults="check_rounds = 0",
    )
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id, "blocked")
    state = await shop.engine.checks.results(task.id)
    assert state is not None
    assert state.is_current
    hangs, floods, dies, leaves = state.report.results
    assert (hangs.reason, hangs.output) == ("not done after 0.5 seconds", "begun\n")
    assert floods.reason == "exit status 7"
    assert len(floods.output) <= 20_000, "a report stays small"
    assert Path(floods.log).stat().st_size == 20_000_000, "the log is bounded"
    assert dies.reason == "ended by signal 9"
    assert Path(dies.log).read_text() == "last words\n"
    assert leaves.passed, "what it leaves behind ends with it"


async def test_the_agent_can_read_the_whole_log_and_not_change_it(shop: Shop) -> None:
    await with_checks(shop, 'name = "tests"\nrun = "seq 1 5000; exit 1"', defaults="check_rounds = 1")
    folder = shop.engine.ledger.store.path.parent / "tasks"
    shop.model.add(
        "Done.", runs(f"tail -n 1 {folder}/*/checks/tests.log; echo x > {folder}/*/checks/tests.log"), "Seen."
    )
    task = await shop.rests((await shop.task()).id, "blocked")
    told = next(prompt.text for prompt in await shop.engine.prompts(task.id) if prompt.origin == "check")
    log = folder / task.id / "checks" / "tests.log"
    assert str(log) in told
    assert "2500" not in told, "the middle is left out"
    (tool,) = [entry.tool for entry in await shop.engine.transcript(task.id) if entry.kind == "tool" and entry.tool]
    assert "5000" in tool.output, tool.output
    assert log.read_text().startswith("1\n2\n"), "the agent must not be able to change what a check said"


async def test_failing_lines_are_found_in_the_output(shop: Shop) -> None:
    said = "hello.txt:2: error: no such world"
    await with_checks(shop, f'name = "lint"\nrun = "echo {said}; exit 1"', defaults="check_rounds = 0")
    shop.model.add("Done.", writes("hello.txt", "hello\n"), "Mended.")
    task = await shop.rests((await shop.task()).id, "blocked")
    state = await shop.engine.checks.results(task.id)
    assert state is not None
    (finding,) = state.report.results[0].findings
    assert (finding.path, finding.line, finding.message, finding.severity) == (
        b"hello.txt", 2, "no such world", "error",
    )  # fmt: skip
    (Path(task.worktree) / "hello.txt").write_text("changed\n")
    state = await shop.engine.checks.results(task.id)
    assert state is not None
    assert not state.is_current, "the files are others now"


async def test_stopping_in_the_middle_of_a_check_keeps_no_result(shop: Shop) -> None:
    await with_checks(shop, 'name = "long"\nrun = "sleep 600"')
    shop.model.add("Done.")
    task = await shop.task()
    await shop.until(task.id, lambda known: known.state == "checking", "the check")
    await shop.entry(task.id, lambda entry: entry.kind == "check", "the check's entry")
    await shop.engine.stop_task(task.id)
    task = await shop.rests(task.id, "stopped")
    assert task.check_state == "none"
    assert await check_entries(shop, task.id) == ["long interrupted"]
    assert await shop.engine.checks.results(task.id) is None
