"""The loop of a worker: lease, work with a beating heart, finish. What the work is, the caller says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

from springtide.kernel.errors import Fault, Refused, SpringtideError
from springtide.operations.jobs import states
from springtide.operations.jobs.actions import Lease, fail, finish, heartbeat, lease

log = logging.getLogger(__name__)

Progress = Mapping[str, Any]
Report = Callable[[Progress], None]  # called from inside the work; raises Refused('lease_lost') when the job is in other hands
Work = Callable[[Mapping[str, Any], Report], Mapping[str, Any]]  # (payload, report) → result
Clock = Callable[[], datetime]

BEATS_PER_LEASE = 6


def work_until(
    stop: threading.Event,
    worker: str,
    handlers: Mapping[str, Work],
    *,
    now: Clock,
    between: Callable[[], None] = lambda: None,
    idle_seconds: float = 0.5,
) -> None:
    """Do the jobs that `handlers` know, one after the other, until `stop` is set; the job at hand is finished first.

    `between` is called before each look into the queue: there the schedules are asked what has come.
    """
    while not stop.is_set():
        try:
            between()
        except Exception:  # a locked or restarting database: the next look is half a second away
            log.exception("the schedules could not be looked at")
        if not work_once(worker, handlers, now=now):
            stop.wait(idle_seconds)


def work_once(worker: str, handlers: Mapping[str, Work], *, now: Clock) -> bool:
    """Do the next job, if any is due: True when there was one.

    An error raised on purpose would be raised again at the next try, so the job is buried with it; anything else may pass, and
    is tried again after a wait.
    """
    held = lease(worker, tuple(handlers), now=now())
    if held is None:
        return False
    try:
        with _heart(held, now) as report:
            result = handlers[held.kind](held.payload, report)
        finish(held, result, now=now())
    except Refused as refused:
        if refused.code == "lease_lost":
            log.warning("%s %s went to another worker", held.kind, held.key)
        else:
            _failed(held, refused, now, again=False)
    except SpringtideError as error:
        _failed(held, error, now, again=isinstance(error, Fault))
    except Exception as error:
        log.exception("%s %s failed", held.kind, held.key)
        _failed(held, Fault(f"{type(error).__name__}: {error}", "The worker's log has the rest."), now, again=True)
    return True


def _failed(held: Lease, error: SpringtideError, now: Clock, *, again: bool) -> None:
    try:
        fail(held, error.as_dict(), now=now(), again=again)
    except Refused:
        log.warning("%s %s went to another worker", held.kind, held.key)


@contextmanager
def _heart(held: Lease, now: Clock) -> Iterator[Report]:
    """Beats in a thread of its own, so that work which does not report for minutes keeps its lease."""
    stopped, lost = threading.Event(), threading.Event()
    newest: list[Progress | None] = [None]

    def report(progress: Progress) -> None:
        newest[0] = dict(progress)
        if lost.is_set():
            raise Refused("Another worker has taken this job over.", "Stop; it is in other hands.", code="lease_lost")

    def beat() -> None:
        said: Progress | None = None
        quiet = 0.0
        try:
            while not stopped.wait(0.5):
                quiet += 0.5
                if newest[0] is said and quiet < states.LEASE.total_seconds() / BEATS_PER_LEASE:
                    continue
                said, quiet = newest[0], 0.0
                try:
                    heartbeat(held, now=now(), progress=said)
                except Refused:
                    lost.set()
                    return
                except Exception:  # a locked or restarting database: the lease outlives several missed beats
                    log.exception("a heartbeat was missed")
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"heart of job {held.job_id}", daemon=True)
    thread.start()
    try:
        yield report
    finally:
        stopped.set()
        thread.join()
