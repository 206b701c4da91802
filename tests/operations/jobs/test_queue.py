"""The lease queue: once per key, one holder at a time, nothing lost."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.jobs import reads, states
from springtide.operations.jobs.actions import enqueue, fail, finish, heartbeat, lease, revive
from springtide.operations.jobs.models import Job
from tests.operations.conftest import NOON

pytestmark = pytest.mark.django_db
KINDS = ("import", "close")
ERROR = {"code": "no_memory", "message": "Out of memory.", "hint": "Give it more."}


def take(*asked, **more):
    """The lease of a job that must be there."""
    held = lease(*asked, **more)
    assert held is not None
    return held


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def ask(key="one", **more):
    return enqueue("import", key, {"path": "a.csv"}, now=NOON, **more)


def test_a_job_is_leased_worked_and_finished():
    asked = ask()
    held = take("worker 1", KINDS, now=NOON)
    assert (held.job_id, held.payload, held.tries) == (asked, {"path": "a.csv"}, 1)
    heartbeat(held, now=after(1), progress={"done": 5, "total": 10})
    assert reads.job(asked).progress == {"done": 5, "total": 10}
    finish(held, {"taken": 10}, now=after(2))
    seen = reads.job(asked)
    assert (seen.state, seen.result, seen.ended_at, seen.is_open) == ("done", {"taken": 10}, after(2), False)
    assert lease("worker 1", KINDS, now=after(3)) is None


def test_asked_twice_while_open_is_one_job_and_afterwards_a_new_one():
    first = ask()
    assert ask() == first
    held = take("worker 1", KINDS, now=NOON)
    assert ask() == first
    finish(held, {}, now=NOON)
    assert ask() != first


def test_the_same_key_of_another_kind_is_other_work():
    assert ask("one") != enqueue("close", "one", {}, now=NOON)


def test_a_worker_takes_only_the_kinds_it_knows_and_the_oldest_first():
    enqueue("brief", "x", {}, now=NOON)
    late = enqueue("import", "late", {}, now=NOON, run_after=after(-1))
    early = enqueue("import", "early", {}, now=NOON, run_after=after(-2))
    assert [take("worker 1", KINDS, now=NOON).job_id for _ in range(2)] == [early, late]
    assert lease("worker 1", KINDS, now=NOON) is None


def test_a_job_for_later_is_not_leased_before():
    ask(run_after=after(60))
    assert lease("worker 1", KINDS, now=after(59)) is None
    assert lease("worker 1", KINDS, now=after(60)) is not None


def test_two_workers_never_hold_one_job():
    ask()
    assert lease("worker 1", KINDS, now=NOON) is not None
    assert lease("worker 2", KINDS, now=NOON) is None


def test_the_job_of_a_killed_worker_is_leased_again_and_the_dead_one_can_write_nothing():
    asked = ask()
    killed = take("worker 1", KINDS, now=NOON)
    assert lease("worker 2", KINDS, now=after(60)) is None
    taken_over = take("worker 2", KINDS, now=after(61))
    assert (taken_over.job_id, taken_over.tries) == (asked, 2)
    assert taken_over.fence > killed.fence
    for late_word in (
        lambda: heartbeat(killed, now=after(62)),
        lambda: finish(killed, {}, now=after(62)),
        lambda: fail(killed, ERROR, now=after(62)),
    ):
        with pytest.raises(Refused) as refused:
            late_word()
        assert refused.value.code == "lease_lost"
    finish(taken_over, {"by": 2}, now=after(63))
    assert reads.job(asked).result == {"by": 2}


def test_a_heartbeat_keeps_the_lease():
    ask()
    held = take("worker 1", KINDS, now=NOON)
    heartbeat(held, now=after(50))
    assert lease("worker 2", KINDS, now=after(100)) is None
    finish(held, {}, now=after(105))


def test_a_failed_try_waits_longer_each_time_and_the_last_one_is_buried():
    asked = ask()
    at, waits = NOON, []
    for _ in range(states.TRIES):
        held = take("worker 1", KINDS, now=at)
        fail(held, ERROR, now=at)
        row = Job.objects.get(pk=asked)
        if row.state == "dead":
            break
        waits.append((row.run_after - at).total_seconds())
        assert lease("worker 1", KINDS, now=at) is None
        at = row.run_after
    assert waits == [10, 20, 40]
    assert (row.state, row.error, row.tries) == ("dead", ERROR, 4)
    assert lease("worker 1", KINDS, now=after(10_000)) is None


def test_a_failure_that_trying_again_cannot_mend_is_buried_at_once():
    asked = ask()
    fail(take("worker 1", KINDS, now=NOON), ERROR, now=NOON, again=False)
    assert reads.job(asked).state == "dead"


def test_a_job_that_kills_every_worker_is_buried_and_does_not_block_the_next():
    deadly, harmless = ask("deadly", tries_allowed=2), ask("harmless", run_after=after(200))
    at = 0
    for _ in range(2):
        assert take("worker 1", KINDS, now=after(at)).job_id == deadly
        at += 61
    assert take("worker 1", KINDS, now=after(201)).job_id == harmless
    assert reads.job(deadly).error["code"] == "worker_lost"


def test_a_dead_job_can_be_revived_once():
    asked = ask()
    fail(take("worker 1", KINDS, now=NOON), ERROR, now=NOON, again=False)
    revive(asked, now=after(1))
    assert take("worker 1", KINDS, now=after(1)).tries == 1
    with pytest.raises(Refused) as refused:
        revive(asked, now=after(2))
    assert refused.value.code == "move_not_open"


def test_a_dead_job_is_not_revived_beside_a_new_one_of_its_key():
    dead = ask()
    fail(take("worker 1", KINDS, now=NOON), ERROR, now=NOON, again=False)
    ask()
    with pytest.raises(Refused):
        revive(dead, now=NOON)
    assert reads.job(dead).state == "dead"


def test_the_latest_jobs_come_newest_first():
    first, second = ask("first"), ask("second")
    assert [seen.id for seen in reads.latest(KINDS)] == [second, first]
    with pytest.raises(UnknownName):
        reads.job(10**9)


def test_every_state_that_a_move_names_exists():
    assert {state for was, _, becomes in states.MOVES for state in (was, becomes)} == set(states.STATES)
