"""Quarantine: rows that break a rule, kept as they came, with the reason, until they are offered again.

The table says what is refused as things stand: a row that is imported again and still breaks its rule is not listed twice, and one
that goes in leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from springtide.analytics.engine.duck import literal
from springtide.analytics.facts.batch import Batch, parquet
from springtide.analytics.facts.checking import Reading
from springtide.analytics.facts.contracts import QUARANTINE, QUARANTINE_SCHEMA

VALUE_LENGTH = 200  # of the value seen; the row itself is kept whole
COLUMNS = ", ".join(column.name for column in QUARANTINE_SCHEMA)
IDENTITY = ("table_name", "file", "line", "row")


def quarantine(batch: Batch, readings: Sequence[Reading]) -> None:
    """Bring the quarantine up to date with what was just read. Reads `refused` (part, line, column_name, rule)."""
    engine = batch.engine
    refused = int(engine.rows("select count(*) from refused").scalar())
    rejected = [reading for reading in readings if reading.raw.rejects]
    files = batch.files(QUARANTINE)
    if not files and not refused and not rejected:
        return
    path = batch.scratch()
    engine.write(_rows(batch, readings, only_rejects=not refused), path)
    now_refused = f"(select * from {parquet([path])})"
    if not files:
        batch.add(QUARANTINE, f"select {COLUMNS} from {now_refused} order by table_name, file, line")
        path.unlink()
        return
    _known(batch, readings)
    same = " and ".join(f"n.{name} = k.{name}" for name in IDENTITY)
    alike = f"{same} and n.rule = k.rule and n.column_name is not distinct from k.column_name"
    # A known entry leaves when the row it tells of was read again and is not refused for the same reason.
    engine.make(
        "settled",
        f"select {', '.join(f'k.{name}' for name in IDENTITY)} from known as k anti join {now_refused} as n on {alike} where k.is_read",
    )
    _drop_settled(batch)
    added = (
        f"select {', '.join(f'n.{c.name}' for c in QUARANTINE_SCHEMA)} from {now_refused} as n anti join known as k on {alike}"
    )
    batch.add(QUARANTINE, f"{added} order by table_name, file, line")
    batch.tidy(QUARANTINE, QUARANTINE_SCHEMA, "table_name, file, line")
    engine.drop("known", "settled")
    path.unlink()


def _rows(batch: Batch, readings: Sequence[Reading], *, only_rejects: bool) -> str:
    """The query of everything that is refused now, as rows of the quarantine."""
    queries = []
    for part, reading in enumerate(readings):
        about = f"{literal(reading.contract.name)} as table_name, {literal(reading.raw.label)} as file"
        end = f"{literal(reading.mapping)} as mapping, {batch.instant} as imported_at"
        if not only_rejects:
            seen = " ".join(
                f"when {literal(field.name)} then cast(c.r_{field.name} as varchar)" for field in reading.contract.fields
            )
            queries.append(
                f"select {about}, c.line, f.column_name, left(case f.column_name {seen} end, {VALUE_LENGTH}) as value, f.rule, "
                f"c.row, {end} from ({reading.typed}) as c "
                f"inner join (select * from refused where part = {part}) as f on c.line = f.line"
            )
        if reading.raw.rejects:
            queries.append(
                f"select {about}, line, cast(null as varchar) as column_name, left(text, {VALUE_LENGTH}) as value, 'layout' as rule, "
                f"cast(json_object('text', text) as varchar) as row, {end} from {reading.raw.rejects}"
            )
    return " union all ".join(queries) or f"select {COLUMNS} from (select {_nothing()}) limit 0"


def _nothing() -> str:
    return ", ".join(f"cast(null as {column.type}) as {column.name}" for column in QUARANTINE_SCHEMA)


def _known(batch: Batch, readings: Sequence[Reading]) -> None:
    """Fill `known` with the entries of the files that were read; `is_read` says that the same row was there again."""
    engine = batch.engine
    table = literal(readings[0].contract.name)
    labels = ", ".join(literal(reading.raw.label) for reading in readings)
    source = batch.source(batch.files(QUARANTINE))
    engine.make("listed", f"select * from {source} where table_name = {table} and file in ({labels})")
    seen = " union all ".join(
        f"select {literal(reading.raw.label)} as file, line, row from ({reading.typed}) "
        f"where line in (select line from listed where file = {literal(reading.raw.label)})"
        for reading in readings
    )
    engine.make(
        "known",
        f"select l.*, s.line is not null as is_read from listed as l "
        f"left join (select distinct file, line, row from ({seen})) as s on l.file = s.file and l.line = s.line and l.row = s.row",
    )
    engine.drop("listed")


def _drop_settled(batch: Batch) -> None:
    engine = batch.engine
    if not engine.rows("select count(*) from settled").scalar():
        return
    files = batch.files(QUARANTINE)
    same = " and ".join(f"q.{name} = s.{name}" for name in IDENTITY)
    hit = engine.rows(
        f"select distinct q.filename from {batch.source(files, named=True)} as q semi join settled as s on {same}"
    )
    names = {Path(name).name for (name,) in hit.values}
    for file in files:
        if Path(file.path).name in names:
            picked = ", ".join(f"q.{column.name}" for column in QUARANTINE_SCHEMA)
            batch.replace(
                QUARANTINE, [file], f"select {picked} from {batch.source([file])} as q anti join settled as s on {same}"
            )
