"""Are the read-outs right as often as they say? Counts, not speeds: the long form of what the tests of evidence hold in short.

The outcome is the fee of a person: three in four pay none, the others a lognormal one with a heavy tail, as on an exchange. One in ten
is held out. What is counted stands beside what the usual test would do on the same draws.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.measuring import Bench, Limit, Prepared, Result, in_child
from springtide.analytics.evidence.answers import Effect, Interval
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.balance import balance
from springtide.analytics.evidence.by_stratum import by_stratum
from springtide.analytics.evidence.capping import cap_quantile, capped, pooled_cap
from springtide.analytics.evidence.effects import adjusted_difference, difference, ratio_difference
from springtide.analytics.evidence.many import benjamini_hochberg, holm
from springtide.analytics.evidence.money import Money, Roi, money
from springtide.analytics.evidence.pooling import pooled
from springtide.analytics.evidence.power import detectable_effect
from springtide.analytics.evidence.sequences import always_valid, final
from springtide.analytics.evidence.skewness import corrected_interval, corrected_p

PERSONS, HELD_OUT, ACTIVE = 50_000, 5_000, 0.25
CAMPAIGNS = 2_000
LOOKS = 28
LIFT, REWARD = 0.15, 0.8  # what a campaign adds to the fees, and what it pays to whoever is active, in USDT
STRATA = 8

Floats = NDArray[np.float64]


def statistics(bench: Bench) -> list[Result]:
    """False alarms, coverage and ranking over thousands of campaigns; and what one statistic costs."""
    campaigns = bench.users or CAMPAIGNS
    parts: list[tuple[str, Callable[..., Prepared], tuple[Any, ...]]] = [
        ("no effect, fees of σ 2.2: false alarms of one capped test", _false_alarms, (2.2,)),
        ("no effect, fees of σ 3.0: false alarms of one capped test", _false_alarms, (3.0,)),
        ("no effect, 28 daily looks and the read-out, persons come day by day", _looks, (True,)),
        ("no effect, 28 daily looks and the read-out, fees come day by day", _looks, (False,)),
        ("an effect: the 95 % interval holds the true capped one", _coverage, ()),
        ("a reward: Fieller's 95 % interval holds the true return", _returns, ()),
        (f"{STRATA} strata ranked by their effect", _ranking, ()),
    ]
    results = []
    with bench.steps("statistics", len(parts) + 1) as step:
        for what, prepare, args in parts:
            run = in_child(prepare, bench.seed, campaigns, *args)
            note, limits = run.value
            size = f"{campaigns:,} campaigns of {PERSONS:,} persons, {HELD_OUT:,} held out"
            results.append(Result("statistics", what, size, run, note=note, limits=limits))
            step()
        run = in_child(_speed)
        slowest, took = run.value
        note = f"slowest: {slowest}"
        results.append(Result("statistics", "one statistic", "from sums", run, note=note, limits=(Limit("ms", took, 1.0),)))
        step()
    return results


def _fees(rng: np.random.Generator, persons: int, sigma: float, times: float = 1.0) -> Floats:
    """What each person pays: nothing for most, else lognormal with median 1."""
    fees = np.zeros(persons)
    active = rng.random(persons) < ACTIVE
    fees[active] = times * rng.lognormal(0.0, sigma, int(active.sum()))
    return fees


def _two_arms(rng: np.random.Generator, sigma: float, lift: float = 0.0) -> dict[str, Floats]:
    return {
        "treated": _fees(rng, PERSONS - HELD_OUT, sigma, 1.0 + lift),
        "control": _fees(rng, HELD_OUT, sigma),
    }


def _capped_arms(arms: dict[str, Floats]) -> tuple[Arm, Arm]:
    cap = pooled_cap(arms)
    return Arm.of(capped(arms["treated"], cap)), Arm.of(capped(arms["control"], cap))


def _effect(found: object) -> Effect:
    if not isinstance(found, Effect):
        raise AssertionError(f"cannot tell: {found}")
    return found


def _false_alarms(seed: int, campaigns: int, sigma: float) -> Prepared:
    def run() -> tuple[str, tuple[Limit, ...]]:
        rng = np.random.default_rng(seed)
        up = down = welch = plain = plain_up = 0
        for _ in range(campaigns):
            arms = _two_arms(rng, sigma)
            effect = _effect(difference(*_capped_arms(arms)))
            is_alarm = corrected_p(effect) < 0.05
            up += is_alarm and effect.difference > 0
            down += is_alarm and effect.difference < 0
            welch += effect.p < 0.05 and effect.difference > 0
            raw = _effect(difference(Arm.of(arms["treated"]), Arm.of(arms["control"])))
            plain += raw.p < 0.05
            plain_up += raw.p < 0.05 and raw.difference > 0
        note = (
            f"{(up + down) / campaigns:.1%} ({up / campaigns:.1%} up, {down / campaigns:.1%} down); "
            f"by Welch's test {welch / campaigns:.1%} up; uncapped {plain / campaigns:.1%} ({plain_up / campaigns:.1%} up)"
        )
        rate = Limit("false alarms %", 100 * (up + down) / campaigns, 6.5)
        if sigma > 2.5:
            return note, (rate,)
        side = Limit("either side %", 100 * max(up, down) / campaigns, 3.5)
        return note, (rate, Limit("false alarms %", rate.figure, 3.5, at_least=True), side)

    return run


def _looks(seed: int, campaigns: int, persons_come: bool) -> Prepared:
    def run() -> tuple[str, tuple[Limit, ...]]:
        rng = np.random.default_rng(seed)
        wrong = while_running = fixed = 0
        for _ in range(campaigns):
            effects = list(_by_look(rng, persons_come))
            at_a_look = any(
                isinstance(interval := always_valid(effect, n=n, n_control=held, planned_n=PERSONS), Interval)
                and interval.excludes(0.0)
                for effect, n, held in effects
            )
            at_the_end = final(effects[-1][0]).excludes(0.0)
            while_running += at_a_look
            wrong += at_a_look or at_the_end
            fixed += any(effect.p < 0.05 for effect, _n, _held in effects)
        running = f"{while_running / campaigns:.1%} of them while running"
        note = f"{wrong / campaigns:.1%}, {running}; the 5 % test at each look {fixed / campaigns:.1%}"
        return note, (Limit("false alarms %", 100 * wrong / campaigns, 5.0),)

    return run


def _by_look(rng: np.random.Generator, persons_come: bool) -> list[tuple[Effect, int, int]]:
    """The effect at each look, how many persons it is of, and how many of them are held out. There is none."""
    arms = _two_arms(rng, 2.2)
    if not persons_come:  # everybody from the first day; an active person's fees fall on random days
        begun = {arm: rng.integers(1, LOOKS + 1, len(fees)) for arm, fees in arms.items()}
    told = []
    for look in range(1, LOOKS + 1):
        if persons_come:
            seen = {arm: fees[: len(fees) * look // LOOKS] for arm, fees in arms.items()}
        else:
            seen = {arm: np.where(begun[arm] <= look, fees, 0.0) for arm, fees in arms.items()}
        effect = difference(*_capped_arms(seen))
        if isinstance(effect, Effect):
            told.append((effect, sum(map(len, seen.values())), len(seen["control"])))
    return told


def _true_means(sigma: float) -> tuple[float, float, float]:
    """Of fees with and without the lift, capped at the pooled quantile of the mix; and that cap. By the lognormal's partial moments."""
    quantile = cap_quantile(HELD_OUT)
    share = 1 - HELD_OUT / PERSONS

    def beyond(value: float) -> float:
        return ACTIVE * sum(
            weight * float(stats.lognorm.sf(value, sigma, scale=times))
            for weight, times in ((share, 1 + LIFT), (1 - share, 1.0))
        )

    low, high = 1e-9, 1e12
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if beyond(middle) > 1 - quantile else (low, middle)
    return _capped_mean(sigma, 1 + LIFT, low), _capped_mean(sigma, 1.0, low), low


