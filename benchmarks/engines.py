"""The same answers beyond DuckDB in this process: the whole close on a standalone Spark cluster, and every query of the product on Spark,
on the oldest DuckDB that we support, and on ClickHouse (chDB).
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import duckdb

from benchmarks.chaos import LAST_DAY, NOW, cut
from benchmarks.clickhouse import run_on_clickhouse
from benchmarks.measuring import Bench, Limit, Prepared, Result, Run, in_child
from benchmarks.recording import Recording, Step, record
from benchmarks.same import Row, difference
from benchmarks.spark_cluster import SparkCluster, spark_cluster
from springtide.analytics.engine import Column
from springtide.analytics.engine.duck import literal
from springtide.analytics.engine.spark import spark_engine
from springtide.analytics.lake import Lake, Snapshot
from springtide.home import Home
from springtide.kernel.errors import Fault, NothingYet
from springtide.simulator import simulate

USERS, DAYS = 300, 10
ASKED_USERS, ASKED_DAYS = 200, 130  # long enough for who is dormant and comes back
OLDEST = Path(sys.prefix) / "oldest-duckdb" / "bin" / "python"  # what `./run bench --spark` makes

Refusals = Mapping[int, str]  # place of a query → what the engine said of it


@dataclass(frozen=True)
class Answered:
    """What one engine made of every query. `refused` and `differs`: by the query's name, what it said, or where the first row differs."""

    engine: str
    run: Run
    same: tuple[str, ...]
    refused: Mapping[str, str]
    differs: Mapping[str, str]

    @property
    def is_same(self) -> bool:
        return not (self.refused or self.differs)


def cluster(bench: Bench) -> list[Result]:
    """The whole close on a master and two workers."""
    folder = bench.folder / "cluster"
    with bench.steps("closing on a cluster", 1) as step:
        with spark_cluster(folder / "spark") as spark:
            result = whole_close(folder / "close", spark, users=bench.users or USERS, days=DAYS, seed=bench.seed)
        step()
    shutil.rmtree(folder)
    return [result]


def engines(bench: Bench) -> list[Result]:
    """Every query on every engine; the page that tells of each is in `bench.pages`."""
    folder = bench.folder / "engines"
    with bench.steps("asking every engine", 4) as step:
        recording: Recording = in_child(_recorded, folder, bench.users or ASKED_USERS, ASKED_DAYS, bench.seed).value
        step()
        on_oldest = _answered("DuckDB", recording, folder / "oldest", _on_oldest)
        step()
        on_clickhouse = _answered(f"chDB {version('chdb')}", recording, folder / "clickhouse", _on_clickhouse, is_typed=False)
        step()
        with spark_cluster(folder / "cluster") as spark:
            before = spark.cpu_s()
            on_spark = _answered(f"Spark {version('pyspark')}", recording, folder / "spark", partial(_on_spark, cluster=spark))
            used = spark.cpu_s() - before
            on_spark = replace(on_spark, run=replace(on_spark.run, cpu_s=on_spark.run.cpu_s + used))
        step()
    shutil.rmtree(folder)
    answered = (on_oldest, on_spark, on_clickhouse)
    bench.pages["engines.md"] = engines_page(recording, answered)
    return [_result(one, is_held=one is not on_clickhouse) for one in answered]


def _result(answered: Answered, *, is_held: bool) -> Result:
    """ClickHouse is told, not held: the product does not run on it."""
    other = len(answered.refused) + len(answered.differs)
    size = f"{len(answered.same) + other} queries"
    limits = (Limit("queries not the same", other, 0),) if is_held else ()
    note = f"{len(answered.same)} the same, {len(answered.refused)} not run, {len(answered.differs)} different"
    return Result("engines", f"every query, on {answered.engine}", size, answered.run, note=note, limits=limits)


# --- the whole close


