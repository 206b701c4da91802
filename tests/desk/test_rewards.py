"""The page of rewards: where the money is, granting by hand, adjusting budgets, and payouts that need somebody."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from springtide.analytics.foresight.benefit import Benefit
from springtide.cycle.rewarding import Gates, follow_rewards, persons_of
from springtide.home.users import Selection
from springtide.kernel.errors import BadInput
from springtide.operations.members.models import Approval
from springtide.operations.rewards.actions import grant, publish_offer, reserve
from springtide.operations.rewards.budgets import open_budget
from springtide.operations.rewards.caps import NewReward
from springtide.operations.rewards.models import Budget, ManualGrant, Payout, Reward
from springtide.operations.rewards.offers import Terms
from springtide.operations.rewards.paying import Order
from springtide.operations.rewards.settings import read_payer
from springtide.operations.risk.gates import Verdict
from tests.desk.pages import text_of
from tests.desk.shown_home import MADE_AT


@pytest.fixture
def money(own_home, db):
    """A plan of 1,000 USDT with a campaign of 600 inside; ann is owed 30, bob was promised 20."""
    open_budget("april", title="April", kind="plan", amount_usdt=1_000_000_000, acting=None, now=MADE_AT)
    open_budget(
        "win-back", title="Win back", kind="campaign", amount_usdt=600_000_000, parent="april", acting=None, now=MADE_AT
    )
    offer = publish_offer(
        "fees", title="Fees back", kind="fee_voucher", amount_usdt=50_000_000, terms={}, acting=None, now=MADE_AT
    )
    wanted = [
        NewReward(f"r-{user}", user, user, offer.content_hash, usdt * 1_000_000, "c", "win-back")
        for user, usdt in (("ann", 30), ("bob", 20))
    ]
    reserve(wanted, now=MADE_AT)
    grant(["r-ann"], now=MADE_AT)


@pytest.fixture
def open_gates(monkeypatch):
    """Whom the gates let through is told in tests of their own."""
    allow = lambda self, users, benefit: {user: Verdict("allow") for user in users if user != "barred"}  # noqa: E731
    monkeypatch.setattr("springtide.cycle.rewarding.Gates.of_users", allow)
    monkeypatch.setattr("springtide.cycle.rewarding.persons_of", lambda home, users, now: {})


FORM = {"offer": "fees", "budget": "win-back", "amount": "12.50", "reason": "a late withdrawal"}


@pytest.mark.usefixtures("money")
def test_the_page_says_where_the_money_is(browser_of):
    page = text_of(browser_of("manager").get("/rewards/"))
    assert "Of 1,000 USDT, 950.00 can still be promised; users are owed 30.00." in page or "950 can still be promised" in page
    assert page.index("April") < page.index("Win back")
    assert "Fee voucher" in page
    assert "Nobody is owed anything." not in page


def test_without_budgets_it_says_what_comes_first(browser_of, own_home):
    assert "A plan's budget comes first" in text_of(browser_of("manager").get("/rewards/"))


@pytest.mark.usefixtures("money", "open_gates")
def test_an_operator_grants_a_pasted_list_and_is_told_who_was_left_out(browser_of):
    operator = browser_of("operator")
    answer = operator.post("/rewards/grant/", {**FORM, "users": "u1, u2\nbarred"}, follow=True)
    assert "2 rewards are granted." in text_of(answer)
    assert "1 × not known to the gates" in text_of(answer)
    assert Reward.objects.filter(campaign__startswith="grant-", state="granted").count() == 2


@pytest.mark.usefixtures("money", "open_gates")
def test_above_the_limit_it_waits_in_the_inbox_and_is_given_there(browser_of):
    operator, approver = browser_of("operator"), browser_of("approver")
    waiting = operator.post(
        "/rewards/grant/", {**FORM, "amount": "50", "users": "\n".join(f"u{n}" for n in range(5))}, follow=True
    )
    assert "It waits for somebody who must agree." in text_of(waiting)
    question = Approval.objects.get(kind="grant")
    page = text_of(approver.get(f"/approvals/{question.pk}/"))
    assert "a late withdrawal" in page
    assert "u0, u1, u2, u3, u4" in page


@pytest.mark.usefixtures("money", "open_gates")
def test_a_waiting_grant_is_withdrawn_by_who_asked(browser_of):
    browser_of("approver")
    operator = browser_of("operator")
    operator.post("/rewards/grant/", {**FORM, "amount": "50", "users": "\n".join(f"u{n}" for n in range(5))})
    number = ManualGrant.objects.get().pk
    assert "Withdrawn." in text_of(operator.post(f"/rewards/grants/{number}/withdraw/", follow=True))
    assert ManualGrant.objects.get().state == "withdrawn"


@pytest.mark.usefixtures("money")
def test_a_budget_is_adjusted_and_never_below_what_is_taken(browser_of):
    manager = browser_of("manager")
    lower = {"what": "change", "key": "win-back", "amount": "49", "reason": "less"}
    assert "cannot be lowered" in text_of(manager.post("/rewards/budget/", lower, follow=True))
    assert "The budget is as you say." in text_of(manager.post("/rewards/budget/", {**lower, "amount": "1,000"}, follow=True))
    assert Budget.objects.get(key="win-back").funded_usdt == 1_000_000_000
    made = {"what": "open", "key": "vip", "title": "VIP", "kind": "stratum", "parent": "win-back", "amount": "100"}
    manager.post("/rewards/budget/", made)
    assert Budget.objects.get(key="vip").parent.key == "win-back"
    manager.post("/rewards/budget/", {"what": "close", "key": "vip"})
    assert not Budget.objects.get(key="vip").is_open
    assert "is no amount" in text_of(manager.post("/rewards/budget/", {**made, "amount": "much"}, follow=True))


@pytest.mark.usefixtures("money")
def test_an_offer_is_published_with_its_terms(browser_of):
    form = {"key": "keep", "title": "Keep it", "kind": "cash", "amount": "10", "terms": "net_deposit_usdt: 100\nlock_days: 7"}
    manager = browser_of("manager")
    assert "version 1, can be given" in text_of(manager.post("/rewards/offer/", form, follow=True))
    assert "lock_days: 7" in text_of(manager.get("/rewards/"))
    assert "Did you mean &#x27;lock_days&#x27;" in text_of(
        manager.post("/rewards/offer/", {**form, "terms": "lock_day: 7"}, follow=True)
    )


@pytest.mark.usefixtures("money")
def test_a_payout_of_which_nobody_knows_the_end_is_settled_by_a_person(browser_of):
    Payout.objects.update(state="unknown")
    manager, number = browser_of("manager"), Payout.objects.get().pk
    assert "nobody knows whether it was paid" in text_of(manager.get("/rewards/"))
    assert "Say why." in text_of(manager.post(f"/rewards/payouts/{number}/", {"what": "paid", "reason": " "}, follow=True))
    manager.post(f"/rewards/payouts/{number}/", {"what": "paid", "reason": "their support found it"})
    assert Payout.objects.get().state == "paid"


@pytest.mark.usefixtures("money")
def test_a_file_of_payouts_is_handed_over_once_it_is_approved(browser_of, monkeypatch):
    gate = lambda self, orders: {each.user_id: Verdict("allow") for each in orders}  # noqa: E731
    monkeypatch.setattr("springtide.cycle.rewarding.Gates.of_orders", gate)
    approver, manager = browser_of("approver"), browser_of("manager")
    assert "waits for somebody who must agree" in text_of(manager.post("/rewards/file/", {"what": "make"}, follow=True))
    question = Approval.objects.get(kind="payout_file")
    assert "1: 30.000000 USDT" in text_of(approver.get(f"/approvals/{question.pk}/"))
    number = question.number
    assert "waits for its approval" in text_of(
        manager.post("/rewards/file/", {"what": "hand_over", "number": number}, follow=True)
    )
    Approval.objects.update(state="approved")
    handed = manager.post("/rewards/file/", {"what": "hand_over", "number": number})
    assert handed.headers["Content-Disposition"] == f'attachment; filename="payouts-{number}.csv"'
    assert b"r-ann,pay,ann,fee_voucher,30.000000" in handed.content
    told = manager.post(
        "/rewards/file/", {"what": "results", "number": number, "results": "key,result\nr-ann,paid"}, follow=True
    )
    assert "1 paid, 0 refused, 0 not of this file." in text_of(told)


@pytest.mark.usefixtures("money")
def test_a_reward_tells_its_story(browser_of):
    page = text_of(browser_of("manager").get("/rewards/of/r-ann/"))
    assert page.index("put aside") < page.index("owed from now on")
    assert ">ann</a>" in page
    assert ">ann</a>" not in text_of(browser_of("analyst").get("/rewards/of/r-ann/"))
    assert browser_of("approver").get("/rewards/of/nobody/").status_code == 404


@pytest.mark.usefixtures("money")
def test_without_references_the_comparison_says_what_to_give(browser_of):
    page = browser_of("manager").get("/rewards/compared/")
    assert "carry no reference" in text_of(page)


@pytest.mark.usefixtures("money")
def test_limits_are_changed_by_approvers_only(browser_of):
    form = {"key": "operator_daily", "amount": "75"}
    assert "You may not set limits." in text_of(browser_of("manager").post("/rewards/limit/", form, follow=True))
    assert "The limit holds from now on." in text_of(browser_of("approver").post("/rewards/limit/", form, follow=True))


@pytest.mark.usefixtures("money")
@pytest.mark.parametrize(
    ("role", "page", "granting", "settling"),
    [
        ("manager", 200, 403, 302),
        ("operator", 200, 302, 403),
        ("analyst", 200, 403, 403),
        ("qc_reviewer", 200, 403, 403),
        ("approver", 200, 403, 302),
        ("admin", 403, 403, 403),
    ],
)
def test_who_may_open_the_page_and_who_may_act(browser_of, role, page, granting, settling):
    browser = browser_of(role)
    assert browser.get("/rewards/").status_code == page
    assert browser.post("/rewards/grant/", FORM).status_code == granting
    assert browser.post("/rewards/payouts/1/", {}).status_code == settling


@pytest.mark.usefixtures("money")
def test_an_operator_sees_what_is_left_and_not_the_whole_house(browser_of):
    page = text_of(browser_of("operator").get("/rewards/"))
    assert "Grant by hand" in page
    assert "Open liability" not in page


@pytest.mark.usefixtures("money")
def test_the_gates_and_the_persons_are_asked_of_the_lake(own_home):
    everybody = own_home.users(Selection(), limit=20).rows
    users = [each[0] for each in everybody]
    benefit = Benefit("fee_voucher", amount_usdt=Decimal(10))

    told = Gates(own_home).of_users([*users, "nobody"], benefit)
    assert told["nobody"].says == "deny"
    assert {each.says for each in told.values()} <= {"allow", "review", "deny"}
    orders = [
        Order(n, f"k{n}", "pay", users[0], kind, 1, "c", Terms(), MADE_AT, None, None)
        for n, kind in enumerate(("cash", "trial_fund"))
    ]
    rank = ("allow", "review", "deny").index
    alone = [rank(Gates(own_home).of_orders([each])[users[0]].says) for each in orders]
    assert rank(Gates(own_home).of_orders(orders)[users[0]].says) == max(alone)

    persons = persons_of(own_home, [*users, "nobody"], now=MADE_AT)
    assert set(persons) == set(users)


@pytest.mark.usefixtures("money")
def test_after_a_close_open_rewards_are_looked_at(own_home):
    offer = publish_offer("kyc", title="", kind="cash", amount_usdt=1, terms={"kyc_level": 1}, acting=None, now=MADE_AT)
    user = own_home.users(Selection(rule="kyc_level >= 1"), limit=1).rows[0][0]
    closed = own_home.lake.snapshot().closed_through
    promised_at = datetime.combine(closed, time(1), tzinfo=UTC)
    reserve([NewReward("k", user, user, offer.content_hash, 1, "kyc", "win-back")], now=promised_at)

    told = follow_rewards(own_home, now=MADE_AT)
    assert (told["granted"], told["taken_over"]) == (1, {})
    assert Reward.objects.get(key="k").state == "granted"


def test_a_payer_is_read_from_the_home_and_what_is_wrong_is_named(own_home, monkeypatch):
    assert read_payer(own_home.path) is None
    monkeypatch.setenv("PAYOUTS_SECRET", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    right = (
        'url = "https://rewards.example.com/orders"\nsecret = "env:PAYOUTS_SECRET"\nallowed_hosts = ["rewards.example.com"]\n'
    )
    for text, code in (
        (right, None),
        (right + "honour_keys = true", "unknown_setting"),
        (right + 'at_once = "8"', "bad_setting"),
        (right + "at_once = 0", "bad_setting"),
        (right.replace("env:PAYOUTS_SECRET", "hush"), "bad_secret"),
        (right.replace('["rewards', '["other'), "host_not_allowed"),
        (right.replace("https", "http"), "bad_url"),
        ("url = ", "bad_setting"),
        ('url = "https://rewards.example.com"', "bad_setting"),
    ):
        (own_home.path / "payouts.toml").write_text(text)
        if code is None:
            assert read_payer(own_home.path).honours_keys
            continue
        with pytest.raises(BadInput) as told:
            read_payer(own_home.path)
        assert told.value.code == code
