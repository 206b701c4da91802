from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.metrics.changes import EXPLAINED, UNDIVIDED, Opens, Span, Split, groupings, why
from springtide.analytics.metrics.served import metric_values
from springtide.analytics.metrics.signals import Annotation
from springtide.kernel.errors import BadInput, NothingYet
from springtide.kernel.estimates import NotEstimable

THEN, NOW = Span(date(2026, 2, 1), date(2026, 2, 28)), Span(date(2026, 3, 1), date(2026, 3, 28))
UTC = ZoneInfo("UTC")


@pytest.fixture
def told(lake):
    """Ana stays active, Ben falls from active to cooling, Cho is new in March; Dan makes markets and is not counted."""
    lake.has("profiles", """
        user_no  is_counted  channel_id  registered_on  first_deposit_on  first_trade_on
        1        yes         ads         2026-02-01     2026-02-02        2026-02-02
        2        yes         friends     2026-02-10     2026-02-20        2026-02-20
        3        yes         ads         2026-03-05     2026-03-06        2026-03-06
        4        no          friends     2026-01-01     2026-01-01        2026-01-01
    """)  # fmt: skip
    lake.has("firsts", """
        user_no  registered_at  first_deposit_at  first_spot_at
        1        2026-02-01     2026-02-02        2026-02-02T12:00
        2        2026-02-10     2026-02-20        2026-02-22T12:00
        3        2026-03-05     2026-03-06        2026-03-07
        4        2026-01-01     2026-01-01        2026-01-01
    """)  # fmt: skip
    lake.has("user_days", """
        user_no  day         spot_trades  spot_volume_usdt  spot_fees_usdt  net_revenue_usdt
        1        2026-02-05  2            200               2               2
        2        2026-02-20  4            400               4               4
        4        2026-02-20  9            9000              0               0
        1        2026-03-05  3            600               6               5
        3        2026-03-07  1            100               1               1
        4        2026-03-20  9            9000              0               0
    """)  # fmt: skip
    lake.has("moves", """
        user_no  day         kind     key        was     becomes  is_first
        1        2026-02-01  stratum  activity   -       active   yes
        2        2026-02-20  stratum  activity   -       active   yes
        4        2026-02-20  stratum  activity   -       active   yes
        2        2026-03-10  stratum  activity   active  cooling  no
        3        2026-03-07  stratum  activity   -       active   yes
        1        2026-03-05  stratum  lifecycle  -       vip      yes
    """)  # fmt: skip
    lake.has("market_days", """
        day         btc_close_usdt  regime
        2026-02-01  100             bull
        2026-02-02  100             bull
        2026-03-01  90              flat
    """)  # fmt: skip

    def ask(metric, **how):
        return why(lake.engine, lake.snapshot, metric, **{"then": THEN, "now": NOW, "zone": UTC, **how})

    return ask


def amounts(found):
    assert sum((row.amount for row in found.rows), Decimal(0)) == found.split.change
    return {(row.effect, row.group): row.amount for row in found.rows}


def test_a_sum_by_stratum(told):
    """Revenue 6, then 6: active 6 → 6 (5 of Ana, 1 of Cho), cooling nothing."""
    found = told("net_revenue", by="activity")
    assert [found.split.then, found.split.now] == [6, 6]
    assert amounts(found) == {("level", "active"): 0}


def test_movers_are_told_apart_from_those_who_stayed(told):
    """Ana stayed and brings 3 more, Ben cooled and brings 4 less, Cho came and brings 1."""
    found = told("net_revenue", by="activity", movers=True)
    assert amounts(found) == {
        ("level", "active → active"): 3,
        ("level", "active → cooling"): -4,
        ("level", "(new) → active"): 1,
    }


def test_a_sum_by_channel(told):
    assert amounts(told("registrations", by="channel_id")) == {("level", "ads"): 0, ("level", "friends"): -1}


def test_a_ratio_by_channel_counts_only_windows_that_have_passed(told):
    """February: Ana of ads within the 24 hours, Ben of friends not; March: Cho of ads, on the edge. 1/2 becomes 1/1.

    ads: weight 1/2 → 1 at rate 1, mix (1 − 3/4) × 1/2; friends: gone at rate 0, mix (0 − 3/4) × −1/2.
    """
    found = told("first_trade_24h", by="channel_id")
    assert [found.split.then, found.split.now] == [Decimal("0.5"), 1]
    assert amounts(found) == {
        ("rate", "ads"): 0,
        ("mix", "ads"): Decimal("0.125"),
        ("rate", "friends"): 0,
        ("mix", "friends"): Decimal("0.375"),
    }


def test_revenue_by_its_factors(told):
    """Two traders each; 6 trades, then 4; volume 600, then 700; take 1 %, then 6/700. The product stays at 6."""
    found = told("net_revenue", by="factors")
    assert [(row.effect, row.then, row.now) for row in sorted(found.rows, key=lambda row: row.effect)] == [
        ("net take rate", Decimal("0.01"), Decimal("0.008571429")),
        ("size of a trade", 100, 175),
        ("traders", 2, 2),
        ("trades per trader", 3, 2),
    ]
    assert amounts(found)["traders", None] == 0
    assert amounts(found)["trades per trader", None] == Decimal("-2.432791")  # 6 × ln(2/3)


