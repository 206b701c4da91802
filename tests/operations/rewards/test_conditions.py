"""What follows from the facts: who has met what was asked, who is late, and who took the deposit out too soon."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from springtide.kernel.errors import UnknownName
from springtide.operations.rewards.actions import grant, publish_offer, reserve
from springtide.operations.rewards.conditions import advance, claim
from springtide.operations.rewards.models import Reward
from springtide.operations.rewards.reads import ledger_state
from tests.exchange import Exchange
from tests.operations.rewards.conftest import TEN, balances

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("budgets")]

MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)  # of the day on which everything is promised
USERS = """
    user   registered_at  kyc_level
    ann    2026-01-01     2
    bob    2026-01-01     1
"""


@pytest.fixture
def exchange(tmp_path):
    made = Exchange.at(tmp_path)
    made.has("users", USERS)
    made.has("sessions", "user day\n ann 2026-03-02")
    yield made
    made.engine.close()


@pytest.fixture
def promised(promise):
    """Promises ten USDT of an offer with these terms to each user."""

    def make(*users, kind="cash", offer="asked", amount=TEN, **terms):
        made = publish_offer(offer, title="", kind=kind, amount_usdt=TEN, terms=terms, acting=None, now=MORNING)
        wanted = [
            promise(user, key=f"{offer}:{user}", campaign=offer, amount=amount)._replace(offer=made.content_hash)
            for user in users
        ]
        assert len(reserve(wanted, now=MORNING).taken) == len(users)

    return make


def _on(exchange, day):
    """Close through a day of March, and let the pass of the next morning run."""
    exchange.closes(date(2026, 3, day))
    return advance(exchange.engine, exchange.lake.snapshot(), zone=ZoneInfo("UTC"), now=MORNING + timedelta(days=day - 1))


def _states():
    return dict(Reward.objects.values_list("key", "state"))


def test_a_promise_that_asks_nothing_is_left_to_who_made_it(exchange, promised):
    promised("ann")
    assert _on(exchange, 2).looked_at == 0
    assert _states() == {"asked:ann": "reserved"}


def test_who_paid_in_enough_since_the_promise_is_granted(exchange, promised):
    promised("ann", "bob", net_deposit_usdt=100)
    exchange.has(
        "transfers",
        """
        user  happened_at       kind        usdt
        ann   2026-03-01T10:00  deposit     500
        ann   2026-03-02T10:00  deposit     120
        ann   2026-03-03T10:00  withdrawal  30
        bob   2026-03-02T10:00  deposit     120
    """,
    )
    assert _on(exchange, 3).granted == 1  # ann paid in 90 since the promise; what came before does not count

    assert _states() == {"asked:ann": "reserved", "asked:bob": "granted"}
    assert list(Reward.objects.order_by("key").values_list("deposited_usdt", "seen_through")) == [
        (90_000_000, date(2026, 3, 3)),
        (120_000_000, date(2026, 3, 3)),
    ]


def test_volume_counts_on_the_product_and_the_markets_that_are_listed(exchange, promised):
    asked: dict = {
        "any": ({"volume_usdt": 1000}, ["ann", "bob"]),
        "spot": ({"volume_usdt": 1000, "product": "spot"}, ["ann"]),
        "contract": ({"volume_usdt": 1000, "product": "contract"}, ["bob"]),
        "bitcoin": ({"volume_usdt": 1000, "markets": ["BTC-USDT"]}, ["ann"]),
        "ether": ({"volume_usdt": 600, "markets": ["ETH-PERP", "ETH-EUR"]}, ["bob"]),
        "nothing": ({"volume_usdt": 600, "markets": ["ETH-PERP"], "product": "spot"}, []),
    }
    for offer, (terms, _) in asked.items():
        promised("ann", "bob", offer=offer, amount=1_000_000, **terms)
    exchange.has(
        "spot_trades",
        """
        user  executed_at       market    notional_usdt
        ann   2026-03-02T10:00  BTC-USDT  1000
        ann   2026-03-02T11:00  ETH-USDT  200
        bob   2026-03-01T11:00  BTC-USDT  5000
        bob   2026-03-02T11:00  BTC-USDT  200
        """,
    )
    exchange.has(
        "contract_trades",
        """
        user  executed_at       market    notional_usdt  contract_type
        bob   2026-03-02T10:00  ETH-PERP  1000           perpetual
        """,
    )
    _on(exchange, 2)
    for offer, (_, users) in asked.items():
        assert [key for key, state in sorted(_states().items()) if key.startswith(f"{offer}:") and state == "granted"] == [
            f"{offer}:{user}" for user in users
        ]


def test_a_level_of_kyc_and_a_claim_may_be_asked_for(exchange, promised):
    promised("ann", "bob", kyc_level=2, opt_in=True)
    assert _on(exchange, 2).granted == 0

    assert claim("asked:ann", "ann", now=MORNING)
    assert not claim("asked:ann", "ann", now=MORNING)
    assert claim("asked:bob", "bob", now=MORNING)
    with pytest.raises(UnknownName):
        claim("asked:ann", "bob", now=MORNING)

    assert _on(exchange, 2).granted == 1
    assert _states() == {"asked:ann": "granted", "asked:bob": "reserved"}


def test_a_promise_lapses_once_the_last_day_is_closed(exchange, promised):
    promised("ann", "bob", volume_usdt=100, qualify_days=3)
    exchange.has(
        "spot_trades",
        """
        user  executed_at       market    notional_usdt
        bob   2026-03-05T03:00  BTC-USDT  100
    """,
    )
    assert _on(exchange, 4).lapsed == 0
    told = _on(exchange, 5)
    assert (told.granted, told.lapsed) == (1, 1)  # the fifth was bob's last day, and he used it
    assert _states() == {"asked:ann": "released", "asked:bob": "granted"}


def test_who_takes_the_deposit_out_before_the_lock_ends_loses_the_reward(exchange, promised):
    promised("ann", "bob", net_deposit_usdt=100, lock_days=5)
    exchange.has(
        "transfers",
        """
        user  happened_at       kind        usdt
        ann   2026-03-02T10:00  deposit     150
        ann   2026-03-05T10:00  withdrawal  60
        bob   2026-03-02T10:00  deposit     150
        bob   2026-03-05T10:00  withdrawal  50
        bob   2026-03-08T10:00  withdrawal  100
    """,
    )
    assert _on(exchange, 2).granted == 2
    assert _on(exchange, 5).taken_back == 1
    assert _on(exchange, 8).taken_back == 0
    assert _states() == {"asked:ann": "clawed_back", "asked:bob": "granted"}
    assert balances("win-back") == {"budget": 60, "granted": 10, "clawed_back": 10}
    assert ledger_state().faults == ()


def test_what_was_traded_often_enough_is_the_users_own_and_volume_counts_once(exchange, promised):
    promised("ann", kind="trial_fund", offer="second", wagering_multiple=50, stacking_order=2, use_days=20)
    promised("ann", kind="trial_fund", offer="first", wagering_multiple=30, stacking_order=1, use_days=20)
    grant(_states(), now=MORNING)
    exchange.has(
        "spot_trades",
        """
        user  executed_at       market    notional_usdt
        ann   2026-03-04T03:00  BTC-USDT  700
        ann   2026-03-06T03:00  BTC-USDT  100
    """,
    )
    assert _on(exchange, 4).used == 1  # 300 of the 700 for the first; the second has 400 of 500
    assert _states() == {"first:ann": "consumed", "second:ann": "granted"}


def test_what_is_not_used_in_time_expires_once_its_last_day_is_closed(exchange, promised):
    promised("ann", kind="fee_voucher", use_days=2)
    promised("bob", kind="cash", offer="kept")
    grant(_states(), now=MORNING + timedelta(days=1))
    assert _on(exchange, 4).expired == 0
    assert _on(exchange, 5).expired == 1
    assert _states() == {"asked:ann": "expired", "kept:bob": "granted"}


def test_a_promise_of_today_waits_for_its_first_closed_day(exchange, promise):
    offer = publish_offer("asked", title="", kind="cash", amount_usdt=TEN, terms={"volume_usdt": 1}, acting=None, now=MORNING)
    reserve([promise("ann")._replace(offer=offer.content_hash)], now=MORNING + timedelta(days=9))
    exchange.closes(date(2026, 3, 2))
    assert advance(exchange.engine, exchange.lake.snapshot(), zone=ZoneInfo("UTC"), now=MORNING).looked_at == 1
    assert Reward.objects.get().state == "reserved"
