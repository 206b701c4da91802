"""Metrics, metric and the tree: to people as tables, to programs as JSON, and what cannot be asked is told with the next step."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.cli.conftest import LAST_DAY, ask, run


def test_the_catalogue_says_what_each_metric_asks_and_whether_it_can_be_told(first_run):
    home, _ = first_run
    told = {entry["key"]: entry for entry in ask("metrics", "--home", home)}
    assert told["arpu"]["asks"] == "What did a trader bring?"
    assert told["arpu"]["reason"] is None
    assert "counterparty_user_id" in told["wash_share"]["reason"]
    result = run("metrics", "--home", home)
    assert result.exit_code == 0, result.output
    assert "net_revenue" in result.output


def test_groups_add_up_to_the_whole_that_the_tree_starts_with(first_run):
    home, _ = first_run
    asked = ("--period", "month", "--from", "2026-03-01", "--home", home)
    [whole] = ask("metric", "net_revenue", *asked)["rows"]
    for by in ("channel_id", "lifecycle", "country"):
        parts = ask("metric", "net_revenue", "--by", by, *asked)["rows"]
        assert sum(Decimal(part["value"]) for part in parts) == Decimal(whole["value"])
    tree = ask("metrics", "tree", "--period", "month", "--home", home)
    assert tree["rows"][0]["value"] == whole["value"]
    assert tree["until"] == str(LAST_DAY)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (("metric", "arpu", "--period", "week"), "arpu by week"),
        (("metric", "wash_share"), "wash_share is not available"),
        (("metrics", "tree", "fees"), "take_rate"),
        (("acquisition",), "ltv_30"),
        (("cohort-quality",), "so far"),
        (("asset-changes",), "price_effect"),
        (("concentration-trend", "--from", LAST_DAY), "gini"),
    ],
)
def test_people_read_tables(first_run, how, says):
    home, _ = first_run
    result = run(*how, "--home", home)
    assert result.exit_code == 0, result.output
    assert says in result.output


def test_a_value_opens_the_users_whom_it_counts(first_run):
    home, _ = first_run
    asked = ("--period", "month", "--by", "channel_id", "--from", "2026-03-01", "--to", LAST_DAY, "--home", home)
    for part in ask("metric", "registrations", *asked)["rows"]:
        told = ask("metric", "registrations", *asked, "--users", "--group", part["group"], "--limit", 5)
        assert (told["total"], len(told["rows"])) == (part["value"], min(5, part["value"]))
    result = run("metric", "registrations", "--users", "--home", home)
    assert (result.exit_code, "bad_cell" in result.output or "--from" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("metric", "arpuu"), 2, "unknown_metric"),
        (("metric", "arpu", "--by", "lifecicle"), 2, "unknown_grouping"),
        (("metric", "arpu", "--where", "nothing = 1"), 2, "unknown_column"),
        (("metric", "arpu", "--from", "2026-03-02", "--to", "2026-03-01"), 2, "empty_range"),
        (("metric", "arpu", "--to", "2200-01-01"), 3, "not_closed"),
        (("metrics", "tree", "arpu"), 2, "unknown_metric"),
    ],
)
def test_what_cannot_be_asked_is_refused(first_run, words, exit_code, code):
    home, _ = first_run
    result = run(*words, "--home", home, "--json")
    assert (result.exit_code, code in result.output) == (exit_code, True), result.output
