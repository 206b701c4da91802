"""Foreign files and databases as raw rows: texts (or a Parquet file's own types) under the headings they came with.

CSV, Excel and PostgreSQL all become one Parquet file of texts in a working folder, with DuckDB reading set-wise and in bounded
memory; a Parquet file is read where it lies. What cannot be a row (too many fields, an open quote) is kept aside as a *reject*.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import secrets
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from springtide.analytics.engine import DuckEngine, Rows
from springtide.analytics.engine.duck import literal
from springtide.kernel.errors import BadInput

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
TEXT_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
EXCEL_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", *EXCEL_SUFFIXES)
CHUNK = 1 << 22
SAMPLE = 1 << 18
BAD_LINES_SHARE = 0.1  # with more undecodable lines than this the file is taken to be something else
EXACT_IN_A_FLOAT = 2**53


@dataclass(frozen=True)
class Heading:
    """A column of a raw source: its name in the file, its quoted name in SQL, and its DuckDB type."""

    name: str
    ident: str
    type: str


@dataclass(frozen=True)
class Raw:
    """A source whose rows can be queried.

    `relation` is what stands after FROM, `line` the expression of a row's line. `rejects` names an engine table (line, text) of
    lines that cannot be rows. `is_lossy`: undecodable bytes were replaced by U+FFFD. `is_text`: all its types are texts.
    """

    label: str
    relation: str
    line: str
    headings: tuple[Heading, ...]
    rows: int
    rejects: str | None = None
    is_lossy: bool = False
    is_text: bool = True


@dataclass(frozen=True)
class TextForm:
    """How a text file is written: its encoding, delimiter and headings."""

    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    is_lossy: bool = False


def suffix_of(path: Path) -> str:
    """The known ending of a file name, `.csv.gz` before `.gz`; empty when it is none of ours."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), "")


def open_file(
    engine: DuckEngine, path: Path, folder: Path, *, label: str, encoding: str = "", delimiter: str = "", sheet: str = ""
) -> Raw:
    """The rows of a file; what it needs on the way is written into `folder`.

    refuses    unknown_format     the ending is none of ours
               empty_file         there is nothing in it, not even headings
               damaged_file       half-written or cut off
               wrong_encoding     neither UTF-8, UTF-16 nor GB18030
               wrong_delimiter    the headings, or all lines, do not split into fields
               duplicate_column   two headings are the same
    """
    if path.stat().st_size == 0:
        raise BadInput(f"{label} is empty.", "Export it again: the first line must be the headings.", code="empty_file")
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return _open_parquet(engine, path, label)
    if suffix in EXCEL_SUFFIXES:
        plain = _scratch(folder, ".csv")
        _write_sheet(path, plain, label, sheet)
        return _open_text(engine, plain, folder, label, TextForm("utf-8", ",", _headings(plain, "utf-8", ",", label)))
    if suffix in TEXT_SUFFIXES:
        plain, form = plain_text(path, folder, label=label, encoding=encoding, delimiter=delimiter)
        return _open_text(engine, plain, folder, label, form)
    raise BadInput(
        f"{label} is not a file that can be imported.", f"Allowed are: {', '.join(SUFFIXES)}.", code="unknown_format"
    )


def open_query(engine: DuckEngine, dsn: str, query: str, folder: Path, *, label: str) -> Raw:
    """The rows of a PostgreSQL query, or of a table when `query` is its name, streamed out by COPY in a read-only transaction.

    refuses    no_postgres        psycopg is not installed
               database_refused   no connection, or the server refuses the query
    """
    try:
        import psycopg
        from psycopg import sql
    except ImportError as missing:
        raise BadInput(
            "Reading PostgreSQL needs psycopg.", "Install it with: pip install 'springtide[postgres]'", code="no_postgres"
        ) from missing
    plain = _scratch(folder, ".csv")
    is_name = all(part.isidentifier() for part in query.split("."))
    rows: sql.Composable = sql.SQL("table {}").format(sql.Identifier(*query.split("."))) if is_name else sql.SQL(query)
    try:
        with psycopg.connect(dsn, options="-c TimeZone=UTC -c DateStyle=ISO -c client_encoding=UTF8") as connection:
            connection.read_only = True
            statement = sql.SQL("copy ({}) to stdout (format csv, header)").format(rows)
            with plain.open("wb") as file, connection.cursor().copy(statement) as blocks:
                for block in blocks:
                    file.write(block)
    except psycopg.Error as refused:
        reason = str(refused).strip().splitlines()[0]
        raise BadInput(
            f"The database does not give {label}: {reason}.",
            "Check the address, the rights and the query.",
            code="database_refused",
        ) from refused
    return _open_text(engine, plain, folder, label, TextForm("utf-8", ",", _headings(plain, "utf-8", ",", label)))


