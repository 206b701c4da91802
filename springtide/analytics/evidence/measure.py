"""`springtide.measure`: the read-out of a finished or running experiment, from rows or from sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from springtide.analytics.evidence.answers import CannotTell, Effect, Interval, plain
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.balance import Balance, balance, balance_unsaid
from springtide.analytics.evidence.capping import Cap, Mover, capped, movers, pooled_cap
from springtide.analytics.evidence.effects import adjusted_difference, difference
from springtide.analytics.evidence.many import holm
from springtide.analytics.evidence.money import Money, money
from springtide.analytics.evidence.sequences import always_valid, final
from springtide.analytics.evidence.skewness import corrected_interval, corrected_p
from springtide.kernel.errors import BadInput, UnknownName, suggest


@dataclass(frozen=True)
class ArmReadout:
    """One arm against the control: the effect on capped values, the raw one beside it, money, and what may be said meanwhile.

    `effect` has Welch's own interval and p. `interval` is the one to decide by: while the experiment runs the always-valid one, at its
    planned size the final one, with the skewness taken out; `p` is that of the fixed test, so corrected, by Holm over the arms.
    """

    arm: str
    n: int
    effect: Effect | CannotTell
    raw: Effect | CannotTell
    interval: Interval | CannotTell
    p: float | None
    money: Money | CannotTell | None


@dataclass(frozen=True)
class Readout:
    """Everything a read-out says. A balance that blocks leaves no verdict but that one."""

    metric: str
    control: str
    n: Mapping[str, int]
    planned_n: int | None
    balance: Balance | CannotTell
    cap: Cap | None
    movers: tuple[Mover, ...]
    arms: tuple[ArmReadout, ...]
    is_final: bool
    verdict: str

    @property
    def strongest(self) -> ArmReadout:
        """The arm whose effect stands out most; of one arm that one."""
        return max(self.arms, key=_strength)

    @property
    def effect(self) -> Effect | CannotTell:
        return self.strongest.effect

    @property
    def interval(self) -> Interval | CannotTell:
        return self.strongest.interval

    @property
    def money(self) -> Money | CannotTell | None:
        """Null where no reward was given to reckon with."""
        return self.strongest.money

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON takes it; what cannot be told is `{"cannot_tell": code}`, an open end is null."""
        read: dict[str, Any] = plain(self)
        return read | {name: plain(getattr(self, name)) for name in ("effect", "interval", "money")}


def measure(
    data: Iterable[Mapping[str, Any]],
    *,
    arm: str = "arm",
    metric: str = "y",
    control: str = "control",
    covariate: str | None = None,
    reward: str | None = None,
    weights: Mapping[str, float] | None = None,
    planned_n: int | None = None,
    margin: float = 1.0,
    fixed_cost: float = 0.0,
    person: str | None = None,
) -> Readout:
    """Read an experiment: `data` are rows of persons, or one row of sums an arm (with `n`, `y`, `yy` and what Arm names besides).

    Everybody assigned is in the rows, reached or not; a missing outcome is a zero outcome, as nothing happened. `covariate` is the same
    metric before assignment, `reward` what was paid; `weights` are the shares that the arms were meant to have, see `balance_unsaid`.
    Values are capped at the pooled quantile where rows are given; sums are taken as they are.

    refuses    no_rows           there is nothing to measure
               unknown_column    a named column is not in the data
               unknown_arm       no row is of the control
               one_arm           every row is
               bad_value         a value is no finite number
               two_arms          a person is in two arms
    """
    rows = list(data)
    if not rows:
        raise BadInput("There are no rows to measure.", "Give a row a person, or a row of sums an arm.", code="no_rows")
    wanted = [name for name in (arm, covariate, reward, person) if name]
    are_sums = "n" in rows[0] and metric not in rows[0]
    for name in wanted if are_sums else [*wanted, metric]:
        if name not in rows[0]:
            raise UnknownName(f"The rows have no column '{name}'.", suggest(name, list(rows[0])), code="unknown_column")
    cap: Cap | None = None
    named: list[Mover] = []
    if are_sums:
        arms = raws = {str(row[arm]): Arm.from_row(row) for row in rows}
    else:
        arms, raws, cap, named = _from_rows(rows, arm, metric, control, covariate, reward, person)
    sizes = {name: one.n for name, one in arms.items()}
    if control not in arms:
        raise UnknownName(f"No row is of the arm '{control}'.", suggest(control, list(arms)), code="unknown_arm")
    others = [name for name in sorted(arms) if name != control]
    if not others:
        raise BadInput(f"All rows are of the arm '{control}'.", "Give the rows of another arm too.", code="one_arm")
    checked = balance(sizes, weights, stage="outcome") if weights else balance_unsaid(sizes)
    n = sum(sizes.values())
    is_final = planned_n is None or n >= planned_n
    effects = {name: _effect(arms[name], arms[control], covariate is not None or are_sums) for name in others}
    told = {name: corrected_p(effect) for name, effect in effects.items() if isinstance(effect, Effect)}
    adjusted = dict(zip(told, holm(list(told.values())), strict=True))
    readouts = tuple(
        ArmReadout(
            name,
            sizes[name],
            effects[name],
            difference(raws[name], raws[control]),
            _interval(
                effects[name], n=sizes[name] + sizes[control], n_control=sizes[control], planned_n=planned_n, is_final=is_final
            ),
            adjusted.get(name),
            money(arms[name], arms[control], margin=margin, fixed_cost=fixed_cost)
            if reward or (are_sums and arms[name].rr)
            else None,
        )
        for name in others
    )
    verdict = _verdict(readouts, checked, is_final=is_final)
    return Readout(metric, control, sizes, planned_n, checked, cap, tuple(named), readouts, is_final, verdict)


