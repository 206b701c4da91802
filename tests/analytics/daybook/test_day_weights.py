"""Which days enter and leave each window when the state moves on, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.daybook.close import strides
from springtide.analytics.daybook.weights import bits, day_weights, shifts

DAY = date(2026, 5, 1)


def windows(rows, side):
    return {row[0]: row[2:6] for row in rows if row[1] == side}


def test_the_next_day_enters_and_three_days_leave():
    rows = day_weights(DAY, DAY + timedelta(days=1), [])
    assert windows(rows, "now") == {
        DAY - timedelta(days=89): (0, 0, -1, 0),
        DAY - timedelta(days=29): (0, -1, 0, 0),
        DAY - timedelta(days=6): (-1, 0, 0, 0),
        DAY + timedelta(days=1): (1, 1, 1, 1),
    }
    assert windows(rows, "before") == {}


def test_several_days_can_enter_at_once():
    told = windows(day_weights(DAY, DAY + timedelta(days=40), []), "now")
    assert told[DAY + timedelta(days=5)] == (0, 0, 1, 1)  # 35 days old by then: outside 7 and 30, inside 90
    assert told[DAY + timedelta(days=40)] == (1, 1, 1, 1)
    assert told[DAY] == (-1, -1, 0, 0)


def test_a_corrected_day_comes_with_its_new_rows_and_leaves_with_its_old_ones():
    ten_days_ago = DAY - timedelta(days=10)
    rows = day_weights(DAY, DAY, [ten_days_ago])
    assert windows(rows, "now") == {ten_days_ago: (0, 1, 1, 1)}
    assert windows(rows, "before") == {ten_days_ago: (0, -1, -1, -1)}


def test_a_corrected_day_that_leaves_a_window_now_is_taken_out_as_it_was():
    """On DAY it was the last of seven; tomorrow it is outside: only its old rows count, and they leave."""
    edge = DAY - timedelta(days=6)
    rows = day_weights(DAY, DAY + timedelta(days=1), [edge])
    assert windows(rows, "before")[edge] == (-1, -1, -1, -1)
    assert windows(rows, "now")[edge] == (0, 1, 1, 1)


@given(st.integers(0, 120), st.sets(st.integers(0, 150), max_size=6))
def test_old_sums_plus_weighted_days_are_the_new_sums(step, corrected_ages):
    """A day worth 1 before and 3 after its correction: windows counted afresh must equal windows moved on."""
    before, as_of = DAY, DAY + timedelta(days=step)
    corrected = [DAY - timedelta(days=age) for age in corrected_ages]
    history = [DAY - timedelta(days=age) for age in range(200)]
    was = dict.fromkeys(history, 1)
    now = {**was, **dict.fromkeys(corrected, 3), **{DAY + timedelta(days=n): 5 for n in range(1, step + 1)}}
    rows = day_weights(before, as_of, corrected)
    for place, window in enumerate((7, 30, 90)):
        old = sum(worth for day, worth in was.items() if before - timedelta(days=window) < day)
        worths = {"before": was, "now": now}
        moved = old + sum(row[2 + place] * worths[row[1]][row[0]] for row in rows)  # type: ignore[operator, misc]
        assert moved == sum(worth for day, worth in now.items() if as_of - timedelta(days=window) < day)


def test_masks_grow_by_multiplying_and_never_leave_62_bits():
    assert shifts(DAY, DAY + timedelta(days=1))["day_factor"] == 2
    assert shifts(DAY, DAY + timedelta(days=1))["day_keep"] == 2**61 - 1
    assert shifts(DAY, DAY + timedelta(days=62)) | {} == {
        "day_keep": 0,
        "day_factor": 1,
        "week_keep": 2**53 - 1,
        "week_factor": 2**9,
        "month_keep": 2**60 - 1,
        "month_factor": 4,
    }


def test_bits_are_counted_back_from_the_as_of_day_in_days_weeks_and_months():
    """2026-05-01 is a Friday: the Sunday before lies one ISO week and one month back."""
    assert bits(date(2026, 4, 26), DAY) == (1 << 5, 1 << 1, 1 << 1)
    assert bits(DAY - timedelta(days=62), DAY) == (0, 1 << 9, 1 << 3)


def test_a_history_is_caught_up_by_weeks_cut_at_month_ends_and_the_last_days_one_by_one():
    """2026-03-26 is a Thursday; from 7 April on each day is told on its own."""
    told = strides([date(2026, 3, 26) + timedelta(days=n) for n in range(14)], date(2026, 4, 7))
    assert [(group[0], group[-1]) for group in told] == [
        (date(2026, 3, 26), date(2026, 3, 29)),
        (date(2026, 3, 30), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 4, 5)),
        (date(2026, 4, 6), date(2026, 4, 6)),
        (date(2026, 4, 7), date(2026, 4, 7)),
        (date(2026, 4, 8), date(2026, 4, 8)),
    ]
