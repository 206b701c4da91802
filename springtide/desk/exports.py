"""Lists as files: ids as text, hostile text as text, every row that the count promised."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from springtide.desk.selections import Asked
from springtide.desk.tiles import Column
from springtide.desk.words import Labels
from springtide.home import Home
from springtide.home.users import Selection
from springtide.kernel.errors import BadInput

FORMATS = {"csv": "CSV", "xlsx": "Excel"}
MOST = {"csv": 1_000_000, "xlsx": 200_000}  # users in one file; more of Excel would keep the page waiting for minutes
AT_ONCE = 50_000
# What a spreadsheet would take for the beginning of a formula. In a CSV nothing says that a cell is text, so a quote goes before it.
LIVE = ("=", "+", "-", "@", "\t", "\r")


def refuse_unknown(form: str) -> None:
    """Refuse a kind of file that lists are not written as.

    refuses    unknown_format
    """
    if form not in FORMATS:
        raise BadInput(f"Lists are not exported as {form}.", "Choose csv or xlsx.", code="unknown_format")


def refuse_too_many(form: str, users: int) -> None:
    """Refuse a file that a spreadsheet could not open.

    refuses    too_many_users
    """
    if users > MOST[form]:
        raise BadInput(
            f"This list has {users:,} users; a file of this kind holds {MOST[form]:,}.",
            "Export as CSV, or narrow the list with the filters." if form == "xlsx" else "Narrow the list with the filters.",
            code="too_many_users",
        )


def response(
    home: Home, asked: Asked, labels: Labels, columns: Sequence[Column], *, form: str, left_out: Sequence[str]
) -> HttpResponseBase:
    """The file, with a name that says what is in it."""
    as_of = home.count(asked.selection).as_of
    rows = _rows(home, replace(asked.selection, as_of=as_of), columns, MOST[form])
    name = f"springtide-{slugify(asked.title) or 'users'}-{as_of}.{form}"
    if form == "csv":
        answer = StreamingHttpResponse(_csv(labels, columns, rows), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    file = _xlsx(labels, columns, rows, title=asked.title, as_of=as_of, left_out=left_out)
    return FileResponse(file, as_attachment=True, filename=name)


def _rows(home: Home, selection: Selection, columns: Sequence[Column], most: int) -> Iterator[tuple[Any, ...]]:
    """Every row, oldest registration first, in pages: a million rows at once would be a gigabyte of Python objects."""
    wanted = [column.key for column in columns if column.key != "user_id"]
    for offset in range(0, most, AT_ONCE):
        page = home.users(selection, columns=wanted, order="registered_on", descending=False, limit=AT_ONCE, offset=offset)
        yield from page.rows
        if offset + AT_ONCE >= page.total:
            return


def _csv(labels: Labels, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    held = StringIO()
    writer = csv.writer(held)
    yield b"\xef\xbb\xbf"  # Excel reads UTF-8 only when it is told
    writer.writerow([column.name for column in columns])
    for number, row in enumerate(rows, 1):
        writer.writerow([_plain(labels, column, value) for column, value in zip(columns, row, strict=True)])
        if number % 2000 == 0:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def _plain(labels: Labels, column: Column, value: Any) -> str:
    """A cell of a CSV: figures as written by machines, text that cannot come alive."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    text = labels.stratum(column.key, value) if column.kind == "stratum" else str(value)
    return f"'{text}" if text.startswith(LIVE) and not isinstance(value, int | float) else text


def _xlsx(
    labels: Labels,
    columns: Sequence[Column],
    rows: Iterable[tuple[Any, ...]],
    *,
    title: str,
    as_of: date,
    left_out: Sequence[str],
) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 – the response closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "bottom": 1})
    formats = {
        "money": book.add_format({"num_format": "#,##0.00"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    sheet = book.add_worksheet(_("Users"))
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, 24 if column.kind == "id" else 16, formats.get(column.kind))
        sheet.write_string(0, place, column.name, bold)
    line = 0
    for line, row in enumerate(rows, 1):
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            if value is None:
                continue
            if column.kind == "money":
                sheet.write_number(line, place, float(value), formats["money"])
            elif column.kind == "count":
                sheet.write_number(line, place, value, formats["count"])
            elif column.kind == "day":
                sheet.write_datetime(line, place, value, formats["day"])
            else:
                sheet.write_string(line, place, labels.stratum(column.key, value) if column.kind == "stratum" else str(value))
    sheet.autofilter(0, 0, max(1, line), len(columns) - 1)
    about = book.add_worksheet(_("About this list"))
    about.set_column(0, 0, 24)
    about.set_column(1, 1, 80)
    lines = [
        (_("List"), title),
        (_("As of"), as_of.isoformat()),
        (_("Users"), f"{line:,}"),
        (_("Left out"), ", ".join(left_out) or "–"),
    ]
    for place, (name, value) in enumerate(lines):
        about.write_string(place, 0, name, bold)
        about.write_string(place, 1, value)
    book.close()
    file.seek(0)
    return file
