"""Killed at random moments, an import and a close lose nothing and show nothing half done."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from benchmarks.chaos import STEPS, chaos, misfits
from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_no_reader_waits_or_sees_half_of_it(tmp_path):
    told = chaos(tmp_path, kills=10, seed=1, users=60, days=16)

    assert told.differences == ()
    assert told.broken == ()
    assert told.kills == 10
    assert set(told.killed_in) <= set(STEPS)
    assert len(told.killed_in) > 1
    assert told.reads > told.rounds
    assert told.slowest_read_s < 10


def test_a_reader_would_notice_a_file_that_lacks_rows(tmp_path):
    lake, engine = Lake(tmp_path / "lake"), DuckEngine()
    with lake.writing() as publication:
        path = publication.new_path("users")
        engine.write("select 1 as user_no", path)
        publication.add("users", path, rows=2)
        publication.commit(now=datetime(2026, 1, 1, tzinfo=UTC))
    engine.close()

    with duckdb.connect(":memory:") as connection:
        found = misfits(lake.snapshot(), connection)
    assert found == ["users has 1 rows, and should have 2"]