def _from_rows(
    rows: Sequence[Mapping[str, Any]],
    arm: str,
    metric: str,
    control: str,
    covariate: str | None,
    reward: str | None,
    person: str | None,
) -> tuple[dict[str, Arm], dict[str, Arm], Cap, list[Mover]]:
    by_arm: dict[str, list[Mapping[str, Any]]] = {}
    where: dict[str, str] = {}
    for number, row in enumerate(rows):
        name = str(row[arm])
        who = str(row[person]) if person else str(number)
        if where.setdefault(who, name) != name:
            raise BadInput(
                f"Person '{who}' is in the arms '{where[who]}' and '{name}'.",
                "Each person has one arm, the one drawn first.",
                code="two_arms",
            )
        by_arm.setdefault(name, []).append(row)
    values = {name: _column(of, metric) for name, of in by_arm.items()}
    cap = pooled_cap(values)
    arms, raws = {}, {}
    for name, of in by_arm.items():
        more = {key: _column(of, column) for key, column in (("x", covariate), ("r", reward)) if column}
        arms[name], raws[name] = Arm.of(capped(values[name], cap), **more), Arm.of(values[name], **more)
    persons = {name: [str(row[person]) if person else str(at) for at, row in enumerate(of)] for name, of in by_arm.items()}
    named = []
    if control in by_arm:
        for name in by_arm:
            if name != control and min(len(by_arm[name]), len(by_arm[control])) > 1:
                named += movers(persons, values, treated=name, control=control)
    return arms, raws, cap, named


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        values = np.array([0.0 if row.get(name) is None else float(row[name]) for row in rows], dtype=np.float64)
    except (TypeError, ValueError) as bad:
        raise BadInput(
            f"A value of '{name}' is no number: {bad}.", "Give numbers; nothing is read as 0.", code="bad_value"
        ) from bad
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise BadInput(f"'{name}' is {values[at]} in row {at + 1} of its arm.", "Give finite numbers.", code="bad_value")
    return values


def _effect(treated: Arm, control: Arm, has_covariate: bool) -> Effect | CannotTell:
    return (
        adjusted_difference(treated, control) if has_covariate and treated.xx + control.xx > 0 else difference(treated, control)
    )


def _interval(
    effect: Effect | CannotTell, *, n: int, n_control: int, planned_n: int | None, is_final: bool
) -> Interval | CannotTell:
    if isinstance(effect, CannotTell):
        return effect
    if planned_n is None:
        return corrected_interval(effect)
    return final(effect) if is_final else always_valid(effect, n=n, n_control=n_control, planned_n=planned_n)


def _verdict(arms: Sequence[ArmReadout], checked: Balance | CannotTell, *, is_final: bool) -> str:
    """blocked · cannot_tell · too_early · no_difference · better · worse, of the strongest arm."""
    if isinstance(checked, Balance) and checked.verdict == "block":
        return "blocked"
    told = [one for one in arms if isinstance(one.effect, Effect) and isinstance(one.interval, Interval)]
    if not told:
        return "cannot_tell" if is_final else "too_early"
    clear = [one for one in told if isinstance(one.interval, Interval) and one.interval.excludes(0.0)]
    if not clear:
        return "no_difference" if is_final else "too_early"
    best = max(clear, key=_strength)
    return "better" if isinstance(best.effect, Effect) and best.effect.difference > 0 else "worse"


def _strength(arm: ArmReadout) -> float:
    """How many standard errors from nothing."""
    return abs(arm.effect.difference / arm.effect.se) if isinstance(arm.effect, Effect) else -1.0
