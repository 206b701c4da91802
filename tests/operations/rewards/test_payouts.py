"""Payouts: asked of an exchange on loopback, once, after the gates were asked again; and what nobody knows the end of."""

import threading
from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.delivery.posting import Poster
from springtide.operations.delivery.signing import verify
from springtide.operations.rewards import payouts
from springtide.operations.rewards.actions import consume, expire, grant, publish_offer, reserve, revoke
from springtide.operations.rewards.models import Payout, PayoutBalance, Reward
from springtide.operations.rewards.paying import SignedCalls
from springtide.operations.rewards.payouts import give_up, lease, pay, resolve, retry, settle, take_back
from springtide.operations.rewards.reads import ledger_state
from springtide.operations.risk.gates import Verdict
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import HERE, KEY, Clock, gateway  # noqa: F401
from tests.operations.rewards.conftest import TEN, balances

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("budgets")]


def open_gate(orders):
    return {each.user_id: Verdict("allow") for each in orders}


@pytest.fixture
def calls(gateway):  # noqa: F811
    """Makes payers that call the exchange on loopback, one order at a time."""
    made = []

    def make(**more):
        poster = Poster(HERE, gateway.url, at_once=1, timeout=1.0)
        made.append(SignedCalls(**{"name": "exchange", "poster": poster, "key": KEY, "now": Clock(), **more}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def owed(promise):
    """Grants a reward of ten USDT to each user: by default of fees, else of an offer of this kind and terms."""

    def make(*users, kind="", terms=None):
        wanted = [promise(user) for user in users]
        if kind:
            offer = publish_offer(
                f"some-{kind}".replace("_", "-"), title="", kind=kind, amount_usdt=TEN, terms=terms or {}, acting=None, now=NOON
            )
            wanted = [each._replace(offer=offer.content_hash) for each in wanted]
        assert grant(reserve(wanted, now=NOON).taken, now=NOON) == {each.key for each in wanted}

    return make


def _pay(payer, gate=open_gate, now=None):
    return pay(payer, gate=gate, now=now or Clock())


def _states():
    return sorted(Payout.objects.values_list("key", "state"))


def test_an_order_is_signed_and_carries_its_key_as_idempotency_key(calls, gateway, owed):  # noqa: F811
    owed("ann")
    assert _pay(calls()) == {"paid": 1}

    [call] = gateway.calls
    assert verify([KEY], call.headers, call.body, now=NOON) == "win-back:ann"
    assert call.headers["idempotency-key"] == "win-back:ann"
    assert call.json == {
        "key": "win-back:ann",
        "way": "pay",
        "user_id": "ann",
        "kind": "fee_voucher",
        "amount_usdt": "10.000000",
        "campaign": "win-back",
        "is_withdrawable": True,
        "earns_commission": True,
        "wagering_usdt": "0.000000",
        "use_by": (NOON + timedelta(days=30)).isoformat(),
    }


def test_trial_funds_say_that_they_are_never_withdrawn_and_earn_no_commission(calls, gateway, owed):  # noqa: F811
    owed("ann", kind="trial_fund", terms={"wagering_multiple": 3})
    _pay(calls())
    [call] = gateway.calls
    assert (call.json["is_withdrawable"], call.json["earns_commission"], call.json["wagering_usdt"]) == (
        False,
        False,
        "30.000000",
    )


def test_cash_is_used_when_it_is_paid_and_a_voucher_is_in_use_from_then_on(calls, owed):
    owed("ann", kind="cash")
    owed("bob")
    _pay(calls())
    assert sorted(Reward.objects.values_list("user_id", "state")) == [("ann", "consumed"), ("bob", "active")]
    assert balances("win-back") == {"budget": 60, "granted": 10, "consumed": 10}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ({"ann": Verdict("deny", ("sanctions", "kyc"))}, "sanctions"),
        ({"ann": Verdict("review")}, "review"),
        ({}, "not_judged"),
    ],
)
def test_whom_a_gate_bars_is_held_and_looked_at_again_the_next_day(calls, gateway, owed, verdicts, code):  # noqa: F811
    owed("ann")
    assert _pay(calls(), gate=lambda orders: verdicts) == {"held": 1}
    assert gateway.calls == []
    assert Payout.objects.values_list("state", "code").get() == ("held", code)

    assert _pay(calls()) == {}
    assert _pay(calls(), now=Clock(NOON + timedelta(days=1))) == {"paid": 1}


