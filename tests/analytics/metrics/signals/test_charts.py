from __future__ import annotations

import math
from datetime import timedelta
from random import Random
from statistics import fmean

import pytest

from benchmarks.made_series import WEEK, day, levels, shares, totals
from springtide.analytics.metrics.signals import Point, Series, chart
from springtide.analytics.metrics.signals.charts import FULL_DAYS, OUTSIDE, moving_range_sigma
from springtide.kernel.estimates import NotEstimable


def fired(drawn):
    return [(row.day, row.rule) for row in drawn.rows if row.rule]


def series(kind, values):
    """One figure a day; a pair is a numerator and a denominator."""
    return Series("m", kind, tuple(Point(day(n), *(v if isinstance(v, tuple) else (v,))) for n, v in enumerate(values)))


def reach(row):
    """How far a day may lie above what was expected of it."""
    return row.high - row.expected


def widened(known):
    """How much wider one centre and so many known days make the limits of a day: Student's t, the hidden spread, the centre's error."""
    return (1 + (OUTSIDE**2 + 1) / (4 * (known - 1))) * math.sqrt(known / (known - 1)) * math.sqrt(1 + 1 / known)


def test_natural_process_limits_are_those_of_the_handbook():
    """NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: ten flow rates, limits 45.8159 and 55.8041 around 50.81."""
    rates = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    reach = 3 * moving_range_sigma(rates)
    assert fmean(rates) == pytest.approx(50.81)
    assert (fmean(rates) - reach, fmean(rates) + reach) == pytest.approx((45.8159, 55.8041), abs=2e-4)


def test_a_level_has_the_mean_of_its_baseline_and_limits_of_its_moving_range():
    """9 and 11 in turns: mean 10, moving range 2, so one standard deviation is 2 ÷ 1.128 and three reach 2.66 × 2."""
    drawn = chart(series("level", [9.0, 11.0] * 50))
    last = drawn.rows[-1]
    assert last.expected == pytest.approx(10)
    assert reach(last) == pytest.approx(3 * 2 / 1.128 * widened(FULL_DAYS))
    assert last.low == pytest.approx(10 - reach(last))


def test_a_share_has_the_limits_of_laney():
    """55 and 45 of 100 in turns: p̄ 0.5, z-scores 1 and −1, moving range 2, σ_z = 2 ÷ 1.128; limits 0.5 ± 3 × 0.05 × σ_z."""
    drawn = chart(series("share", [(55, 100), (45, 100)] * 50))
    last = drawn.rows[-1]
    assert last.expected == pytest.approx(0.5)
    assert reach(last) == pytest.approx(3 * 0.05 * 2 / 1.128 * widened(FULL_DAYS))


def test_the_limits_of_a_share_narrow_with_its_people_and_never_below_the_coin():
    """The same share every day varies less than coins do: the limits are the binomial's, and four times the people halve them."""
    drawn = chart(series("share", [(50, 100)] * 99 + [(200, 400)]))
    of_100, of_400 = drawn.rows[-2], drawn.rows[-1]
    assert reach(of_100) == pytest.approx(3 * 0.05 * widened(FULL_DAYS))
    assert reach(of_400) == pytest.approx(reach(of_100) / 2)


def test_weekdays_are_no_signal_and_their_pattern_is_expected():
    drawn = chart(series("total", [1000 * WEEK[n % 7] * (1 + 0.02 * (-1) ** n) for n in range(120)]))
    assert fired(drawn) == []
    by_weekday = {row.day.weekday(): row.expected for row in drawn.rows[-7:]}
    assert [by_weekday[weekday] for weekday in range(7)] == pytest.approx([1000 * usual for usual in WEEK], rel=0.1)


def test_steady_growth_is_no_signal_and_a_break_is():
    draw = Random(2)
    grown = [100 * 1.02**n * math.exp(0.03 * draw.gauss(0, 1)) for n in range(120)]
    assert fired(chart(series("total", grown))) == []
    broken = [*grown[:110], *(value / 2 for value in grown[110:])]
    assert fired(chart(series("total", broken)))[0] == (day(110), "outside")


def test_a_day_without_anything_is_out_as_far_as_can_be():
    drawn = chart(series("total", [100.0 + n % 3 for n in range(100)] + [0.0]))
    assert drawn.rows[-1].rule == "outside"
    assert drawn.rows[-1].p_value == 0


def test_sums_that_go_below_zero_are_measured_by_their_own_size():
    draw = Random(3)
    calm = [draw.gauss(0, 1) * (1 + n / 10) for n in range(120)]
    assert fired(chart(series("total", calm))) == []
    assert fired(chart(series("total", [*calm, -200.0]))) == [(day(120), "outside")]


