"""What charts promise on made-up days: hardly ever a false signal, and a real loss within three. `./run bench signals` is the long form."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.made_series import day, levels, shares, stocks, totals
from springtide.analytics.metrics.signals import chart, raise_signals

DAYS = 178  # 28 to learn from, then 150
SEEDS = range(20)


def false_signals(made, **how):
    """False signals in 150 days, the mean over seeds; each metric alone, so that no other makes it less believed."""
    signals = [raise_signals([chart(made(Random(seed), DAYS, **how))]) for seed in SEEDS]
    return sum(map(len, signals)) / len(SEEDS)


@pytest.mark.parametrize(
    ("made", "how"),
    [
        (shares, {}),
        (shares, {"base": 60}),
        (totals, {}),
        (totals, {"tail": "heavy"}),
        (totals, {"growth": 0.0}),
        (stocks, {}),
        (levels, {}),
        (levels, {"tail": "heavy"}),
    ],
)
def test_without_an_event_a_metric_has_at_most_one_false_signal_in_150_days(made, how):
    assert false_signals(made, **how) <= 1


def test_a_loss_of_15_percent_of_first_day_traders_is_found_within_three_days():
    """0.40 falls to 0.34 at 500 and more first deposits a day, from the hundredth day on."""
    found = 0
    for seed in SEEDS:
        drawn = chart(shares(Random(seed), 103, share=lambda number: 0.40 if number < 100 else 0.34))
        found += any(signal.direction == "down" and signal.last_day >= day(100) for signal in raise_signals([drawn]))
    assert found >= 19


def test_it_is_found_among_forty_other_metrics_too():
    others = [chart(totals(Random(seed), 103, metric=f"other {seed}")) for seed in range(40)]
    found = 0
    for seed in SEEDS:
        drawn = chart(shares(Random(seed), 103, share=lambda number: 0.40 if number < 100 else 0.34))
        signals = raise_signals([drawn, *others])
        found += any((s.metric, s.direction) == ("share", "down") and s.last_day >= day(100) for s in signals)
    assert found >= 17
