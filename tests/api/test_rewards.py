"""Rewards over the API: budgets, a user's rewards with their stories, grants by hand, claims."""

import pytest

from springtide.operations.members import states
from springtide.operations.rewards.actions import grant, publish_offer, reserve
from springtide.operations.rewards.budgets import open_budget
from springtide.operations.rewards.caps import NewReward
from springtide.operations.risk.gates import Verdict
from tests.desk.shown_home import MADE_AT


@pytest.fixture
def money(db):
    open_budget("april", title="April", kind="plan", amount_usdt=1_000_000_000, acting=None, now=MADE_AT)
    terms = {"opt_in": True, "qualify_days": 700, "per_user": 9, "per_cluster": 9}
    offer = publish_offer(
        "fees", title="Fees back", kind="fee_voucher", amount_usdt=50_000_000, terms=terms, acting=None, now=MADE_AT
    )
    reserve([NewReward("r-ann", "ann", "ann", offer.content_hash, 30_500_000, "c", "april")], now=MADE_AT)


@pytest.fixture
def open_gates(monkeypatch):
    allow = lambda self, users, benefit: {user: Verdict("allow") for user in users if user != "barred"}  # noqa: E731
    monkeypatch.setattr("springtide.cycle.rewarding.Gates.of_users", allow)
    monkeypatch.setattr("springtide.cycle.rewarding.persons_of", lambda home, users, now: {})


@pytest.mark.usefixtures("money")
def test_budgets_and_rewards_are_told_with_money_as_decimal_strings(program):
    [budget] = program.get("budgets")
    assert (budget["key"], budget["given_usdt"], budget["reserved_usdt"]) == ("april", "1000.000000", "30.500000")
    [reward] = program.get("rewards/of", user_id="ann")
    assert (reward["key"], reward["state"], reward["amount_usdt"]) == ("r-ann", "reserved", "30.500000")
    told = program.get("rewards/by-key/r-ann")
    assert (told["user_id"], [each["move"] for each in told["postings"]]) == ("ann", ["reserve"])
    assert program.get("rewards/by-key/nobody")["code"] == "unknown_reward"
    assert program.status == 404


@pytest.mark.usefixtures("money")
def test_what_is_owed_is_told_by_kind(program):
    grant(["r-ann"], now=MADE_AT)
    told = program.get("rewards/owed")
    assert told["liability"] == [{"kind": "fee_voucher", "rewards": 1, "usdt": "30.500000"}]
    assert program.get("rewards/compared")["code"] == "no_references"
    assert program.status == 409


@pytest.mark.usefixtures("money")
def test_a_user_claims_once(program):
    assert program.post("rewards/by-key/r-ann/claim", **JSON, data={"user_id": "ann"}) == {"is_new": True}
    assert program.post("rewards/by-key/r-ann/claim", **JSON, data={"user_id": "ann"}) == {"is_new": False}
    assert program.post("rewards/by-key/r-ann/claim", **JSON, data={"user_id": "bob"})["code"] == "unknown_reward"


JSON = {"content_type": "application/json"}
WANTED = {"users": ["u1", "barred"], "offer": "fees", "budget": "april", "amount_usdt": "12.5", "reason": "a late withdrawal"}


@pytest.mark.usefixtures("money", "open_gates")
def test_an_operator_grants_by_hand(program_of, serves, small_home):
    serves(small_home)
    program = program_of("operator")
    given = program.post("rewards/grants", WANTED, **JSON)
    assert program.status == 201
    assert (given["state"], given["given"], given["refused"]) == ("done", 1, {"barred": "not_judged"})
    assert program.post("rewards/grants", {**WANTED, "budget": "may"}, **JSON)["code"] == "unknown_budget"
    assert program.post("rewards/grants", {**WANTED, "amount_usdt": "0"}, **JSON)["code"] == "bad_request"


@pytest.mark.usefixtures("money")
@pytest.mark.parametrize(("role", "budgets", "grants"), [("analyst", 200, 403), ("approver", 200, 403), ("admin", 403, 403)])
def test_who_may_ask(program_of, serves, small_home, role, budgets, grants):
    serves(small_home)
    program = program_of(role)
    program.get("budgets")
    assert program.status == budgets
    program.post("rewards/grants", WANTED, **JSON)
    assert program.status == grants


@pytest.mark.usefixtures("money")
def test_a_token_without_the_right_opens_nothing(program_of, serves, small_home):
    serves(small_home)
    program = program_of("manager", states.SEE_OVERVIEW)
    assert program.get("budgets")["code"] == "not_allowed"


@pytest.mark.usefixtures("money")
def test_the_user_of_an_amount_is_named_only_to_those_who_may_see_money_of_single_users(program_of, serves, small_home):
    serves(small_home)
    analyst = program_of("analyst")
    assert analyst.get("rewards/by-key/r-ann")["user_id"] is None
    assert analyst.get("rewards/of", user_id="ann")["code"] == "column_not_open"
    operator = program_of("operator")
    assert operator.get("rewards/of", user_id="ann")["code"] == "unknown_user"
    assert operator.status == 404
