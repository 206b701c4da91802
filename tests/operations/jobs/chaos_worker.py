"""A worker to be killed: does jobs that take a moment, and writes a line when it begins one and when it is through with it.

Its clock runs twenty times as fast, so that a lease runs out in three seconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime

import django
from django.conf import settings

SPEED = 20.0


def main(database: str, diary: str, began: str) -> None:
    settings.configure(
        DATABASES={"default": json.loads(database)},
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "springtide.operations.members",
            "springtide.operations.jobs",
        ],
        AUTH_USER_MODEL="members.Member",
        USE_TZ=True,
        SECRET_KEY="only for tests",
    )
    django.setup()
    from springtide.operations.jobs.schedules import look
    from springtide.operations.jobs.worker import work_until

    start = datetime.fromisoformat(began)

    def now():
        return start + (datetime.now(UTC) - start) * SPEED

    def work(payload, report):
        with open(diary, "a") as file:  # noqa: PTH123 – a line at a time, from many processes
            file.write(f"begin {payload['n']}\n")
            file.flush()
            time.sleep(0.03)
            file.write(f"end {payload['n']}\n")
        return {"n": payload["n"]}

    handlers = {"chaos": work, "tick": lambda payload, report: {"slot": payload["slot"]}}
    print("working", flush=True)

    def between() -> None:
        look(now=now())

    work_until(threading.Event(), "killed", handlers, now=now, between=between, idle_seconds=0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
