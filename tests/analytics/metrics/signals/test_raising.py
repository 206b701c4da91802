from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from benchmarks.made_series import day, levels
from springtide.analytics.metrics.signals import Point, Series, chart, raise_signals


def leveled(values, metric="m", group=None):
    return chart(Series(metric, "level", tuple(Point(day(n), value) for n, value in enumerate(values)), group))


CALM = [9.0, 11.0] * 50


def calm_ones(number, family="all"):
    one = leveled([*CALM, 10.0])
    return [replace(one, metric=f"calm {n}", family=family) for n in range(number)]


def test_a_signal_says_when_what_how_far_and_against_which_days():
    [signal] = raise_signals([leveled([*CALM, 20.0])])
    assert (signal.metric, signal.day, signal.rule, signal.direction, signal.value) == ("m", day(100), "outside", "up", 20.0)
    assert signal.expected == pytest.approx(10)
    assert signal.size_ratio == pytest.approx(1)
    assert signal.low < 10 < signal.high < 20
    assert (signal.baseline_since, signal.baseline_until, signal.is_frozen) == (day(0), day(83), True)
    assert signal.key == f"m · {day(100)} · up"


def test_a_break_that_lasts_is_one_signal():
    [signal] = raise_signals([leveled([*CALM, *[20.0] * 30])])
    assert (signal.day, signal.last_day, signal.days) == (day(100), day(129), 30)


def test_two_weeks_inside_the_limits_end_it():
    """A day at 20 keeps the three days it belongs to out until day 102; fourteen days after that is the same signal, fifteen are not."""
    near = raise_signals([leveled([*CALM, 20.0, *CALM[:15], 20.0])])
    assert [signal.day for signal in near] == [day(100)]
    far = raise_signals([leveled([*CALM, 20.0, *CALM[:16], 20.0])])
    assert [signal.day for signal in far] == [day(100), day(117)]


def test_up_and_down_are_two():
    signals = raise_signals([leveled([*CALM, 20.0, 10.0, 10.0, 0.0])])
    assert [(signal.direction, signal.day) for signal in signals] == [("up", day(100)), ("down", day(103))]


def test_a_day_just_outside_is_believed_alone_and_not_among_many():
    """2.66 moving ranges reach 5.5 here: 15.7 is out. Among two hundred calm metrics of one family such a day must come now and then."""
    stray = leveled([*CALM, 15.7], "stray")
    calm = calm_ones(200)
    assert [signal.metric for signal in raise_signals([stray])] == ["stray"]
    assert raise_signals([stray, *calm]) == ()
    assert [signal.metric for signal in raise_signals([leveled([*CALM, 20.0], "far"), stray, *calm])] == ["far"]


def test_families_do_not_judge_each_other():
    stray = leveled([*CALM, 15.7], "stray")
    assert [signal.metric for signal in raise_signals([stray, *calm_ones(200, "lifecycle")])] == ["stray"]


def test_groups_of_a_metric_are_told_apart():
    signals = raise_signals([leveled([*CALM, 20.0], group="channel=ads"), leveled([*CALM, 0.0], group="channel=friends")])
    assert {(signal.group, signal.direction) for signal in signals} == {("channel=ads", "up"), ("channel=friends", "down")}


def test_the_same_charts_raise_the_same_signals():
    charts = [chart(levels(Random(seed), 150, tail="heavy", metric=f"m{seed}")) for seed in range(3)]
    assert raise_signals(charts) == raise_signals(charts[::-1])
