"""The SQL console: one query of an analyst over the home's tables, in a process that can do nothing else."""

from springtide.home.sql.console import FOLDER, answer, check, run
from springtide.home.sql.sandbox import AnswerColumn, Limits, SqlAnswer, read_answer
from springtide.home.sql.saved import SavedQuery, saved_queries
from springtide.home.sql.tables import ALL, Right, Rights, ShownColumn, ShownTable, shown_tables

__all__ = [
    "ALL", "FOLDER", "AnswerColumn", "Limits", "Right", "Rights", "SavedQuery", "ShownColumn", "ShownTable", "SqlAnswer", "answer",
    "check", "read_answer", "run", "saved_queries", "shown_tables",
]  # fmt: skip
