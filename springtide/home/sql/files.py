"""An answer as a file: texts stay texts, in a CSV and in a workbook, whatever a spreadsheet would make of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import IO, Any, Final

import xlsxwriter

from springtide.home.sql.sandbox import SqlAnswer

# What a spreadsheet would take for the beginning of a formula. In a CSV nothing says that a cell is text, so a quote goes before it.
LIVE: Final = ("=", "+", "-", "@", "\t", "\r")
EXACT: Final = 2**53  # a spreadsheet's numbers are doubles: a whole number beyond this would lose digits
LINES_AT_ONCE: Final = 2_000


def csv_lines(answer: SqlAnswer) -> Iterator[bytes]:
    """The answer as CSV in UTF-8, in pieces; its mark at the beginning tells Excel."""
    held = StringIO()
    writer = csv.writer(held)
    yield b"\xef\xbb\xbf"
    writer.writerow([_in_csv(column.name) for column in answer.columns])
    for number, row in enumerate(answer.rows, 1):
        writer.writerow(map(_in_csv, row))
        if number % LINES_AT_ONCE == 0:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def write_xlsx(
    answer: SqlAnswer, out: IO[bytes], about: Iterable[tuple[str, str]] = (), sheets: tuple[str, str] = ("Rows", "About")
) -> None:
    """The answer as a workbook, with a sheet that says what it is."""
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "bottom": 1})
    day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet(sheets[0])
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(answer.columns):
        sheet.set_column(place, place, 24 if column.type == "VARCHAR" else 16)
        sheet.write_string(0, place, column.name, bold)
    for line, row in enumerate(answer.rows, 1):
        for place, value in enumerate(row):
            match value:
                case None:
                    continue
                case datetime():
                    sheet.write_datetime(line, place, value, moment)
                case date():
                    sheet.write_datetime(line, place, value, day)
                case bool():
                    sheet.write_boolean(line, place, value)
                case int() | float() | Decimal() if -EXACT < value < EXACT:
                    sheet.write_number(line, place, float(value))
                case _:
                    sheet.write_string(line, place, str(value))
    if answer.columns:
        sheet.autofilter(0, 0, max(1, len(answer.rows)), len(answer.columns) - 1)
    page = book.add_worksheet(sheets[1])
    page.set_column(0, 0, 20)
    page.set_column(1, 1, 100, book.add_format({"text_wrap": True}))
    for line, (name, text) in enumerate(about):
        page.write_string(line, 0, name, bold)
        page.write_string(line, 1, text)
    book.close()


def _in_csv(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(LIVE) else text
