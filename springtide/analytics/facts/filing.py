"""Filing checked rows into the lake: what is new, what is known, what corrects, and what must go.

A batch is one file (or several small ones of the same table), and becomes visible at once or not at all. Facts are compared with a
key index (`<table>_keys`, 128-bit keys sorted by key), other tables with their own rows; the content of known rows is looked at only
where a key comes up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from springtide.analytics.engine import Column, Schema
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts import checking
from springtide.analytics.facts.batch import Batch, Counts, Filed, parquet, problems_of
from springtide.analytics.facts.checking import Reading
from springtide.analytics.facts.contracts import Contract, keys_schema, lake_schema, replaced_schema
from springtide.analytics.facts.quarantine import quarantine

FAULT_NAMES: Schema = (
    Column("part", "smallint", False),
    Column("fault", "smallint", False),
    Column("column_name", "varchar"),
    Column("rule", "varchar", False),
)
KEYS_AT_ONCE = 4_000_000  # keys compared in one go: about 300 MB
ROWS_OF_A_FILE = 250_000  # the days of a month lie in one file up to so many rows

# Of several rows with one key and version in a source the first one holds. Facts: a version that is known is a duplicate or a
# conflict; a new one above all others becomes current, one below is filed with the replaced.
_FACT_VERDICTS = """
    with met as (
        select
            c.*, k.content as known_content, k.key is not null as is_known,
            first_value(c.content) over same as first_content, row_number() over same as nth
        from candidates as c
        left join known as k on c.key = k.key and c.version = k.version
        window same as (partition by c.key, c.version order by c.part, c.line)
    ),
    judged as (
        select *, case
            when is_known then case when content = known_content then 'duplicate' else 'conflict' end
            when nth = 1 then 'accepted'
            when content = first_content then 'duplicate'
            else 'conflict'
        end as verdict
        from met
    ),
    tops as (select key, max(version) as top_known from known group by key),
    accepted as (
        select
            j.part, j.line, t.top_known, max(j.version) over (partition by j.key) as top_new,
            row_number() over (partition by j.key order by j.part, j.line) as nth
        from judged as j
        left join tops as t on j.key = t.key
        where j.verdict = 'accepted'
    )
    select
        j.part, j.line, j.key, j.version, j.day, j.is_void,
        case when a.line is null then j.verdict when a.top_known is null and a.nth = 1 then 'taken' else 'corrected' end as counted,
        case
            when a.line is null then 'nowhere'
            when j.version = a.top_new and j.version > coalesce(a.top_known, -1) then 'current'
            else 'replaced'
        end as goes
    from judged as j
    left join accepted as a on j.part = a.part and j.line = a.line
"""
# Other tables: the newest row wins unless its version is lower than the known one's.
_ROW_VERDICTS = """
    with met as (
        select c.*, first_value(c.content) over same as first_content, row_number() over same as nth
        from candidates as c
        window same as (partition by c.key, c.version order by c.part, c.line)
    ),
    holders as (
        select
            m.part, m.line, k.version as known_version, k.content as known_content,
            max(m.version) over (partition by m.key) as top_new,
            row_number() over (partition by m.key order by m.part, m.line) as nth
        from met as m
        left join known as k on m.key = k.key
        where m.nth = 1
    )
    select
        m.part, m.line, m.key, m.version, m.day, false as is_void,
        case
            when m.nth > 1 then case when m.content = m.first_content then 'duplicate' else 'conflict' end
            when h.known_version is null then case when h.nth = 1 then 'taken' else 'corrected' end
            when m.version < h.known_version then 'duplicate'
            when m.version = h.known_version and (m.version < h.top_new or m.content = h.known_content) then 'duplicate'
            else 'corrected'
        end as counted,
        case
            when m.nth > 1 then 'nowhere'
            when h.known_version is null then case when m.version = h.top_new then 'current' else 'replaced' end
            when m.version < h.known_version then 'nowhere'
            when m.version = h.known_version and (m.version < h.top_new or m.content = h.known_content) then 'nowhere'
            when m.version = h.top_new then 'current'
            else 'replaced'
        end as goes
    from met as m
    left join holders as h on m.part = h.part and m.line = h.line
