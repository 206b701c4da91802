"""Eight who reserve and grant at once from a budget that is nearly empty: threads with connections of their own."""

import threading

from springtide.operations.rewards.actions import consume, grant, publish_offer, release, reserve
from springtide.operations.rewards.budgets import open_budget
from springtide.operations.rewards.caps import NewReward
from springtide.operations.rewards.models import Budget, Reward
from springtide.operations.rewards.reads import ledger_state
from tests.operations.conftest import NOON
from tests.operations.jobs.test_two_at_once import at_once, shared_database  # noqa: F401


def _budgets(plan, campaign):
    open_budget("plan", title="Plan", kind="plan", amount_usdt=plan, acting=None, now=NOON)
    for key in ("one", "two"):
        open_budget(key, title=key, kind="campaign", amount_usdt=campaign, parent="plan", acting=None, now=NOON)
    return publish_offer("any", title="", kind="cash", amount_usdt=50, terms={}, acting=None, now=NOON).content_hash


def test_eight_granters_give_all_there_is_and_not_a_cent_more(shared_database):  # noqa: F811
    offer = _budgets(plan=1_000, campaign=700)
    seen = []

    def granter(n):
        for batch in range(4):
            wanted = [
                NewReward(
                    f"{n}-{batch}-{each}", f"u{n}-{batch}-{each}", f"u{n}-{batch}-{each}", offer, 7, "c", ("one", "two")[n % 2]
                )
                for each in range(8)
            ]
            grant(reserve(wanted, now=NOON).taken, now=NOON)
            seen.append(Budget.objects.get(key="plan").available_usdt)

    at_once(granter, 8)

    plan = Budget.objects.get(key="plan")
    assert min(seen) >= 0
    assert plan.granted_usdt == 994  # 142 times 7: another one does not fit into 1,000
    assert Reward.objects.filter(state="granted").count() == 142
    assert max(each.granted_usdt for each in Budget.objects.filter(parent=plan)) <= 700
    assert ledger_state().faults == ()


def test_eight_who_want_the_same_rewards_get_each_once(shared_database):  # noqa: F811
    offer = _budgets(plan=1_000, campaign=1_000)
    wanted = [NewReward(f"r{n}", f"u{n}", f"p{n // 2}", offer, 10, "c", "one") for n in range(40)]

    taken = at_once(lambda n: reserve(wanted, now=NOON).taken, 8)

    assert sum(map(len, taken)) == len(frozenset().union(*taken)) == 20  # one of each pair
    assert Budget.objects.get(key="plan").reserved_usdt == 200
    assert ledger_state().faults == ()


def test_of_many_who_move_one_reward_one_does(shared_database):  # noqa: F811
    offer = _budgets(plan=1_000, campaign=1_000)
    reserve([NewReward("r", "u", "p", offer, 10, "c", "one")], now=NOON)
    ready = threading.Barrier(8)

    def move(n):
        ready.wait()
        return len(grant(["r"], now=NOON) if n % 2 else release(["r"], now=NOON, reason="race"))

    assert sum(at_once(move, 8)) == 1

    if Reward.objects.get().state == "granted":
        assert sum(len(each) for each in at_once(lambda n: consume({"r": 3}, now=NOON), 8)) == 4  # 3 + 3 + 3 + 1
    assert ledger_state().faults == ()
