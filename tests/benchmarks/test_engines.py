"""Queries are kept as they ran, and an engine that answers otherwise is named with where and why."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from benchmarks import engines
from benchmarks.clickhouse import in_clickhouse, run_on_clickhouse
from benchmarks.measuring import Run
from benchmarks.recording import Recording, RecordingEngine
from benchmarks.same import difference
from tests import sql

VIPS = "select user_no, level from levels where level >= $least"


@pytest.fixture
def recording(tmp_path):
    """A query that found nothing at first and two users then, and one with the time of a fact."""
    recording = Recording(tmp_path / "steps")
    engine = RecordingEngine(recording)
    engine.make("levels", "select 1 as user_no, 3 as level union all select 2, 5")
    engine.rows(VIPS, least=9)
    engine.rows(VIPS, least=2)
    engine.rows(
        "select cast(max(user_no) as bigint) as user_no, epoch_us(timestamp '2026-01-01 00:00:01') as at_us from levels"
    )
    engine.close()
    return recording


def test_a_query_is_kept_once_with_what_it_read_and_the_first_answer_that_is_not_empty(recording):
    [_, vips, _] = recording.steps
    assert (vips.sql, vips.params, list(vips.tables)) == (VIPS, {"least": 2}, ["levels"])
    assert engines.stored_rows(vips.answer) == [(1, 3), (2, 5)]


def test_clickhouse_answers_the_same_in_its_own_words(recording, tmp_path):
    pytest.importorskip("chdb")
    (tmp_path / "answers").mkdir()
    assert run_on_clickhouse(recording.steps, tmp_path / "answers") == {}
    for place, step in enumerate(recording.steps):
        assert engines.compared(step, tmp_path / "answers" / f"{place}.parquet", is_typed=False) is None


def test_parameters_go_into_clickhouses_query_with_their_types():
    told = in_clickhouse("select $day as day, $at as at, $text as text, a & 3 as bits from t", {
        "day": date(2026, 1, 1), "at": datetime(2026, 1, 1, 12), "text": "it's",
    })  # fmt: skip
    assert "Nullable(Date32)" in told
    assert "Nullable(DateTime64(6))" in told
    assert "bitAnd(a, 3)" in told
    assert "'it''s'" in told


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        ("(1, 4), (2, 5)", "sorted row 0 is (1, 4) instead of (1, 3)"),
        ("(1, 3::bigint), (2, 5)", "columns ["),
        ("(1, 3)", "1 rows instead of 2"),
        ("(2, 5), (1, 3)", None),
    ],
)
def test_another_row_another_type_and_a_missing_row_are_each_named(recording, tmp_path, answer, where):
    [_, vips, _] = recording.steps
    sql.run(f"copy (from (values {answer}) as t(user_no, level)) to '{tmp_path}/answer.parquet'")
    told = engines.compared(vips, tmp_path / "answer.parquet", is_typed=True)
    assert told == where or told.startswith(where)


@pytest.mark.parametrize(
    ("here", "there", "is_same"),
    [
        (1.0, 1.0 + 1e-13, True),
        (1.0, 1.0 + 1e-9, False),
        (1, 1.0, False),
        (Decimal("1.10"), Decimal("1.1"), True),
        (None, 0, False),
        (float("nan"), float("nan"), True),
    ],
)
def test_numbers_are_the_same_to_the_last_digit_and_doubles_to_twelve(here, there, is_same):
    assert (difference([(here,)], [(there,)]) is None) == is_same


def test_the_page_names_what_differs_and_what_nothing_ran(recording):
    names = [step.name for step in recording.steps]
    good = engines.Answered("Spark 4", Run(1, 1, 1), tuple(names), {}, {})
    bad = engines.Answered("chDB 4", Run(1, 1, 1), tuple(names[1:]), {names[0]: "no function | here"}, {})
    page = engines.engines_page(recording, [good, bad])

    assert f"| Spark 4 | {len(names)} | {len(names)} | 0 | 0 |" in page
    assert f"| `{names[0]}` | not run: no function \\| here |" in page
    assert "What Spark 4 does not" not in page
    assert "- `daybook/state`" in page