def open_rows(engine: DuckEngine, path: Path, *, label: str, names: Sequence[str]) -> Raw:
    """Raw rows that we wrote ourselves: Parquet of texts `c0`, `c1` … with their own `_line`."""
    headings = tuple(Heading(name, f"c{number}", "VARCHAR") for number, name in enumerate(names))
    rows = engine.rows(f"select count(*) from read_parquet({literal(path)})").scalar()
    return Raw(label, f"read_parquet({literal(path)})", "_line", headings, rows)


def _scratch(folder: Path, suffix: str) -> Path:
    """A path in the working folder that nothing has."""
    return folder / f"{secrets.token_hex(8)}{suffix}"


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


# Parquet


def _open_parquet(engine: DuckEngine, path: Path, label: str) -> Raw:
    with damage_told(label):
        told = engine.rows(f"describe select * from read_parquet({literal(path)})")
        rows = engine.rows(f"select count(*) from read_parquet({literal(path)})").scalar()
    headings = tuple(Heading(str(name), quoted(str(name)), str(kind)) for name, kind, *_ in told.values)
    _no_duplicates([heading.name for heading in headings], label)
    relation = f"read_parquet({literal(path)}, file_row_number = true)"
    return Raw(label, relation, "file_row_number + 1", headings, rows, is_text=False)


@contextmanager
def damage_told(label: str) -> Iterator[None]:
    """DuckDB's complaints about a file's bytes, told as a damaged file."""
    try:
        yield
    except duckdb.Error as damage:
        # What a Parquet file's own decoders say has no class of its own.
        is_told = isinstance(damage, duckdb.IOException | duckdb.InvalidInputException | duckdb.SerializationException)
        if "No space left" in str(damage) or not (is_told or type(damage) is duckdb.Error):
            raise
        reason = str(damage).splitlines()[0].removeprefix("Invalid Input Error: ").removeprefix("IO Error: ")
        raise BadInput(
            f"{label} cannot be read to its end: {reason}", "It looks half-written; export it again.", code="damaged_file"
        ) from damage


# Text


def plain_text(path: Path, folder: Path, *, label: str, encoding: str = "", delimiter: str = "") -> tuple[Path, TextForm]:
    """The file as plain UTF-8 (itself, or a copy in `folder`), and how it was written."""
    plain = path
    if path.name.lower().endswith(".gz"):
        plain = _scratch(folder, ".text")
        _unpack(path, plain, label)
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError as unknown:
            raise BadInput(
                f"There is no encoding '{encoding}'.", "Write utf-8, gb18030 or utf-16.", code="unknown_encoding"
            ) from unknown
        is_lossy = encoding.lower().replace("-", "") in ("utf8", "utf8sig") and not _decodes(plain, "utf-8")
    else:
        encoding, is_lossy = _encoding_of(plain, label)
    if is_lossy or encoding not in ("utf-8", "utf-8-sig"):
        copy = _scratch(folder, ".utf8")
        _transcode(plain, copy, encoding, label, errors="replace" if is_lossy else "strict")
        plain = copy
    found = _delimiter_of(plain, label, delimiter)
    return plain, TextForm(encoding, found, _headings(plain, "utf-8-sig", found, label), is_lossy)


