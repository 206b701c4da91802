"""What the jobs of the queue do, and the worker that does them."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from springtide.analytics.facts import Progress
from springtide.cycle import scheduling
from springtide.cycle.campaigns import Rounds, after_close, campaign_handlers
from springtide.cycle.rewarding import Payments, follow_rewards
from springtide.home import Home
from springtide.kernel import clock
from springtide.operations.definitions import files
from springtide.operations.jobs.worker import Report, Work, work_until
from springtide.operations.work.reads import carried_tags

REPORT_EVERY = 0.5  # seconds between two words about progress
KINDS = ("import", "close")


def handlers(home: Home, rounds: Callable[[], None] = lambda: None) -> dict[str, Work]:
    """Kind of job → the work, over one home. `rounds`: what goes on in the pauses of long work.

    import          {"path", "mapping"?}    → what was taken, table by table
    close           {"through"?}            → the days that were closed
    campaign_run    {"campaign", "slot"}    → how far the run came
    """

    def import_(payload: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        told = _seldom(report)

        def progress(seen: Progress) -> None:
            told({"what": seen.file, "rows": seen.rows, "rows_per_second": round(seen.rows_per_second)})

        imported = home.import_path(payload["path"], mapping=payload.get("mapping"), now=clock.now(), progress=progress)
        failures = [f"{failure.file}: {failure.says}" for failure in imported.failures]
        return {**imported.as_dict(), "failures": failures}

    def close(payload: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        told = _seldom(report)

        def progress(day: date, done: int, total: int) -> None:
            told({"what": str(day), "done": done, "total": total})
            rounds()

        through = payload.get("through")
        carry_definitions(home)
        closed = home.close(through=date.fromisoformat(through) if through else None, now=clock.now(), progress=progress)
        after_close(home, now=clock.now())
        follow_rewards(home, now=clock.now())
        return closed.as_dict()

    return {"import": import_, "close": close, **campaign_handlers(home, rounds)}


def carry_definitions(home: Home) -> None:
    """Bring what the close reads from the database into the home: files that a crash left out, and who carries which tag."""
    files.restore()
    home.keep_tags(carried_tags())


def run(path: Path, stop: threading.Event) -> None:
    """Work off the queue of the home at `path` until `stop` is set. Django must be set up."""
    home = Home(path)
    scheduling.begin(home, now=clock.now())
    name = f"{socket.gethostname()}:{os.getpid()}"
    rounds, look, payments = Rounds(home), scheduling.looking(), Payments(home)

    def between() -> None:
        look()
        rounds()
        payments()

    work_until(stop, name, handlers(home, rounds), now=clock.now, between=between)


def _seldom(report: Report) -> Report:
    """`report`, but not more often than every half second: progress is for eyes."""
    last = [0.0]

    def told(progress: Mapping[str, Any]) -> None:
        if time.monotonic() - last[0] >= REPORT_EVERY:
            last[0] = time.monotonic()
            report(progress)

    return told
