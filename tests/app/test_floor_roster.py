"""Who is current, and who needs the person next."""

from __future__ import annotations

from app.roster import Roster
from tests.app.floor_engine import NOW, PROJECT, a_task


def a_roster(*tasks: object, project: str = PROJECT) -> Roster:
    roster = Roster(project)
    roster.replace(tasks)  # type: ignore[arg-type]
    return roster


def test_next_needed_goes_from_the_most_urgent_round_to_the_first_again() -> None:
    roster = a_roster(
        a_task("rdy1", unseen=True),
        a_task("blk2", state="blocked", changed_at=NOW - 5),
        a_task("blk3", state="blocked", changed_at=NOW - 50),
        a_task("fai4", state="failed"),
        a_task("wrk5", state="working"),
    )
    roster.choose("wrk5")
    visited = []
    for _ in range(5):
        task = roster.next_needed()
        assert task is not None
        roster.choose(task.id)
        visited.append(task.id)
    assert visited == ["blk2", "blk3", "fai4", "rdy1", "blk2"]


def test_nobody_needs_the_person_when_all_is_seen() -> None:
    assert a_roster(a_task("rdy1"), a_task("wrk2", state="working")).next_needed() is None


def test_only_one_in_need_is_found_again_from_itself() -> None:
    roster = a_roster(a_task("blk1", state="blocked"), a_task("wrk2", state="working"))
    roster.choose("blk1")
    task = roster.next_needed()
    assert task is not None
    assert task.id == "blk1"


def test_first_current_task_is_the_most_urgent_one() -> None:
    assert a_roster(a_task("rdy1"), a_task("blk2", state="blocked"), a_task("wrk3", state="working")).current == "blk2"


def test_task_that_leaves_the_floor_hands_over_to_the_one_before() -> None:
    roster = a_roster(a_task("aaa1"), a_task("bbb2"), a_task("ccc3"))
    roster.choose("bbb2")
    roster.choose("ccc3")
    assert roster.put(a_task("ccc3", state="closed"))
    assert roster.current == "bbb2"
    assert [task.id for task in roster.shown] == ["aaa1", "bbb2"]


def test_tasks_of_another_project_are_shown_only_on_demand() -> None:
    roster = a_roster(a_task("here"), a_task("away", project="/projects/other"), project=f"{PROJECT}/src/deep")
    assert [task.id for task in roster.shown] == ["here"]
    roster.toggle_projects()
    assert {task.id for task in roster.shown} == {"here", "away"}
    roster.toggle_projects()
    assert [task.id for task in roster.shown] == ["here"]


def test_project_whose_name_begins_like_ours_is_another_one() -> None:
    assert a_roster(a_task("away", project="/projects/bake"), project="/projects/bakery").shown == []


def test_order_does_not_change_with_states() -> None:
    roster = a_roster(a_task("aaa1", created_at=NOW - 9), a_task("bbb2", created_at=NOW - 5))
    assert not roster.put(a_task("bbb2", state="blocked", created_at=NOW - 5, changed_at=NOW))
    assert [task.id for task in roster.shown] == ["aaa1", "bbb2"]


def test_window_title_says_who_needs_the_person() -> None:
    assert (
        a_roster(a_task("aaa1", "Parse prices", state="blocked")).window_title() == "Shopfloor · Parse prices needs you"
    )
    assert a_roster(*(a_task(name, state="failed") for name in "ab")).window_title() == "Shopfloor · 2 need you"
    assert a_roster(a_task("aaa1", state="working")).window_title() == "Shopfloor · 1 working"
    assert a_roster().window_title() == "Shopfloor"
