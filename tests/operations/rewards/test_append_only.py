"""The database itself keeps the ledger: postings stay, and no budget can be overspent, whoever writes."""

import pytest
from django.db import Error, IntegrityError, connection, transaction

from springtide.operations.members import append_only
from springtide.operations.rewards.actions import grant, reserve
from springtide.operations.rewards.models import Budget, Posting, Reward
from springtide.operations.rewards.reads import ledger_state
from tests.operations.conftest import NOON, _Plain

pytestmark = pytest.mark.django_db

SAME = 'id, entry_id, budget_id, reward_id, out_of, "into", amount_usdt'


@pytest.fixture
def some_postings(budgets, promise):
    with connection.cursor() as cursor:  # another test may have lifted them
        for table in ("rewards_entry", "rewards_posting"):
            append_only.guard(_Plain(cursor), table)
    reserve([promise("ann"), promise("bob")], now=NOON)
    grant(["win-back:ann"], now=NOON)


@pytest.mark.usefixtures("some_postings")
@pytest.mark.parametrize(
    "attempt",
    [
        "update rewards_posting set amount_usdt = amount_usdt + 1",
        "update rewards_entry set reason = 'other'",
        "delete from rewards_posting where id = (select max(id) from rewards_posting)",
        "delete from rewards_entry where id = (select max(id) from rewards_entry)",
        (
            f'insert into rewards_posting ({SAME}) select id, entry_id, budget_id, reward_id, out_of, "into", 1 from rewards_posting '
            "where true on conflict (id) do update set amount_usdt = 1"
        ),
        pytest.param(
            "set constraints all immediate; truncate rewards_posting",
            marks=pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE"),
        ),
        pytest.param(
            f'insert or replace into rewards_posting ({SAME}) select id, entry_id, budget_id, reward_id, out_of, "into", 1 '
            "from rewards_posting",
            marks=pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has no INSERT OR REPLACE"),
        ),
    ],
)
def test_the_database_refuses_to_change_or_remove_a_posting(attempt):
    before = list(Posting.objects.order_by("pk").values())
    with pytest.raises(Error, match="never changed or removed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attempt)
    assert list(Posting.objects.order_by("pk").values()) == before


@pytest.mark.usefixtures("some_postings")
@pytest.mark.parametrize(
    ("table", "change"),
    [
        (Budget, {"budget_usdt": -1}),
        (Budget, {"reserved_usdt": -1}),
        (Budget, {"expired_usdt": -1}),
        (Reward, {"left_usdt": -1}),
        (Reward, {"used_usdt": 10_000_001}),
        (Reward, {"amount_usdt": 0}),
        (Reward, {"campaign": "same", "person_id": "same"}),
    ],
)
def test_the_database_refuses_what_cannot_be(table, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        table.objects.update(**change)


@pytest.mark.usefixtures("some_postings")
@pytest.mark.parametrize("form", [{"amount_usdt": 0}, {"amount_usdt": -5}, {"out_of": "budget", "into": "budget"}])
def test_the_database_refuses_a_posting_that_is_none(form):
    like = Posting.objects.latest("pk")
    values = {"entry": like.entry, "budget": like.budget, "out_of": "budget", "into": "reserved", "amount_usdt": 1}
    with pytest.raises(IntegrityError), transaction.atomic():
        Posting.objects.create(**{**values, **form})


@pytest.mark.usefixtures("some_postings")
def test_a_balance_that_was_tampered_with_is_found():
    Budget.objects.filter(key="win-back").update(granted_usdt=9_000_000)
    [fault] = ledger_state().faults
    assert fault == "Budget win-back says 9000000 granted; its postings add up to 10000000."


@pytest.mark.usefixtures("some_postings")
def test_a_reward_that_was_tampered_with_is_found():
    Reward.objects.filter(key="win-back:ann").update(left_usdt=0)
    [fault] = ledger_state().faults
    assert fault == "The rewards have 0 granted; the postings add up to 10000000."
