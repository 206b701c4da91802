"""What persons of campaigns brought is kept after every close, and a read-out adds it up."""

import random
from datetime import date, timedelta

import pytest

from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import definition
from springtide.analytics.evidence.outcomes import ASSIGNED, BEFORE_DAYS, OUTCOMES, PAID, keep_outcomes, kept, sums_of
from springtide.kernel.errors import NothingYet, UnknownName
from tests.tables import NOW, SmallLake, read

DAYS = """
user_no  day         spot_trades  spot_fees_usdt  spot_volume_usdt  net_revenue_usdt  rewards_cost_usdt  deposit_usdt
1        2026-02-28  1            50              500               50                0                  0
1        2026-03-01  1            3               30                3                 0                  0
1        2026-03-29  1            5               70                4                 1                  0
1        2026-03-30  1            7               90                7                 0                  20
2        2026-03-30  0            0               0                 0                 0                  5
3        2026-03-31  2            11              10                11                0                  0
4        2026-03-30  1            13              10                13                0                  0
"""
ASSIGNED_TEXT = """
user_no  person  kind     stratum  assigned_on  window
1        1       holdout  lapsing  2026-03-29   2
3        3       treated  dormant  2026-03-29   2
2        2       treated  lapsing  2026-03-29   2
4        2       treated  dormant  2026-03-30   2
"""


@pytest.fixture
def lake(tmp_path):
    lake = SmallLake(tmp_path, "2026-02-01", "2026-03-31")
    lake.has("user_days", DAYS)
    yield lake
    lake.close()


def assign(lake, text=ASSIGNED_TEXT, campaign="spring", paid=()):
    rows = [line.split() for line in text.strip().splitlines()[1:]]
    lake.engine.table(
        "assigned",
        ASSIGNED,
        [
            (campaign, int(person), int(user), arm, stratum, date.fromisoformat(day), int(window))
            for user, person, arm, stratum, day, window in rows
        ],
    )
    lake.engine.table("paid", PAID, paid)


def made(lake, *columns, campaign="spring"):
    told = kept(lake.snapshot, campaign)
    lake.engine.view("seen", [lake.lake.root / told.path], OUTCOMES)
    return lake.engine.rows(f"select {', '.join(columns)} from seen order by person_no").values


def test_windows_begin_with_the_day_of_assignment_and_linked_accounts_count_together(lake):
    """Two days from 29 March: of user 1 the 29th and 30th, of person 2 (users 2 and 4) the same; the 31st of user 3 is too late.
    28 days before, from 1 March: user 1 paid 3; what was on 28 February is too early."""
    assign(lake)
    assert keep_outcomes(lake.lake, lake.engine, now=NOW) == ("spring",)
    told = made(
        lake, "person_no", "arm", "stratum", "users", "fees_usdt", "before_fees_usdt", "trading_days", "net_deposits_usdt"
    )
    assert told == [
        (1, "holdout", "lapsing", 1, 12_000_000, 3_000_000, 2, 20_000_000),
        (2, "treated", "lapsing", 2, 13_000_000, 0, 1, 5_000_000),
        (3, "treated", "dormant", 1, 0, 0, 0, 0),
    ]


def test_revenue_is_before_rewards_and_rewards_are_the_campaigns_own(lake):
    assign(
        lake,
        paid=[
            ("spring", 1, date(2026, 3, 29), 1_000_000),
            ("spring", 1, date(2026, 3, 1), 9),
            ("other", 1, date(2026, 3, 29), 7),
        ],
    )
    keep_outcomes(lake.lake, lake.engine, now=NOW)
    assert made(lake, "revenue_usdt", "net_revenue_usdt", "rewards_usdt")[0] == (12_000_000, 11_000_000, 1_000_000)


def test_a_person_in_two_arms_keeps_the_first_and_is_marked(lake):
    assign(lake, ASSIGNED_TEXT.replace("4        2       treated", "4        2       holdout"))
    keep_outcomes(lake.lake, lake.engine, now=NOW)
    assert made(lake, "person_no", "arm", "has_two_arms")[1] == (2, "treated", True)


