"""The SQL console: one query of an analyst over the home's tables, in a process that can do nothing else."""

from springtide.home.sql.console import FOLDER, answer, check, run
from springtide.home.sql.files import csv_lines, write_xlsx
from springtide.home.sql.sandbox import AnswerColumn, Limits, SqlAnswer, read_answer
from springtide.home.sql.saved import SavedQuery, saved_queries, saved_query
from springtide.home.sql.tables import ALL, Right, Rights, ShownColumn, ShownTable, shown_table, shown_tables

__all__ = [
    "ALL", "FOLDER", "AnswerColumn", "Limits", "Right", "Rights", "SavedQuery", "ShownColumn", "ShownTable", "SqlAnswer", "answer",
    "check", "csv_lines", "read_answer", "run", "saved_queries", "saved_query", "shown_table", "shown_tables", "write_xlsx",
]  # fmt: skip
