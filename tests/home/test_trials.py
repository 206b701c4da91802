"""A campaign is planned, and methods are tested, on what users did in the days that have passed."""

from datetime import date

import pytest

from springtide.analytics.evidence.answers import CannotTell
from springtide.home import Home
from springtide.kernel.errors import BadInput, NothingYet, UnknownName
from tests.exchange import Exchange


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Ten users from the first day; four of them trade for a fee of 1 on the 3rd and of 2 on the 8th, of ten closed days."""
    path = tmp_path_factory.mktemp("trials")
    home = Home.create(path)
    exchange = Exchange.at(path)
    users = "\n".join(f"u{number}  2026-01-01     {'SG' if number < 6 else 'VN'}       retail" for number in range(10))
    exchange.has("users", f"user  registered_at  country  user_type\n{users}\ncem  2026-01-09     SG       retail")
    fills = [
        f"u{number}  2026-01-{day:02}T10:00  100            {fee}"
        for number in range(4)
        for day, fee in ((3, 1), (8, 2), (10, 0))
    ]
    exchange.has("spot_trades", "user  executed_at       notional_usdt  fee_usdt\n" + "\n".join(fills))
    exchange.closes()
    exchange.engine.close()
    return home


def test_an_audience_is_as_it_was_on_the_eve_of_the_window(home):
    """The last five days, 6th to 10th: ten users stood there on the 5th, who came on the 9th did not; before are the 1st to the 5th."""
    plan = home.power_plan(metric="fees", window_days=5, holdout=0.5)
    assert (plan.since, plan.until, plan.persons, plan.active) == (date(2026, 1, 6), date(2026, 1, 10), 10, 4)
    assert plan.mean == pytest.approx(0.8)  # four of ten paid 2
    assert plan.explained == pytest.approx(1.0)  # they paid 1 before, and nobody else did
    assert plan.cap.value == 2.0


@pytest.mark.parametrize(("metric", "mean"), [("traded", 0.4), ("trading_days", 0.8), ("volume", 80.0), ("net_revenue", 0.8)])
def test_every_outcome_is_what_its_name_says(home, metric, mean):
    assert home.power_plan(metric=metric, window_days=5, holdout=0.5).mean == pytest.approx(mean)


def test_a_rule_picks_the_audience(home):
    plan = home.power_plan("country = 'SG'", metric="fees", window_days=5, holdout=0.5)
    assert (plan.persons, plan.active) == (6, 4)


def test_days_are_told_where_newcomers_are(home):
    plan = home.power_plan(metric="traded", window_days=3, holdout=0.5, newcomers_a_day=10)
    [first, *_] = plan.needed
    assert first.days == first.persons / 10


def test_the_self_test_reads_the_same_audience(home):
    told = home.self_test(metric="fees", window_days=5, holdout=0.5, partings=10)
    assert (told.persons, told.held_out, told.active) == (10, 5, 4)
    assert {one.method for one in told.methods} >= {"welch", "corrected", "always_valid"}


def test_nobody_cannot_be_planned_with(home):
    assert home.power_plan("country = 'XX'", window_days=5) == CannotTell("too_small")


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"metric": "profit"}, UnknownName, "unknown_metric"),
        ({"window_days": 0}, BadInput, "bad_window"),
        ({"window_days": 90}, NothingYet, "not_kept"),
        ({"holdout": 1.5}, BadInput, "bad_holdout"),
    ],
)
def test_bad_questions_say_what_is_wrong(home, asked, error, code):
    for answer in (home.power_plan, home.self_test):
        with pytest.raises(error) as raised:
            answer(**{"window_days": 5, **asked})
        assert raised.value.code == code
