"""The moves a job may make, how long it waits after a failure, and how well a schedule is. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

MOVES: Final = {
    ("ready", "lease", "leased"),  # from, move, to
    ("leased", "lease", "leased"),  # the lease ran out: its worker died or hung, and another takes over
    ("leased", "finish", "done"),
    ("leased", "fail", "ready"),  # again, after a wait
    ("leased", "bury", "dead"),  # no tries left, or trying again cannot help
    ("dead", "revive", "ready"),
}
STATES: Final = ("ready", "leased", "done", "dead")
OPEN: Final = ("ready", "leased")

LEASE: Final = timedelta(seconds=60)
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=1)
TRIES: Final = 4


def wait_after(tries: int) -> timedelta:
    """How long a job waits after its n-th failed try: ten seconds, then doubling, an hour at most."""
    return min(FIRST_WAIT * 2.0 ** min(tries - 1, 20), LONGEST_WAIT)


HEALTHS: Final = ("well", "running", "waiting", "late", "failed", "missed", "off")
LATE_AFTER: Final = timedelta(minutes=5)  # a slot nobody asked for by then: no worker looks


def health(
    *,
    is_on: bool,
    job_state: str,
    next_at: datetime | None,
    last_at: datetime | None,
    last_missed_at: datetime | None,
    now: datetime,
) -> str:
    """How well a schedule is, the worst first. That slots were missed in the day before its last one is told, even when that ran."""
    if not is_on:
        return "off"
    if next_at is not None and now - next_at > LATE_AFTER:
        return "late"
    if job_state == "dead":
        return "failed"
    if last_missed_at is not None and last_at is not None and last_at - last_missed_at <= timedelta(days=1):
        return "missed"
    if job_state in OPEN:
        return "running"
    return "well" if job_state == "done" else "waiting"
