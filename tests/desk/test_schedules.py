"""The page of schedules: how well each is, another hour, off and on, and a second chance for what was given up."""

import pytest

from springtide.cycle import scheduling
from springtide.kernel import clock
from springtide.operations.jobs.actions import enqueue, fail, lease
from springtide.operations.jobs.models import Job, Schedule
from springtide.operations.members.models import AuditRow
from tests.desk.pages import text_of


@pytest.fixture
def planned(manager, shown_home):
    scheduling.begin(shown_home, now=clock.now())
    return manager


def given_up():
    job = enqueue("close", "days", {}, now=clock.now())
    held = lease("worker", ("close",), now=clock.now())
    assert held is not None
    fail(held, {"code": "x", "message": "The disk is full.", "hint": "Make room."}, now=clock.now(), again=False)
    return job


def test_the_daily_close_is_there_from_the_start_and_what_was_changed_stays(planned, shown_home):
    page = text_of(planned.get("/admin/schedules/"))
    assert "daily close" in page
    assert "waiting for its first time" in page
    planned.post("/admin/schedules/change/", {"key": "daily close", "cron": "15 2 * * *"})
    scheduling.begin(shown_home, now=clock.now())
    assert Schedule.objects.get().cron == "15 2 * * *"
    row = AuditRow.objects.latest("number")
    assert (row.action, row.was, row.becomes) == ("move_schedule", "30 0 * * *", "15 2 * * *")


def test_it_is_turned_off_and_on(planned):
    planned.post("/admin/schedules/change/", {"key": "daily close", "turn": "off"})
    assert not Schedule.objects.get().is_on
    assert "Turn on" in text_of(planned.get("/admin/schedules/"))
    planned.post("/admin/schedules/change/", {"key": "daily close", "turn": "on"})
    assert Schedule.objects.get().is_on
    assert [row.action for row in AuditRow.objects.order_by("-number")[:2]] == ["turn_schedule", "turn_schedule"]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"key": "daily close", "cron": "61 * * * *"}, "is no cron line"),
        ({"key": "dayly close", "cron": "0 * * * *"}, "There is no schedule"),
        ({"key": "daily close", "turn": "on"}, "It is on already."),
    ],
)
def test_what_cannot_be_says_why(planned, form, says):
    planned.post("/admin/schedules/change/", form)
    assert says in text_of(planned.get("/admin/schedules/"))
    assert Schedule.objects.get().cron == scheduling.AT_HALF_PAST_MIDNIGHT


def test_what_was_given_up_says_why_and_gets_a_second_chance_once(planned):
    job = given_up()
    page = text_of(planned.get("/admin/schedules/"))
    assert "The disk is full." in page
    planned.post(f"/admin/jobs/{job}/again/")
    assert Job.objects.get().state == "ready"
    planned.post(f"/admin/jobs/{job}/again/")
    assert "not waiting for a second chance" in text_of(planned.get("/admin/schedules/"))
    planned.post("/admin/jobs/999/again/")
    assert "There is no job 999." in text_of(planned.get("/admin/schedules/"))


def test_a_home_whose_worker_never_ran_says_what_to_do(manager):
    assert "No schedule yet." in text_of(manager.get("/admin/schedules/"))
