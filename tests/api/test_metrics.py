"""Metrics over the API: what the home says, for those who may, and no single user's figures by way of a rule."""

from datetime import date

import pytest

from springtide.home import Home
from springtide.operations.members import states

WHERE = "country = 'SG' and trades_all >= 1"


def test_every_metric_is_defined_and_those_that_are_served_say_whether_they_can_be_told(program):
    defined = {each["key"]: each for each in program.get("metrics")}
    assert defined["growth_users"]["asks"].startswith("Of the users who were active")
    found = {each["key"]: each for each in program.get("metrics/served")["rows"]}
    assert found.keys() <= defined.keys()
    assert found["arpu"]["reason"] is None
    assert found["rewards_cost"]["reason"] == "no reward_entries was given"


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("net_revenue", {}),
        ("arpu", {"period": "week", "by": "channel_id"}),
        ("volume", {"period": "month", "by": "product"}),
        ("assets", {"period": "day", "since": date(2026, 3, 25), "by": "lifecycle", "stood": "now"}),
        ("first_trade_7d", {"period": "week", "where": WHERE}),
        ("rewards_cost", {}),
    ],
)
def test_a_metric_is_told_as_the_home_tells_it(program, small_home, key, asked):
    told = program.get(f"metrics/{key}/values", **asked)
    assert program.status == 200
    assert told == Home(small_home.path).metric(key, **asked).as_dict()


@pytest.mark.parametrize(
    ("address", "asked", "call"),
    [
        ("metrics/net_revenue/tree", {"period": "month"}, lambda home: home.metric_tree("net_revenue", period="month")),
        ("asset-changes", {"period": "day"}, lambda home: home.asset_changes(period="day")),
        ("concentration/days", {"since": "2026-03-25"}, lambda home: home.concentration_trend(since=date(2026, 3, 25))),
        ("acquisition", {"least_users": 5}, lambda home: home.acquisition(least_users=5)),
        ("acquisition/cohorts", {"channel_id": "search"}, lambda home: home.cohort_quality(channel_id="search")),
    ],
)
def test_what_is_made_of_metrics_is_told_as_the_home_tells_it(program, small_home, address, asked, call):
    assert program.get(address, **asked) == call(Home(small_home.path)).as_dict()
    assert program.status == 200


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("registrations", {"period": "week"}),
        ("active_traders", {"period": "week", "by": "country"}),
        ("active_traders", {"period": "month", "where": WHERE}),
    ],
)
def test_a_value_opens_the_users_whom_it_counts(program, key, asked):
    for row in program.get(f"metrics/{key}/values", since="2026-03-16", **asked)["rows"]:
        cell = {"since": row["since"], "until": row["until"], **({"group": row["group"]} if row["group"] else {})}
        assert program.get(f"metrics/{key}/users", **cell, **asked)["total"] == row["value"]
    assert program.status == 200


def test_who_stands_behind_a_value_is_for_those_who_list_users(program_of, serves, small_home):
    serves(small_home)
    cell = {"since": "2026-03-31", "until": "2026-03-31"}
    assert program_of("operator").get("metrics/registrations/users", **cell)["code"] == "not_allowed"
    analyst = program_of("analyst")
    told = analyst.get("metrics/net_revenue/users", columns=["country", "equity_usdt"], **cell)
    assert (analyst.status, told["left_out"]) == (200, ["equity_usdt"])
    assert analyst.get("metrics/registrations/users", since="2026-03-01", until="2026-03-31")["code"] == "bad_cell"
    assert analyst.status == 422


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_ask(program_of, serves, small_home, role):
    serves(small_home)
    program = program_of(role)
    for address in ("metrics", "metrics/served", "metrics/trades/values", "metrics/fees/tree", "acquisition"):
        program.get(address)
        assert program.status == (403 if role in ("collaborator", "admin") else 200)


@pytest.mark.parametrize(
    ("role", "rights", "key", "where", "code"),
    [
        ("operator", (), "trades", WHERE, "not_allowed"),
        ("analyst", (), "net_revenue", "user_id = 'u00042'", "not_allowed"),
        ("analyst", (), "trades", "equity_usdt > 5", "column_not_open"),
        ("manager", ("see_overview", "see_users"), "take_rate", WHERE, "not_allowed"),
    ],
)
def test_a_rule_opens_no_single_users_figures(program_of, serves, small_home, role, rights, key, where, code):
    serves(small_home)
    program = program_of(role, *rights)
    assert program.get(f"metrics/{key}/values", where=where)["code"] == code
    assert program.status == 403


def test_who_may_list_users_asks_by_a_rule(program_of, serves, small_home):
    serves(small_home)
    assert program_of("analyst").get("metrics/trades/values", where=WHERE)["where"] == WHERE


@pytest.mark.parametrize(
    ("address", "asked", "status", "code"),
    [
        ("metrics/arpuu/values", {}, 404, "unknown_metric"),
        ("metrics/arpuu/values", {"where": WHERE}, 404, "unknown_metric"),
        ("metrics/arpu/values", {"by": "moon"}, 422, "unknown_grouping"),
        ("metrics/arpu/values", {"period": "year"}, 422, "bad_request"),
        ("metrics/arpu/values", {"where": "nothing = 1"}, 422, "unknown_column"),
        ("metrics/arpu/values", {"since": "2026-03-02", "until": "2026-03-01"}, 422, "empty_range"),
        ("metrics/arpu/values", {"until": "2200-01-01"}, 409, "not_closed"),
        ("metrics/arpu/tree", {}, 404, "unknown_metric"),
        ("metrics/fees/tree", {"on": "2026-04-01"}, 409, "not_closed"),
        ("acquisition", {"until": "2026-03-31"}, 409, "too_young"),
        ("acquisition", {"least_users": 0}, 422, "bad_request"),
        ("asset-changes", {"period": "hour"}, 422, "bad_request"),
    ],
)
def test_what_cannot_be_asked_says_why(program, address, asked, status, code):
    told = program.get(address, **asked)
    assert (program.status, told["code"]) == (status, code)
    assert told["hint"]
