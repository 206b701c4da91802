"""A publish is all or nothing, readers keep the version they began with, and what a crash leaves behind is swept."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from springtide.analytics.engine import Column, DuckEngine
from springtide.analytics.lake import Lake, Publication, compact
from springtide.kernel.errors import LakeDamaged, NothingYet

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRADES = (Column("user_no", "integer"), Column("day", "date"))
FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


@pytest.fixture
def engine():
    engine = DuckEngine()
    yield engine
    engine.close()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def add_day(publication: Publication, engine: DuckEngine, day: date, users: list[int]) -> Path:
    path = publication.new_path("trades", str(day))
    engine.table("rows_to_write", TRADES, [(user, day) for user in users])
    publication.add("trades", path, rows=engine.write("select * from rows_to_write", path), day=day)
    return path


def users_of(engine: DuckEngine, snapshot, day: date) -> list[int]:
    snapshot.attach(engine, "trades", TRADES, since=day, until=day)
    return [user for (user,) in engine.rows("select user_no from trades where day = $day order by 1", day=day).values]


def test_nothing_is_visible_before_the_commit_and_everything_after(lake, engine):
    with lake.writing() as publication:
        add_day(publication, engine, FIRST, [1, 2])
        assert lake.snapshot().rows("trades") == 0
        publication.commit(now=NOW)
    assert users_of(engine, lake.snapshot(), FIRST) == [1, 2]


def test_a_reader_keeps_the_version_it_began_with(lake, engine):
    with lake.writing() as publication:
        add_day(publication, engine, FIRST, [1])
        publication.commit(now=NOW)
    pinned = lake.snapshot()
    with lake.writing() as publication:
        publication.drop("trades")
        add_day(publication, engine, FIRST, [7])
        publication.commit(now=NOW)
    assert users_of(engine, pinned, FIRST) == [1]
    assert users_of(engine, lake.snapshot(), FIRST) == [7]


def test_superseded_files_stay_a_day_for_their_readers(lake, engine):
    with lake.writing() as publication:
        add_day(publication, engine, FIRST, [1])
        publication.commit(now=NOW)
        publication.drop("trades")
        publication.commit(now=NOW)
    assert lake.sweep(now=NOW + timedelta(hours=23)) == 0
    assert lake.sweep(now=NOW + timedelta(hours=25)) == 1


def test_what_a_crash_leaves_behind_is_swept_and_never_counted(lake, engine):
    with suppress(KeyboardInterrupt), lake.writing() as publication:
        left = add_day(publication, engine, FIRST, [1])
        raise KeyboardInterrupt
    assert left.exists()
    assert lake.snapshot().rows("trades") == 0
    assert lake.sweep(now=NOW) == 1
    assert not left.exists()


def test_a_commit_that_changes_nothing_writes_nothing(lake, engine):
    with lake.writing() as publication:
        add_day(publication, engine, FIRST, [1])
        assert publication.commit(now=NOW) is True
    before = lake.manifest_path.read_bytes()
    with lake.writing() as publication:
        publication.note("stated", publication.manifest.notes.get("stated"))
        publication.manifest = publication.began_with
        assert publication.commit(now=NOW) is False
    assert lake.manifest_path.read_bytes() == before


def test_a_file_without_rows_is_no_file(lake, engine):
    with lake.writing() as publication:
        path = add_day(publication, engine, FIRST, [])
        publication.commit(now=NOW)
    assert not path.exists()
    assert not lake.snapshot().has("trades")


def test_a_touched_day_has_a_higher_revision(lake):
    with lake.writing() as publication:
        publication.touch("trades", FIRST)
        publication.touch("trades", FIRST)
        publication.commit(now=NOW)
    assert lake.snapshot().manifest.revisions == {"trades": {"2026-01-01": 2}}


def test_an_altered_file_is_found(lake, engine):
    with lake.writing() as publication:
        path = add_day(publication, engine, FIRST, [1])
        publication.commit(now=NOW)
    assert lake.snapshot().check() == 1
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(LakeDamaged):
        lake.snapshot().check()


def test_a_lake_without_a_closed_day_says_what_to_do(lake):
    with pytest.raises(NothingYet) as refused:
        lake.snapshot().require_closed()
    assert refused.value.code == "nothing_closed"
    assert "springtide close" in refused.value.hint


def test_a_closed_month_becomes_one_file_ordered_by_user_and_keeps_its_rows_and_revisions(lake, engine):
    with lake.writing() as publication:
        add_day(publication, engine, FIRST, [2, 1])
        add_day(publication, engine, SECOND, [1])
        add_day(publication, engine, date(2026, 2, 1), [9])
        publication.touch("trades", FIRST)
        publication.commit(now=NOW)
    fewer = compact(lake, engine, "trades", TRADES, order="user_no, day", before=date(2026, 2, 1), now=NOW)
    snapshot = lake.snapshot()
    assert fewer == 1
    assert [(file.first, file.last, file.rows) for file in snapshot.entries("trades")] == [
        (date(2026, 2, 1), date(2026, 2, 1), 1),
        (FIRST, date(2026, 1, 31), 3),
    ]
    assert users_of(engine, snapshot, FIRST) == [1, 2]
    assert users_of(engine, snapshot, SECOND) == [1]
    assert snapshot.manifest.revisions == {"trades": {"2026-01-01": 1}}