def whole_close(folder: Path, cluster: SparkCluster, *, users: int, days: int, seed: int) -> Result:
    """A made-up exchange closed, corrected by late rows and closed again, on the cluster and by DuckDB: every table, row for row."""
    early, everything = folder / "early", folder / "made-up" / "exchange"
    simulate(users=users, days=days, seed=seed, out=folder / "made-up", through=LAST_DAY)
    cut(everything, early)
    before = cluster.cpu_s()
    ours = in_child(_closed, folder / "on-spark", early, everything, cluster)
    ours = replace(ours, cpu_s=ours.cpu_s + cluster.cpu_s() - before)
    floor = in_child(_closed, folder / "on-duckdb", early, everything, None)
    lakes = [Lake(folder / name / "lake").snapshot() for name in ("on-duckdb", "on-spark")]
    rows = same_lakes(*lakes)
    closed = lakes[0].manifest.closed
    size = f"{users:,} users, {len(closed)} days, {sum('is_restated' in one for one in closed.values())} of them twice"
    note = f"{rows:,} rows of {len(lakes[0].manifest.tables)} tables, the same; by hand: DuckDB; peak: of the driver's Python"
    return Result("cluster", "whole close on a master and two workers", size, ours, floor, note=note)


def _closed(home: Path, early: Path, everything: Path, cluster: SparkCluster | None) -> Prepared:
    """Import what was known early, then timed: close, import everything, close."""
    if cluster:
        os.environ.update(cluster.settings)
    made, address = Home.create(home), cluster.address if cluster else ""
    made.import_path(early, now=NOW)

    def run() -> None:
        made.close(now=NOW, spark=address)
        made.import_path(everything, now=NOW)
        made.close(now=NOW, spark=address)

    return run


def same_lakes(ours: Snapshot, theirs: Snapshot) -> int:
    """How many rows two lakes have, file by file the same, closed from the same: a fault otherwise."""
    if ours.manifest.closed != theirs.manifest.closed:
        raise Fault("The two homes did not close the same days from the same facts.")
    rows = 0
    for table in sorted(ours.manifest.tables.keys() | theirs.manifest.tables.keys()):
        here, there = _by_label(ours, table), _by_label(theirs, table)
        if here.keys() != there.keys():
            raise Fault(f"{table} has other files: {sorted(here.keys() ^ there.keys())}.")
        for label, path in here.items():
            columns, others, found = _columns(path), _columns(there[label]), stored_rows(path)
            where = (
                f"columns {others} instead of {columns}" if columns != others else difference(found, stored_rows(there[label]))
            )
            if where:
                raise Fault(f"{table}/{label} differs: {where}.")
            rows += len(found)
    return rows


def _by_label(snapshot: Snapshot, table: str) -> dict[str, Path]:
    """The files of a table by their names without what makes them unique."""
    return {path.name.rsplit(".", 2)[0]: path for path in snapshot.files(table)}


# --- every query


def _recorded(folder: Path, users: int, days: int, seed: int) -> Prepared:
    return lambda: record(folder, users=users, days=days, seed=seed)


def _answered(
    engine: str, recording: Recording, folder: Path, run_on: Callable[..., Prepared], *, is_typed: bool = True
) -> Answered:
    """Run every query on an engine and compare. `is_typed`: its columns must have DuckDB's types; else they are brought to them first."""
    folder.mkdir(parents=True)
    steps = recording.steps
    run = in_child(run_on, steps, folder)
    versioned, refusals = run.value
    same, refused, differs = list[str](), dict[str, str](), dict[str, str]()
    for place, step in enumerate(steps):
        if place in refusals:
            refused[step.name] = " ".join(refusals[place].split())
        elif where := compared(step, folder / f"{place}.parquet", is_typed=is_typed):
            differs[step.name] = where
        else:
            same.append(step.name)
    return Answered(f"{engine} {versioned}".strip(), run, tuple(same), refused, differs)


def compared(step: Step, answer: Path, *, is_typed: bool) -> str | None:
    columns, others = _columns(step.answer), _columns(answer)
    if others != columns if is_typed else len(others) != len(columns):
        return f"columns {others} instead of {columns}"
    return difference(stored_rows(step.answer), stored_rows(answer, [] if is_typed else [kind for _, kind in columns]))


def _columns(path: Path) -> list[tuple[str, str]]:
    """Names and types of the columns of a file. Each engine has its own name for a column that was given none."""
    with duckdb.connect(":memory:") as reader:
        described = reader.execute(f"describe from {literal(path)}").fetchall()
    return [(name if name.isidentifier() else "", kind) for name, kind, *_ in described]


