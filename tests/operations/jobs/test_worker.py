"""The worker's loop: it finishes, it fails with words, it reports, it stops when overtaken, and a `kill -9` loses nothing."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from springtide.kernel.errors import BadInput, Fault, Refused
from springtide.operations.jobs import reads, states
from springtide.operations.jobs.actions import enqueue, lease
from springtide.operations.jobs.models import Job
from springtide.operations.jobs.worker import work_once, work_until
from tests.operations.conftest import NOON


def at_noon():
    return NOON


def ask(key="one"):
    return enqueue("import", key, {"rows": 3}, now=NOON)


def test_what_the_work_returns_is_the_result(database_for_two):
    asked = ask()
    assert work_once("worker", {"import": lambda payload, report: {"taken": payload["rows"]}}, now=at_noon)
    assert reads.job(asked).result == {"taken": 3}
    assert not work_once("worker", {"import": lambda payload, report: {}}, now=at_noon)


@pytest.mark.parametrize(
    ("raised", "state", "code"),
    [
        (BadInput("Empty file.", "Export it again.", code="empty_file"), "dead", "empty_file"),
        (Fault("A bug.", code="fault"), "ready", "fault"),
        (MemoryError("no room"), "ready", "fault"),
    ],
)
def test_bad_input_is_not_tried_again_and_a_fault_is(database_for_two, raised, state, code):
    def work(payload, report):
        raise raised

    asked = ask()
    work_once("worker", {"import": work}, now=at_noon)
    seen = reads.job(asked)
    assert (seen.state, seen.error["code"]) == (state, code)
    assert seen.error["hint"] or code == "fault"


def test_progress_is_seen_while_the_work_goes_on(database_for_two):
    asked, seen = ask(), []

    def work(payload, report):
        report({"done": 1, "total": 3})
        for _ in range(100):
            time.sleep(0.05)
            seen.append(reads.job(asked).progress)
            if seen[-1]:
                break
        return {}

    work_once("worker", {"import": work}, now=at_noon)
    assert seen[-1] == {"done": 1, "total": 3}


def test_a_worker_that_was_overtaken_is_told_at_its_next_report_and_writes_nothing(database_for_two):
    asked, told = ask(), []

    def work(payload, report):
        Job.objects.update(leased_until=NOON - timedelta(seconds=1))
        taken_over = lease("faster", ("import",), now=NOON)
        assert taken_over is not None
        try:
            for n in range(200):
                report({"done": n})
                time.sleep(0.05)
        except Refused as refused:
            told.append(refused.code)
            raise
        return {"by": "slower"}

    work_once("slower", {"import": work}, now=at_noon)
    assert told == ["lease_lost"]
    row = Job.objects.get(pk=asked)
    assert (row.state, row.worker, row.result) == ("leased", "faster", {})


def test_a_worker_that_is_asked_to_stop_finishes_the_job_at_hand(database_for_two):
    stop, asked, left = threading.Event(), ask("one"), ask("two")

    def work(payload, report):
        stop.set()
        return {"done": True}

    work_until(stop, "worker", {"import": work}, now=at_noon)
    assert (reads.job(asked).state, reads.job(left).state) == ("done", "ready")


KILLED = """
    import os, sys, threading, time
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings
    django.setup()
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    from datetime import UTC, datetime
    from springtide.operations.jobs.worker import work_until

    def work(payload, report):
        print("working", flush=True)
        time.sleep(600)
        return {}

    work_until(threading.Event(), "to be killed", {"import": work}, now=lambda: datetime.now(UTC))
"""


def test_a_job_whose_worker_was_killed_is_done_by_the_next_one(database_for_two):
    asked = ask()
    name = str(connection.settings_dict["NAME"])
    killed = subprocess.Popen([sys.executable, "-c", textwrap.dedent(KILLED), name], stdout=subprocess.PIPE, text=True)
    try:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "working\n"
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
    assert reads.job(asked).state == "leased"
    later = datetime.now(UTC) + states.LEASE + timedelta(seconds=1)
    assert work_once("next", {"import": lambda payload, report: {"taken": 3}}, now=lambda: later)
    seen = reads.job(asked)
    assert (seen.state, seen.result, seen.tries) == ("done", {"taken": 3}, 2)
