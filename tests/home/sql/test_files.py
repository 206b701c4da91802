"""Answers as files: ids are text, hostile text stays text, no digit is lost."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from springtide.home import sql
from springtide.home.sql import AnswerColumn, SqlAnswer

ANSWER = SqlAnswer(
    (
        AnswerColumn("user_id", "VARCHAR"), AnswerColumn("equity_usdt", "DECIMAL(26,6)"), AnswerColumn("day", "DATE"),
        AnswerColumn("at", "TIMESTAMP"), AnswerColumn("is_on", "BOOLEAN"), AnswerColumn("big", "BIGINT"),
    ),
    [
        ("=cmd|' /C calc'!A0", Decimal("1.500000"), date(2026, 3, 1), datetime(2026, 3, 1, 10, 30), True, 9007199254740993),
        ("9007199254740993123", None, None, None, None, -5),
    ],
)  # fmt: skip


def test_in_a_csv_texts_cannot_come_alive_and_figures_are_plain():
    text = b"".join(sql.csv_lines(ANSWER))
    assert text.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(text.decode("utf-8-sig")))) == [
        ["user_id", "equity_usdt", "day", "at", "is_on", "big"],
        ["'=cmd|' /C calc'!A0", "1.5", "2026-03-01", "2026-03-01 10:30:00", "True", "9007199254740993"],
        ["9007199254740993123", "", "", "", "", "-5"],
    ]


def test_in_a_workbook_texts_are_texts_and_a_long_number_keeps_its_digits():
    out = io.BytesIO()
    sql.write_xlsx(ANSWER, out, [("Statement", "=1+1")])
    book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    [_, first, second] = book["Rows"].iter_rows()
    assert [(cell.value, cell.data_type) for cell in first] == [
        ("=cmd|' /C calc'!A0", "s"), (1.5, "n"), (datetime(2026, 3, 1), "d"), (datetime(2026, 3, 1, 10, 30), "d"), (True, "b"),
        ("9007199254740993", "s"),
    ]  # fmt: skip
    assert (second[0].value, second[0].data_type, second[5].value) == ("9007199254740993123", "s", -5)
    assert (book["About"]["B1"].value, book["About"]["B1"].data_type) == ("=1+1", "s")


@pytest.mark.parametrize("rows", [[], [(1,)] * 5000])
def test_every_row_is_written(rows):
    answer = SqlAnswer((AnswerColumn("n", "INTEGER"),), rows)
    assert b"".join(sql.csv_lines(answer)).count(b"\r\n") == len(rows) + 1
