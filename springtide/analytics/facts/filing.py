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
from springtide.analytics.lake import LakeFile

VERDICTS: Schema = (
    Column("part", "smallint", False),
    Column("line", "bigint", False),
    Column("key", "uuid", False),
    Column("version", "integer", False),
    Column("day", "date"),
    Column("is_void", "boolean", False),
    Column("counted", "varchar", False, "taken, duplicate, corrected, conflict"),
    Column("goes", "varchar", False, "current, replaced, nowhere"),
)
FAULT_NAMES: Schema = (
    Column("part", "smallint", False),
    Column("fault", "smallint", False),
    Column("column_name", "varchar"),
    Column("rule", "varchar", False),
)
SOURCES_AT_ONCE = 8  # small files read and checked in one statement
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
    """Every row of a batch as it may go into the lake, with what decides on it beside: _part, _line, _fault, _key, _day, _void."""

    paths: tuple[Path, ...]
    good: int
    voids: int

    @property
    def sql(self) -> str:
        return parquet(self.paths)


def file_rows(batch: Batch, readings: Sequence[Reading]) -> list[Filed]:
    """File the rows of sources of one table into the publication; one answer per source, in their order.

    writes    `<table>`, `<table>_keys`, `<table>_replaced`, `quarantine`; touches every day that changed
    """
    contract = readings[0].contract
    batch.stands("checking", 0.0, 0.5)
    stage = _stage(batch, contract, readings)
    batch.stands("comparing", 0.5, 0.6)
    index = _write_index(batch, contract, stage)
    matched = _matched(batch, contract, stage, index)
    _verdicts(batch, contract, stage, matched=matched)
    if matched:
        _remove_gone(batch, contract)
    _write_current(batch, contract, stage)
    _write_replaced(batch, contract, stage)
    if contract.is_event:
        _add_index(batch, contract, stage, index)
    elif index:
        index.unlink()
    _refuse(batch, readings, stage)
    filed = [_filed(batch, reading, stage, part) for part, reading in enumerate(readings)]
    quarantine(batch, readings)
    _tidy(batch, contract)
    batch.engine.drop("verdicts", "excluded", "known", "gone", "refused")
    for path in stage.paths:
        path.unlink()
    return filed


