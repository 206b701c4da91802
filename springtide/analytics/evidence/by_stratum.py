"""Who it worked for: the effect in each stratum, drawn towards the whole by as much as chance alone would spread them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from springtide.analytics.evidence.answers import CannotTell, Effect, Interval
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.effects import difference
from springtide.analytics.evidence.pooling import pooled

RANKED_BELOW = 0.05


@dataclass(frozen=True)
class StratumEffect:
    """The effect in one stratum: as measured, and shrunken. A stratum that cannot be told has the reason instead."""

    stratum: str
    n_treated: int
    n_control: int
    measured: Effect | CannotTell
    shrunken: float | None
    interval: Interval | None


@dataclass(frozen=True)
class ByStratum:
    """The strata, the largest shrunken effect first. They are ranked only where they differ by more than chance (`p` of Cochran's Q)."""

    strata: tuple[StratumEffect, ...]
    p: float | None

    @property
    def is_ranked(self) -> bool:
        return self.p is not None and self.p < RANKED_BELOW


def by_stratum(treated: Mapping[str, Arm], control: Mapping[str, Arm]) -> ByStratum:
    """Effects by stratum (as of assignment), each arm given by stratum.

    Source of the shrinkage: `pooling.pooled`. Heterogeneity by Cochran's Q on k − 1 degrees of freedom (1954, Biometrics 10, 101-129).
    """
    nobody = Arm(0)
    measured = {
        name: difference(treated.get(name, nobody), control.get(name, nobody))
        for name in sorted(treated.keys() | control.keys())
    }
    told = {name: effect for name, effect in measured.items() if isinstance(effect, Effect)}
    together = pooled([effect.difference for effect in told.values()], [effect.se**2 for effect in told.values()])
    shrunken = dict(zip(told, together.shrunken, strict=True)) if not isinstance(together, CannotTell) else {}
    strata = []
    for name, effect in measured.items():
        middle, interval = shrunken.get(name, (None, None))
        n_treated, n_control = (arms.get(name, nobody).n for arms in (treated, control))
        strata.append(StratumEffect(name, n_treated, n_control, effect, middle, interval))
    strata.sort(key=lambda one: (one.shrunken is None, -(one.shrunken or 0.0), one.stratum))
    return ByStratum(tuple(strata), _heterogeneity(list(told.values())))


def _heterogeneity(effects: list[Effect]) -> float | None:
    if len(effects) < 2:
        return None
    weights = [1 / effect.se**2 for effect in effects]
    mean = sum(w * effect.difference for w, effect in zip(weights, effects, strict=True)) / sum(weights)
    q = sum(w * (effect.difference - mean) ** 2 for w, effect in zip(weights, effects, strict=True))
    return float(stats.chi2.sf(q, len(effects) - 1))