def test_a_stock_is_compared_with_the_day_before():
    """A stratum that wins up to two thousandths a day is usual; one that loses a tenth on one day is not, and then stays where it is."""
    grown = [1000.0]
    for number in range(119):
        grown.append(grown[-1] * (1 + 0.001 * (number * number % 3)))
    assert fired(chart(series("stock", grown))) == []
    fallen = [*grown[:100], *(value * 0.9 for value in grown[100:])]
    assert dict(fired(chart(series("stock", fallen)))) == {day(100): "outside", day(101): "three_days", day(102): "three_days"}


def test_three_days_tell_what_one_does_not():
    """A share of 0.4 that falls to 0.35 at 500 a day lies 2.3 standard deviations off, and three days of it 4."""
    drawn = chart(series("share", [(195 + 10 * (n % 2), 500) for n in range(100)] + [(175, 500)] * 3))
    assert fired(drawn) == [(day(102), "three_days")]
    together = next(one for one in drawn.rows[-1].judged if one.rule == "three_days")
    assert together.value == pytest.approx(0.35)
    assert together.expected == pytest.approx(0.4)
    assert together.low > 0.35


def test_neighbours_that_are_alike_widen_the_limits_of_three_days():
    """Weeks at 0.45 and weeks at 0.35: no two neighbours differ much, and three days together stray with the weeks."""
    alike = chart(series("share", [(225 if n // 7 % 2 else 175, 500) for n in range(100)]))
    mixed = chart(series("share", [(225 if n % 2 else 175, 500) for n in range(100)]))

    def together(drawn):
        return reach(next(one for one in drawn.rows[-1].judged if one.rule == "three_days"))

    assert fired(alike) == []
    assert together(alike) > 0.1
    assert together(mixed) > 0.1  # in turns, the moving range is wide already


def test_a_total_has_limits_beyond_the_furthest_day_of_its_baseline():
    """One day of the baseline at half: to be out, a day must lie half as far again, in logarithms."""
    calm = [100.0 * (1 + 0.01 * (-1) ** n) for n in range(100)]
    once = [*calm[:40], 50.0, *calm[41:]]
    assert day(100) not in dict(fired(chart(series("total", [*once, 50.0]))))
    assert dict(fired(chart(series("total", [*once, 30.0]))))[day(100)] == "outside"


def test_a_baseline_of_84_days_is_frozen_and_what_comes_later_does_not_move_it():
    one = chart(levels(Random(4), 84))
    more = chart(levels(Random(4), 200))
    assert (one.baseline.days, one.baseline.is_frozen) == (84, True)
    assert more.baseline == one.baseline
    assert [row.rule for row in more.rows[:84]] == [row.rule for row in one.rows]


def test_a_young_baseline_judges_from_its_28th_day_by_whole_weeks_with_wider_limits():
    drawn = chart(series("level", [9.0, 11.0] * 50))
    assert [row.low is None for row in drawn.rows[:29]] == [True] * 28 + [False]
    assert reach(drawn.rows[28]) == pytest.approx(3 * 2 / 1.128 * widened(28))
    young = chart(series("level", [9.0, 11.0] * 20))
    assert (young.baseline.days, young.baseline.is_frozen) == (35, False)


def test_a_level_shift_that_was_explained_begins_a_new_baseline():
    shifted = [9.0, 11.0] * 50 + [29.0, 31.0] * 20
    assert fired(chart(series("level", shifted)))[0][0] == day(100)
    again = chart(series("level", shifted), since=day(100))
    assert fired(again) == []
    assert (again.baseline.since, again.rows[-1].expected) == (day(100), pytest.approx(30, rel=0.01))


def test_a_day_with_nobody_has_no_figure_and_is_not_judged():
    drawn = chart(series("share", [(40 + n % 3, 100) for n in range(60)] + [(0, 0), (41, 100)]))
    nobody = drawn.rows[60]
    assert (nobody.value, nobody.expected, nobody.rule, nobody.p_value) == (None, None, None, None)
    assert drawn.rows[61].expected is not None


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (series("level", [1.0] * 28), "too_young"),
        (series("total", []), "too_young"),
        (series("share", [(0, 0)] * 40), "too_sparse"),
        (series("share", [(4, 100)] * 40), "too_few"),
        (series("share", [(96, 100)] * 40), "too_few"),
        (series("total", [(9, 100)] * 40), "too_few"),
        (series("total", [0.0] * 39 + [5.0]), "too_sparse"),
    ],
)
def test_what_cannot_be_charted_says_why(made, code):
    refused = chart(made)
    assert isinstance(refused, NotEstimable)
    assert refused.code == code


@pytest.mark.parametrize("made", [shares, totals, levels])
def test_adding_days_changes_no_day_before(made):
    """What was published stays: a chart of yesterday is the beginning of today's."""
    whole = made(Random(5), 130)
    shorter = Series(whole.metric, whole.kind, whole.points[:100])
    assert chart(shorter).rows == chart(whole).rows[:100]
    assert chart(whole).rows[-1].day == day(129) == day(100) + timedelta(days=29)
