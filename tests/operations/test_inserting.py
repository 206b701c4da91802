"""Many rows in one go: what is written, what is skipped, and that one bad row writes nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from springtide.operations.inserting import AT_ONCE, insert_many
from springtide.operations.jobs.models import Job
from springtide.operations.work.models import Tag
from tests.operations.conftest import NOON

pytestmark = pytest.mark.django_db

COLUMNS = ("kind", "key", "payload", "asked_at", "run_after", "asked_by_id")


def _job(key, **more):
    return ("import", key, {"path": f"{key}.csv", **more}, NOON, NOON + timedelta(hours=1), None)


def test_rows_are_written_with_their_times_their_json_and_the_defaults_of_what_is_left_out():
    assert insert_many(Job, COLUMNS, [_job("a", note="a 'quote', a\ttab, 简体 and a \\"), _job("b")]) == 2

    a, b = Job.objects.order_by("key")
    assert a.payload == {"path": "a.csv", "note": "a 'quote', a\ttab, 简体 and a \\"}
    assert (a.asked_at, a.run_after, a.asked_by_id) == (NOON, NOON + timedelta(hours=1), None)
    assert (b.state, b.tries, b.fence, b.leased_until, b.result) == ("ready", 0, 0, None, {})
    assert list(Job.objects.filter(payload__path="b.csv")) == [b]


def test_known_rows_are_skipped_and_not_counted():
    insert_many(Job, COLUMNS, [_job("a")])

    assert insert_many(Job, COLUMNS, [_job("a"), _job("b"), _job("c"), _job("b")], skip_known=True) == 2
    assert insert_many(Job, COLUMNS, [_job("a")], skip_known=True) == 0  # twice in one transaction
    assert sorted(Job.objects.values_list("key", flat=True)) == ["a", "b", "c"]


def test_a_known_row_that_may_not_be_skipped_writes_nothing():
    insert_many(Job, COLUMNS, [_job("b")])
    with pytest.raises(IntegrityError):
        insert_many(Job, COLUMNS, (_job(key) for key in "abc"))
    assert Job.objects.count() == 1


def test_skipping_known_rows_does_not_skip_broken_ones():
    with pytest.raises(IntegrityError):
        insert_many(Job, COLUMNS, [("import", None, {}, NOON, NOON, None)], skip_known=True)


def test_the_rows_go_with_the_transaction_of_the_caller():
    with transaction.atomic():
        insert_many(Job, COLUMNS, [_job("a")])
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_no_rows_are_no_rows():
    assert insert_many(Job, COLUMNS, []) == 0
    assert insert_many(Job, COLUMNS, [], skip_known=True) == 0


def test_more_rows_than_one_call_takes_are_all_written(manager):
    rows = ((f"user {n}", "warm", manager.pk, NOON) for n in range(AT_ONCE * 2 + 5))
    assert insert_many(Tag, ("user_id", "tag", "put_by_id", "put_at"), rows, skip_known=True) == AT_ONCE * 2 + 5
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from work_tag")
        assert cursor.fetchone() == (AT_ONCE * 2 + 5,)
