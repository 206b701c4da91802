"""Profiles and nine stratifications from a state that stands, against the same by hand-written SQL."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from benchmarks.close import MEMORY, USERS, USERS_LARGE, differing, floor_folder, ours, prepared
from benchmarks.exchange import Size, close_spec
from benchmarks.floor_close import floor_strata
from benchmarks.measuring import Bench, Prepared, Result, in_child
from springtide.analytics.daybook import tables
from springtide.analytics.daybook.inputs import PACKAGE, attach_standing
from springtide.analytics.engine import DuckEngine, definition
from springtide.analytics.lake import Lake
from springtide.kernel.days import day_bounds

TARGET = 1.15
TABLES = ("profiles", "population", "strata")


def strata(bench: Bench) -> list[Result]:
    """What a changed edge costs: the day is closed, its profiles and strata are derived again."""
    size = Size(bench.users or (USERS_LARGE if bench.is_large else USERS), seed=bench.seed, is_sparse=bench.is_large)
    root, day = bench.folder / f"strata-{size.users}", size.open_days[-1]
    prepared(bench, root, size)
    in_child(ours, root, day)
    mine, floor = bench.pairs("placing users", (_ours, root, day), (_floor, root, day))
    in_child(_compared, root)
    shutil.rmtree(root)
    shutil.rmtree(floor_folder(root))
    return [Result("strata", "profiles and nine stratifications from state", f"{size.users:,} users", mine, floor, TARGET)]


def _ours(root: Path, day: date) -> Prepared:
    snapshot, spec, out = Lake(root).snapshot(), close_spec(), _folder(root)

    def run() -> None:
        engine = DuckEngine(memory_limit=MEMORY, temp=root / "spill")
        attach_standing(engine, snapshot, spec, day)
        _, to_at = day_bounds(day, spec.zone)
        parts = snapshot.parts("state")
        for part in parts:
            params = {"day": day, "to_at": to_at, "user_from": part * tables.PART, "user_to": (part + 1) * tables.PART}
            for table, schema in (("state", tables.STATE), ("firsts", tables.FIRSTS), ("activity", tables.ACTIVITY)):
                snapshot.attach(engine, table, schema, part=part)
            engine.write(definition(PACKAGE, "profiles").text, out / f"profiles.{part}.parquet", **params)
        engine.view("profiles", [out / f"profiles.{part}.parquet" for part in parts], tables.PROFILES)
        engine.make("population", spec.population.text)
        engine.write("select key, value_usdt from population order by key nulls last", out / "population.0.parquet")
        for part in parts:
            engine.view("profiles", [out / f"profiles.{part}.parquet"], tables.PROFILES)
            engine.write(spec.strata_sql([s.key for s in spec.stratifications]), out / f"strata.{part}.parquet")
        engine.close()

    return run


def _floor(root: Path, day: date) -> Prepared:
    shutil.rmtree(floor_folder(root), ignore_errors=True)

    def run() -> None:
        floor_strata(root, day, floor_folder(root), memory_limit=MEMORY)

    return run


def _folder(root: Path) -> Path:
    folder = root / "again"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _compared(root: Path) -> Prepared:
    def compare() -> None:
        for table in TABLES:
            differing(table, sorted((root / "again").glob(f"{table}.*")), floor_folder(root) / f"{table}.parquet", root)

    return compare
