"""Counts and lists of users come from one condition: a number says exactly how many users it opens."""

from datetime import date
from decimal import Decimal

import pytest

from springtide.home import Home
from springtide.home.pinned import PinnedHome
from springtide.home.users import Moved, Selection, Stood
from springtide.kernel.errors import BadInput, NothingYet, UnknownName
from tests.exchange import Exchange

DAY, BEFORE = date(2026, 1, 10), date(2026, 1, 2)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Ann trades on the 1st and falls silent, bob trades on the last day, cem comes on the 9th and never trades; eve is an employee."""
    path = tmp_path_factory.mktemp("counts")
    home = Home.create(path)
    exchange = Exchange.at(path)
    exchange.has(
        "users",
        """
        user  registered_at  country  user_type  vip_level
        ann   2026-01-01     SG       retail     0
        bob   2026-01-01     VN       retail     0
        cem   2026-01-09     SG       retail     0
        eve   2026-01-01     SG       employee   0
        """,
    )
    exchange.has(
        "spot_trades",
        """
        user  executed_at       notional_usdt  fee_usdt
        ann   2026-01-01T10:00  100            1.50
        bob   2026-01-10T10:00  200            0.25
        bob   2026-01-10T11:00  200            0.25
        eve   2026-01-10T11:00  200            9
        """,
    )
    exchange.closes()
    exchange.engine.close()
    return home


def ids(home, selection):
    return sorted(row[0] for row in home.users(selection, order="registered_on").rows)


@pytest.mark.parametrize(
    ("selection", "users"),
    [
        (Selection(), ["ann", "bob", "cem"]),
        (Selection(everyone=True), ["ann", "bob", "cem", "eve"]),
        (Selection(rule="country = 'SG'"), ["ann", "cem"]),
        (Selection(rule="activity = 'cooling'"), ["ann"]),
        (Selection(as_of=BEFORE), ["ann", "bob"]),
        (Selection(user_id="eve", everyone=True), ["eve"]),
        (Selection(user_id="an"), []),
        (Selection(stood=Stood("activity", "never_traded", BEFORE)), ["bob"]),
        (Selection(stood=Stood("activity", None, BEFORE)), ["cem"]),
        (Selection(rule="activity = 'active'", stood=Stood("activity", "never_traded", BEFORE)), ["bob"]),
        (Selection(moved=Moved("activity", date(2026, 1, 3), DAY, to_stratum="cooling")), ["ann"]),
    ],
)
def test_a_selection_is_counted_as_it_is_listed(home, selection, users):
    assert ids(home, selection) == users
    assert home.users(selection).total == home.count(selection).users == len(users)


def test_groups_and_sums_are_of_counted_users_only(home):
    found = home.count(Selection(), by=("country",), sums=("net_revenue_7d_usdt", "trades_all"))
    assert found.rows == [("SG", 2, Decimal(0), 1), ("VN", 1, Decimal("0.5"), 2)]
    assert (found.users, found.total("net_revenue_7d_usdt"), found.total("trades_all")) == (3, Decimal("0.5"), 3)


def test_where_users_stood_before_is_counted_against_where_they_stand(home):
    found = home.count(Selection(), by=("activity_then", "activity"), then=BEFORE)
    assert sorted(found.rows, key=str) == [
        ("active", "cooling", 1),
        ("never_traded", "active", 1),
        (None, "never_traded", 1),
    ]


def test_nobody_is_zero_and_sums_to_nothing(home):
    found = home.count(Selection(rule="country = 'XX'"), sums=("net_revenue_7d_usdt",))
    assert (found.users, found.total("net_revenue_7d_usdt")) == (0, Decimal(0))
    assert home.count(Selection(rule="country = 'XX'"), by=("country",)).rows == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"by": ("contry",)}, UnknownName),
        ({"sums": ("fees",)}, UnknownName),
        ({"by": ("activity_then",)}, UnknownName),
        ({"by": ("activity_then",), "then": date(2020, 1, 1)}, NothingYet),
    ],
)
def test_what_cannot_be_counted_is_refused(home, asked, error):
    with pytest.raises(error):
        home.count(Selection(), **asked)


def test_a_stratification_nobody_has_is_refused(home):
    with pytest.raises(UnknownName):
        home.count(Selection(stood=Stood("activty", "active", BEFORE)))


def test_too_many_groups_are_refused(home, monkeypatch):
    monkeypatch.setattr("springtide.home.counts.MOST_GROUPS", 1)
    with pytest.raises(BadInput) as refused:
        home.count(Selection(), by=("country",))
    assert refused.value.code == "too_many_groups"


def test_what_cannot_be_told_is_named_by_column_and_stratification(home):
    missing = home.missing()
    assert missing["equity_usdt"] == "no balances or given aggregates (user_days) was given"
    assert "assets" in missing
    assert "activity" not in missing
    assert home.kept_days()[-1] == DAY


@pytest.mark.parametrize("selection", [Selection(), Selection(rule="country = 'SG'"), Selection(as_of=BEFORE, everyone=True)])
def test_several_stratifications_counted_at_once_are_counted_as_one_by_one(home, selection):
    wanted = ["lifecycle", "activity", "tenure"]
    told = home.count_each(selection, wanted)
    assert list(told) == wanted
    for key in wanted:
        assert sorted(told[key].rows, key=str) == sorted(home.count(selection, by=(key,)).rows, key=str)
    assert home.count_each(selection, []) == {}


def test_what_was_counted_at_once_is_not_asked_again(home, monkeypatch):
    with PinnedHome(home.path).open() as pinned:
        told = pinned.count_each(Selection(rule="country = 'VN'"), ["activity", "tenure"])
        monkeypatch.setattr("springtide.home.home.count_users", None)
        assert pinned.count(Selection(rule="country = 'VN'"), by=("activity",)) == told["activity"]
        assert pinned.count_each(Selection(rule="country = 'VN'"), ["tenure"]) == {"tenure": told["tenure"]}
