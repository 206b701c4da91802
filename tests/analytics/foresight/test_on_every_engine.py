"""Spark finds the evidence that DuckDB finds, and judges by it as DuckDB does."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from springtide.analytics.daybook.tables import PROFILES, USER_DAYS
from springtide.analytics.engine import definition
from springtide.analytics.engine.spark import SparkEngine
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight.gates import DECIDED, shipped_gates
from springtide.analytics.foresight.judging import DECISIONS, GATE_QUERY, LIVE_FLAGS, LOCKS, TASKS, judging_query
from springtide.analytics.foresight.matrix import MATRIX, shipped_matrix
from springtide.analytics.foresight.tables import CHANNEL_VALUES, CLUSTERS, REFERRAL_CYCLES, RISK_DAYS, RISK_EVIDENCE
from tests.analytics.engine.conformance import Table, agree
from tests.tables import read

pytestmark = pytest.mark.spark
PACKAGE = "springtide.analytics.foresight"
DAY = date(2026, 3, 31)
BOUNDS = {"from_at": datetime(2026, 3, 31), "to_at": datetime(2026, 4, 1), "next_at": datetime(2026, 4, 2), "day": DAY}
SPEC = {"hub_users": 2, "most_linked": 1000, "net_percent": 10, "least_users": 2}


def of(schema, text) -> Table:
    return Table(*read(text, schema))


USERS = of(
    fact_schema("users"),
    """
    user_no  master_no  user_id  registered_on  user_type     country  kyc_level  channel_id
    0        0          a        2025-12-31     retail        VN       1          search
    1        1          b        2025-12-31     retail        GB       1          search
    2        2          c        2026-03-01     retail        -        1          -
    3        2          c2       2026-03-01     retail        -        1          -
    4        4          m        2025-01-01     market_maker  VN       1          -
""",
)
SPOT = of(
    fact_schema("spot_trades"),
    """
    event_id  user_no  account_no  executed_at       market  side  notional_usdt  counterparty_user_id
    1         0        0           2026-03-31T10:20  BTC     buy   100            b
    2         0        0           2026-03-31T11:10  BTC     sell  95             b
    3         1        1           2026-03-31T10:20  BTC     sell  100            a
    4         2        3           2026-03-31T10:20  BTC     sell  100            c
    5         2        2           2026-03-31T10:20  BTC     buy   100            m
""",
)
CONTRACTS = of(
    fact_schema("contract_trades"),
    """
    event_id  user_no  account_no  executed_at       market  side  notional_usdt  fill_type  reduce_only  position_side
    6         0        0           2026-03-31T10:03  BTC     buy   100            normal     no           -
    7         1        1           2026-03-31T10:07  BTC     sell  60             normal     -            short
""",
)
LINKED = of(
    CLUSTERS, "user_no cluster_no size is_hub_only verdict precision_ratio\n0 0 2 no deny 0.96\n1 0 2 no - -\n2 2 1 yes - -"
)
RESTRICTED = of(
    fact_schema("restrictions"), "user_no kind valid_from valid_to\n0 sanctions 2026-01-01 -\n1 vulnerable 2026-04-01 -"
)
REFERRED = of(fact_schema("referrals"), "user_no inviter_no happened_at\n0 1 2026-01-01\n1 0 2026-01-01\n2 3 2026-01-01")
DAYS = of(
    RISK_DAYS,
    """
    user_no  day         own_account_usdt  to_and_fro_usdt  partner_no  partner_usdt  partner_trades  highest_leverage  rewards_usdt
    0        2026-03-31  0                 195              1           195           2               -                 5
    0        2026-03-05  3                 0                1           10            1               20                7
    2        2026-03-31  100               0                -           0             0               -                 0
""",
)
WERE = of(
    USER_DAYS,
    """
    user_no  day         spot_volume_usdt  deposit_usdt  withdrawal_usdt  net_revenue_usdt  rewards_granted_usdt
    0        2026-03-30  200               500           0                9                 0
    0        2026-03-31  195               0             450              1                 5
    1        2026-03-31  160               0             0                2                 0
