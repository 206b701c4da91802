"""Apache Spark: the engine beyond one machine, with the same definitions over the same lake.

Needs `pip install springtide[spark]` and Java 17 or later. The lake and the scratch folder lie on a file system that the driver
and every worker see under the same path.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import sqlglot
from sqlglot.dialects.duckdb import DuckDB

from springtide.analytics.engine.engine import Column, Rows, Schema, Walk, bound, walk
from springtide.analytics.engine.translation import transpile
from springtide.kernel.errors import BadInput

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Without these the same SQL means something else: the zone of the machine, times with a zone, overflow that wraps.
MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
}
_READ_AS = {"integer": "bigint", "smallint": "bigint", "timestamp": "timestamp_ntz", "varchar": "string", "uuid": "binary"}
_STORED_AS = {"integer": "int", "timestamp": "timestamp_ntz", "varchar": "string", "uuid": "string"}
_UUID = "regexp_replace(lower(hex({0})), '(.{{8}})(.{{4}})(.{{4}})(.{{4}})(.{{12}})', '$1-$2-$3-$4-$5')"


def spark_session(master: str = "local[*]", *, memory: str = "2g", **settings: str) -> SparkSession:
    """The process's Spark session, started (some seconds) or found; stop it with `session.stop()`.

    `master` is `local[2]`, or a cluster such as `spark://host:7077`; `settings` are Spark's own, by their dotted names.

    refuses    no_spark         pyspark is not installed
               spark_refused    Spark does not start: no Java, no cluster at that address, not an address
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise BadInput("Spark is not installed.", "Run: pip install 'springtide[spark]'", code="no_spark") from missing
    builder = SparkSession.builder.master(master).appName("springtide")
    given = {
        "spark.driver.memory": memory,
        "spark.log.level": "ERROR",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        given |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    for name, value in (given | MEANING | settings).items():
        builder = builder.config(name, value)
    try:
        session: SparkSession = builder.getOrCreate()
    except (PySparkException, Py4JError) as refused:
        hint = "It needs Java 17 or later, and a cluster that answers there: spark://host:7077, or local[2] for this machine alone."
        raise BadInput(f"Spark does not start at {master}.", hint, code="spark_refused") from refused
    return session


@contextmanager
def spark_engine(master: str, *, scratch: Path) -> Iterator[SparkEngine]:
    """An engine on the Spark at `master`, which is given back after: others may want its cores."""
    session = spark_session(master)
    try:
        engine = SparkEngine(session, scratch=scratch)
        try:
            yield engine
        finally:
            engine.close()
    finally:
        session.stop()


class SparkEngine:
    """A session of its own on a Spark that is shared: names and settings are this engine's, closing leaves Spark running.

    `scratch` is where made tables lie until the engine is closed; on a cluster, a folder that all workers see.
    """

    dialect = "spark"

    def __init__(self, session: SparkSession, *, scratch: Path | None = None) -> None:
        self.session = session.newSession()
        for name, value in MEANING.items():
            self.session.conf.set(name, value)
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix="springtide-spark-", dir=scratch))
        self._folders: dict[str, Path | None] = {}  # every name, and the folder of those that were made
        self._numbers = count()

    def view(self, name: str, files: Sequence[Path], schema: Schema) -> None:
        if not files:
            self.table(name, schema, ())
            return
        # Whole numbers are read at their widest, which takes every narrower file, and then brought to the declared width.
        wide = ", ".join(f"`{column.name}` {_READ_AS.get(column.type, column.type)}" for column in schema)
        read = self.session.read.schema(wide).parquet(*map(_address, files))
        self._name(name, read.selectExpr(*map(_as_declared, schema)))

    def table(self, name: str, schema: Schema, rows: Sequence[tuple[Any, ...]]) -> None:
        types = ", ".join(f"`{column.name}` {_STORED_AS.get(column.type, column.type)}" for column in schema)
        values = [tuple(_as_python(value, column) for value, column in zip(row, schema, strict=True)) for row in rows]
        self._name(name, self.session.createDataFrame(values, types))

    def make(self, name: str, sql: str, **params: Any) -> int:
        # Stored, not cached: computed once, whatever memory says later, and the next step's plan begins here.
        folder = self.scratch / f"{name}-{next(self._numbers)}"
        frame = self._frame(sql, params)
        frame.write.parquet(_address(folder))
        self._name(name, self.session.read.schema(frame.schema).parquet(_address(folder)), folder)
        return _rows_in(folder)

    def define(self, name: str, sql: str) -> None:
        self._name(name, self._frame(sql, {}))

    def unpack(self, name: str, table: str, column: str, keys: Mapping[str, str]) -> None:
        columns = ["*"]
        for new, key in keys.items():
            value = f"try_variant_get(try_parse_json({column}), \"$['{key}']\", '{{0}}')"
            number = value.format("decimal(38,12)")
            is_number = f"schema_of_variant({value.format('variant')}) rlike '^(BIGINT|DECIMAL|DOUBLE)'"
            columns.append(f"case when {is_number} then {number} end as {new}_number")
            whole = f"abs({new}_number) < 1000000000000 and {new}_number = cast({new}_number as bigint)"
            text = value.format("string")
            columns.append(f"case when {whole} then cast(cast({new}_number as bigint) as string) else {text} end as {new}")
        self._name(name, self.session.sql(f"select {', '.join(columns)} from {table}"))

    def walk(self, unit: Sequence[str], order: str) -> Walk:
        return walk(unit, order)

    def rows(self, sql: str, **params: Any) -> Rows:
        frame = self._frame(sql, params)
        return Rows(tuple(frame.columns), [tuple(row) for row in frame.collect()])

    def write(self, sql: str, path: Path, **params: Any) -> int:
        folder = self.scratch / f"file-{next(self._numbers)}"
        frame = self._frame(sql, params)
        # One file needs one last task. Behind a sort it takes the sorted parts in turn; else a shuffle keeps the work before it
        # parallel.
        is_sorted = sqlglot.parse_one(sql, dialect=DuckDB).args.get("order") is not None
        single = frame.coalesce(1) if is_sorted else frame.repartition(1)
        single.write.option("compression", "zstd").parquet(_address(folder))
        [file] = folder.glob("*.parquet")
        rows = _rows_in(folder)
        shutil.move(file, path)
        shutil.rmtree(folder)
        return rows

    def rename(self, name: str, to: str) -> None:
        folder, frame = self._folders.pop(name), self.session.table(name)
        self._name(to, frame, folder)
        self.session.catalog.dropTempView(name)

    def drop(self, *names: str) -> None:
        for name in names:
            if name in self._folders:
                self.session.catalog.dropTempView(name)
                folder = self._folders.pop(name)
                if folder is not None:
                    shutil.rmtree(folder)

    def close(self) -> None:
        self.drop(*list(self._folders))
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _name(self, name: str, frame: DataFrame, folder: Path | None = None) -> None:
        frame.createOrReplaceTempView(name)
        before = self._folders.get(name)
        self._folders[name] = folder
        if before is not None:
            shutil.rmtree(before)

    def _frame(self, sql: str, params: dict[str, Any]) -> DataFrame:
        frame = self.session.sql(transpile(sql), args=bound(sql, params))
        untyped = [name for name, kind in frame.dtypes if kind == "void"]
        # A column that is nothing but null has no type on Spark and cannot be stored; on DuckDB it is INTEGER.
        return frame.withColumns({name: frame[name].cast("int") for name in untyped}) if untyped else frame


def _address(path: Path) -> str:
    return f"file://{path.absolute()}"


def _as_declared(column: Column) -> str:
    if column.type == "uuid":
        return f"{_UUID.format(f'`{column.name}`')} as `{column.name}`"
    return f"cast(`{column.name}` as {_STORED_AS.get(column.type, column.type)}) as `{column.name}`"


def _as_python(value: Any, column: Column) -> Any:
    """DuckDB takes a whole number for a double; Spark wants the column's own Python type."""
    if value is None:
        return None
    return float(value) if column.type == "double" else str(value) if column.type == "uuid" else value


def _rows_in(folder: Path) -> int:
    """Rows of a folder of Parquet files, from their footers: asking Spark would be one more job."""
    counted = "select coalesce(sum(num_rows), 0) from parquet_file_metadata(?)"
    with duckdb.connect(":memory:") as connection:
        [(rows,)] = connection.execute(counted, [f"{folder}/*.parquet"]).fetchall()
    return int(rows)