def first_rows(path: Path, folder: Path, *, label: str, form: TextForm, limit: int) -> list[list[str]]:
    """The first rows of a plain text file, as lists of texts."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=form.delimiter)
        next(rows, None)
        return [row for _, row in zip(range(limit), rows, strict=False)]


def _open_text(engine: DuckEngine, plain: Path, folder: Path, label: str, form: TextForm) -> Raw:
    """Read a plain UTF-8 text file into one Parquet file of texts, its rejects aside."""
    raw, kept = _scratch(folder, ".parquet"), _scratch(folder, ".parquet")
    count = len(form.headings)
    for rule in ("true", "false"):  # lines that end now one way, now the other, are read in the second go only
        try:
            with damage_told(label):
                rows, rejects = _read_csv(engine, plain, raw, form, count, strict=rule)
            break
        except BadInput as unreadable:
            if rule == "false" or "state machine" not in unreadable.message:
                raise
    headings = tuple(Heading(name, f"c{number}", "VARCHAR") for number, name in enumerate(form.headings))
    if rejects is None:
        relation = f"read_parquet({literal(raw)}, file_row_number = true)"
        return Raw(label, relation, "file_row_number + 2", headings, rows, is_lossy=form.is_lossy)
    if rows == 0:
        told = engine.rows(f"select count(*), min(line), min_by(text, line) from {rejects}").values[0]
        raise BadInput(
            f"None of the {told[0]:,} lines of {label} splits into the {count} fields of its heading; "
            f"line {told[1]} is {told[2][:120]!r}.",
            f"The heading is separated by {DELIMITERS.get(form.delimiter, repr(form.delimiter))}: use one of "
            f"{', '.join(DELIMITERS.values())} throughout.",
            code="wrong_delimiter",
        )
    # Rows after a reject lie further down than they count: give each its own line.
    engine.connection.execute(
        f"""
        copy (
            with passed as (
                select line - row_number() over (order by line) - 1 as before, row_number() over (order by line) as skipped
                from {rejects}
            ),
            skips as (select before, max(skipped) as skipped from passed group by before)
            select r.* exclude (file_row_number), r.file_row_number + 2 + coalesce(s.skipped, 0) as _line
            from read_parquet({literal(raw)}, file_row_number = true) as r
            asof left join skips as s on r.file_row_number >= s.before
        ) to {literal(kept)} (format parquet, compression snappy)
        """
    )
    raw.unlink()
    return Raw(label, f"read_parquet({literal(kept)})", "_line", headings, rows, rejects, form.is_lossy)


def _read_csv(engine: DuckEngine, plain: Path, raw: Path, form: TextForm, count: int, *, strict: str) -> tuple[int, str | None]:
    name = f"rejects_{raw.stem}"
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(count))
    for table in (name, f"{name}_scans"):
        engine.connection.execute(f"drop table if exists {table}")
    answer = engine.connection.execute(
        f"""
        copy (
            select *
            from read_csv(
                {literal(plain)}, columns = {{{columns}}}, header = true, delim = {literal(form.delimiter)},
                quote = '"', escape = '"', auto_detect = false, nullstr = ['', '\\N'], strict_mode = {strict},
                store_rejects = true, rejects_table = '{name}', rejects_scan = '{name}_scans'
            )
        ) to {literal(raw)} (format parquet, compression snappy)
        """
    ).fetchone()
    engine.connection.execute(
        f"create or replace temp table {name}_lines as select line, any_value(csv_line) as text from {name} group by line"
    )
    for table in (name, f"{name}_scans"):
        engine.connection.execute(f"drop table {table}")
    rejected = engine.rows(f"select count(*) from {name}_lines").scalar()
    return int(answer[0]) if answer else 0, f"{name}_lines" if rejected else None


def _unpack(path: Path, plain: Path, label: str) -> None:
    try:
        with gzip.open(path) as packed, plain.open("wb") as file:
            while chunk := packed.read(CHUNK):
                file.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as cut:
        raise BadInput(f"{label} is cut off or no gzip file.", "Export it again.", code="damaged_file") from cut
    if plain.stat().st_size == 0:
        raise BadInput(f"{label} is empty.", "Export it again: the first line must be the headings.", code="empty_file")


def _encoding_of(plain: Path, label: str) -> tuple[str, bool]:
    """The encoding of a text file, and whether some of its bytes are beyond it."""
    with plain.open("rb") as file:
        head = file.read(SAMPLE)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    first, second = head[0::2].count(b"\0"), head[1::2].count(b"\0")
    if max(first, second) > len(head) // 4 and min(first, second) == 0:
        return ("utf-16-le" if second else "utf-16-be"), False
    if b"\0" in head[:1024]:
        raise BadInput(f"{label} is not text.", f"Allowed are: {', '.join(SUFFIXES)}.", code="wrong_encoding")
    if _decodes(plain, "utf-8"):
        return "utf-8", False
    if _decodes(plain, "gb18030") and _looks_chinese(plain):
        return "gb18030", False
    bad, lines, first = _undecodable_lines(plain)
    if bad <= max(1, lines * BAD_LINES_SHARE) and bad < lines:
        return "utf-8", True
    raise BadInput(
        f"{label} is neither UTF-8, UTF-16 nor GB18030: {bad:,} of {lines:,} lines cannot be read, the first is line {first}.",
        "Save it as UTF-8, or name its encoding in a mapping (encoding: big5).",
        code="wrong_encoding",
    )


def _decodes(plain: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with plain.open("rb") as file:
            while chunk := file.read(CHUNK):
                if encoding == "utf-8" and chunk.isascii() and not decoder.getstate()[0]:
                    continue
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(plain: Path) -> bool:
    """GB18030 can decode nearly anything; what was written in it consists of the common characters."""
    common = total = 0
    with plain.open("rb") as file:
        decoder = codecs.getincrementaldecoder("gb18030")()
        while chunk := file.read(CHUNK):
            foreign = [letter for letter in decoder.decode(chunk) if letter > "\x7f"]
            total += len(foreign)
            common += sum(_is_common(letter) for letter in foreign)
            if total > 100_000:
                break
    return common >= 0.9 * total


def _is_common(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _undecodable_lines(plain: Path) -> tuple[int, int, int]:
    bad = lines = first = 0
    with plain.open("rb") as file:
        for line in file:
            lines += 1
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                bad += 1
                first = first or lines
    return bad, lines, first


def _transcode(plain: Path, copy: Path, encoding: str, label: str, *, errors: str) -> None:
    try:
        with (
            plain.open(encoding=encoding, errors=errors, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while chunk := source.read(CHUNK):
                target.write(chunk)
    except UnicodeError as bad:
        raise BadInput(
            f"{label} is not {encoding}: {bad}.", "Name its true encoding in the mapping.", code="wrong_encoding"
        ) from bad


def _delimiter_of(plain: Path, label: str, wanted: str) -> str:
    """The delimiter that splits the heading into most fields."""
    with plain.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(SAMPLE)
    if not head.strip():
        raise BadInput(f"{label} is empty.", "Export it again: the first line must be the headings.", code="empty_file")
    fields = {
        delimiter: len(next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), [])) for delimiter in DELIMITERS
    }
    best = max(fields, key=lambda delimiter: fields[delimiter])
    if wanted and fields.get(wanted, 0) < fields[best]:
        raise BadInput(
            f"The mapping says that {label} is separated by {DELIMITERS.get(wanted, repr(wanted))}, but its heading is "
            f"{head.splitlines()[0][:120]!r}.",
            f"It looks separated by {DELIMITERS[best]}: mend the mapping's delimiter.",
            code="wrong_delimiter",
        )
    if wanted:
        return wanted
    heading = head.splitlines()[0]
    if fields[best] < 2 and not heading.strip().strip('"').replace("_", "").isalnum():
        raise BadInput(
            f"The heading of {label} does not split into columns: {heading[:120]!r}.",
            f"Separate columns by {', '.join(DELIMITERS.values())}.",
            code="wrong_delimiter",
        )
    return best


def _headings(plain: Path, encoding: str, delimiter: str, label: str) -> tuple[str, ...]:
    with plain.open(encoding=encoding, newline="") as file:
        names = [name.strip() for name in next(csv.reader(file, delimiter=delimiter), [])]
    if not any(names):
        raise BadInput(f"{label} has no headings.", "The first line must name the columns.", code="empty_file")
    names = [name or f"column {number}" for number, name in enumerate(names, 1)]
    _no_duplicates(names, label)
    return tuple(names)


def _no_duplicates(names: Sequence[str], label: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"{label} has two columns '{twice[0]}'.", "Rename one of them.", code="duplicate_column")


# Excel


def sheet_names(path: Path, label: str) -> list[str]:
    """The names of a workbook's sheets."""
    with _workbook(path, label) as book:
        return list(book.sheet_names)