def _stage(batch: Batch, contract: Contract, readings: Sequence[Reading]) -> _Stage:
    """Read, check and type every row once; all that follows reads the outcome."""
    void = "v_is_void" if contract.is_event else "false"
    # What is checked alike is checked together: every check holds all users in memory. Not too many at once: so does every source
    # hold a block for each column that is being written.
    alike: dict[tuple[object, ...], tuple[Reading, list[str]]] = {}
    for part, reading in enumerate(readings):
        _, typed = alike.setdefault((part // SOURCES_AT_ONCE, *reading.checked_alike), (reading, []))
        typed.append(f"select cast({part} as smallint) as _part, * from ({reading.typed})")
    paths = []
    for reading, typed in alike.values():
        paths.append(batch.scratch())
        query = (
            f"select _part, line as _line, fault as _fault, {checking.staged_key(contract)} as _key, day as _day, {void} as _void, "
            f"{', '.join(reading.stored())} from ({reading.check(' union all '.join(typed))})"
        )
        batch.engine.connection.execute(f"copy ({query}) to {literal(paths[-1])} (format parquet, compression lz4_raw)")
    [(good, voids)] = batch.engine.rows(
        f"select count(*), count(case when _void then 1 end) from {parquet(paths)} where _fault is null"
    ).values
    return _Stage(tuple(paths), good, voids)


# Which keys come up again


def _write_index(batch: Batch, contract: Contract, stage: _Stage) -> Path | None:
    """The keys of the good rows, sorted: for facts already where the index will keep them."""
    if not stage.good:
        return None
    path = batch.publication.new_path(f"{contract.stored_name}_keys") if contract.is_event else batch.scratch()
    rows = f"select _key as key, version, _day as day from {stage.sql} where _fault is null order by _key"
    batch.engine.write(rows, path)
    return path


def _matched(batch: Batch, contract: Contract, stage: _Stage, index: Path | None) -> int:
    """Fill `matched` with the keys that come up twice in the batch or are known, and count them."""
    engine = batch.engine
    engine.connection.execute("create or replace temp table matched (key uuid)")
    if index is None:
        return 0
    known = _known_keys(batch, contract, stage)
    steps = -(-stage.good // KEYS_AT_ONCE)
    edges = [f"{step * 2**128 // steps:032x}" for step in range(steps)] + ["f" * 32]
    for step in range(steps):
        last = "<=" if step == steps - 1 else "<"
        within = f"key >= cast('{edges[step]}' as uuid) and key {last} cast('{edges[step + 1]}' as uuid)"
        new = f"(select key from {parquet([index])} where {within})"
        again = f"select key from {new} group by key having count(*) > 1"
        if known:
            again += f" union select key from {known} where {within} and key in (select key from {new})"
        engine.connection.execute(f"insert into matched {again}")
    engine.drop("known_rows")
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
    told = batch.engine.rows(f"select distinct _day from {stage.sql} where _fault is null order by _day")
    return [day for (day,) in told.values]


# What becomes of them


def _verdicts(batch: Batch, contract: Contract, stage: _Stage, *, matched: int) -> None:
    """Fill `verdicts` (part, line, key, version, day, is_void, counted, goes) for the rows whose key comes up again."""
    engine = batch.engine
    if not matched:
        engine.table("verdicts", VERDICTS, ())
        return
    engine.make(
        "candidates",
        "select _part as part, _line as line, _key as key, version, _day as day, _void as is_void, "
        f"{checking.row_content(contract, '_void')} as content "
        f"from {stage.sql} where _fault is null and _key in (select key from matched)",
    )
    _known(batch, contract, stage)
    engine.make("verdicts", _FACT_VERDICTS if contract.is_event else _ROW_VERDICTS)
    engine.drop("candidates", "matched")


def _known(batch: Batch, contract: Contract, stage: _Stage) -> None:
    """Fill `known` (key, version, day, content) with the known rows of matched keys: of facts, every version there ever was."""
    engine, table = batch.engine, contract.stored_name
    key = checking.lake_key(contract)

    def rows(files: Sequence[LakeFile], void: str, keys: str) -> str:
        said = checking.row_content(contract, void)
        return f"select {key} as key, version, {said} as content from {batch.source(files)} where {key} in (select key from {keys})"

    if not contract.is_event:
        files = batch.files(table, _days_in_key(batch, contract, stage))
        engine.make(
            "known", f"select *, cast(null as date) as day from ({rows(files, 'false', 'matched') if files else NO_CONTENT})"
        )
        return
    index = batch.files(f"{table}_keys")
    hits = f"select key, version, day from {batch.source(index)} where key in (select key from matched)" if index else NO_HITS
    engine.make("hits", hits)
    days = [day for (day,) in engine.rows("select distinct day from hits order by day").values]
    found = [
        rows(files, void, "hits")
        for name, void in ((table, "false"), (f"{table}_replaced", "is_void"))
        if (files := batch.files(name, days))
    ]
    contents = " union all ".join(found) or NO_CONTENT
    engine.make("known", f"select h.*, c.content from hits as h left join ({contents}) as c using (key, version)")
    engine.drop("hits")


NO_HITS = "select cast(null as uuid) as key, 0 as version, cast(null as date) as day limit 0"
NO_CONTENT = "select cast(null as uuid) as key, 0 as version, cast(null as uuid) as content limit 0"


def _remove_gone(batch: Batch, contract: Contract) -> None:
    """Take the rows that something newer replaces out of their files, and keep them with the replaced."""
    engine, table = batch.engine, contract.stored_name
    gone = engine.make(
        "gone",
        "select k.key, arg_max(k.day, k.version) as day from known as k "
        "where k.key in (select key from verdicts where goes = 'current') group by k.key",
    )
    if not gone:
        return
    days = [day for (day,) in engine.rows("select distinct day from gone where day is not null").values] or None
    files = batch.files(table, days)
    if not files:
        return
    is_gone = f"{checking.lake_key(contract)} in (select key from gone)"
    hit = engine.rows(f"select distinct filename from {batch.source(files, named=True)} where {is_gone}")
    names = {Path(name).name for (name,) in hit.values}
    affected = [file for file in files if Path(file.path).name in names]
    if not affected:
        return
    columns = ", ".join(column.name for column in lake_schema(contract))
    old = f"select {columns} from {batch.source(affected)} where {is_gone}"
    touched = _days_of(batch, contract, old)
    first, last = _span(contract, touched)
    batch.add(f"{table}_replaced", f"select *, false as is_void from ({old})", day=first, last=last)
    for file in affected:
        batch.replace(table, [file], f"select {columns} from {batch.source([file])} where not ({is_gone})", part=file.part)
    for day in touched:
        batch.publication.touch(table, day)


def _days_of(batch: Batch, contract: Contract, rows: str) -> list[date]:
    """The days of lake rows."""
    if contract.day_column is None:
        return []
    field = contract.field(contract.day_column)
    day = field.lake_name if field.kind == "day" else checking.day_sql(field.lake_name, batch.zone)
    return [one for (one,) in batch.engine.rows(f"select distinct {day} as day from ({rows}) order by day").values]


def _span(contract: Contract, days: Sequence[date]) -> tuple[date | None, date | None]:
    """The days between which a file's rows lie, where its table is kept by day."""
    return (min(days), max(days)) if days and contract.is_daily else (None, None)


# Writing


def _write_current(batch: Batch, contract: Contract, stage: _Stage) -> None:
    """Write the rows that stand, sorted by user and time within a day, in files by day."""
    engine, table = batch.engine, contract.stored_name
    excluded = engine.make(
        "excluded",
        f"select _part as part, _line as line from {stage.sql} where _fault is not null or _void "
        "union select part, line from verdicts where goes <> 'current'",
    )
    stands = f"{stage.sql} as s" + (" anti join excluded as x on s._part = x.part and s._line = x.line" if excluded else "")
    days = engine.rows(f"select s._day, count(*) as rows from {stands} group by s._day order by s._day").values
    if not days:
        return
    columns = ", ".join(f"s.{column.name}" for column in lake_schema(contract))
    order = ", ".join(f"s.{name}" for name in _order(contract))
    runs = _packed(days) if contract.is_daily else []
    if len(runs) > 1 and not _reads_by_day(batch, stage, runs):
        path = batch.scratch()
        engine.connection.execute(
            f"copy (select s.* from {stands} order by s._day, {order}) to {literal(path)} (format parquet, compression lz4_raw)"
        )
        stands = f"{parquet([path])} as s"
    spans: Sequence[tuple[date | None, date | None]] = runs or [(None, None)]
    for number, (first, last) in enumerate(spans):
        batch.stands("writing", 0.6 + 0.4 * number / len(spans), 0.6 + 0.4 * (number + 1) / len(spans))
        within = f"where s._day >= date '{first}' and s._day <= date '{last}'" if len(runs) > 1 else ""
        by_day = "" if first == last else "s._day, "
        query = f"select {columns} from {stands} {within} order by {by_day}{order}"
        batch.add(table, query, label=str(first or "all"), day=first, last=last)
    for day, _ in days:
        if day is not None:
            batch.publication.touch(table, day)


def _packed(days: Sequence[tuple[date, int]]) -> list[tuple[date, date]]:
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


def _reads_by_day(batch: Batch, stage: _Stage, runs: Sequence[tuple[date, date]]) -> bool:
    """Can each run of days be read from a few row groups? So it is where a source is written in the order of time."""
    told = batch.engine.rows(
        "select cast(stats_min_value as date), cast(stats_max_value as date) "
        f"from parquet_metadata([{', '.join(map(literal, stage.paths))}]) where path_in_schema = '_day'"
    )
    groups = [(first, last) for first, last in told.values if first and last]
    reads = sum(group[0] <= run[1] and run[0] <= group[1] for run in runs for group in groups)
    return len(groups) == len(told.values) and reads <= 2 * (len(groups) + len(runs))


def _order(contract: Contract) -> list[str]:
    names = [contract.field(name).lake_name for name in contract.key if name not in (contract.user, "event_id")]
    if contract.day_column:
        day = contract.field(contract.day_column).lake_name
        names = [day, *(name for name in names if name != day)]
    return (["user_no"] if contract.user else []) + names


def _write_replaced(batch: Batch, contract: Contract, stage: _Stage) -> None:
    """Keep the versions that came too late to stand, and the rows that take a fact back."""
    if not stage.voids and not batch.engine.rows("select count(*) from verdicts where goes = 'replaced'").scalar():
        return
    columns = ", ".join(f"s.{column.name}" for column in lake_schema(contract))
    rows = (
        f"select {columns}, s._void as is_void from {stage.sql} as s "
        "left join verdicts as v on s._part = v.part and s._line = v.line "
        "where s._fault is null and (v.goes = 'replaced' or (s._void and coalesce(v.goes, 'current') = 'current'))"
    )
    batch.engine.make("aside", rows)
    first, last = _span(contract, _days_of(batch, contract, "select * from aside"))
    batch.add(f"{contract.stored_name}_replaced", "select * from aside", day=first, last=last)
    batch.engine.drop("aside")


def _add_index(batch: Batch, contract: Contract, stage: _Stage, index: Path | None) -> None:
    """Publish the new keys: those of all good rows but duplicates and conflicts."""
    if index is None:
        return
    engine, rows = batch.engine, stage.good
    if engine.rows("select count(*) from verdicts where goes = 'nowhere'").scalar():
        index.unlink()
        rows = engine.write(
            f"select s._key as key, s.version, s._day as day from {stage.sql} as s "
            "anti join (select part, line from verdicts where goes = 'nowhere') as v on s._part = v.part and s._line = v.line "
            "where s._fault is null order by s._key",
            index,
        )
    batch.publication.add(f"{contract.stored_name}_keys", index, rows=rows)


# What is refused, and the summary


def _refuse(batch: Batch, readings: Sequence[Reading], stage: _Stage) -> None:
    """Fill `refused` (part, line, column_name, rule) with the rows that go to quarantine."""
    engine = batch.engine
    told = engine.rows(f"select distinct _part, _fault from {stage.sql} where _fault is not null order by _part, _fault")
    names = []
    for part, code in told.values:
        fault = readings[part].faults[code - 1]
        names.append((part, code, fault.column, fault.rule))
    engine.table("fault_names", FAULT_NAMES, names)
    column = "'event_id'" if readings[0].contract.is_event else "cast(null as varchar)"
    engine.make(
        "refused",
        f"select s._part as part, s._line as line, f.column_name, f.rule from {stage.sql} as s "
        "inner join fault_names as f on s._part = f.part and s._fault = f.fault "
        f"union all select part, line, {column} as column_name, 'conflict' as rule from verdicts where counted = 'conflict'",
    )
    engine.drop("fault_names")


def _filed(batch: Batch, reading: Reading, stage: _Stage, part: int) -> Filed:
    engine = batch.engine
    [(rows, good)] = engine.rows(
        f"select count(*), count(case when _fault is null then 1 end) from {stage.sql} where _part = {part}"
    ).values
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
