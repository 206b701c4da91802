"""Three workers are killed at random moments, again and again: every job is done, none twice in the queue, no slot twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from springtide.operations.jobs.actions import enqueue
from springtide.operations.jobs.models import Job, Slot
from springtide.operations.jobs.schedules import plan_schedule

WORKER = Path(__file__).with_name("chaos_worker.py")
JOBS, KILLS, WORKERS = 80, 6, 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_six_kills_lose_no_job_and_do_no_slot_twice(database_for_two, tmp_path, seed):
    chance, began, diary = random.Random(seed), datetime.now(UTC), tmp_path / "diary"
    for n in range(JOBS):
        enqueue("chaos", f"job {n}", {"n": n}, now=began, tries_allowed=KILLS + 2)
    plan_schedule("every minute", kind="tick", cron="* * * * *", zone="UTC", now=began)
    kept = {name: connection.settings_dict[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    command = [sys.executable, str(WORKER), json.dumps(kept, default=str), str(diary), began.isoformat()]

    def start():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n", process.communicate()[1]
        return process

    workers = [start() for _ in range(WORKERS)]
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.02, 0.25))
            place = chance.randrange(WORKERS)
            os.kill(workers[place].pid, signal.SIGKILL)
            workers[place].communicate()
            workers[place] = start()
        until = time.monotonic() + 60
        while Job.objects.filter(kind="chaos").exclude(state="done").exists() and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()

    chaos = Job.objects.filter(kind="chaos")
    assert Counter(chaos.values_list("state", flat=True)) == {"done": JOBS}
    assert all(job.result == {"n": job.payload["n"]} for job in chaos)
    lines = Counter(diary.read_text().splitlines())
    begun, ended = ({n for n in range(JOBS) if lines[f"{word} {n}"]} for word in ("begin", "end"))
    assert begun == ended == set(range(JOBS))
    again = sum(job.tries - 1 for job in chaos)
    assert again <= KILLS  # a kill costs one try at most, and nothing else costs any
    slots = list(Slot.objects.exclude(job=None).values_list("at", "job_id"))
    assert len({at for at, _job in slots}) == len({job for _at, job in slots}) == len(slots) > 0
    assert Job.objects.filter(kind="tick").count() == len(slots)
