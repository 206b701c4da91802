"""Compaction: the many day files of a closed month become one, ordered by user, so that one user's history is read from one place.

Revisions do not move, so a compacted day is not taken for a corrected one. A late file that arrives afterwards lies beside the
month's file until the next compaction.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from springtide.analytics.engine import Engine, Schema
from springtide.analytics.lake.lake import Lake
from springtide.kernel.days import next_period, period_start


def compact(lake: Lake, engine: Engine, table: str, schema: Schema, *, order: str, before: date, now: datetime) -> int:
    """Merge the files of every month of `table` that ends before `before`; returns how many files became fewer.

    `order` lists the columns to sort by, user first. One publication a month: a crash loses at most the month in hand.
    """
    fewer = 0
    for month in sorted({period_start(day, "month") for day in lake.snapshot().days(table)}):
        last = next_period(month, "month") - timedelta(days=1)
        if last >= before:
            break
        with lake.writing() as publication:
            merged = [
                f for f in publication.snapshot.entries(table) if f.first and f.last and f.first >= month and f.last <= last
            ]
            if len(merged) < 2:
                continue
            engine.view("merged", [lake.root / file.path for file in merged], schema)
            path = publication.new_path(table, f"{month:%Y-%m}")
            rows = engine.write(f"select * from merged order by {order}", path)
            engine.drop("merged")
            paths = {file.path for file in merged}
            publication.drop(table, lambda file, paths=paths: file.path in paths)  # type: ignore[misc]
            publication.add(table, path, rows=rows, day=min(f.first for f in merged if f.first), last=last)
            publication.commit(now=now)
            fewer += len(merged) - 1
    return fewer
