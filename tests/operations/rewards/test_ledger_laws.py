"""Whatever is done, in whatever order, and wherever it is cut off: the ledger adds up, and nothing is overspent."""

from collections import Counter
from contextlib import nullcontext, suppress

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from springtide.kernel.errors import Refused
from springtide.operations.rewards import actions, budgets, states
from springtide.operations.rewards.caps import NewReward
from springtide.operations.rewards.models import Budget, Reward
from springtide.operations.rewards.reads import ledger_state
from tests.operations.conftest import NOON

INSIDE = {"plan": None, "one": "plan", "two": "plan", "today": "one"}


class Cut(Exception):
    """The process died here."""


def cut_after(statements):
    """Lets so many statements through, and then dies."""
    left = [statements]

    def wrapper(execute, sql, params, many, context):
        if left[0] == 0:
            raise Cut
        left[0] -= 1
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


class Ledger(RuleBasedStateMachine):
    """Beside the database walks a plain model of it: what was given to each budget, and where each reward stands."""

    def __init__(self):
        super().__init__()
        self.whole_example = transaction.atomic()
        self.whole_example.__enter__()
        self.given = {"plan": 100, "one": 60, "two": 60, "today": 30}
        for key, parent in INSIDE.items():
            kind = states.BUDGET_KINDS[(0, 1, 1, 3)[list(INSIDE).index(key)]]
            budgets.open_budget(key, title=key, kind=kind, amount_usdt=self.given[key], parent=parent, acting=None, now=NOON)
        self.offer = actions.publish_offer(
            "any", title="", kind="cash", amount_usdt=50, terms={"per_cluster": 1000, "per_user": 1000}, acting=None, now=NOON
        ).content_hash
        self.rewards = {}  # key → [budget, person, state, left, used]
        self.made = 0

    def teardown(self):
        transaction.set_rollback(True)
        self.whole_example.__exit__(None, None, None)

    def around(self, budget):
        while budget:
            yield budget
            budget = INSIDE[budget]

    def taken(self, budget):
        return sum(
            left * (state in ("reserved", *states.OPEN)) + used
            for of, _, state, left, used in self.rewards.values()
            if budget in self.around(of)
        )

    def some_of(self, data, *in_states):
        there = sorted(key for key, each in self.rewards.items() if each[2] in in_states)
        return data.draw(st.lists(st.sampled_from(there), min_size=1, max_size=4, unique=True)) if there else []

    @rule(data=st.data())
    def reserve(self, data):
        wishes = st.tuples(st.sampled_from(["one", "two", "today"]), st.integers(0, 12), st.integers(1, 50))
        batch = []
        for budget, person, amount in data.draw(st.lists(wishes, min_size=1, max_size=5)):
            self.made += 1
            batch.append(NewReward(f"r{self.made}", f"u{person}", f"p{person}", self.offer, amount, "c", budget))
        reserved = actions.reserve(batch, now=NOON)
        for each in batch:
            has_one = any(
                person == each.person_id and state not in states.UNDONE for _, person, state, _, _ in self.rewards.values()
            )
            if each.key in reserved.taken:
                assert not has_one
                self.rewards[each.key] = [each.budget, each.person_id, "reserved", each.amount_usdt, 0]
            else:
                assert has_one == (reserved.refused[each.key] == "has_one") or reserved.refused[each.key] == "no_budget"
        for each in batch:  # nobody was sent away for whom there was money
            if reserved.refused.get(each.key) == "no_budget":
                assert any(self.taken(key) + each.amount_usdt > self.given[key] for key in self.around(each.budget))

    @rule(data=st.data(), move=st.sampled_from(["grant", "activate", "expire", "release", "revoke", "claw_back"]))
    def whole_move(self, data, move):
        keys = self.some_of(data, *states.STATES)
        more = {"reason": "why"} if move in ("release", "revoke", "claw_back") else {}
        moved = getattr(actions, move)(keys, now=NOON, **more)
        open_to = {
            "grant": ("reserved",),
            "release": ("reserved",),
            "activate": ("granted",),
            "claw_back": ("granted", "active", "consumed", "expired"),
        }.get(move, ("granted", "active"))
        assert moved == {key for key in keys if self.rewards[key][2] in open_to}
        becomes = {"grant": "granted", "activate": "active", "expire": "expired", "release": "released", "revoke": "revoked"}
        for key in moved:
            each = self.rewards[key]
            each[2] = becomes.get(move, "clawed_back")
            if move not in ("grant", "activate"):
                each[3] = 0
            if move == "claw_back":
                each[4] = 0

    @rule(data=st.data(), amount=st.integers(1, 60))
    def consume(self, data, amount):
        for key in actions.consume(dict.fromkeys(self.some_of(data, "granted", "active"), amount), now=NOON):
            each = self.rewards[key]
            part = min(amount, each[3])
            each[3] -= part
            each[4] += part
            if each[3] == 0:
                each[2] = "consumed"

    @rule(key=st.sampled_from(list(INSIDE)), amount=st.integers(1, 150))
    def change_budget(self, key, amount):
        parent = INSIDE[key]
        is_open = self.taken(key) <= amount and (parent is None or amount <= self.given[parent])
        with nullcontext() if is_open else pytest.raises(Refused):
            budgets.change_budget(key, amount_usdt=amount, acting=None, now=NOON, reason="change")
        self.given[key] = amount if is_open else self.given[key]

    @precondition(lambda self: self.rewards)
    @rule(data=st.data(), at=st.integers(0, 25), move=st.sampled_from(["reserve", "grant", "consume", "expire", "claw_back"]))
    def die_on_the_way(self, data, at, move):
        keys = self.some_of(data, *states.STATES)
        before = self.seen()
        with suppress(Cut), transaction.atomic(), cut_after(at):
            match move:
                case "reserve":
                    actions.reserve([NewReward("cut", "u", "p99", self.offer, 1, "c", "one")], now=NOON)
                case "consume":
                    actions.consume(dict.fromkeys(keys, 3), now=NOON)
                case "claw_back":
                    actions.claw_back(keys, now=NOON, reason="why")
                case _:
                    getattr(actions, move)(keys, now=NOON)
            raise Cut  # at the latest before the commit
        assert self.seen() == before

    def seen(self):
        return list(Budget.objects.order_by("pk").values()), list(Reward.objects.order_by("pk").values())

    @invariant()
    def it_adds_up(self):
        assert ledger_state().faults == ()

    @invariant()
    def every_reward_is_where_it_should_be(self):
        there = {row[0]: list(row[1:]) for row in Reward.objects.values_list("key", "state", "left_usdt", "used_usdt")}
        assert there == {key: each[2:] for key, each in self.rewards.items()}

    @invariant()
    def nothing_is_overspent(self):
        for budget in Budget.objects.all():
            assert budget.available_usdt == self.given[budget.key] - self.taken(budget.key) >= 0

    @invariant()
    def a_linked_cluster_has_one(self):
        assert all(
            times == 1 for times in Counter(each[1] for each in self.rewards.values() if each[2] not in states.UNDONE).values()
        )


@pytest.mark.parametrize(
    ("examples", "steps"), [pytest.param(10, 15, id="briefly"), pytest.param(60, 40, id="at length", marks=pytest.mark.slow)]
)
def test_the_ledger_keeps_its_laws(db, examples, steps):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a shorter story of each failure costs minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
