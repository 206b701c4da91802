"""Who ran which statement, what came of it, and how many may run at once."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members.models import AuditRow
from springtide.operations.statements import states
from springtide.operations.statements.actions import begin_statement, finish_statement, refuse_statement
from springtide.operations.statements.reads import latest_runs, statement_run
from tests.operations.conftest import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def analyst(member_of):
    return member_of("analyst")


def begun(member, text="select 1", *, now=NOON):
    return begin_statement(member, text, opened=["money"], now=now)


def finished(number, *, rows=3, now=NOON + 2 * SECOND):
    finish_statement(number, rows=rows, has_more=False, left_out=["profiles.equity_usdt"], now=now)


def test_a_run_is_recorded_with_who_when_how_long_and_what_came_of_it(analyst):
    number = begun(analyst)
    assert statement_run(analyst, number).is_running
    finished(number)
    run = statement_run(analyst, number)
    assert (run.text, run.state, run.rows, run.seconds, run.rights, run.left_out) == (
        "select 1", "done", 3, 2.0, ("money",), ("profiles.equity_usdt",),
    )  # fmt: skip
    begin, end = AuditRow.objects.filter(subject=f"statement {number}").order_by("number")
    assert (begin.action, begin.acting, begin.becomes) == ("begin_statement", analyst, "running")
    assert (end.action, end.was, end.becomes, end.details["rows"], end.details["seconds"]) == (
        "end_statement", "running", "done", 3, 2.0,
    )  # fmt: skip
    assert begin.details["hash"] == end.details["hash"]


def test_a_statement_that_was_refused_is_recorded_with_the_reason(analyst):
    number = begun(analyst, "copy users to 'x'")
    refuse_statement(
        number, {"code": "bad_statement", "message": "This is not a query.", "hint": "Begin with select."}, now=NOON
    )
    run = statement_run(analyst, number)
    assert (run.state, run.error["code"], run.rows) == ("refused", "bad_statement", None)
    assert AuditRow.objects.get(action="end_statement").details["code"] == "bad_statement"


@pytest.mark.parametrize("role", ["operator", "manager", "approver", "admin", "qc_reviewer"])
def test_who_has_no_right_to_the_console_runs_nothing(member_of, role):
    with pytest.raises(Refused) as refused:
        begun(member_of(role))
    assert refused.value.code == "not_allowed"


def test_a_manager_with_the_right_may(member_of):
    assert begun(member_of("manager", granted_rights=["use_sql"]))


def test_a_member_runs_two_at_a_time(analyst):
    first, _second = begun(analyst), begun(analyst)
    with pytest.raises(Refused) as refused:
        begun(analyst)
    assert refused.value.code == "too_many_running"
    finished(first)
    assert begun(analyst)


def test_everybody_together_runs_six(member_of):
    from springtide.operations.members.actions import create_member

    members = [
        create_member(username=f"analyst{n}", display_name="A", role="analyst", password="a tide that lifts 3 boats", now=NOON)
        for n in range(4)
    ]
    for member in members[:3]:
        begun(member), begun(member)
    with pytest.raises(Refused) as refused:
        begun(members[3])
    assert refused.value.code == "too_many_running"


def test_what_was_left_running_by_a_server_that_went_down_does_not_bar_the_next(analyst):
    lost = begun(analyst)
    begun(analyst)
    assert begun(analyst, now=NOON + states.LOST_AFTER + SECOND)
    assert statement_run(analyst, lost).error["code"] == "lost"
    with pytest.raises(Refused) as refused:
        finished(lost)
    assert refused.value.code == "move_not_open"


def test_a_run_of_somebody_else_is_not_there(analyst, member_of):
    number = begun(analyst)
    with pytest.raises(UnknownName):
        statement_run(member_of("manager"), number)


def test_the_last_statements_stand_newest_first_and_each_once(analyst):
    for text in ("select 1", "select 2", "select 1"):
        finished(begun(analyst, text))
    assert [run.text for run in latest_runs(analyst)] == ["select 1", "select 2"]


def test_a_null_character_is_kept_as_what_can_be_kept(analyst):
    assert statement_run(analyst, begun(analyst, "select '\0'")).text == "select '�'"