def test_what_the_exchange_will_not_have_has_failed_and_goes_again_when_a_person_says_so(calls, gateway, owed, manager):  # noqa: F811
    gateway.says = [(422, b'{"error": "account closed"}')]
    owed("ann")
    assert _pay(calls()) == {"failed": 1}
    failed = Payout.objects.get()
    assert (failed.code, "account closed" in failed.says) == ("status_422", True)

    retry(failed.pk, reason="the account is open again", acting=manager, now=NOON)
    assert _pay(calls()) == {"paid": 1}
    assert [call.headers["idempotency-key"] for call in gateway.calls] == ["win-back:ann"] * 2


def test_a_busy_exchange_is_asked_again_later(calls, gateway, owed):  # noqa: F811
    gateway.says = [(503, b"", {"retry-after": "90"})]
    owed("ann", "bob")
    assert _pay(calls()) == {"waiting": 1}
    assert len(gateway.calls) == 1  # the other waits as well
    assert _pay(calls(), now=Clock(NOON + timedelta(seconds=91))) == {"paid": 2}


@pytest.mark.parametrize("answer", [None, (200, b"<html>garbage"), (500, b"")])
def test_what_may_have_been_paid_is_asked_again_only_where_keys_are_honoured(calls, gateway, owed, answer):  # noqa: F811
    gateway.says = [answer]
    owed("ann")
    assert _pay(calls()) == {"waiting": 1}
    assert _pay(calls(), now=Clock(NOON + timedelta(hours=1))) == {"paid": 1}
    assert len(gateway.calls) == 2


@pytest.mark.parametrize("answer", [None, (200, b"<html>garbage"), (500, b"")])
def test_without_keys_no_machine_pays_twice(calls, gateway, owed, manager, answer):  # noqa: F811
    gateway.says = [answer]
    owed("ann", kind="cash")
    payer = calls(honours_keys=False)
    assert _pay(payer) == {"unknown": 1}
    assert _pay(payer, now=Clock(NOON + timedelta(days=9))) == {}
    assert revoke(["win-back:ann"], now=NOON, reason="why") == frozenset()  # it may be in the user's hands

    resolve(Payout.objects.get().pk, is_paid=True, reason="their support found it", acting=manager, now=NOON)
    assert _states() == [("win-back:ann", "paid")]
    assert Reward.objects.get().state == "consumed"
    assert len(gateway.calls) == 1


@pytest.mark.parametrize(("honours_keys", "becomes"), [(True, "paid"), (False, "unknown")])
def test_a_worker_that_died_on_the_way(calls, gateway, owed, honours_keys, becomes):  # noqa: F811
    owed("ann")
    payer = calls(honours_keys=honours_keys)
    dead = lease(payer, now=NOON)
    assert dead
    assert lease(payer, now=NOON) is None  # nobody else takes it while the lease holds

    _pay(payer, now=Clock(NOON + timedelta(minutes=3)))
    assert _states() == [("win-back:ann", becomes)]

    settle(dead, {dead.orders[0].payout_id: payouts.Settled("failed")}, payer, now=NOON)  # back from the dead: not heard
    assert _states() == [("win-back:ann", becomes)]


def test_four_orders_are_under_way_at_a_time_and_each_is_sent_once(calls, gateway, owed):  # noqa: F811
    owed(*(f"u{n}" for n in range(8)))
    payer = calls(poster=Poster(HERE, gateway.url, at_once=4, timeout=5.0))
    assert _pay(payer) == {"paid": 8}
    assert sorted(call.headers["idempotency-key"] for call in gateway.calls) == [f"win-back:u{n}" for n in range(8)]


