"""The seven daily states: every user who was ever active is in exactly one of them on every day."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from springtide.analytics.daybook.tables import ACTIVITY, MASK_BITS
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import attach_profiles, first_closed, need, need_days, text
from springtide.kernel.days import days
from springtide.kernel.errors import BadInput

STATES = ("new", "current", "reactivated", "resurrected", "at_risk_wau", "at_risk_mau", "dormant")
NEAR_DAYS = 7
FAR_DAYS = 30

STATE_DAYS: Schema = (
    Column("day", "date", False),
    Column("age", "integer", False, "days before the as-of day"),
)


@dataclass(frozen=True)
class StateDay:
    """The users in each state on a day, and the three sums that the states make up exactly."""

    day: date
    new: int
    current: int
    reactivated: int
    resurrected: int
    at_risk_wau: int
    at_risk_mau: int
    dormant: int
    dau: int  # new + current + reactivated + resurrected
    wau: int  # dau + at_risk_wau: active on one of the last 7 days
    mau: int  # wau + at_risk_mau: active on one of the last 30 days


@dataclass(frozen=True)
class Transition:
    """Users who were in `from_state` the day before (null: not yet active ever) and are in `to_state` on `day`.

    `rate`: their share of all who were in `from_state`; null where there was no state before.
    """

    day: date
    from_state: str | None
    to_state: str
    users: int
    rate: float | None


@dataclass(frozen=True)
class DailyStates(Answer):
    """The states by day, oldest first, and the transitions between consecutive days from the second day on."""

    product: str
    as_of: date
    near_days: int
    far_days: int
    rows: tuple[StateDay, ...]
    transitions: tuple[Transition, ...]


def daily_states(
    engine: Engine,
    snapshot: Snapshot,
    *,
    product: str = "trading",
    since: date | None = None,
    until: date | None = None,
    near_days: int = NEAR_DAYS,
    far_days: int = FAR_DAYS,
) -> DailyStates:
    """The states of every day from `since` to `until`: by default all that the masks reach, which is 33 days for windows of 7 and 30.

    Days before the first closed one are left out. A user is current if active on one of the `near_days` − 1 days before, too, and
    reactivated if on one of the `far_days` − 1 days before only.

    refuses    bad_windows       not 1 < near < far, or a far window that leaves the masks no day
               empty_range       `until` lies before `since`
               out_of_reach      `since` is earlier than the masks reach
               nothing_closed    no day was closed yet
               not_available     no trades were given, or only by week
    """
    if not 1 < near_days < far_days <= MASK_BITS:
        raise BadInput(
            f"Windows of {near_days} and {far_days} days cannot be told apart.",
            f"The near one must be longer than a day, the far one longer than that, and at most {MASK_BITS} days.",
            code="bad_windows",
        )
    as_of = snapshot.require_closed()
    need_days(snapshot)
    if product in ("trading", "spot", "contract"):
        need(snapshot, "last_trade_on")
    reach = as_of - timedelta(days=MASK_BITS - far_days)
    until = min(until or as_of, as_of)
    since = since or reach
    if until < since:
        raise BadInput(f"The range from {since} to {until} is empty.", "Give the earlier day first.", code="empty_range")
    if since < reach:
        raise BadInput(
            f"The states of {since} are out of reach.", f"They can be told from {reach} to {as_of}.", code="out_of_reach"
        )
    since = max(since, first_closed(snapshot))
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "activity", ACTIVITY)
    engine.table("state_days", STATE_DAYS, [(day, (as_of - day).days) for day in days(since, until)])
    told = engine.rows(
        text("daily_states"),
        product=product,
        near_mask=2**near_days - 2,
        far_mask=2**far_days - 2,
        long_ago=since - timedelta(days=2),
    )
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    for day, state, _, users in told.values:
        counts[day][state] += users
    rows = tuple(_state_day(day, counts[day]) for day in days(since, until))
    transitions = tuple(
        Transition(day, was, state, users, users / counts[day - timedelta(days=1)][was] if was else None)
        for day, state, was, users in told.values
        if day > since
    )
    return DailyStates(product, as_of, near_days, far_days, rows, transitions)


def _state_day(day: date, users: Counter[str]) -> StateDay:
    dau = sum(users[state] for state in STATES[:4])
    wau = dau + users["at_risk_wau"]
    return StateDay(day, **{state: users[state] for state in STATES}, dau=dau, wau=wau, mau=wau + users["at_risk_mau"])