def stored_rows(path: Path, kinds: Sequence[str] = ()) -> list[Row]:
    """The rows of a file, its columns brought to `kinds`."""
    listed = ", ".join(f"cast(c{place} as {kind})" for place, kind in enumerate(kinds)) or "*"
    named = ", ".join(f"c{place}" for place in range(len(kinds)))
    with duckdb.connect(":memory:") as reader:
        return reader.execute(f"select {listed} from {literal(path)}{f' as t({named})' if kinds else ''}").fetchall()


def _on_spark(steps: Sequence[Step], folder: Path, *, cluster: SparkCluster) -> Prepared:
    os.environ.update(cluster.settings)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    def run() -> tuple[str, Refusals]:
        refusals = {}
        with spark_engine(cluster.address, scratch=folder) as engine:
            for place, step in enumerate(steps):
                for name, path in step.tables.items():
                    schema = tuple(Column(column, kind.lower()) for column, kind in _columns(path))  # type: ignore[arg-type]
                    engine.view(name, [path], schema)
                try:
                    engine.write(step.sql, folder / f"{place}.parquet", **step.params)
                except (PySparkException, Py4JError) as refused:
                    refusals[place] = str(refused)
        return "", refusals

    return run


def _on_oldest(steps: Sequence[Step], folder: Path) -> Prepared:
    """In an interpreter of its own: one environment holds one DuckDB."""
    if not OLDEST.exists():
        raise NothingYet("The oldest DuckDB that we support is not here.", "Run: ./run bench --spark", code="no_oldest_duckdb")
    given = folder / "steps.pickle"
    given.write_bytes(pickle.dumps([(step.sql, dict(step.params), dict(step.tables)) for step in steps]))
    command = [str(OLDEST), str(Path(__file__).with_name("on_oldest.py")), str(given), str(folder)]

    def run() -> tuple[str, Refusals]:
        said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return said["version"], {int(place): why for place, why in said["refusals"].items()}

    return run


def _on_clickhouse(steps: Sequence[Step], folder: Path) -> Prepared:
    return lambda: ("", run_on_clickhouse(steps, folder))


# --- the page


def engines_page(recording: Recording, answered: Sequence[Answered]) -> str:
    """docs/reference/engines.md."""
    names = [one.engine for one in answered]
    lines = [
        "# The same answers on every engine",
        "",
        "<!-- Made by `./run bench --spark --write`; do not edit. -->",
        "",
        "Every query that the product runs, run again elsewhere over the same tables. A made-up exchange was imported, closed, corrected,",
        "closed again, verified, and asked whatever can be asked of it; each query was kept with what it read and with what DuckDB",
        f"{duckdb.__version__} answered. Whole numbers, decimals, days, times, texts and truths must be equal, doubles to 1e-12 of their",
        "size.",
        "",
        "DuckDB and Spark run the product. ClickHouse does not: the column says which definitions an exchange whose warehouse it is could",
        "take over as sqlglot translates them. Its columns are brought to the types that they are declared with before they are compared.",
        "",
        "| engine | queries | the same | not run | different |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {one.engine} | {len(recording.steps)} | {len(one.same)} | {len(one.refused)} | {len(one.differs)} |"
            for one in answered
        ),
    ]
    for one in answered:
        if not one.is_same:
            lines += ["", f"## What {one.engine} does not answer the same", "", "| query | why |", "| --- | --- |"]
            lines += [f"| `{name}` | not run: {_cell(why)} |" for name, why in sorted(one.refused.items())]
            lines += [f"| `{name}` | different: {_cell(why)} |" for name, why in sorted(one.differs.items())]
    lines += ["", "## Every definition", "", "A definition is a `.sql` file, or else the function that writes the query.", ""]
    lines += [f"| definition | queries | {' | '.join(names)} |", f"| --- | --- | {' | '.join('---' for _ in names)} |"]
    queries = Counter(step.definition for step in recording.steps)
    for name, number in sorted(queries.items()):
        of = {step.name for step in recording.steps if step.definition == name}
        same = [len(of & set(one.same)) for one in answered]
        lines.append(
            f"| `{name}` | {number} | {' | '.join('the same' if one == number else f'{one} of {number}' for one in same)} |"
        )
    if recording.not_met:
        lines += ["", "## Not run", "", "Definitions which this exchange gave no occasion for:", ""]
        lines += [f"- `{name}`" for name in recording.not_met]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")[:240]