def test_paying_stops_when_it_is_told_to(calls, gateway, owed):  # noqa: F811
    owed("ann")
    stop = threading.Event()
    stop.set()
    assert pay(calls(), gate=open_gate, now=Clock(), stop=stop) == {}
    assert gateway.calls == []


def test_what_the_account_has_left_is_remembered(calls, gateway, owed):  # noqa: F811
    gateway.says = [(200, b'{"balance_usdt": "950.25"}'), (200, b'{"balance_usdt": "lots"}')]
    owed("ann", "bob")
    _pay(calls())
    assert PayoutBalance.objects.values_list("connector", "balance_usdt").get() == ("exchange", 950_250_000)


def test_a_reward_that_was_never_paid_is_taken_back_at_once(owed):
    owed("ann")
    assert take_back(["win-back:ann"], reason="cashed out", now=NOON) == {"win-back:ann"}
    assert _states() == [("win-back:ann", "cancelled")]
    assert balances("win-back") == {"budget": 70, "clawed_back": 10}


def test_a_reward_that_was_paid_is_taken_back_when_the_exchange_says_so(calls, gateway, owed):  # noqa: F811
    owed("ann", kind="cash")
    _pay(calls())
    assert take_back(["win-back:ann"], reason="cashed out", now=NOON) == {"win-back:ann"}
    assert take_back(["win-back:ann"], reason="cashed out", now=NOON) == frozenset()  # asked already
    assert balances("win-back") == {"budget": 70, "consumed": 10}

    assert _pay(calls(), gate=lambda orders: {}) == {"paid": 1}  # no gate keeps anybody from giving back
    assert (gateway.calls[-1].json["way"], gateway.calls[-1].json["amount_usdt"]) == ("take_back", "10.000000")
    assert balances("win-back") == {"budget": 70, "clawed_back": 10}
    assert ledger_state().faults == ()


def test_an_offer_that_claws_nothing_back_takes_only_what_is_left(calls, gateway, owed):  # noqa: F811
    owed("ann", kind="fee_voucher", terms={"claws_back": False})
    _pay(calls())
    consume({"win-back:ann": 4_000_000}, now=NOON)
    take_back(["win-back:ann"], reason="cashed out", now=NOON)
    _pay(calls())
    assert gateway.calls[-1].json["amount_usdt"] == "6.000000"
    assert balances("win-back") == {"budget": 70, "consumed": 4, "clawed_back": 6}


def test_a_payout_that_is_given_up_frees_its_money(owed, manager):
    owed("ann")
    give_up(Payout.objects.get().pk, reason="the user has left", acting=manager, now=NOON)
    assert balances("win-back") == {"budget": 70, "clawed_back": 10}
    with pytest.raises(Refused) as told:
        give_up(Payout.objects.get().pk, reason="again", acting=manager, now=NOON)
    assert told.value.code == "move_not_open"


@pytest.mark.parametrize("role", ["operator", "analyst", "qc_reviewer", "admin"])
def test_who_may_not_approve_rewards_settles_no_payout(owed, member_of, role):
    owed("ann")
    with pytest.raises(Refused) as told:
        give_up(Payout.objects.get().pk, reason="why", acting=member_of(role), now=NOON)
    assert told.value.code == "not_allowed"


def test_what_failed_is_never_paid_once_its_reward_has_ended(calls, gateway, owed, manager):  # noqa: F811
    gateway.says = [(422, b"")]
    owed("ann")
    _pay(calls())
    assert expire(["win-back:ann"], now=NOON) == {"win-back:ann"}
    with pytest.raises(Refused) as told:
        retry(Payout.objects.get().pk, reason="the account is open again", acting=manager, now=NOON)
    assert told.value.code == "move_not_open"
    assert _states() == [("win-back:ann", "cancelled")]
