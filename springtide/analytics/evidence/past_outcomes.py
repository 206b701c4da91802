"""The figures of an audience in the days that have passed: what a campaign can be planned with, and methods be tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import Engine, definition
from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.capping import Cap, cap_among, capped
from springtide.analytics.evidence.power import Plan, detectable_effect, persons_needed
from springtide.analytics.lake import Snapshot
from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.kernel.money import MICRO

METRICS: Final = ("net_revenue", "fees", "volume", "net_deposits", "trading_days", "traded")
MONEY: Final = ("net_revenue", "fees", "volume", "net_deposits")  # in USDT; the others are counts
WINDOWS: Final = (1, 180)  # days that a window may have
EFFECTS: Final = (0.02, 0.05, 0.10, 0.20)  # shares of the mean for which a plan says how many persons they take

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PastOutcomes:
    """Figures of `persons` from `since` to `until`, both included, and over as many days before; those without any are not listed.

    `y` and `x` are in USDT, days, or 0 and 1, in the order of the users' numbers.
    """

    metric: str
    since: date
    until: date
    persons: int
    y: Floats
    x: Floats


@dataclass(frozen=True)
class Needed:
    """How many persons, held out among them, find an effect of this share of the mean; `days` at so many newcomers a day."""

    effect_ratio: float
    persons: int | CannotTell
    days: float | None


@dataclass(frozen=True)
class PowerPlan:
    """What could be detected on an audience as it behaved last, capped as the read-out will cap.

    `mean` is of the capped figure per person, `explained` the share of its variance that the covariate takes out, `plan` the smallest
    difference that would be found, `detectable_ratio` the same as a share of the mean (null where that is not above zero).
    """

    metric: str
    since: date
    until: date
    persons: int
    active: int
    holdout: float
    mean: float
    cap: Cap
    explained: float
    plan: Plan | CannotTell
    detectable_ratio: float | None
    needed: tuple[Needed, ...]


def past_outcomes(engine: Engine, snapshot: Snapshot, *, metric: str, since: date, window_days: int) -> PastOutcomes:
    """The figures of the users in the engine's table `audience` (user_no), who were in it on the eve of `since`.

    refuses    unknown_metric, bad_window
    """
    if metric not in METRICS:
        raise UnknownName(f"There is no outcome '{metric}'.", suggest(metric, METRICS), code="unknown_metric")
    refuse_window(window_days)
    until = since + timedelta(days=window_days)
    before = since - timedelta(days=window_days)
    snapshot.attach(engine, "user_days", USER_DAYS, since=before, until=until - timedelta(days=1))
    text = definition("springtide.analytics.evidence", "past_outcomes").text
    rows = engine.rows(text, metric=metric, since=since, until=until, before=before).values
    persons = engine.rows("select count(*) from audience").scalar()
    unit = MICRO if metric in MONEY else 1
    figures = np.array([(y, x) for _user, y, x in rows], dtype=np.float64).reshape(-1, 2) / unit
    return PastOutcomes(metric, since, until - timedelta(days=1), persons, figures[:, 0], figures[:, 1])


def refuse_window(window_days: int) -> None:
    """refuses    bad_window    too short or too long to plan with"""
    least, most = WINDOWS
    if not least <= window_days <= most:
        raise BadInput(f"A window of {window_days} days cannot be planned.", f"Use {least} to {most} days.", code="bad_window")


def power_plan(
    past: PastOutcomes,
    *,
    holdout: float,
    alpha: float = 0.05,
    power: float = 0.8,
    newcomers_a_day: float | None = None,
    effects: Sequence[float] = EFFECTS,
) -> PowerPlan | CannotTell:
    """Plan a campaign on an audience that behaves as it last did: what it could find, and how many persons what else would take.

    refuses    bad_holdout    not between 0 and 1
    """
    held = held_out(past, holdout)
    if min(held, past.persons - held) < 2:
        return CannotTell("too_small")
    y, x = (everybody(values, past.persons) for values in (past.y, past.x))
    cap = cap_among(past.y, persons=past.persons, smaller=min(held, past.persons - held))
    kept = capped(y, cap)
    mean, sd = float(kept.mean()), float(kept.std(ddof=1))
    explained = float(np.corrcoef(kept, x)[0, 1]) ** 2 if kept.any() and x.any() and x.std() > 0 and sd > 0 else 0.0
    plan = detectable_effect(
        sd=sd, n_treated=past.persons - held, n_control=held, alpha=alpha, power=power, explained=explained
    )
    needed = []
    for ratio in effects if mean > 0 else ():
        persons = persons_needed(difference=ratio * mean, sd=sd, holdout=holdout, alpha=alpha, power=power, explained=explained)
        days = persons / newcomers_a_day if newcomers_a_day and not isinstance(persons, CannotTell) else None
        needed.append(Needed(ratio, persons, days))
    found = plan.detectable / mean if isinstance(plan, Plan) and mean > 0 else None
    active = int(np.count_nonzero(past.y))
    return PowerPlan(
        past.metric, past.since, past.until, past.persons, active, holdout, mean, cap, explained, plan, found, tuple(needed)
    )


def held_out(past: PastOutcomes, holdout: float) -> int:
    """How many of the persons are held out.

    refuses    bad_holdout    not between 0 and 1
    """
    if not 0 < holdout < 1:
        raise BadInput(
            f"A holdout of {holdout:g} is no share.", "Use a share between 0 and 1, such as 0.1.", code="bad_holdout"
        )
    return round(past.persons * holdout)


def everybody(values: Floats, persons: int) -> Floats:
    """The figures of all persons: nothing for those who are not listed."""
    return np.concatenate([values, np.zeros(persons - len(values))])
