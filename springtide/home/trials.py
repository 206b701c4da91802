"""Before a campaign: what could be found on an audience as it behaved last, and how often each method would find what is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from springtide.analytics.engine import Engine
from springtide.analytics.evidence import past_outcomes
from springtide.analytics.evidence import self_test as aa
from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.past_outcomes import PastOutcomes, PowerPlan
from springtide.analytics.evidence.self_test import SelfTest
from springtide.analytics.lake import Snapshot
from springtide.analytics.segments import InForce
from springtide.home.users import Selection, people_of
from springtide.kernel.errors import NothingYet

WINDOW_DAYS: Final = 30
HOLDOUT: Final = 0.1


def power_plan(
    engine: Engine,
    snapshot: Snapshot,
    rule: str,
    strata_keys: Sequence[str],
    named: InForce,
    *,
    metric: str = "net_revenue",
    window_days: int = WINDOW_DAYS,
    holdout: float = HOLDOUT,
    **plan: Any,
) -> PowerPlan | CannotTell:
    """What a campaign on the users of `rule` could find; see `springtide.analytics.evidence.past_outcomes.power_plan`.

    The audience is as of the latest kept day after which `window_days` are closed.

    refuses    bad_rule, unknown_column …    as a list of users does
               unknown_metric, bad_window, bad_holdout
               not_kept                      no snapshot is old enough
    """
    past = _past(engine, snapshot, rule, strata_keys, named, metric, window_days)
    return past_outcomes.power_plan(past, holdout=holdout, **plan)


def self_test(
    engine: Engine,
    snapshot: Snapshot,
    rule: str,
    strata_keys: Sequence[str],
    named: InForce,
    *,
    metric: str = "net_revenue",
    window_days: int = WINDOW_DAYS,
    holdout: float = HOLDOUT,
    partings: int = 1_000,
    seed: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SelfTest | CannotTell:
    """How often each method would tell of an effect where there is none; see `springtide.analytics.evidence.self_test`.

    refuses    as `power_plan`
    """
    past = _past(engine, snapshot, rule, strata_keys, named, metric, window_days)
    past_outcomes.held_out(past, holdout)
    return aa.self_test(
        past.y, x=past.x, persons=past.persons, holdout=holdout, partings=partings, seed=seed, progress=progress
    )


def _past(
    engine: Engine, snapshot: Snapshot, rule: str, strata_keys: Sequence[str], named: InForce, metric: str, window_days: int
) -> PastOutcomes:
    past_outcomes.refuse_window(window_days)
    eve = _eve(snapshot, window_days)
    _day, people, where, params = people_of(engine, snapshot, Selection(rule=rule, as_of=eve), strata_keys, named)
    engine.make("audience", f"{people} select user_no from people where {where}", **params)
    return past_outcomes.past_outcomes(engine, snapshot, metric=metric, since=eve + timedelta(days=1), window_days=window_days)


def _eve(snapshot: Snapshot, window_days: int) -> date:
    """The latest kept day after which the whole window is closed."""
    latest = snapshot.require_closed() - timedelta(days=window_days)
    kept = [day for day in snapshot.days("strata") if day <= latest]
    if not kept:
        raise NothingYet(
            f"No snapshot of users is {window_days} days old yet.",
            "Ask for a shorter window, or close more days first.",
            code="not_kept",
        )
    return max(kept)
