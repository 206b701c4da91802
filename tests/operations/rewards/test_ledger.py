"""Where the money of a budget stands: every move, what it is open to, and that nothing is given twice."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members.models import AuditRow
from springtide.operations.rewards import actions
from springtide.operations.rewards.actions import (
    activate,
    claw_back,
    consume,
    expire,
    grant,
    release,
    reserve,
    revoke,
)
from springtide.operations.rewards.budgets import change_budget, close_budget, open_budget
from springtide.operations.rewards.models import Posting, Reward
from tests.operations.conftest import NOON
from tests.operations.rewards.conftest import TEN, balances

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("budgets")]


def _state(key):
    reward = Reward.objects.get(key=key)
    return reward.state, reward.left_usdt // 1_000_000, reward.used_usdt // 1_000_000


def test_what_is_reserved_is_gone_from_its_budget_and_from_the_one_around_it(promise):
    reserved = reserve([promise("ann"), promise("bob")], now=NOON)

    assert reserved.taken == {"win-back:ann", "win-back:bob"}
    assert reserved.refused == {}
    assert balances("win-back") == {"budget": 60, "reserved": 20}
    assert balances("april") == {"budget": 80, "reserved": 20}
    assert balances("first-trade") == {"budget": 50}


def test_the_first_come_get_what_there_is_and_no_more(promise):
    reserved = reserve([promise(f"u{n:02}") for n in range(12)], now=NOON)

    assert reserved.taken == {f"win-back:u{n:02}" for n in range(8)}
    assert set(reserved.refused.values()) == {"no_budget"}
    assert balances("win-back") == {"reserved": 80}


def test_the_budget_around_holds_even_where_there_is_money_inside(promise):
    reserve([promise(f"u{n}") for n in range(8)], now=NOON)
    reserved = reserve([promise(f"v{n}", budget="first-trade") for n in range(5)], now=NOON)

    assert sorted(reserved.taken) == ["first-trade:v0", "first-trade:v1"]
    assert balances("april") == {"reserved": 100}


def test_a_smaller_reward_takes_what_a_larger_one_could_not(promise):
    reserve([promise(f"u{n}") for n in range(7)], now=NOON)
    reserved = reserve([promise("half", amount=TEN // 2), promise("whole"), promise("rest", amount=TEN // 2)], now=NOON)
    assert reserved.refused == {"win-back:whole": "no_budget"}
    assert balances("win-back") == {"reserved": 80}


def test_linked_accounts_get_one_of_a_campaign(promise):
    reserve([promise("ann", person="p1")], now=NOON)
    reserved = reserve([promise("ann2", person="p1"), promise("bob", person="p2"), promise("bob2", person="p2")], now=NOON)

    assert reserved.taken == {"win-back:bob"}
    assert reserved.refused == {"win-back:ann2": "has_one", "win-back:bob2": "has_one"}
    assert balances("win-back") == {"budget": 60, "reserved": 20}


def test_what_was_put_aside_for_somebody_who_has_one_goes_to_the_next(promise):
    reserve([promise("u0", person="p")], now=NOON)
    reserved = reserve([promise(f"u{n}", person="p" if n == 1 else "") for n in range(1, 10)], now=NOON)

    assert reserved.refused == {"win-back:u1": "has_one", "win-back:u9": "no_budget"}
    assert balances("win-back") == {"reserved": 80}


def test_a_reward_is_reserved_once_however_often_it_is_asked_for(promise):
    twice = reserve([promise("ann"), promise("ann")], now=NOON)
    again = reserve([promise("ann")], now=NOON)

    assert twice.taken == {"win-back:ann"}
    assert again.refused == {"win-back:ann": "known"}
    assert balances("win-back") == {"budget": 70, "reserved": 10}


def test_what_is_more_than_the_offer_or_in_a_closed_budget_is_refused_with_its_reason(promise):
    close_budget("first-trade", acting=None, now=NOON, reason="over")
    reserved = reserve([promise("ann", amount=TEN + 1), promise("bob", budget="first-trade")], now=NOON)
    assert reserved.refused == {"win-back:ann": "over_offer", "first-trade:bob": "closed"}


def test_an_unknown_offer_or_budget_is_named(promise):
    with pytest.raises(UnknownName, match="Did you mean 'win-back'"):
        reserve([promise("ann", budget="win-bak")], now=NOON)
    with pytest.raises(UnknownName, match="no offer"):
        reserve([promise("ann")._replace(offer="0" * 16)], now=NOON)


def test_a_reward_goes_from_reserved_to_granted_to_used_up(promise):
    reserve([promise("ann")], now=NOON)
    key = "win-back:ann"

    assert grant([key], now=NOON) == {key}
    assert activate([key], now=NOON) == {key}
    assert consume({key: TEN * 3 // 10}, now=NOON) == {key}
    assert _state(key) == ("active", 7, 3)
    assert consume({key: TEN}, now=NOON) == {key}  # more than is left counts as what is left
    assert _state(key) == ("consumed", 0, 10)
    assert balances("april") == {"budget": 90, "consumed": 10}


@pytest.mark.parametrize(
    ("move", "state", "left"),
    [
        (lambda keys: expire(keys, now=NOON), "expired", {"budget": 70, "consumed": 4, "expired": 6}),
        (lambda keys: revoke(keys, now=NOON, reason="wrong user"), "revoked", {"budget": 70, "consumed": 4, "clawed_back": 6}),
        (lambda keys: claw_back(keys, now=NOON, reason="cashed out"), "clawed_back", {"budget": 70, "clawed_back": 10}),
    ],
)
def test_what_was_not_used_can_be_given_again(promise, move, state, left):
    reserve([promise("ann")], now=NOON)
    grant(["win-back:ann"], now=NOON)
    consume({"win-back:ann": TEN * 4 // 10}, now=NOON)

    assert move(["win-back:ann"]) == {"win-back:ann"}
    assert _state("win-back:ann")[0] == state
    assert balances("win-back") == left

    reserved = reserve([promise(f"u{n}", amount=TEN // 5) for n in range(60)], now=NOON)
    spent = 4 if "consumed" in left else 0
    assert len(reserved.taken) == (80 - spent) / 2


def test_a_released_reward_leaves_no_trace_in_the_balances_and_its_cluster_may_have_another(promise):
    reserve([promise("ann", person="p")], now=NOON)
    assert release(["win-back:ann"], now=NOON, reason="template error") == {"win-back:ann"}

    assert balances("win-back") == {"budget": 80}
    assert reserve([promise("ann2", person="p")], now=NOON).taken == {"win-back:ann2"}


def test_each_move_is_made_once_and_only_from_where_it_is_open(promise):
    reserve([promise("ann")], now=NOON)
    key = ["win-back:ann"]

    assert expire(key, now=NOON) == frozenset()
    assert grant(key, now=NOON) == frozenset(key)
    assert grant(key, now=NOON) == frozenset()
    assert release(key, now=NOON, reason="late") == frozenset()
    assert grant(["nobody"], now=NOON) == frozenset()
    assert balances("win-back") == {"budget": 70, "granted": 10}


def test_a_budget_is_not_lowered_below_what_is_taken(promise):
    reserve([promise("ann"), promise("bob")], now=NOON)
    grant(["win-back:ann"], now=NOON)

    with pytest.raises(Refused) as told:
        change_budget("win-back", amount_usdt=TEN * 2 - 1, acting=None, now=NOON, reason="less")
    assert told.value.code == "below_taken"
    assert str(told.value) == (
        "'win-back' cannot be lowered to 19.999999 USDT: 20.000000 are taken (10.000000 reserved, 10.000000 granted, 0.000000 "
        "consumed). Lower it to 20.000000 at the least, or release reservations first."
    )
    change_budget("win-back", amount_usdt=TEN * 2, acting=None, now=NOON, reason="less")
    assert balances("win-back") == {"reserved": 10, "granted": 10}
    assert reserve([promise("cem")], now=NOON).refused == {"win-back:cem": "no_budget"}


@pytest.mark.parametrize(
    ("kind", "parent", "amount", "code"),
    [
        ("plan", "april", TEN, "bad_parent"),
        ("campaign", "win-back", TEN, "bad_parent"),
        ("stratum", "win-back", TEN * 9, "over_parent"),
        ("stratum", "win-back", 0, "bad_amount"),
        ("stratums", "win-back", TEN, "unknown_kind"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(kind, parent, amount, code):
    with pytest.raises(Refused) as told:
        open_budget("new", title="New", kind=kind, amount_usdt=amount, parent=parent, acting=None, now=NOON)
    assert told.value.code == code


def test_four_budgets_one_inside_the_other_all_count(promise):
    open_budget("vip", title="VIP", kind="stratum", amount_usdt=3 * TEN, parent="win-back", acting=None, now=NOON)
    open_budget("vip today", title="Today", kind="day", amount_usdt=TEN, parent="vip", acting=None, now=NOON)
    reserved = reserve(
        [promise("ann", budget="vip today"), promise("bob", budget="vip today"), promise("cem", budget="vip")], now=NOON
    )

    assert reserved.refused == {"vip today:bob": "no_budget"}
    assert [balances(key)["reserved"] for key in ("vip today", "vip", "win-back", "april")] == [10, 20, 20, 20]


def test_every_batch_leaves_one_audit_row_with_its_size(promise):
    reserve([promise(f"u{n}") for n in range(9)], now=NOON)
    grant([f"win-back:u{n}" for n in range(3)], now=NOON + timedelta(days=1))

    told = AuditRow.objects.filter(action__endswith="_rewards").order_by("number").values_list("action", "details")
    assert [(action, details["rewards"], details["amount_usdt"], details.get("refused")) for action, details in told] == [
        ("reserve_rewards", 8, 8 * TEN, {"no_budget": 1}),
        ("grant_rewards", 3, 3 * TEN, None),
    ]


def test_the_postings_tell_the_whole_story_of_a_reward(promise):
    reserve([promise("ann")], now=NOON)
    grant(["win-back:ann"], now=NOON)
    consume({"win-back:ann": 4_000_000}, now=NOON)
    claw_back(["win-back:ann"], now=NOON, reason="cashed out")

    story = (
        Posting.objects.filter(reward__key="win-back:ann")
        .order_by("pk")
        .values_list("entry__move", "out_of", "into", "amount_usdt")
    )
    assert list(story) == [
        ("reserve", "budget", "reserved", TEN),
        ("grant", "reserved", "granted", TEN),
        ("consume", "granted", "consumed", 4_000_000),
        ("claw_back", "granted", "clawed_back", 6_000_000),
        ("claw_back", "consumed", "clawed_back", 4_000_000),
    ]


@pytest.mark.parametrize(
    ("terms", "second", "code"),
    [
        ({"per_user": 1, "per_cluster": 2}, {"user": "ann", "person": "p"}, "offer_cap"),
        ({"per_user": 1, "per_cluster": 2}, {"user": "ann2", "person": "p"}, None),
        ({"per_user": 1, "per_cluster": 1}, {"user": "ann2", "person": "p"}, "offer_cap"),
        ({"per_user": 9, "per_cluster": 9, "stacks": False}, {"user": "ann", "person": "p"}, "not_beside"),
        ({"per_user": 9, "per_cluster": 9, "stacks": False}, {"user": "bob", "person": "q"}, None),
    ],
)
def test_the_terms_of_an_offer_say_how_many_one_may_have(promise, terms, second, code):
    offer = actions.publish_offer("few", title="", kind="cash", amount_usdt=TEN, terms=terms, acting=None, now=NOON)

    def of(user, person, campaign):
        return promise(user, person=person, campaign=campaign, key=f"{campaign}:{user}")._replace(offer=offer.content_hash)

    reserve([of("ann", "p", "may")], now=NOON)
    assert reserve([of(**second, campaign="june")], now=NOON).refused.get(f"june:{second['user']}") == code


def test_who_got_nothing_for_want_of_money_is_not_counted_as_having_one(promise):
    reserve([promise(f"u{n}") for n in range(7)], now=NOON)
    change_budget("win-back", amount_usdt=TEN * 15 // 2, acting=None, now=NOON, reason="less")
    reserved = reserve([promise("ann", person="p"), promise("ann2", person="p", amount=TEN // 2)], now=NOON)
    assert reserved.refused == {"win-back:ann": "no_budget"}


def test_a_campaign_may_give_again_what_it_took_back_as_if_it_had_never_been(promise):
    reserve([promise("ann", person="p")], now=NOON)
    grant(["win-back:ann"], now=NOON)
    revoke(["win-back:ann"], now=NOON, reason="wrong user")
    assert reserve([promise("ann2", person="p")], now=NOON).taken == {"win-back:ann2"}
    assert reserve([promise("ann", person="q")], now=NOON).refused == {"win-back:ann": "known"}
