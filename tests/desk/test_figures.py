"""Figures as people read them, in both languages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from springtide.desk import figures


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (None, "–", "–"),
        (0, "0", "0"),
        (999, "999", "999"),
        (9999, "9,999", "9,999"),
        (12_345, "12.3K", "1.23万"),
        (999_600, "1.00M", "100万"),
        (1_240_000, "1.24M", "124万"),
        (Decimal("123456789.5"), "123M", "1.23亿"),
        (-2_500_000, "−2.50M", "−250万"),
        (Decimal("0.5"), "0.50", "0.50"),
        (Decimal("151.25"), "151", "151"),
        (3 * 10**12, "3.00T", "3.00万亿"),
    ],
)
def test_short_numbers_have_three_figures_and_a_unit_of_the_language(number, english, chinese):
    with translation.override("en"):
        assert figures.short(number) == english
    with translation.override("zh-hans"):
        assert figures.short(number) == chinese


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.042, "+4.2%"), (-0.012, "−1.2%"), (0.0, "0.0%"), (0.0001, "0.0%"), (-0.0001, "0.0%"), (12.0, "×13"), (None, "–")],
)
def test_changes_carry_their_sign_and_a_change_of_nothing_has_none(share, said):
    assert figures.signed_ratio(share) == said


def test_days_and_periods_are_said_in_the_language():
    day = date(2026, 3, 9)
    with translation.override("en"):
        assert [figures.day(day), figures.short_day(day), figures.period(day, "month")] == ["9 Mar 2026", "9 Mar", "Mar 2026"]
    with translation.override("zh-hans"):
        assert [figures.day(day), figures.short_day(day), figures.period(day, "month")] == [
            "2026年3月9日",
            "3月9日",
            "2026年3月",
        ]


def test_an_instant_is_told_in_the_reporting_zone():
    assert figures.instant(datetime(2026, 3, 31, 20, tzinfo=UTC), ZoneInfo("Asia/Shanghai")) == "1 Apr 2026 04:00"


@pytest.mark.parametrize(("hours", "said"), [(0.25, "15 min"), (6.44, "6.4 h"), (49.2, "49 h"), (100, "4 days"), (None, "–")])
def test_the_time_between_two_steps_has_a_fitting_unit(hours, said):
    assert figures.hours(hours) == said


def test_money_has_two_decimals_and_counts_have_none():
    assert figures.exact_money(Decimal("-1234.5")) == "−1,234.50"
    assert figures.count(-1234) == "−1,234"
    assert figures.signed(12) == "+12"


@pytest.mark.parametrize(("octets", "said"), [(12, "12 B"), (1_200, "1.2 kB"), (5_000_000_000, "5.0 GB")])
def test_files_have_a_size(octets, said):
    assert figures.size(octets) == said
