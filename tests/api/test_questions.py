"""Questions, reasons of change and signals over the API: what the home says, for those who may, with single users kept apart."""

from decimal import Decimal

import pytest

from springtide.home import Home
from springtide.operations.members import states

JSON = {"content_type": "application/json"}
STICKY = {"kind": "stickiness", "activity": {"event": "traded_spot"}, "period": "week"}
FUNNEL = {"kind": "funnel", "steps": [{"event": "registered"}, {"event": "traded_spot"}]}
PERIODS = {"then_since": "2026-03-18", "then_until": "2026-03-24", "now_since": "2026-03-25", "now_until": "2026-03-31"}


@pytest.mark.parametrize("question", [STICKY, FUNNEL])
def test_a_question_is_answered_as_the_home_answers_it(program, small_home, question):
    assert program.post("ask", question, **JSON) == Home(small_home.path).ask(question)
    assert program.status == 200


def test_events_and_notes_are_named(program, small_home):
    assert program.get("events") == list(Home(small_home.path).event_names())
    assert isinstance(program.get("annotations"), list)


def test_why_a_metric_changed_adds_up(program):
    told = program.get("why/volume", by="country", **PERIODS)
    assert program.status == 200
    contributions = sum(Decimal(each["amount"]) for each in told["contributions"])
    assert contributions == pytest.approx(Decimal(told["change"]), abs=Decimal("0.000001"))


def test_signals_are_told_newest_first(program):
    told = program.get("signals")
    assert program.status == 200
    assert told["as_of"] == "2026-03-31"
    days = [each["day"] for each in told["signals"]]
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_ask(program_of, serves, small_home, role):
    serves(small_home)
    program = program_of(role)
    program.post("ask", STICKY, **JSON)
    expected = 403 if role in ("collaborator", "admin") else 200
    assert program.status == expected
    program.get("signals")
    assert program.status == expected


def test_who_may_not_list_users_gets_no_ids(program_of, serves, small_home):
    serves(small_home)
    program = program_of("operator")
    told = program.post("ask", FUNNEL, **JSON)
    assert "counts" in told
    assert "users" not in told
    for question in ({**FUNNEL, "kind": "funnel_level", "window_seconds": 60}, {"kind": "sessions", "gap_minutes": 30}):
        assert program.post("ask", question, **JSON)["code"] == "not_allowed"
        assert program.status == 403


@pytest.mark.parametrize(
    "part",
    [
        {
            "steps": [
                {"event": "deposited", "where": [{"prop": "notional_usdt", "op": "eq", "value": "5"}]},
                {"event": "traded_spot"},
            ]
        },
        {"breakdown": {"props": ["fee_usdt"]}},
        {"breakdown": {"prop": "equity_usdt", "scope": "user"}},
    ],
)
def test_who_may_not_see_money_tells_nobody_apart_by_it(program_of, serves, small_home, part):
    serves(small_home)
    program = program_of("analyst")
    assert program.post("ask", {**FUNNEL, **part}, **JSON)["code"] == "column_not_open"


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"kind": "retension"},
        {**STICKY, "perod": "week"},
        {**STICKY, "tz": "Mars/Olympus"},
        {**STICKY, "activity": {"event": "flew"}},
        {**FUNNEL, "steps": [{"event": "registered"}] * 60},
        {**FUNNEL, "window": {"value": 0, "unit": "day"}},
    ],
)
def test_a_question_that_cannot_be_asked_says_why(program, question):
    told = program.post("ask", question, **JSON)
    assert program.status == 422
    assert told["message"]


def test_a_chart_or_a_reason_that_nothing_has_is_not_found_or_says_what_there_is(program):
    told = program.get("signals/no_such_metric")
    assert (program.status, told["code"]) == (404, "unknown_metric")
    told = program.get("why/no_such_metric", **PERIODS)
    assert (program.status, told["code"]) == (404, "unknown_metric")
    program.get("why/no_such_metric")
    assert program.status == 422
