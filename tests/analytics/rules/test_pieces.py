"""A rule in pieces: its numbers can be changed in place, and what is not a number gets nowhere."""

import pytest

from springtide.analytics import strata
from springtide.analytics.rules import BadRule, pieces, with_numbers


def said(text):
    return [(piece.kind, piece.text) for piece in pieces(text)]


def test_a_rule_is_read_piece_by_piece():
    assert said("days_since_trade <= 60 and status = 'active'") == [
        ("column", "days_since_trade"), ("word", "<="), ("number", "60"), ("word", "and"),
        ("column", "status"), ("word", "="), ("text", "active"),
    ]  # fmt: skip


def test_words_that_say_one_thing_are_one_piece():
    words = [text for kind, text in said("a is not null or b is null or c not in (1, 2)") if kind == "word"]
    assert words == ["is not null", "or", "is null", "or", "not in", "(", ",", ")"]


def test_nobody_means_the_number_that_stands_for_unknown_as_an_edge():
    assert said("coalesce(tenure_days, 0) < 1") == [("column", "tenure_days"), ("word", "<"), ("number", "1")]
    assert with_numbers("coalesce(tenure_days, 0) < 1", ["3"]) == "coalesce(tenure_days, 0) < 3"


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("equity_usdt >= 100", ["usdt"]),
        ("tenure_days between 7 and 30", ["days", "days"]),
        ("api_volume_90d_usdt / volume_90d_usdt >= 0.5 and trades_30d > 3", ["ratio", ""]),
        ("vip_next_ratio >= 0.8", ["ratio"]),
        ("vip_level >= 1", [""]),
    ],
)
def test_a_number_is_of_what_it_stands_beside(text, units):
    assert [piece.unit for piece in pieces(text) if piece.kind == "number"] == units


def test_other_numbers_are_put_in_the_places_of_the_old():
    assert with_numbers("a >= 5 and (b < 20 or c = 'x 7')", ["6", " 2.50 "]) == "a >= 6 and (b < 2.50 or c = 'x 7')"
    assert with_numbers("a >= -5 and b -3 < 2", ["4", "-1", "2.0"]) == "a >= 4 and b - -1 < 2"


@pytest.mark.parametrize("wanted", ["", "many", "7 or true", "nan", "inf", "1; drop table users", "--"])
def test_what_is_no_number_is_refused_and_named(wanted):
    with pytest.raises(BadRule) as refused:
        with_numbers("tenure_days <= 7", [wanted])
    assert f"'{wanted}' is not a number" in refused.value.message


def test_every_number_must_be_given():
    with pytest.raises(BadRule):
        with_numbers("tenure_days <= 7", [])


def test_a_quote_that_is_not_closed_is_told():
    with pytest.raises(BadRule):
        pieces("status = 'active")


def test_every_shipped_rule_is_the_same_with_its_own_numbers():
    for stratification in strata.load():
        for stratum in stratification.strata:
            text = stratum.rule.text
            own = [piece.text for piece in pieces(text) if piece.kind == "number"]
            assert with_numbers(text, own) == text
