"""Payouts by file: made by one, approved by another, handed over as it was approved, and answered."""

import csv
import io

import pytest

from springtide.kernel.errors import SpringtideError
from springtide.operations.members import approvals
from springtide.operations.rewards.actions import grant, reserve
from springtide.operations.rewards.files import approve_file, hand_over, make_file, read_results, withdraw_file
from springtide.operations.rewards.models import Payout, Reward
from springtide.operations.risk.gates import Verdict
from tests.operations.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("budgets")]


@pytest.fixture
def three_owed(budgets, promise):
    keys = reserve([promise(user) for user in ("ann", "bob", "=cem")], now=NOON).taken
    grant(keys, now=NOON)


@pytest.fixture
def operator(member_of):
    return member_of("operator")


def open_gate(orders):
    return {each.user_id: Verdict("allow") for each in orders}


def _states():
    return {each.reward.user_id: (each.state, each.code) for each in Payout.objects.select_related("reward")}


def _refused(code, do):
    with pytest.raises(SpringtideError) as told:
        do()
    assert told.value.code == code


@pytest.fixture
def approved(three_owed, operator, manager):
    number = make_file(gate=open_gate, acting=operator, now=NOON)
    [question] = approvals.waiting_for(manager, now=NOON)
    _refused("not_approved", lambda: hand_over(number, acting=operator, now=NOON))
    assert approve_file(question.id, seen=question.content_hash, acting=manager, now=NOON)
    return number


def test_a_file_says_what_a_call_would_say_and_is_the_same_each_time(approved, operator):
    text = hand_over(approved, acting=operator, now=NOON)
    assert hand_over(approved, acting=operator, now=NOON) == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["key"], row["user_id"], row["amount_usdt"], row["way"]) for row in rows] == [
        ("win-back:ann", "ann", "10.000000", "pay"),
        ("win-back:bob", "bob", "10.000000", "pay"),
        ("win-back:=cem", "=cem", "10.000000", "pay"),
    ]


def test_a_result_file_settles_what_it_names_once(approved, operator):
    hand_over(approved, acting=operator, now=NOON)
    results = read_results(
        approved, "key,result,reason\nwin-back:ann,paid,\nwin-back:bob,failed,closed\nother,paid,\n", acting=operator, now=NOON
    )
    assert (results.paid, results.failed, results.unknown) == (1, 1, ("other",))
    assert _states() == {"ann": ("paid", ""), "bob": ("failed", "exchange_refused"), "=cem": ("sending", "")}
    assert Reward.objects.get(user_id="ann").state == "active"

    again = read_results(approved, "key,result\nwin-back:ann,paid\nwin-back:=cem,paid\n", acting=operator, now=NOON)
    assert (again.paid, again.unknown) == (1, ("win-back:ann",))


@pytest.mark.parametrize("text", ["", "key\nwin-back:ann", "key,result\nwin-back:ann,done", "key,result\n,paid"])
def test_a_result_file_that_cannot_be_read_changes_nothing(approved, operator, text):
    hand_over(approved, acting=operator, now=NOON)
    _refused("bad_results", lambda: read_results(approved, text, acting=operator, now=NOON))
    assert {state for state, _ in _states().values()} == {"sending"}


def test_whom_a_gate_bars_is_in_no_file(three_owed, operator, manager):
    number = make_file(
        gate=lambda orders: {"ann": Verdict("allow"), "bob": Verdict("deny", ("kyc",))}, acting=operator, now=NOON
    )
    assert _states() == {"ann": ("sending", ""), "bob": ("held", "kyc"), "=cem": ("held", "not_judged")}
    withdraw_file(number, acting=operator, now=NOON)
    assert _states()["ann"] == ("waiting", "")
    assert approvals.waiting_for(manager, now=NOON) == ()
    _refused("nothing_due", lambda: make_file(gate=lambda orders: {}, acting=operator, now=NOON))


def test_a_file_in_the_exchanges_hands_is_not_withdrawn(approved, operator):
    hand_over(approved, acting=operator, now=NOON)
    _refused("move_not_open", lambda: withdraw_file(approved, acting=operator, now=NOON))


def test_results_wait_for_the_handing_over(approved, operator, member_of):
    _refused("move_not_open", lambda: read_results(approved, "key,result\n", acting=operator, now=NOON))
    _refused("not_allowed", lambda: read_results(approved, "key,result\n", acting=member_of("analyst"), now=NOON))
    _refused("unknown_file", lambda: hand_over(approved + 1, acting=operator, now=NOON))