def _capped_mean(sigma: float, times: float, cap: float) -> float:
    """E min(fee, cap): the part below by the partial expectation, the rest at the cap."""
    mu, edge = np.log(times), np.log(cap)
    below = np.exp(mu + sigma**2 / 2) * stats.norm.cdf((edge - mu - sigma**2) / sigma)
    return float(ACTIVE * (below + cap * stats.norm.sf((edge - mu) / sigma)))


def _coverage(seed: int, campaigns: int) -> Prepared:
    def run() -> tuple[str, tuple[Limit, ...]]:
        rng = np.random.default_rng(seed)
        with_lift, without, _cap = _true_means(2.2)
        held = sum(
            not corrected_interval(_effect(difference(*_capped_arms(_two_arms(rng, 2.2, LIFT))))).excludes(with_lift - without)
            for _ in range(campaigns)
        )
        return f"{held / campaigns:.1%}", _between("holds %", 100 * held / campaigns, 93.5, 96.5)

    return run


def _returns(seed: int, campaigns: int) -> Prepared:
    """Whoever is active is paid, so the reward goes with the revenue, as it does on an exchange."""

    def run() -> tuple[str, tuple[Limit, ...]]:
        rng = np.random.default_rng(seed)
        with_lift, without, _cap = _true_means(2.2)
        cost = REWARD * ACTIVE
        mean = ACTIVE * float(np.exp(2.2**2 / 2))
        true, true_raw = (with_lift - without) / cost - 1, mean * LIFT / cost - 1
        held = held_raw = determined = 0
        for _ in range(campaigns):
            arms = _two_arms(rng, 2.2, LIFT)
            cap, paid = pooled_cap(arms), np.where(arms["treated"] > 0, REWARD, 0.0)
            held += not _roi(
                money(Arm.of(capped(arms["treated"], cap), r=paid), Arm.of(capped(arms["control"], cap)))
            ).interval.excludes(true)
            raw = _roi(money(Arm.of(arms["treated"], r=paid), Arm.of(arms["control"])))
            held_raw += not raw.interval.excludes(true_raw)
            determined += raw.is_determined
        note = f"{held / campaigns:.1%} on capped revenue; {held_raw / campaigns:.1%} on raw revenue"
        return note, _between("holds %", 100 * held / campaigns, 93, 97)

    return run


