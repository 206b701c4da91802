"""Many rows into one table in one go: COPY on PostgreSQL, one prepared statement on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from django.db import connection, models, transaction

AT_ONCE: Final = 10_000  # rows that one call of SQLite's driver is handed
TAKEN_AS_THEY_ARE: Final = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)


def insert_many(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, skip_known: bool = False
) -> int:
    """How many of `rows` were written, all in the caller's transaction; nothing is written when one of them cannot be.

    rows          read while the database waits for them: what makes them must not ask it anything
    columns       names of the model's fields, `_id` for a row of another table, in the order of each row's values; a field that
                  is left out gets its default, the same for every row
    skip_known    leave out rows of which a unique value is there already, instead of failing
    """
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    left_out = [each for each in model._meta.concrete_fields if each not in fields and not isinstance(each, models.AutoField)]
    prepared = _prepared(rows, fields, [each.get_db_prep_save(each.get_default(), connection) for each in left_out])
    names = ", ".join(connection.ops.quote_name(each.column) for each in (*fields, *left_out))
    table = connection.ops.quote_name(model._meta.db_table)
    with transaction.atomic():
        write = _copied if connection.vendor == "postgresql" else _executed
        return write(table, names, prepared, skip_known=skip_known)


def _prepared(rows: Iterable[Sequence[Any]], fields: Sequence[Any], defaults: Sequence[Any]) -> Iterator[list[Any]]:
    convert = [(at, _preparing(field)) for at, field in enumerate(fields) if not isinstance(field, TAKEN_AS_THEY_ARE)]
    for row in rows:
        values = list(row)
        for at, prepare in convert:
            values[at] = prepare(values[at])
        values += defaults
        yield values


def _preparing(field: Any) -> Callable[[Any], Any]:
    """What turns a value of the field into the driver's. Many rows share few dates, so those are turned once."""

    def prepare(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    return lru_cache(maxsize=1024)(prepare) if isinstance(field, models.DateField) else prepare


def _copied(table: str, names: str, rows: Iterable[Sequence[Any]], *, skip_known: bool) -> int:
    into = "rows_to_insert" if skip_known else table
    with connection.cursor() as cursor:
        if skip_known:
            cursor.execute(f"create temporary table {into} on commit drop as select {names} from {table} limit 0")
        with connection.wrap_database_errors, cursor.copy(f"copy {into} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        if skip_known:
            cursor.execute(f"insert into {table} ({names}) select {names} from {into} on conflict do nothing")
        written = int(cursor.rowcount)
        if skip_known:
            cursor.execute(f"drop table {into}")
    return written


def _executed(table: str, names: str, rows: Iterator[Sequence[Any]], *, skip_known: bool) -> int:
    values = ", ".join(["%s"] * (names.count(", ") + 1))
    statement = f"insert into {table} ({names}) values ({values})" + (" on conflict do nothing" if skip_known else "")
    written = 0
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, AT_ONCE)):
            cursor.executemany(statement, chunk)
            written += int(cursor.rowcount)
    return written
