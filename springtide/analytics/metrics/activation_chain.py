"""The activation chain: from registration over KYC and the first deposit to the first trades, and where it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import FIRSTS
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import DERIVED, are_users_derived, attach_profiles, missing, text
from springtide.kernel.days import day_bounds
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest

REGISTRATION = "registration"
STEPS = ("kyc", "deposit", "spot_trade", "contract_trade")  # each follows the one before it, the first the registration
WITHIN_DAYS: Mapping[str, int] = {"kyc": 7, "deposit": 7, "spot_trade": 7, "contract_trade": 30}
NEEDS: Mapping[str, str] = {
    "kyc": "kyc_passed_on", "deposit": "first_deposit_on", "spot_trade": "first_spot_on", "contract_trade": "first_contract_on",
}  # fmt: skip
CHAIN_STEPS: Schema = (
    Column("step", "varchar", False),
    Column("after_step", "varchar", False),
    Column("window_us", "bigint", False),
)
_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class ActivationStep:
    """One step of the chain, as of a day. Where `reason` is not null the step cannot be told, and its figures are null.

    reached        users who have taken the step
    matured        users of the step before whose `within_days` since it have passed
    converted      those of them who took the step within that time
    rate           converted ÷ matured; null where nobody is old enough
    still_open     users of the step before who have not taken the step and still have time
    median_hours   from the step before to this one, nearest rank, over the converted who took them in order
    early          took this step before the one it follows; counted as converted, and not in the median
    skipping       took this step and never the one it follows; in neither matured nor converted
    """

    step: str
    after: str | None = None
    within_days: int | None = None
    reached: int | None = None
    matured: int | None = None
    converted: int | None = None
    rate: float | None = None
    still_open: int | None = None
    median_hours: float | None = None
    early: int | None = None
    skipping: int | None = None
    month: date | None = None  # of registration; null for all users together
    reason: str | None = None


@dataclass(frozen=True)
class ActivationChain(Answer):
    """The chain over all users, then by month of registration where that was asked; registration itself is the first step."""

    as_of: date
    rows: tuple[ActivationStep, ...]
    months: tuple[ActivationStep, ...] = ()


def activation_chain(
    engine: Engine,
    snapshot: Snapshot,
    *,
    as_of: date | None = None,
    zone: ZoneInfo | None = None,
    within_days: Mapping[str, int] = WITHIN_DAYS,
    by_month: bool = False,
) -> ActivationChain:
    """The chain as it stood at the end of `as_of` (default: the last closed day) in the reporting zone (default UTC).

    Windows are elapsed time: a step within 7 days is one not later than 7 × 24 hours after the step before. A step that cannot be told
    is passed over: the next one then follows the step before it.

    refuses    unknown_step      `within_days` names a step that nothing has
               bad_window        a window that is not positive
               not_closed        `as_of` is not closed yet
               nothing_closed    no day was closed yet
    """
    for step, window in within_days.items():
        if step not in STEPS:
            raise UnknownName(f"The activation chain has no step '{step}'.", suggest(step, STEPS), code="unknown_step")
        if window < 1:
            raise BadInput(f"A window of {window} days for '{step}' is none.", "Give at least one day.", code="bad_window")
    latest = snapshot.require_closed()
    as_of = as_of or latest
    if as_of > latest:
        raise NothingYet(f"{as_of} is not closed yet.", f"The last closed day is {latest}.", code="not_closed")
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "firsts", FIRSTS)
    windows = {**WITHIN_DAYS, **within_days}
    reasons = {step: reason for step in STEPS if (reason := missing(snapshot, NEEDS[step]))}
    if are_users_derived(engine, snapshot):
        reasons = dict.fromkeys((REGISTRATION, *STEPS), DERIVED)
    told = [step for step in STEPS if step not in reasons]
    after = dict(zip(told, [REGISTRATION, *told], strict=False))
    chain = [(REGISTRATION, REGISTRATION, 0), *((step, after[step], windows[step] * 24 * _HOUR_US) for step in told)]
    engine.table("chain_steps", CHAIN_STEPS, chain)
    _, to_at = day_bounds(as_of, zone or ZoneInfo("UTC"))

    def ask(*, by_month: bool) -> dict[date | None, dict[str, dict[str, Any]]]:
        found: dict[date | None, dict[str, dict[str, Any]]] = {}
        for row in engine.rows(text("activation_chain"), to_at=to_at, by_month=by_month).dicts():
            found.setdefault(row["month"], {})[row["step"]] = row
        return found

    def steps(month: date | None, by_step: Mapping[str, dict[str, Any]]) -> list[ActivationStep]:
        reached = by_step[REGISTRATION]["reached"] if by_step else 0
        first = ActivationStep(
            REGISTRATION, reached=None if REGISTRATION in reasons else reached, month=month, reason=reasons.get(REGISTRATION)
        )
        rest = (_step(step, after.get(step), windows[step], by_step.get(step), month, reasons.get(step)) for step in STEPS)
        return [first, *rest]

    everybody = steps(None, ask(by_month=False).get(None, {}))
    months = [step for month, by_step in ask(by_month=True).items() for step in steps(month, by_step)] if by_month else []
    return ActivationChain(as_of, tuple(everybody), tuple(months))


def _step(
    step: str, after: str | None, window: int, sums: Mapping[str, Any] | None, month: date | None, reason: str | None
) -> ActivationStep:
    if reason:
        return ActivationStep(step, within_days=window, month=month, reason=reason)
    of = sums or dict.fromkeys(("reached", "matured", "converted", "still_open", "early", "skipping"), 0) | {"median_us": None}
    median = of["median_us"]
    return ActivationStep(
        step,
        after,
        window,
        reached=of["reached"],
        matured=of["matured"],
        converted=of["converted"],
        rate=of["converted"] / of["matured"] if of["matured"] else None,
        still_open=of["still_open"],
        median_hours=None if median is None else median / _HOUR_US,
        early=of["early"],
        skipping=of["skipping"],
        month=month,
    )