def _roi(found: object) -> Roi:
    if not isinstance(found, Money) or not isinstance(found.roi, Roi):
        raise AssertionError(f"cannot tell: {found}")
    return found.roi


def _ranking(seed: int, campaigns: int) -> Prepared:
    """Strata that gain alike are called ranked by chance alone; strata that gain differently are ranked better than chance."""

    def run() -> tuple[str, tuple[Limit, ...]]:
        rng = np.random.default_rng(seed)
        claimed = claimed_true = 0
        agreement = []
        size, held = (PERSONS - HELD_OUT) // STRATA, HELD_OUT // STRATA
        for differ in (False, True):
            lifts = np.linspace(0.0, 1.2, STRATA) if differ else np.full(STRATA, 0.3)
            for _ in range(campaigns // 4):
                treated, control = {}, {}
                for number, lift in enumerate(lifts):
                    fees = {"treated": _fees(rng, size, 1.0, 1 + lift), "control": _fees(rng, held, 1.0)}
                    treated[str(number)], control[str(number)] = _capped_arms(fees)
                told = by_stratum(treated, control)
                if differ:
                    claimed_true += told.is_ranked
                    order = [int(one.stratum) for one in told.strata]
                    agreement.append(float(stats.kendalltau(order, range(STRATA)[::-1]).statistic))
                else:
                    claimed += told.is_ranked
        false, true = claimed / (campaigns // 4), claimed_true / (campaigns // 4)
        tau = float(np.mean(agreement))
        rates = f"{false:.1%} where all gain alike, {true:.1%} where they differ"
        note = f"called ranked {rates}; Kendall's τ then {tau:.2f}"
        return note, (
            Limit("ranked by chance %", 100 * false, 7.5),
            Limit("Kendall's τ", tau, 0.2, at_least=True),
        )

    return run


def _speed() -> Prepared:
    """The slowest of the closed forms, in ms of CPU: the median of many calls of each."""
    rng = np.random.default_rng(3)
    y, x, r = rng.exponential(1, 5_000), rng.exponential(1, 5_000), rng.random(5_000)
    treated, control = Arm.of(y, x=x, d=x, r=r), Arm.of(y[:600] + 0.1, x=x[:600], d=x[:600])
    effect = _effect(difference(treated, control))
    calls: dict[str, Callable[[], object]] = {
        "difference": partial(difference, treated, control),
        "adjusted_difference": partial(adjusted_difference, treated, control),
        "ratio_difference": partial(ratio_difference, treated, control),
        "money": partial(money, treated, control),
        "always_valid": partial(always_valid, effect, n=5_600, n_control=600, planned_n=9_000),
        "final": partial(final, effect),
        "balance": partial(balance, {"treated": 5_000, "control": 600}, {"treated": 9.0, "control": 1.0}),
        "holm": partial(holm, [0.01, 0.2, 0.03]),
        "benjamini_hochberg": partial(benjamini_hochberg, list(rng.random(20))),
        "pooled": partial(pooled, [0.1, 0.2, 0.4], [0.01, 0.02, 0.01]),
        "detectable_effect": partial(detectable_effect, sd=2.0, n_treated=9_000, n_control=1_000),
    }

    def run() -> tuple[str, float]:
        took = {}
        for name, call in calls.items():
            times = []
            for _ in range(200):
                began = time.process_time_ns()
                call()
                times.append(time.process_time_ns() - began)
            took[name] = float(np.median(times)) / 1e6
        slowest = max(took, key=took.__getitem__)
        return f"{slowest}, {took[slowest]:.2f} ms", took[slowest]

    return run


def _between(name: str, figure: float, least: float, most: float) -> tuple[Limit, Limit]:
    return Limit(name, figure, least, at_least=True), Limit(name, figure, most)