"""


@dataclass(frozen=True)
class _Stage:
    """The narrow facts about every row of a batch: part, line, fault, key, version, day, is_void."""

    path: Path
    good: int

    @property
    def sql(self) -> str:
        return parquet([self.path])


def file_rows(batch: Batch, readings: Sequence[Reading]) -> list[Filed]:
    """File the rows of sources of one table into the publication; one answer per source, in their order.

    writes    `<table>`, `<table>_keys`, `<table>_replaced`, `quarantine`; touches every day that changed
    """
    contract = readings[0].contract
    batch.engine.drop("verdicts", "excluded", "gone", "refused")
    stage = _stage(batch, contract, readings)
    index = _write_index(batch, contract, stage)
    matched = _matched(batch, contract, stage, index)
    _verdicts(batch, contract, readings, stage, matched=matched)
    if matched:
        _remove_gone(batch, contract)
    _write_current(batch, contract, readings, stage)
    _write_replaced(batch, contract, readings, stage)
    if contract.is_event:
        _add_index(batch, contract, stage, index)
    elif index:
        index.unlink()
    _refuse(batch, readings, stage)
    filed = [_filed(batch, reading, stage, part) for part, reading in enumerate(readings)]
    quarantine(batch, readings)
    _tidy(batch, contract)
    stage.path.unlink()
    return filed


def _stage(batch: Batch, contract: Contract, readings: Sequence[Reading]) -> _Stage:
    path = batch.scratch()
    void = "v_is_void" if contract.is_event else "false"
    queries = [
        f"select cast({part} as smallint) as part, line, fault, {checking.staged_key(contract)} as key, v_version as version, "
        f"day, {void} as is_void from ({reading.checked})"
        for part, reading in enumerate(readings)
    ]
    batch.engine.connection.execute(
        f"copy ({' union all '.join(queries)}) to {literal(path)} (format parquet, compression snappy)"
    )
    good = batch.engine.rows(f"select count(*) from {parquet([path])} where fault is null").scalar()
    return _Stage(path, good)


# Which keys come up again


def _write_index(batch: Batch, contract: Contract, stage: _Stage) -> Path | None:
    """The keys of the good rows, sorted: for facts already where the index will keep them."""
    if not stage.good:
        return None
    path = batch.publication.new_path(f"{contract.stored_name}_keys") if contract.is_event else batch.scratch()
    batch.engine.write(f"select key, version, day from {stage.sql} where fault is null order by key", path)
    return path


def _matched(batch: Batch, contract: Contract, stage: _Stage, index: Path | None) -> int:
    """Fill `matched` with the keys that come up twice in the batch or are known, `known` with what is known of them; count them."""
    engine = batch.engine
    engine.connection.execute("create or replace temp table matched (key uuid)")
    if index is None:
        return 0
    known_keys = _known_keys(batch, contract, stage)
    steps = -(-stage.good // KEYS_AT_ONCE)
    edges = [f"{step * 2**128 // steps:032x}" for step in range(steps)] + ["f" * 32]
    for step in range(steps):
        last = "<=" if step == steps - 1 else "<"
        within = f"key >= cast('{edges[step]}' as uuid) and key {last} cast('{edges[step + 1]}' as uuid)"
        new = f"(select key from {parquet([index])} where {within})"
        again = f"select key from {new} group by key having count(*) > 1"
        if known_keys:
            again += f" union select key from {known_keys} where {within} and key in (select key from {new})"
        engine.connection.execute(f"insert into matched {again}")
    return int(engine.rows("select count(*) from matched").scalar())


def _known_keys(batch: Batch, contract: Contract, stage: _Stage) -> str:
    """What stands after FROM to read the keys of known rows; empty when there are none."""
    if contract.is_event:
        files = batch.files(f"{contract.stored_name}_keys")
        return batch.source(files) if files else ""
    files = batch.files(contract.stored_name, _days_in_key(batch, contract, stage))
    if not files:
        return ""
    batch.engine.make("known_rows", f"select {checking.lake_key(contract)} as key from {batch.source(files)}")
    return "known_rows"


def _days_in_key(batch: Batch, contract: Contract, stage: _Stage) -> list[date] | None:
    """The days of the staged rows where a key never leaves its day; null where it may."""
    if not contract.is_daily or contract.day_column not in contract.key:
        return None
    told = batch.engine.rows(f"select distinct day from {stage.sql} where fault is null order by day")
    return [day for (day,) in told.values]


# What becomes of them


_VERDICTS: Schema = (
    Column("part", "smallint"),
    Column("line", "bigint"),
    Column("key", "uuid"),
    Column("version", "integer"),
    Column("day", "date"),
    Column("is_void", "boolean"),
    Column("counted", "varchar"),
    Column("goes", "varchar"),
)


def _verdicts(batch: Batch, contract: Contract, readings: Sequence[Reading], stage: _Stage, *, matched: int) -> None:
    """Fill `verdicts` (part, line, key, version, day, is_void, counted, goes) for the rows whose key comes up again."""
    engine = batch.engine
    if not matched:
        engine.table("verdicts", _VERDICTS, ())
        return
    engine.make(
        "met_rows",
        f"select part, line, key, version, day, is_void from {stage.sql} where fault is null and key in (select key from matched)",
    )
    contents = " union all ".join(
        f"select cast({part} as smallint) as part, line, {checking.staged_content(contract)} as content "
        f"from ({reading.checked}) where line in (select line from met_rows where part = {part})"
        for part, reading in enumerate(readings)
    )
    engine.make("candidates", f"select m.*, c.content from met_rows as m inner join ({contents}) as c using (part, line)")
    _known(batch, contract, stage)
    engine.make("verdicts", _FACT_VERDICTS if contract.is_event else _ROW_VERDICTS)
    engine.drop("met_rows", "candidates", "known_rows")


def _known(batch: Batch, contract: Contract, stage: _Stage) -> None:
    """Fill `known` (key, version, day, content) with the known rows of matched keys: of facts, every version there ever was."""
    engine, table = batch.engine, contract.stored_name
    key = checking.lake_key(contract)
    day = contract.day_column if contract.day_column and contract.is_daily else None
    if not contract.is_event:
        files = batch.files(table, _days_in_key(batch, contract, stage))
        source = batch.source(files) if files else ""
        said = checking.lake_content(contract, "false")
        engine.make(
            "known",
            f"select {key} as key, version, cast(null as date) as day, {said} as content from {source} "
            f"where {key} in (select key from matched)"
            if source
            else "select cast(null as uuid) as key, 0 as version, cast(null as date) as day, cast(null as uuid) as content limit 0",
        )
        return
    files = batch.files(f"{table}_keys")
    keys = (
        batch.source(files) if files else "(select cast(null as uuid) as key, 0 as version, cast(null as date) as day limit 0)"
    )
    engine.make("hits", f"select key, version, day from {keys} where key in (select key from matched)")
    days = [one for (one,) in engine.rows("select distinct day from hits order by day").values]
    assert day is not None
    rows = []
    for name, void in ((table, "false"), (f"{table}_replaced", "is_void")):
        if found := batch.files(name, days):
            said = checking.lake_content(contract, void)
            rows.append(
                f"select {key} as key, version, {said} as content from {batch.source(found)} where {key} in (select key from hits)"
            )
    contents = (
        " union all ".join(rows) or "select cast(null as uuid) as key, 0 as version, cast(null as uuid) as content limit 0"
    )
    engine.make(
        "known", f"select h.key, h.version, h.day, c.content from hits as h left join ({contents}) as c using (key, version)"
    )
    engine.drop("hits")


def _remove_gone(batch: Batch, contract: Contract) -> None:
    """Take the rows that something newer replaces out of their files, and keep them with the replaced."""
    engine, table = batch.engine, contract.stored_name
    engine.make(
        "gone",
        "select k.key, arg_max(k.day, k.version) as day from known as k "
        "where k.key in (select key from verdicts where goes = 'current') group by k.key",
    )
    if not engine.rows("select count(*) from gone").scalar():
        return
    days = [day for (day,) in engine.rows("select distinct day from gone where day is not null").values] or None
    key = checking.lake_key(contract)
    files = batch.files(table, days)
    if not files:
        return
    hit = engine.rows(f"select distinct filename from {batch.source(files, named=True)} where {key} in (select key from gone)")
    paths = {Path(name).name for (name,) in hit.values}
    affected = [file for file in files if Path(file.path).name in paths]
    if not affected:
        return
    names = ", ".join(column.name for column in lake_schema(contract))
    source = batch.source(affected)
    old = f"select {names} from {source} where {key} in (select key from gone)"
    touched = _days_of(batch, contract, old)
    batch.add(
        f"{table}_replaced",
        f"select *, false as is_void from ({old})",
        day=_first(contract, touched),
        last=_last(contract, touched),
    )
    for file in affected:
        batch.replace(
            table,
            [file],
            f"select {names} from {batch.source([file])} where {key} not in (select key from gone)",
            part=file.part,
        )
    for day in touched:
        batch.publication.touch(table, day)


def _days_of(batch: Batch, contract: Contract, rows: str) -> list[date]:
    """The days of lake rows."""
    when = contract.day_column
    if when is None:
        return []
    field = contract.field(when)
    day = field.lake_name if field.kind == "day" else checking.day_sql(field.lake_name, batch.zone)
    return [one for (one,) in batch.engine.rows(f"select distinct {day} as day from ({rows}) order by day").values]


def _first(contract: Contract, days: Sequence[date]) -> date | None:
    return min(days) if days and contract.is_daily else None


def _last(contract: Contract, days: Sequence[date]) -> date | None:
    return max(days) if days and contract.is_daily else None


# Writing


def _write_current(batch: Batch, contract: Contract, readings: Sequence[Reading], stage: _Stage) -> None:
    """Write the rows that stand, sorted by user and time within a day, in files by day."""
    engine, table = batch.engine, contract.stored_name
    excluded = engine.make(
        "excluded",
        f"select part, line from {stage.sql} where fault is not null or is_void "
        "union select part, line from verdicts where goes <> 'current'",
    )
    stands = f"{stage.sql} as s" + (" anti join excluded as x on s.part = x.part and s.line = x.line" if excluded else "")
    days = engine.rows(f"select s.day, count(*) as rows from {stands} group by s.day order by s.day").values
    if not days:
        return
    columns = ", ".join(readings[0].stored())
    queries = []
    for part, reading in enumerate(readings):
        kept = f" anti join (select line from excluded where part = {part}) as x on c.line = x.line" if excluded else ""
        queries.append(f"select {columns}, c.day as _day from ({reading.checked}) as c{kept}")
    rows = " union all ".join(queries)
    order = ", ".join(_order(contract))
    packed = _packed(days) if contract.is_daily else [(None, None)]
    if len(packed) == 1:
        first, last = packed[0]
        label = str(first) if first else "all"
        by_day = "" if first == last else "_day, "
        batch.add(table, f"select * exclude (_day) from ({rows}) order by {by_day}{order}", label=label, day=first, last=last)
    else:
        sorted_rows = batch.scratch()
        engine.connection.execute(
            f"copy (select * from ({rows}) order by _day, {order}) to {literal(sorted_rows)} (format parquet, compression lz4_raw)"
        )
        for first, last in packed:
            within = f"_day >= date '{first}' and _day <= date '{last}'"
            query = f"select * exclude (_day) from {parquet([sorted_rows])} where {within} order by _day, {order}"
            batch.add(table, query, label=str(first), day=first, last=last)
        sorted_rows.unlink()
    for day, _ in days:
        if day is not None:
            batch.publication.touch(table, day)


def _packed(days: Sequence[tuple[date, int]]) -> list[tuple[date | None, date | None]]:
    """Runs of days that share a file: within a month, and not too many rows."""
    runs: list[tuple[date, date, int]] = []
    for day, rows in days:
        if runs:
            first, _, sofar = runs[-1]
            if (first.year, first.month) == (day.year, day.month) and sofar + rows <= ROWS_OF_A_FILE:
                runs[-1] = (first, day, sofar + rows)
                continue
        runs.append((day, day, rows))
    return [(first, last) for first, last, _ in runs]


def _order(contract: Contract) -> list[str]:
    names = [contract.field(name).lake_name for name in contract.key if name not in (contract.user, "event_id")]
    if contract.day_column and contract.day_column not in names:
        names.insert(0, contract.field(contract.day_column).lake_name)
    return (["user_no"] if contract.user else []) + names


def _write_replaced(batch: Batch, contract: Contract, readings: Sequence[Reading], stage: _Stage) -> None:
    """Keep the versions that came too late to stand, and the rows that take a fact back."""
    engine = batch.engine
    aside = "select part, line from verdicts where goes = 'replaced' or (goes = 'current' and is_void)"
    if contract.is_event:
        aside += (
            f" union all select s.part, s.line from {stage.sql} as s anti join verdicts as v on s.part = v.part and s.line = v.line "
            "where s.fault is null and s.is_void"
        )
    engine.make("aside", aside)
    columns = ", ".join(readings[0].stored())
    void = "v_is_void" if contract.is_event else "false"
    parts = [part for (part,) in engine.rows("select distinct part from aside order by part").values]
    if not parts:
        engine.drop("aside")
        return
    rows = " union all ".join(
        f"select {columns}, {void} as is_void from ({readings[part].checked}) "
        f"where line in (select line from aside where part = {part})"
        for part in parts
    )
    path = batch.scratch()
    engine.write(rows, path)
    days = _days_of(batch, contract, f"select * from {parquet([path])}")
    batch.add(
        f"{contract.stored_name}_replaced",
        f"select * from {parquet([path])}",
        day=_first(contract, days),
        last=_last(contract, days),
    )
    path.unlink()
    engine.drop("aside")


def _add_index(batch: Batch, contract: Contract, stage: _Stage, index: Path | None) -> None:
    """Publish the new keys: all good rows of the batch but duplicates and conflicts."""
    if index is None:
        return
    engine, table = batch.engine, f"{contract.stored_name}_keys"
    rows = stage.good
    if engine.rows("select count(*) from verdicts where goes = 'nowhere'").scalar():
        index.unlink()
        rows = engine.write(
            f"select s.key, s.version, s.day from {stage.sql} as s anti join (select part, line from verdicts where goes = 'nowhere') as v "
            "on s.part = v.part and s.line = v.line where s.fault is null order by s.key",
            index,
        )
    batch.publication.add(table, index, rows=rows)


def _refuse(batch: Batch, readings: Sequence[Reading], stage: _Stage) -> None:
    """Fill `refused` (part, line, column_name, rule) with the rows that go to quarantine."""
    engine = batch.engine
    told = engine.rows(f"select distinct part, fault from {stage.sql} where fault is not null order by part, fault")
    names = []
    for part, code in told.values:
        fault = readings[part].faults[code - 1]
        names.append((part, code, fault.column, fault.rule))
    engine.table("fault_names", FAULT_NAMES, names)
    column = "'event_id'" if readings[0].contract.is_event else "cast(null as varchar)"
    engine.make(
        "refused",
        f"select s.part, s.line, f.column_name, f.rule from {stage.sql} as s "
        "inner join fault_names as f on s.part = f.part and s.fault = f.fault "
        f"union all select part, line, {column} as column_name, 'conflict' as rule from verdicts where counted = 'conflict'",
    )
    engine.drop("fault_names")


def _filed(batch: Batch, reading: Reading, stage: _Stage, part: int) -> Filed:
    engine = batch.engine
    rows, good = engine.rows(
        f"select count(*), count(case when fault is null then 1 end) from {stage.sql} where part = {part}"
    ).values[0]
    told = dict(engine.rows(f"select counted, count(*) from verdicts where part = {part} group by counted").values)
    rejected = engine.rows(f"select count(*) from {reading.raw.rejects}").scalar() if reading.raw.rejects else 0
    counts = Counts(
        read=rows + rejected,
        taken=good - sum(told.values()) + told.get("taken", 0),
        duplicate=told.get("duplicate", 0),
        corrected=told.get("corrected", 0),
        quarantined=rows - good + told.get("conflict", 0) + rejected,
    )
    return Filed(reading.contract.name, counts, problems_of(batch, reading, "refused", part))


def _tidy(batch: Batch, contract: Contract) -> None:
    """Merge the small files of what is not kept by day."""
    table, order = contract.stored_name, ", ".join(_order(contract))
    if contract.is_event:
        batch.tidy(f"{table}_keys", keys_schema(), "key")
    if not contract.is_daily:
        batch.tidy(table, lake_schema(contract), order)
    batch.tidy(f"{table}_replaced", replaced_schema(contract), order)
