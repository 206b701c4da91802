"""Many workers and many askers on one database: threads with connections of their own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from springtide.operations.jobs.actions import enqueue, finish, lease
from springtide.operations.jobs.models import Job
from tests.operations.conftest import NOON


def at_once(work, times):
    """Run `work` in threads; each closes its connection, or emptying the database would wait for it."""

    def run(n):
        try:
            return work(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(run, range(times)))


@pytest.fixture
def shared_database(database_for_two):
    if connection.vendor == "sqlite" and "mode=memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("an in-memory database has one connection")


def test_twenty_who_ask_for_the_same_work_get_one_job(shared_database):
    assert len(set(at_once(lambda n: enqueue("import", "same", {}, now=NOON), 20))) == 1
    assert Job.objects.count() == 1


def test_eight_workers_do_forty_jobs_once_each(shared_database):
    for n in range(40):
        enqueue("import", f"job {n}", {}, now=NOON)

    def worker(n):
        done = []
        while held := lease(f"worker {n}", ("import",), now=NOON):
            finish(held, {}, now=NOON)
            done.append(held.job_id)
        return done

    done = [job for jobs in at_once(worker, 8) for job in jobs]
    assert len(done) == len(set(done)) == 40
    assert set(Job.objects.values_list("state", "tries")) == {("done", 1)}
