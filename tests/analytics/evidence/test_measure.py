"""A whole read-out: published experiments, heavy tails, and what must not be read."""

import numpy as np
import pytest

from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.capping import cap_quantile, pooled_cap
from springtide.analytics.evidence.measure import measure
from springtide.analytics.evidence.uplift import qini
from springtide.kernel.errors import BadInput, UnknownName
from tests import sql


def _rows(path, columns):
    return [dict(zip(columns, row, strict=True)) for row in sql.run(f"select {', '.join(columns)} from '{path}'")]


@pytest.fixture(scope="module")
def emails(published):
    return _rows(published("hillstrom") / "email.parquet", ["segment", "visit", "conversion", "spend"])


@pytest.mark.real_data
class TestHillstrom:
    """A randomised e-mail campaign of three arms; effects as published with the set: visits, conversion, spend of men's e-mail."""

    @pytest.mark.parametrize(
        ("metric", "effect", "low", "high"),
        [("visit", 0.0766, 0.0700, 0.0832), ("conversion", 0.0068, 0.0050, 0.0086), ("spend", 0.770, 0.485, 1.055)],
    )
    def test_mens_email_did_what_was_published(self, emails, metric, effect, low, high):
        told = measure(emails, arm="segment", metric=metric, control="No E-Mail")
        mens = next(one for one in told.arms if one.arm == "Mens E-Mail")
        assert mens.raw.difference == pytest.approx(effect, rel=2e-3)
        assert (mens.raw.interval.low, mens.raw.interval.high) == pytest.approx(
            (low, high), abs=10 ** -(3 if metric == "spend" else 4)
        )
        assert told.verdict == "better"
        assert told.balance.verdict == "ok"

    def test_womens_email_brought_visits(self, emails):
        told = measure(emails, arm="segment", metric="visit", control="No E-Mail")
        assert next(one for one in told.arms if one.arm == "Womens E-Mail").raw.difference == pytest.approx(0.0452, abs=5e-5)


@pytest.mark.real_data
def test_cookie_cats_lost_players_on_day_seven_with_a_warning_and_names_the_player_who_alone_moves_the_rounds(published):
    rows = _rows(published("cookie_cats") / "ab.parquet", ["userid", "version", "retention_7", "sum_game_rounds"])
    retention = measure(rows, arm="version", metric="retention_7", control="gate_30", person="userid")
    [gate_40] = retention.arms
    assert gate_40.raw.difference == pytest.approx(-0.0082, abs=5e-5)
    assert gate_40.raw.p == pytest.approx(0.0016, abs=5e-5)
    assert retention.balance.verdict == "warn"
    assert retention.verdict == "worse"

    rounds = measure(rows, arm="version", metric="sum_game_rounds", control="gate_30", person="userid")
    assert [(mover.value, mover.arm) for mover in rounds.movers] == [(49_854, "gate_30")]
    assert abs(rounds.arms[0].effect.difference) < 0.2 < 1 < abs(rounds.arms[0].raw.difference)


def persons(n, *, share=0.1, lift=0.0, seed=1, reward=0.0):
    rng = np.random.default_rng(seed)
    held, before, noise = rng.random(n) < share, rng.lognormal(0, 1, n), rng.exponential(0.5, n)
    fees, paid = before * 0.6 + noise + np.where(held, 0.0, lift), np.where(held, 0.0, reward)
    return [
        {"arm": "control" if out else "offer", "fees": float(fee), "before": float(past), "paid": float(cost)}
        for out, fee, past, cost in zip(held, fees, before, paid, strict=True)
    ]


WEIGHTS = {"control": 0.1, "offer": 0.9}


def test_an_effect_is_found_with_its_money():
    told = measure(persons(20_000, lift=0.3, reward=0.1), metric="fees", covariate="before", reward="paid", weights=WEIGHTS)
    [offer] = told.arms
    assert told.verdict == "better"
    assert offer.effect.difference == pytest.approx(0.3, abs=0.05)
    assert offer.effect.se < offer.raw.se
    assert offer.money.probability_of_profit > 0.99
    assert told.as_dict()["arms"][0]["money"]["roi"]["shape"] == "bounded"


def test_before_its_planned_size_a_read_out_is_too_early_unless_the_effect_is_plain():
    few = persons(6_000, lift=0.02)
    assert measure(few, metric="fees", weights=WEIGHTS, planned_n=50_000).verdict == "too_early"
    assert measure(few, metric="fees", weights=WEIGHTS, planned_n=6_000).verdict in ("no_difference", "better")
    assert measure(persons(9_000, lift=1.0), metric="fees", weights=WEIGHTS, planned_n=50_000).verdict == "better"


