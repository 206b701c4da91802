"""Why, signals, annotate and answer: they work, they add up, and what cannot be asked is told with the next step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.cli.conftest import LAST_DAY, ask, run

PERIODS = ("--then", "2026-02-15..2026-03-05", "--now", "2026-03-06..2026-03-24")


def test_why_adds_up_in_its_table_and_in_its_picture(first_run):
    home, _ = first_run
    told = ask("why", "net_revenue", *PERIODS, "--by", "channel_id", "--home", home)
    assert sum(Decimal(row["amount"]) for row in told["contributions"]) == Decimal(told["change"])
    assert Decimal(told["now"]["value"]) - Decimal(told["then"]["value"]) == Decimal(told["change"])
    first, *steps, last = told["waterfall"]
    assert (first["ends"], last["ends"]) == (told["then"]["value"], told["now"]["value"])
    assert [step["begins"] for step in steps] == [first["ends"], *(step["ends"] for step in steps[:-1])]
    assert steps[-1]["ends"] == last["ends"]


@pytest.mark.parametrize(
    "how",
    [
        ("net_revenue", "--by", "factors"),
        ("assets",),
        ("active_traders", "--movers"),
        ("first_trade_24h", "--by", "country"),
        ("take_rate", "--by", "lifecycle"),
    ],
)
def test_every_kind_of_why_is_told_to_people_too(first_run, how):
    home, _ = first_run
    result = run("why", *how, *PERIODS, "--home", home)
    assert result.exit_code == 0, result.output
    assert how[0] in result.output
    assert "contribution" in result.output
    assert "The market then:" in result.output


def test_a_campaign_of_those_days_stands_beside_it(first_run):
    home, _ = first_run
    told = ask("why", "registrations", *PERIODS, "--home", home)
    assert {note["kind"] for note in told["annotations"]} == {"campaign"}


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("net_revenu", *PERIODS), "unknown_metric", "Did you mean 'net_revenue'?"),
        (("net_revenue", *PERIODS, "--by", "chanel_id"), "unknown_grouping", "Did you mean 'channel_id'?"),
        (
            ("net_revenue", "--then", "2026-03-09..2026-03-01", "--now", "2026-03-10"),
            "empty_range",
            "Give the earlier day first.",
        ),
        (("net_revenue", "--then", "2026-03-01..2026-03-09", "--now", "2026-03-09"), "overlapping_periods", "do not overlap"),
        (("net_revenue", "--then", "1970-01-01", "--now", "2026-03-09"), "not_closed", "Closed are"),
        (("net_revenue", "--then", "2026-03-08", "--now", "2200-01-01"), "not_closed", "Closed are"),
        (("net_revenue", "--then", "soon", "--now", "2026-03-09"), "bad_day", "Write it as"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_next_step(first_run, words, code, hint):
    home, _ = first_run
    result = run("why", *words, "--home", home, "--json")
    assert result.exit_code in (2, 3)
    error = json.loads(result.output)["error"]
    assert error["code"] == code
    assert hint in error["hint"]


def test_signals_say_what_was_seen_and_against_what(first_run):
    home, _ = first_run
    told = ask("signals", "--home", home)
    assert told["as_of"] == str(LAST_DAY)
    for signal in told["signals"]:
        assert signal["value"] > signal["high"] or signal["value"] < signal["low"]
        assert signal["state"] in ("open", "acknowledged", "explained", "none_found")
    assert run("signals", "--home", home).exit_code == 0


def test_a_metric_that_is_not_watched_is_told_the_nearest(first_run):
    home, _ = first_run
    result = run("signals", "--metric", "net_revenu", "--home", home)
    assert result.exit_code == 2
    assert "Did you mean 'net_revenue'" in result.output


def at_the_shell(*words: object):
    """A command that needs the console's database, in a process of its own: this one's is that of the tests."""
    command = [sys.executable, "-c", "from springtide.cli import main; main()", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "DJANGO_SETTINGS_MODULE": ""}
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_notes_and_answers_are_kept_in_the_home(first_run):
    home, _ = first_run
    words = ("annotate", "Engine down", "--kind", "outage", "--from", "2026-03-10", "--metric", "net_revenue", "--home", home)
    code, told = at_the_shell(*words)
    assert code == 0, told
    assert at_the_shell(*words) == (0, told)
    beside = {one: ask("why", one, *PERIODS, "--home", home)["annotations"] for one in ("net_revenue", "registrations")}
    assert [note["title"] for note in beside["net_revenue"] if note["kind"] == "outage"] == ["Engine down"]
    assert not [note for note in beside["registrations"] if note["kind"] == "outage"]

    answers = ("answer", "net_revenue", "2026-03-20", "down", "--home", home, "--as")
    assert at_the_shell(*answers, "acknowledged") == (0, "Answered: acknowledged.\n")
    assert at_the_shell(*answers, "explained", "--note", "the outage")[0] == 0
    code, told = at_the_shell(*answers, "explained")
    assert code == 2
    assert "without a word" in told