""",
)
PROFILED = of(
    PROFILES,
    """
    user_no  registered_on  tenure_days  channel_id  kyc_level  net_revenue_all_usdt  net_revenue_90d_usdt  is_counted  first_trade_on
    0        2025-12-31     90           search      1          100                   90                    yes         2026-01-01
    1        2025-12-31     90           search      1          50                    20                    yes         2026-01-01
    2        2026-03-01     30           -           1          0                     0                     yes         -
""",
)


def test_spark_finds_the_same_evidence(spark: SparkEngine):
    links = of(
        fact_schema("links"),
        "user_no link_type link_hash first_seen_at last_seen_at\n"
        "0 device d 2026-01-01 2026-01-01\n1 device d 2026-01-01 2026-01-01\n"
        "0 face f 2026-01-01 2026-01-01\n1 face f 2026-01-01 2026-01-01\n2 face f 2026-01-01 2026-01-01",
    )
    assert len(agree(definition(PACKAGE, "shared_links"), {"links": links}, SPEC, spark=spark)) == 5
    assert len(agree(definition(PACKAGE, "invitations"), {"referrals": REFERRED, "users": USERS}, spark=spark)) == 3
    facts = {"spot_trades": SPOT, "contract_trades": CONTRACTS, "users": USERS, "clusters": LINKED, "user_days": WERE}
    told = agree(definition(PACKAGE, "risk_days"), facts, BOUNDS | SPEC, spark=spark)
    assert [row[0] for row in told] == [0, 1, 2]
    known = {"restrictions": RESTRICTED, "clusters": LINKED, "referrals": REFERRED, "users": USERS, "risk_days": DAYS}
    cycles = of(REFERRAL_CYCLES, "user_no size\n0 2\n1 2\n2 1")
    assert len(agree(definition(PACKAGE, "risk_evidence"), known | {"referral_cycles": cycles}, BOUNDS, spark=spark)) == 3
    values = agree(definition(PACKAGE, "channel_values"), {"profiles": PROFILED, "user_days": WERE}, BOUNDS | SPEC, spark=spark)
    assert len(values) == 2
    window = {"since": date(2026, 3, 1), "until": DAY}
    agree(definition(PACKAGE, "locks"), {"user_days": WERE}, window | {"qualifying_usdt": 100_000_000}, spark=spark)
    assert len(agree(definition(PACKAGE, "tasks"), {"user_days": WERE, "risk_days": DAYS}, window, spark=spark)) == 2


def test_spark_judges_the_same(spark: SparkEngine):
    evidence = "user_no cluster_no cluster_size cluster_verdict cluster_precision_ratio\n0 0 2 deny 0.96\n1 0 2 review 0.5"
    tables = {
        "audience": Table(*read("user_no amount_usdt promised_usdt\n0 5 0\n1 5 0\n2 5 1\n3 5 0\n9 5 0")),
        "users": USERS,
        "profiles": PROFILED,
        "risk_evidence": of(RISK_EVIDENCE, evidence),
        "channel_values": of(CHANNEL_VALUES, "channel_id users ltv_90_usdt\n- 3 20\nsearch 2 30"),
        "matrix": Table(MATRIX, shipped_matrix().table("spot", on=DAY)),
        "live_flags": of(LIVE_FLAGS, "user_no kind\n2 vulnerable"),
        "locks": of(LOCKS, "user_no has_cashed_out\n0 yes"),
        "tasks": of(TASKS, "user_no volume_usdt excluded_usdt\n0 395 195"),
        "decisions": of(DECISIONS, "user_no code\n0 linked\n1 decided"),
    }
    known = ("restrictions", "kyc", "consent", "links", "referrals", "counterparties", "liquidations", "losses", "transfers")
    params: dict[str, bool | int] = {f"knows_{what}": True for what in (*known, "leverage", "rewards", "revenue")}
    params |= {"kyc_minimum": 1, "task_minimum_usdt": 0}
    assert len(agree(GATE_QUERY, tables, params, spark=spark)) == 5
    told = agree(judging_query(shipped_gates(), {"linked", DECIDED}), tables, params, spark=spark)
    assert {row[1] for row in told} == {"deny"}
    assert "linked_score" in told[0][2]
    assert told[1][2].startswith("decided,jurisdiction")