def test_backwards_is_the_opposite(told):
    there, back = (
        told("net_revenue", by="activity", movers=True),
        told("net_revenue", by="activity", movers=True, then=NOW, now=THEN),
    )
    assert sorted(row.amount for row in there.rows) == sorted(-row.amount for row in back.rows)


def test_a_longer_period_stands_apart_as_length(told):
    longer = told("net_revenue", by="channel_id", now=Span(date(2026, 3, 1), date(2026, 3, 31)))
    assert ("length", None) in amounts(longer)


def test_every_group_opens_its_users_as_of_the_end(told):
    by_stratum = {row.group: row.opens for row in told("net_revenue", by="activity").rows}
    assert by_stratum["active"] == Opens(NOW.until, "activity = 'active'")
    moved = {row.group: row.opens for row in told("net_revenue", by="activity", movers=True).rows}
    assert moved["active → cooling"] == Opens(NOW.until, "activity = 'cooling'", "activity", "active", THEN.until)
    assert moved["(new) → active"].from_stratum is None
    assert all(row.opens is None for row in told("net_revenue", by="factors").rows)


def test_the_market_and_what_happened_stand_beside_it(told):
    def note(key, since, until, metrics=()):
        return Annotation(key, "campaign", key, date.fromisoformat(since), date.fromisoformat(until), tuple(metrics))

    notes = [
        note("later", "2026-04-01", "2026-04-02"),
        note("other", "2026-03-02", "2026-03-03", ["registrations"]),
        note("bonus", "2026-03-27", "2026-04-10"),
        note("sprint", "2026-01-20", "2026-02-03", ["net_revenue"]),
    ]
    found = told("net_revenue", annotations=notes, by="activity")
    assert [one.key for one in found.beside] == ["sprint", "bonus"]
    assert (found.regimes_then, found.regimes_now) == ({"bull": 2}, {"flat": 1})


def test_as_json_it_is_a_table_and_a_waterfall_that_add_up(told):
    answer = told("net_revenue", by="activity", movers=True).as_dict()
    assert (answer["then"]["value"], answer["now"]["value"], answer["change"]) == ("6.000000", "6.000000", "0.000000")
    assert sum(Decimal(row["amount"]) for row in answer["contributions"]) == 0
    assert [bar["label"] for bar in answer["waterfall"]][::4] == ["then", "now"]
    assert answer["not_estimable"] is None


def test_a_ratio_of_nobody_is_not_estimable_and_never_zero(told):
    nobody = Span(date(2026, 1, 5), date(2026, 1, 6))
    found = told("first_trade_24h", then=nobody, by="channel_id")
    assert isinstance(found.split, NotEstimable)
    assert found.as_dict()["not_estimable"]["code"] == "no_denominator"
    assert (found.as_dict()["change"], found.rows, found.bars) == (None, (), ())


@pytest.mark.parametrize(
    ("metric", "how", "code"),
    [
        ("net_revenu", {}, "unknown_metric"),
        ("net_revenue", {"by": "chanel_id"}, "unknown_grouping"),
        ("registrations", {"by": "factors"}, "unknown_grouping"),
        ("net_revenue", {"by": "country", "movers": True}, "unknown_grouping"),
        ("net_revenue", {"now": Span(date(2026, 2, 28), date(2026, 3, 1))}, "overlapping_periods"),
        ("active_traders", {"now": Span(date(2026, 3, 1), date(2026, 3, 7))}, "unequal_periods"),
        ("net_revenue", {"now": Span(date(2026, 3, 1), date(2026, 4, 1))}, "not_closed"),
        ("net_revenue", {"then": Span(date(1970, 1, 1), date(1970, 1, 28))}, "not_closed"),
    ],
)
def test_what_cannot_be_asked_is_refused(told, metric, how, code):
    with pytest.raises((BadInput, NothingYet)) as refused:
        told(metric, **how)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_wrong_name_is_told_the_nearest(told):
    with pytest.raises(BadInput, match="Did you mean 'net_revenue'"):
        told("net_revenu")


@pytest.mark.parametrize("text", ["2026-03-07..2026-03-01", "2026-03-01..", "yesterday"])
def test_a_range_that_is_none_is_refused(text):
    with pytest.raises(BadInput):
        Span.parse(text)


def test_a_day_is_a_range_of_its_own():
    assert Span.parse("2026-03-01") == Span(date(2026, 3, 1), date(2026, 3, 1))
    assert Span.parse("2026-03-01..2026-03-07").days == 7


def test_a_source_by_week_has_no_days_to_compare(told, lake):
    lake.note("grains", ["week"])
    with pytest.raises(NothingYet) as refused:
        told("net_revenue")
    assert refused.value.code == "not_available"