@contextmanager
def _workbook(path: Path, label: str) -> Iterator[Any]:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as damage:
        raise BadInput(
            f"{label} is not a workbook that can be read.", "Save it again as .xlsx.", code="damaged_file"
        ) from damage
    with book:
        yield book


def _write_sheet(path: Path, plain: Path, label: str, sheet: str) -> None:
    """One sheet of a workbook as CSV: the named one, else the first."""
    with _workbook(path, label) as book:
        names = list(book.sheet_names)
        if sheet and sheet not in names:
            raise BadInput(f"{label} has no sheet '{sheet}'.", f"It has: {', '.join(names)}.", code="unknown_sheet")
        rows = book.get_sheet_by_name(sheet or names[0]).iter_rows()
        with plain.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            width = 0
            for row in rows:
                texts = [_cell(value) for value in row]
                if not width:
                    while texts and not texts[-1]:
                        texts.pop()
                    width = len(texts)
                    if not width:
                        continue
                elif not any(texts):
                    texts = [""] * width  # keeps the line numbers of what follows
                out.writerow((texts + [""] * width)[:width] if not any(texts[width:]) else texts)
    if plain.stat().st_size == 0:
        raise BadInput(f"{label} is empty.", "The first row must be the headings.", code="empty_file")


def _cell(value: object) -> str:
    """A cell as text. A whole number beyond 2^53 has lost digits already: written with an exponent, a check finds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_IN_A_FLOAT else repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < EXACT_IN_A_FLOAT else repr(float(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return str(value)


def sample(engine: DuckEngine, raw: Raw, limit: int) -> Rows:
    """The first rows of a source as texts, under their own headings."""
    picked = ", ".join(f"cast({heading.ident} as varchar) as {quoted(heading.name)}" for heading in raw.headings)
    return engine.rows(f"select {picked} from {raw.relation} order by {raw.line} limit {limit}")


def limited(raw: Raw, rows: int) -> Raw:
    """The same source cut to its first rows."""
    if raw.rows <= rows:
        return raw
    first = 1 if not raw.is_text else 2
    return replace(raw, relation=f"(select * from {raw.relation} where {raw.line} < {first + rows})", rows=rows)