def test_sums_tell_what_their_rows_tell():
    rows = persons(4_000, lift=0.2)
    y = {name: np.array([row["fees"] for row in rows if row["arm"] == name]) for name in WEIGHTS}
    x = {name: np.array([row["before"] for row in rows if row["arm"] == name]) for name in WEIGHTS}
    cap = pooled_cap(y).value
    sums = [{"arm": name, **vars(Arm.of(np.minimum(y[name], cap), x=x[name]))} for name in y]
    by_rows, by_sums = (
        measure(data, metric="fees", covariate=c, weights=WEIGHTS) for data, c in ((rows, "before"), (sums, None))
    )
    assert by_sums.arms[0].effect.difference == pytest.approx(by_rows.arms[0].effect.difference)
    assert by_sums.arms[0].effect.se == pytest.approx(by_rows.arms[0].effect.se)


def test_arms_that_are_not_as_large_as_they_should_be_block_the_read_out():
    told = measure(persons(20_000, share=0.12, lift=1.0), metric="fees", weights=WEIGHTS)
    assert told.verdict == "blocked"


def test_a_user_with_ninety_nine_percent_of_the_value_decides_nothing():
    rows = persons(8_000)
    rows[0] |= {"arm": "offer", "fees": 100 * sum(row["fees"] for row in rows)}
    told = measure(rows, metric="fees", weights=WEIGHTS)
    assert told.cap.removed_share > 0.9
    assert told.verdict == "no_difference"
    assert told.movers[0].value == rows[0]["fees"]


def test_the_cap_is_firmer_where_the_smaller_arm_is_small():
    assert (cap_quantile(4_999), cap_quantile(5_000)) == (0.99, 0.999)
    cap = pooled_cap({"a": range(1, 101), "b": range(101, 201)})
    assert (cap.value, cap.capped) == (198, 2)  # the 198th of 200 values
    assert cap.removed_share == pytest.approx((1 + 2) / sum(range(201)))


def test_negative_revenue_is_taken_as_it_is():
    rows = [{"arm": arm, "y": value} for arm in ("control", "offer") for value in (-5, -1, 0, 2)]
    assert measure(rows).arms[0].effect.difference == 0


def test_all_zeros_cannot_be_told():
    told = measure([{"arm": arm, "y": 0} for arm in ("control", "offer") * 5])
    assert told.arms[0].effect == CannotTell("no_variance")
    assert told.verdict == "cannot_tell"


@pytest.mark.parametrize(
    ("rows", "asked", "error", "code"),
    [
        ([], {}, BadInput, "no_rows"),
        ([{"arm": "a", "y": 1}], {}, UnknownName, "unknown_arm"),
        ([{"arm": "control", "y": 1}], {"metric": "fee"}, UnknownName, "unknown_column"),
        ([{"arm": "control", "y": "many"}], {}, BadInput, "bad_value"),
        ([{"arm": "control", "y": float("nan")}], {}, BadInput, "bad_value"),
        ([{"arm": "control", "y": 1, "id": 7}, {"arm": "offer", "y": 1, "id": 7}], {"person": "id"}, BadInput, "two_arms"),
    ],
)
def test_bad_input_is_told(rows, asked, error, code):
    with pytest.raises(error) as told:
        measure(rows, **asked)
    assert told.value.code == code
    assert told.value.hint


def test_a_score_that_knows_for_whom_it_works_is_worth_it_and_a_random_one_is_not():
    rng = np.random.default_rng(3)
    likes, treated = rng.random(6_000), rng.random(6_000) < 0.5
    outcome = rng.normal(0, 1, 6_000) + treated * likes
    assert qini(likes, outcome, treated, seed=1, draws=200).worth_it
    assert not qini(rng.random(6_000), outcome, treated, seed=1, draws=200).worth_it
    assert qini(likes, outcome, np.ones(6_000), seed=1) == CannotTell("empty_arm")


def test_a_qini_by_hand():
    """Scores 4 to 1, treated first and third. Gains: 2 (no control yet), 2 − 1·1/1 = 1, 3 − 1·2/1 = 1, 3 − 2·2/2 = 1. Over 4 persons
    the curve is 0, ½, ¼, ¼, ¼ at depths of quarters: area (¼ + ⅜ + ¼ + ¼) ÷ 4 = 9/32, less the random half of ¼: 5/32."""
    told = qini([4, 3, 2, 1], [2, 1, 1, 1], [True, False, True, False], seed=1, draws=20)
    assert told.auuc == pytest.approx(9 / 32)
    assert told.value == pytest.approx(5 / 32)