def test_every_metric_can_be_asked_in_every_way(told, lake):
    lake.has("equity_days", """
        user_no  day         equity_usdt
        1        2026-02-28  10
        1        2026-03-28  30
        3        2026-03-28  5
    """)  # fmt: skip
    lake.has("strata", "user_no lifecycle\n1 vip\n2 vip\n3 vip", on="2026-02-28")
    lake.has("strata", "user_no lifecycle\n1 vip\n2 vip\n3 vip", on="2026-03-28")
    lake.has("profiles", "user_no last_trade_on days_since_trade\n1 2026-02-05 23\n2 2026-02-20 8", on="2026-02-28")
    lake.has(
        "profiles", "user_no last_trade_on days_since_trade\n1 2026-03-05 23\n2 2026-02-20 36\n3 2026-03-07 21", on="2026-03-28"
    )
    ways = Counter[str]()
    for metric in EXPLAINED:
        for by in set(groupings(metric)) & {"activity", "channel_id", "product", "factors", "parts", "flows"}:
            try:
                split = told(metric.key, by=by).split
            except NothingYet as refused:
                ways[refused.code] += 1
                continue
            if isinstance(split, NotEstimable):
                ways[split.code] += 1
                continue
            ways[by] += 1
            assert sum((row.amount for row in split.rows), Decimal(0)) == split.change, (metric.key, by)
    assert ways.keys() == {
        "activity", "channel_id", "product", "factors", "parts", "flows", "not_available", "no_denominator",
    }  # fmt: skip
    assert min(ways["activity"], ways["channel_id"]) > 30


def test_a_change_starts_and_ends_with_the_values_that_are_served(told, lake):
    """One metric, one number, whoever asks."""
    for metric in EXPLAINED:
        [value] = metric_values(
            lake.engine, lake.snapshot, metric.key, since=NOW.since, until=NOW.until, period="month"
        ).rows or [None]
        if value is None or value.reason or value.value is None:
            continue
        split = told(metric.key, by="channel_id").split
        if isinstance(split, Split):
            assert float(split.now) == pytest.approx(float(value.value), abs=1e-6), metric.key


def test_a_sum_of_metrics_is_taken_apart_into_them(told):
    """Fees 6, then 7; what given aggregates tell beyond them 0, then −1: the 6 of revenue stay 6."""
    found = told("net_revenue", by="parts")
    assert amounts(found) == {
        ("level", "fees"): 1,
        ("level", "revenue_given"): -1,
        ("level", "other_income"): 0,
        ("level", "commissions"): 0,
        ("level", "rewards_cost"): 0,
    }


def test_volume_by_product_and_the_ratio_of_sums_by_product(told):
    assert amounts(told("volume", by="product")) == {("level", "spot"): 100, ("level", "contract"): 0}
    assert {row.group for row in told("take_rate", by="product").rows} == {"spot", "contract"}
    with pytest.raises(BadInput):
        told("active_traders", by="product")  # who trades both would be in both


def test_a_ratio_that_is_a_product_of_means_has_factors_too(told):
    """3 a trader both times: 3 trades of 100 at 1 %, then 2 of 175 at 6/700."""
    found = told("arpu", by="factors")
    assert [found.split.then, found.split.now] == [3, 3]
    assert amounts(found)["trades per trader", None] == Decimal("-1.216395")  # 3 × ln(2/3)
    assert {row.effect: (row.then, row.now) for row in found.rows}["size of a trade"] == (100, 175)


def test_users_of_more_days_than_a_mask_holds_are_counted_once(told):
    long, longer = Span(date(2026, 1, 1), date(2026, 2, 14)), Span(date(2026, 2, 15), date(2026, 3, 31))
    assert [
        told("active_traders", then=long, now=longer).split.then,
        told("active_traders", then=long, now=longer).split.now,
    ] == [1, 3]
    year = Span(date(2026, 1, 1), date(2026, 3, 30)), Span(date(2026, 3, 31), date(2026, 3, 31))
    assert told("take_rate", then=year[0], now=year[1], by="channel_id").split.code == "no_denominator"


@pytest.mark.parametrize("key", UNDIVIDED)
def test_a_figure_without_parts_says_so(told, key):
    found = told(key)
    assert (found.split.code, found.unit) == ("no_parts", UNDIVIDED[key].unit)
    assert found.as_dict()["not_estimable"]["reason"] == UNDIVIDED[key].reason
    assert (found.rows, found.as_dict()["change"]) == ((), None)


def test_assets_by_stratum(told, lake):
    lake.has("equity_days", """
        user_no  day         equity_usdt
        1        2026-02-28  10
        2        2026-02-28  8
        1        2026-03-28  30
        3        2026-03-28  5
    """)  # fmt: skip
    found = told("assets", by="activity", movers=True)
    assert amounts(found) == {
        ("level", "active → active"): 20,
        ("level", "active → cooling"): -8,
        ("level", "(new) → active"): 5,
    }
