"""The activation chain, by hand: who had the time, who took it, and what comes out of order."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.metrics.activation_chain import activation_chain
from springtide.kernel.errors import BadInput, NothingYet, UnknownName
from tests.tables import SmallLake

AS_OF = date(2026, 3, 31)


@pytest.fixture
def chain(lake_of):
    """The chain over firsts given as text; all registered on the day of `registered_at`."""

    def ask(firsts: str, given=("users", "transfers", "spot_trades", "contract_trades"), **asked):
        lake: SmallLake = lake_of(given=given)
        lake.has("firsts", firsts)
        people = [(row[0], row[1].date()) for row in _registered(firsts)]
        lake.has("profiles", "user_no registered_on\n" + "\n".join(f"{user} {day}" for user, day in people))
        return activation_chain(lake.engine, lake.snapshot, **asked)

    return ask


def _registered(firsts):
    from tests.tables import SCHEMAS, read

    return read(firsts, SCHEMAS["firsts"])[1]


def step(answer, name):
    return next(row for row in answer.rows if row.step == name)


def test_a_rate_is_taken_of_those_who_had_the_time(chain):
    answer = chain("""
        user_no  registered_at        kyc_at
        1        2026-03-01T00:00:00  2026-03-02T00:00:00
        2        2026-03-01T00:00:00  2026-03-08T00:00:00
        3        2026-03-01T00:00:00  2026-03-08T00:00:01
        4        2026-03-01T00:00:00  -
        5        2026-03-25T00:00:00  2026-03-25T01:00:00
        6        2026-03-25T00:00:01  2026-03-25T01:00:00
        7        2026-03-30T00:00:00  -
    """)
    kyc = step(answer, "kyc")
    assert step(answer, "registration").reached == 7
    # Registered by 2026-03-25 00:00 sharp: seven whole days passed by the end of the 31st.
    assert (kyc.reached, kyc.matured, kyc.converted, kyc.rate) == (5, 5, 3, 0.6)
    assert kyc.still_open == 1  # user 7; user 4 has no more time
    assert kyc.median_hours == 24  # of 1, 24 and 168 hours


def test_the_steps_follow_one_another_with_windows_of_their_own(chain):
    answer = chain("""
        user_no  registered_at  kyc_at      first_deposit_at  first_spot_at  first_contract_at
        1        2026-01-01     2026-01-02  2026-01-05        2026-01-06     2026-02-05
        2        2026-01-01     2026-01-02  2026-01-10        2026-01-11     2026-02-11
        3        2026-01-01     2026-01-02  -                 -              -
    """)
    assert [(row.step, row.after, row.within_days, row.reached, row.matured, row.converted) for row in answer.rows] == [
        ("registration", None, None, 3, None, None),
        ("kyc", "registration", 7, 3, 3, 3),
        ("deposit", "kyc", 7, 2, 3, 1),
        ("spot_trade", "deposit", 7, 2, 2, 2),
        ("contract_trade", "spot_trade", 30, 2, 2, 1),
    ]
    wider = chain(
        """
        user_no  registered_at  kyc_at      first_deposit_at
        2        2026-01-01     2026-01-02  2026-01-10
        """,
        within_days={"deposit": 8},
    )
    assert step(wider, "deposit").rate == 1


def test_steps_out_of_order_are_stated_and_do_not_bend_the_median(chain):
    answer = chain("""
        user_no  registered_at  kyc_at      first_deposit_at  first_spot_at
        1        2026-01-01     2026-01-10  2026-01-05        -
        2        2026-01-01     2026-01-10  2026-01-11        -
        3        2026-01-01     -           2026-01-05        2026-01-06
    """)
    deposit = step(answer, "deposit")
    assert (deposit.reached, deposit.matured, deposit.converted, deposit.early, deposit.skipping) == (3, 2, 2, 1, 1)
    assert deposit.median_hours == 24
    assert step(answer, "spot_trade").matured == 3  # whoever skipped KYC is still someone who deposited


def test_an_earlier_day_knows_nothing_of_what_came_after(chain):
    firsts = """
        user_no  registered_at  kyc_at
        1        2026-02-01     2026-02-05
        2        2026-02-01     2026-03-05
        3        2026-03-01     2026-03-02
    """
    kyc = step(chain(firsts, as_of=date(2026, 2, 28)), "kyc")
    assert (kyc.reached, kyc.matured, kyc.converted) == (1, 2, 1)
    with pytest.raises(NothingYet) as refused:
        chain(firsts, as_of=date(2026, 4, 1))
    assert refused.value.code == "not_closed"


def test_the_day_ends_in_the_reporting_zone(chain):
    firsts = "user_no registered_at\n1 2026-03-31T17:00:00"
    assert chain(firsts).rows[0].reached == 1
    assert chain(firsts, zone=ZoneInfo("Asia/Shanghai")).rows[0].reached == 0


def test_by_month_of_registration(chain):
    answer = chain(
        """
        user_no  registered_at  kyc_at
        1        2026-01-31     2026-02-01
        2        2026-02-01     -
        """,
        by_month=True,
    )
    told = [(row.month, row.step, row.reached, row.rate) for row in answer.months if row.step in ("registration", "kyc")]
    assert told == [
        (date(2026, 1, 1), "registration", 1, None),
        (date(2026, 1, 1), "kyc", 1, 1.0),
        (date(2026, 2, 1), "registration", 1, None),
        (date(2026, 2, 1), "kyc", 0, 0.0),
    ]
    assert step(answer, "kyc").rate == 0.5


def test_a_step_that_was_not_given_is_passed_over_with_its_reason(chain):
    answer = chain(
        """
        user_no  registered_at  first_spot_at
        1        2026-01-01     2026-01-02
        """,
        given=("users", "spot_trades"),
    )
    assert step(answer, "deposit").reason == "no transfers was given"
    assert (step(answer, "deposit").reached, step(answer, "deposit").rate) == (None, None)
    assert (step(answer, "spot_trade").after, step(answer, "spot_trade").rate) == ("kyc", None)


def test_nobody_old_enough_has_no_rate_rather_than_zero(chain):
    kyc = step(chain("user_no registered_at\n1 2026-03-30"), "kyc")
    assert (kyc.matured, kyc.rate, kyc.median_hours, kyc.still_open) == (0, None, None, 1)


def test_windows_and_steps_that_make_no_sense_are_refused(chain):
    firsts = "user_no registered_at\n1 2026-03-30"
    with pytest.raises(UnknownName, match="Did you mean 'deposit'"):
        chain(firsts, within_days={"deposits": 7})
    with pytest.raises(BadInput) as refused:
        chain(firsts, within_days={"kyc": 0})
    assert refused.value.code == "bad_window"


def test_users_derived_from_their_activity_have_no_chain(lake):
    lake.has("profiles", "user_no registered_on\n1 2026-01-01")
    lake.has("firsts", "user_no registered_at\n1 2026-01-01")
    lake.has("users", "user_no is_derived\n1 yes")
    answer = activation_chain(lake.engine, lake.snapshot)
    assert answer.rows[0].reached is None
    assert {row.reason for row in answer.rows} == {
        "users are derived from their activity, so when they registered is not known"
    }