def test_what_nothing_changed_is_left_and_a_day_closed_again_is_read_again(lake):
    assign(lake)
    keep_outcomes(lake.lake, lake.engine, now=NOW)
    before = kept(lake.snapshot, "spring")
    assign(lake)
    assert keep_outcomes(lake.lake, lake.engine, now=NOW) == ()
    assert kept(lake.snapshot, "spring") == before
    lake.closed_with("2026-03-30", definitions="others")
    assign(lake)
    assert keep_outcomes(lake.lake, lake.engine, now=NOW) == ("spring",)
    assert len(lake.snapshot.files("outcomes")) == 1


def test_campaigns_are_kept_side_by_side(lake):
    assign(lake)
    keep_outcomes(lake.lake, lake.engine, now=NOW)
    assign(lake, ASSIGNED_TEXT.splitlines()[1] + "\n3 3 treated x 2026-03-31 7", campaign="it's")
    assert keep_outcomes(lake.lake, lake.engine, now=NOW) == ("it's",)
    assert made(lake, "person_no", "fees_usdt", campaign="it's") == [(3, 11_000_000)]
    assert len(made(lake, "person_no")) == 3


@pytest.mark.parametrize(
    ("metric", "holdout", "treated"),
    [("fees", 12.0, 13.0), ("traded", 1.0, 1.0), ("trading_days", 2.0, 1.0), ("volume", 160.0, 10.0)],
)
def test_a_read_out_adds_them_up_by_arm(lake, metric, holdout, treated):
    assign(lake)
    keep_outcomes(lake.lake, lake.engine, now=NOW)
    sums = sums_of(lake.engine, lake.snapshot, "spring", metric=metric)
    assert {arm: (one.n, one.y) for arm, one in sums.raw.items()} == {"holdout": (1, holdout), "treated": (2, treated)}
    assert set(sums.by_stratum["treated"]) == {"lapsing", "dormant"}


def test_what_is_not_there_says_so(lake):
    for ask, error, code in (
        (lambda: sums_of(lake.engine, lake.snapshot, "spring", metric="fees"), NothingYet, "no_outcomes"),
        (lambda: sums_of(lake.engine, lake.snapshot, "spring", metric="fee"), UnknownName, "unknown_metric"),
    ):
        with pytest.raises(error) as raised:
            ask()
        assert raised.value.code == code


def test_nobody_assigned_is_no_work(lake):
    lake.engine.table("assigned", ASSIGNED, [])
    lake.engine.table("paid", PAID, [])
    assert keep_outcomes(lake.lake, lake.engine, now=NOW) == ()


@pytest.mark.spark
def test_spark_tells_the_same(lake, spark):
    draw, first = random.Random(3), date(2026, 3, 1)
    assigned = [
        (
            f"c{n % 3}",
            n // 2 * 2,
            n,
            draw.choice(("holdout", "treated")),
            draw.choice("ab"),
            first + timedelta(n % 20),
            7 + n % 9,
        )
        for n in range(120)
    ]
    days = [(n, first + timedelta(draw.randrange(31)), draw.randrange(10**8)) for n in range(120) for _ in range(3)]
    text = "user_no day spot_fees_usdt\n" + "\n".join(f"{n} {day} {fee / 1e6}" for n, day, fee in dict.fromkeys(days))
    schema, rows = read(text, USER_DAYS)
    paid = [(f"c{n % 3}", n, first + timedelta(20), n) for n in range(120)]
    answers = []
    for engine in (lake.engine, spark):
        engine.table("assigned", ASSIGNED, assigned)
        engine.table("paid", PAID, paid)
        engine.table("user_days", schema, rows)
        text_of = definition("springtide.analytics.evidence", "outcomes").text
        answers.append(engine.rows(text_of, through=date(2026, 3, 28), before_days=BEFORE_DAYS).values)
    assert answers[0] == answers[1]
    assert len(answers[0]) == len({(row[0], row[1]) for row in assigned})
