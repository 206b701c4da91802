"""What campaigns ask of a worker: runs as jobs of the queue, and between jobs the short rounds that answer, wake, send and settle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from springtide.home import Home
from springtide.kernel import clock
from springtide.operations.campaigns import states
from springtide.operations.campaigns.events import answer_events, forget_events
from springtide.operations.campaigns.exporting import export_decisions
from springtide.operations.campaigns.journeys import Woken, wake
from springtide.operations.campaigns.live import Live
from springtide.operations.campaigns.models import Campaign, Event, Traveller
from springtide.operations.campaigns.reads import definition_of
from springtide.operations.campaigns.runs import JOB, ask_run, carry_run
from springtide.operations.campaigns.settling import settle_rewards
from springtide.operations.delivery.dispatching import dispatch
from springtide.operations.delivery.settings import Delivery, read_delivery
from springtide.operations.jobs.worker import Report, Work

log = logging.getLogger(__name__)

ROUND_EVERY: Final = 0.5  # seconds between two rounds
SLICE: Final = 2.0  # seconds for which one round sends: then events and wakes have their turn
Clock = Callable[[], datetime]


class Rounds:
    """What a worker does between two jobs, and in the pauses of long ones: nothing here waits for the queue.

    A round answers events, wakes travellers, sends what is due for a while, and settles the rewards behind it. Each part is exactly
    once by itself, so several workers may go their rounds at once, and a round that fails is gone again.
    """

    def __init__(self, home: Home, delivery: Delivery | None = None, *, now: Clock = clock.now) -> None:
        self.home, self.now = home, now
        self.delivery = delivery or read_delivery(home.path)
        self.live = Live(home, now)
        self._last = 0.0
        self._is_going = False

    def __call__(self) -> None:
        """Go a round, unless one is going or the last was just now. What fails is logged, and tried again in the next."""
        if self._is_going or time.monotonic() - self._last < ROUND_EVERY or connection.in_atomic_block:
            return
        self._is_going = True
        try:
            for part in (self.answer, self.wake, self.send, self.settle):
                try:
                    part()
                except Exception:
                    log.exception("a round of the campaigns failed in %s", part.__name__)
        finally:
            self._is_going = False
            self._last = time.monotonic()

    def answer(self) -> None:
        """Answer the events that wait."""
        if not Event.objects.filter(answered_at=None).exists():
            return
        with self.home.engine() as engine:
            for _ in range(10):
                if not answer_events(self.home, engine, now=self.now()):
                    return

    def wake(self) -> None:
        """Wake the travellers whose time has come."""
        if not Traveller.objects.filter(state="waiting", wake_at__lte=self.now()).exists():
            return
        with self.home.engine() as engine:
            for _ in range(20):
                if wake(self.home, engine, now=self.now()) == Woken():
                    return

    def send(self) -> None:
        """Send what is due, for a while."""
        told = self.delivery
        stop = Slice(SLICE)
        dispatch(told.connectors, live=self.live, now=self.now, stop=stop, addresses=told.addresses, public_url=told.public_url)

    def settle(self) -> None:
        """Grant the rewards whose messages have gone out, put back those whose messages never will."""
        settle_rewards(now=self.now())


class Slice(threading.Event):
    """Set by itself after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._until = time.monotonic() + seconds

    def is_set(self) -> bool:
        return super().is_set() or time.monotonic() >= self._until


def campaign_handlers(home: Home, rounds: Callable[[], None]) -> dict[str, Work]:
    """Kind of job → the work.

    campaign_run    {"campaign", "slot", "as_of"?}    → how far the run came
    """

    def run(payload: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        def told(said: Mapping[str, Any]) -> None:
            report(said)
            rounds()

        as_of = date.fromisoformat(payload["as_of"]) if payload.get("as_of") else None
        return carry_run(home, payload["campaign"], payload["slot"], now=clock.now, report=told, as_of=as_of)

    return {JOB: run}


def after_close(home: Home, *, now: datetime) -> None:
    """What campaigns do once days are closed: bring decisions into the lake, and let in whoever moved on the closed day."""
    with home.engine(worker=True) as engine:
        export_decisions(home, engine, now=now)
    forget_events(now=now)
    day = home.lake.snapshot().closed_through
    for campaign in Campaign.objects.filter(state=states.LIVE):
        version = campaign.versions.order_by("-number")[0]
        if day is not None and definition_of(version).entry.kind == "close" and day >= version.launched_at.date():
            ask_run(campaign, f"close {day}", now=now, as_of=day)
