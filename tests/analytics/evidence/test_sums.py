"""The sums of a read-out from the engine are those of the rows."""

import random
from pathlib import Path

import numpy as np
import pytest

from springtide.analytics import evidence
from springtide.analytics.engine import DuckEngine
from springtide.analytics.engine.dialect import lint
from springtide.analytics.evidence.arms import Arm
from springtide.analytics.evidence.capping import pooled_cap
from springtide.analytics.evidence.sums import OUTCOMES, arm_sums


@pytest.fixture
def engine():
    engine = DuckEngine()
    yield engine
    engine.close()


@pytest.mark.parametrize("file", sorted(Path(evidence.__path__[0]).glob("*.sql")), ids=lambda file: file.stem)
def test_the_definition_keeps_the_rules_of_the_dialect(file):
    found = lint(file.read_text(encoding="utf-8"))
    assert not found, "\n".join(map(str, found))


def test_sums_of_four_persons_by_hand(engine):
    """Few persons, so the cap is the 99 % quantile: the largest of four, 5 USDT; nothing is taken."""
    rows = [("control", "a", 1_000_000, 0, 0), ("treated", "a", 2_000_000, 1_000_000, 0), ("treated", "a", 0, 0, 500_000)]
    engine.table("outcomes", OUTCOMES, [*rows, ("treated", "b", 5_000_000, 0, 500_000)])
    told = arm_sums(engine)
    assert (told.cap_usdt, told.quantile, told.removed_share) == (5.0, 0.99, 0.0)
    assert told.by_stratum["treated"]["a"] == Arm(2, y=2, yy=4, x=1, xx=1, xy=2, r=0.5, rr=0.25, yyy=8, xyy=4, xxy=2, xxx=1)
    assert told.arms["treated"] == Arm(3, y=7, yy=29, x=1, xx=1, xy=2, r=1, rr=0.5, yr=2.5, yyy=133, xyy=4, xxy=2, xxx=1)


@pytest.mark.parametrize("n", [300, 24_000])
def test_sums_are_those_of_the_persons_one_by_one(engine, n):
    """With 24,000 persons the smaller arm has more than 5,000, and the cap is gentler."""
    draw = random.Random(n)
    rows = [
        (
            draw.choice(("treated", "control")),
            draw.choice("ab"),
            int(draw.lognormvariate(14, 2)),
            int(draw.lognormvariate(13, 2)),
            7,
        )
        for _ in range(n)
    ]
    engine.table("outcomes", OUTCOMES, rows)
    told = arm_sums(engine)
    values = {arm: [row[2] / 1e6 for row in rows if row[0] == arm] for arm in ("treated", "control")}
    cap = pooled_cap(values)
    assert told.cap_usdt == pytest.approx(cap.value)
    assert told.quantile == cap.quantile
    assert told.removed_share == pytest.approx(cap.removed_share)
    for arm in values:
        x, r = np.array([row[3] / 1e6 for row in rows if row[0] == arm]), np.full(len(values[arm]), 7e-6)
        for sums, y in ((told.arms[arm], np.minimum(values[arm], cap.value)), (told.raw[arm], np.array(values[arm]))):
            expected = Arm.of(y, x=x, r=r)
            assert sums.n == expected.n
            for name in ("y", "yy", "x", "xx", "xy", "r", "yr"):
                assert getattr(sums, name) == pytest.approx(getattr(expected, name), rel=1e-9)
            for name in ("yyy", "xyy", "xxy", "xxx"):
                assert getattr(sums, name) == pytest.approx(getattr(expected, name), rel=0.03)  # of whole cents


def test_a_yes_or_no_is_not_capped_however_rare(engine):
    rows = [("treated", None, int(number == 0), 0, 0) for number in range(500)] + [("control", None, 0, 0, 0)] * 500
    engine.table("outcomes", OUTCOMES, rows)
    told = arm_sums(engine, unit=1)
    assert told.arms["treated"] == Arm(500, y=1, yy=1, yyy=1)
    assert told.removed_share == 0


def test_money_of_so_few_that_the_quantile_is_nothing_is_not_capped_away():
    assert pooled_cap({"treated": [0.0] * 499 + [80.0], "control": [0.0] * 500}).removed_share == 0


def test_without_persons_there_are_no_arms(engine):
    engine.table("outcomes", OUTCOMES, [])
    told = arm_sums(engine)
    assert (told.cap_usdt, dict(told.arms)) == (None, {})


@pytest.mark.spark
def test_spark_adds_up_the_same(engine, spark):
    draw = random.Random(5)
    rows = [
        (
            draw.choice(("treated", "control")),
            draw.choice("ab"),
            int(draw.lognormvariate(14, 2)) - 5_000,
            draw.randrange(10**8),
            7,
        )
        for _ in range(2_000)
    ]
    for each in (engine, spark):
        each.table("outcomes", OUTCOMES, rows)
    assert arm_sums(spark) == arm_sums(engine)
