"""The movements that matter: by money, and one of each stratification."""

from __future__ import annotations

from springtide.analytics.metrics.movements import movements

HEAD = "user_no  day  key  was  becomes  is_first\n"


def told(lake, **asked):
    answer = movements(lake.engine, lake.snapshot, **asked)
    return [(row.kind, row.stratification, row.from_stratum, row.to_stratum, row.users, row.value_usdt) for row in answer.rows]


def moves(lake, *rows):
    lake.has("moves", HEAD + "\n".join(rows))


def test_few_users_who_bring_much_matter_more_than_many_who_bring_little(lake):
    lake.has("profiles", "user_no net_revenue_90d_usdt\n1 1\n2 1\n3 500\n4 2")
    lake.has("strata", "user_no\n1\n2\n3\n4")
    moves(
        lake,
        "1  2026-03-26  lifecycle  registered  first_traded  no",
        "2  2026-03-27  lifecycle  registered  first_traded  no",
        "3  2026-03-28  lifecycle  vip         lapsing       no",
        "4  2026-03-28  activity   active      cooling       no",
        "4  2026-03-28  tenure     day0        onboarding    no",
        "1  2026-03-24  assets     small       large         no",
    )
    # The assets move lies before the last seven days, and growing older is no news.
    assert told(lake) == [
        ("move", "lifecycle", "vip", "lapsing", 1, 500),
        ("move", "activity", "active", "cooling", 1, 2),
    ]


def test_a_stratum_that_grows_from_many_sides_is_told_as_its_size(lake):
    lake.has("profiles", "user_no net_revenue_90d_usdt\n1 10\n2 20\n3 30\n4 5")
    lake.has("strata", "user_no\n1\n2\n3\n4")
    moves(
        lake,
        "1  2026-03-26  lifecycle  vip              lapsing  no",
        "2  2026-03-26  lifecycle  repeat           lapsing  no",
        "3  2026-03-26  lifecycle  contract_active  lapsing  no",
        "4  2026-03-26  lifecycle  lapsing          repeat   no",
    )
    # 10 + 20 + 30 came and 5 went
    assert told(lake) == [("size", "lifecycle", None, "lapsing", 2, 55)]


def test_newcomers_make_a_stratum_larger_and_are_no_move(lake):
    lake.has("profiles", "user_no\n1\n2")
    lake.has("strata", "user_no\n1\n2")
    moves(lake, "1 2026-03-30 lifecycle - registered yes", "2 2026-03-30 lifecycle - registered yes")
    assert told(lake) == [("size", "lifecycle", None, "registered", 2, 0)]


def test_without_revenue_what_they_hold_counts_and_without_both_their_heads(lake_of):
    for given, measured_by, value in ((["balances"], "equity_usdt", 7), (["sessions"], "users", None)):
        lake = lake_of(given=given)
        lake.has("profiles", "user_no equity_usdt\n1 7")
        lake.has("strata", "user_no\n1")
        moves(lake, "1 2026-03-30 lifecycle repeat lapsing no")
        answer = movements(lake.engine, lake.snapshot)
        assert (answer.measured_by, answer.rows[0].value_usdt) == (measured_by, value)


def test_on_the_first_closed_day_everybody_is_new_and_nothing_has_moved(lake_of):
    lake = lake_of("2026-03-31", "2026-03-31")
    lake.has("profiles", "user_no\n1")
    lake.has("strata", "user_no\n1")
    moves(lake, "1 2026-03-31 lifecycle - registered yes")
    assert told(lake) == []


def test_employees_tests_and_market_makers_are_outside(lake):
    lake.has("profiles", "user_no\n1")
    lake.has("strata", "user_no is_counted\n1 no")
    moves(lake, "1 2026-03-30 lifecycle repeat lapsing no")
    assert told(lake) == []
