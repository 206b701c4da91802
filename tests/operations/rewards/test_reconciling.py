"""The exchange's own entries: rewards follow them, and what differs is named."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from springtide.kernel.errors import NothingYet
from springtide.operations.rewards.actions import grant, reserve
from springtide.operations.rewards.models import Payout, Reward
from springtide.operations.rewards.reconciling import TakenOver, reconcile, take_over
from tests.exchange import Exchange

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("budgets")]

BEFORE = datetime(2026, 3, 1, 8, tzinfo=UTC)
AFTER = datetime(2026, 3, 4, 8, tzinfo=UTC)
USERS = ("ann", "bob", "cem", "dan", "eve")


@pytest.fixture
def exchange(tmp_path):
    made = Exchange.at(tmp_path)
    made.has("users", "user registered_at\n" + "\n".join(f"{user} 2026-01-01" for user in USERS))
    made.has("sessions", "user day\n ann 2026-03-02")
    yield made
    made.engine.close()


@pytest.fixture
def paid(promise):
    """Everybody was granted ten USDT, and everybody but eve was paid."""
    grant(reserve([promise(user) for user in USERS], now=BEFORE).taken, now=BEFORE)
    Payout.objects.exclude(reward__user_id="eve").update(state="paid", ended_at=BEFORE)


def _entries(exchange):
    exchange.has(
        "reward_entries",
        """
        user  happened_at       campaign_ref  reward_type  action       usdt  reference
        ann   2026-03-01T09:00  win-back      fee_voucher  grant        10    win-back:ann
        ann   2026-03-01T10:00  win-back      fee_voucher  activate     10    win-back:ann
        ann   2026-03-02T10:00  win-back      fee_voucher  consume_fee  4     win-back:ann
        bob   2026-03-01T09:00  win-back      fee_voucher  grant        9     win-back:bob
        bob   2026-03-02T09:00  win-back      fee_voucher  expire       9     win-back:bob
        dan   2026-03-01T09:00  win-back      fee_voucher  grant        10    win-back:dan
        dan   2026-03-01T09:00  win-back      fee_voucher  consume_loss 12    win-back:dan
        eve   2026-03-01T09:00  win-back      fee_voucher  grant        10    win-back:eve
        ann   2026-03-01T09:00  win-back      fee_voucher  grant        5     nobody
        ann   2026-03-01T09:00  elsewhere     fee_voucher  grant        5     -
    """,
    )
    exchange.closes(date(2026, 3, 2))
    return exchange.engine, exchange.lake.snapshot()


def test_rewards_follow_what_the_exchange_says_of_their_use(exchange, paid):
    lake = _entries(exchange)
    assert take_over(*lake, zone=ZoneInfo("UTC"), now=AFTER) == TakenOver(active=1, used=2, expired=1)
    assert take_over(*lake, zone=ZoneInfo("UTC"), now=AFTER) == TakenOver()
    assert {each.user_id: (each.state, each.left_usdt // 10**6, each.used_usdt // 10**6) for each in Reward.objects.all()} == {
        "ann": ("active", 6, 4),
        "bob": ("expired", 0, 0),
        "cem": ("granted", 10, 0),
        "dan": ("consumed", 0, 10),
        "eve": ("granted", 10, 0),
    }


def test_what_the_two_sides_say_differently_is_named(exchange, paid):
    told = reconcile(*_entries(exchange), zone=ZoneInfo("UTC"))
    assert (told.as_of, told.agree) == (date(2026, 3, 2), 1)
    assert [(each.reference, each.what, each.ours_usdt, each.theirs_usdt) for each in told.differences] == [
        ("win-back:bob", "other_amount", Decimal(10), Decimal(9)),
        ("win-back:cem", "missing_there", Decimal(10), None),
        ("win-back:dan", "other_use", Decimal(10), Decimal(12)),
        ("win-back:eve", "unexpected", None, Decimal(10)),
        ("nobody", "missing_here", None, Decimal(5)),
    ]


def test_what_was_paid_after_the_last_closed_day_is_not_missed_yet(exchange, paid):
    Payout.objects.filter(reward__user_id="cem").update(ended_at=AFTER)
    told = reconcile(*_entries(exchange), zone=ZoneInfo("UTC"))
    assert "missing_there" not in {each.what for each in told.differences}


def test_without_references_nothing_is_compared_and_it_says_what_to_give(exchange, paid):
    exchange.closes(date(2026, 3, 2))
    with pytest.raises(NothingYet, match="carry no reference"):
        reconcile(exchange.engine, exchange.lake.snapshot(), zone=ZoneInfo("UTC"))
