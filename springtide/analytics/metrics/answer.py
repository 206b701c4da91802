"""What every measure answers with: frozen rows that a script, a page and a notebook read alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

from springtide.kernel.errors import BadInput


class Answer:
    """The base of the answers: a frozen dataclass whose `rows` are frozen dataclasses of one kind."""

    rows: Sequence[Any]

    def as_list(self) -> list[dict[str, Any]]:
        """The rows as JSON takes them: money as decimal strings, days as ISO texts, ratios as numbers, what is not known as null."""
        return [plain(row) for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        """Everything that was answered, in the same form."""
        told: dict[str, Any] = plain(self)
        return told

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame.

        refuses    not_installed    pandas is not there
        """
        return _installed("pandas").DataFrame(self._records(), columns=self._columns())

    def to_polars(self) -> Any:
        """The rows as a polars DataFrame.

        refuses    not_installed    polars is not there
        """
        return _installed("polars").DataFrame(self._records(), schema=self._columns(), infer_schema_length=None, orient="row")

    def _columns(self) -> list[str]:
        return [field.name for field in fields(self.rows[0])] if self.rows else []

    def _records(self) -> list[tuple[Any, ...]]:
        return [tuple(getattr(row, name) for name in self._columns()) for row in self.rows]


def plain(value: Any) -> Any:
    """A value as JSON takes it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _installed(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as missing:
        hint = f"Install it (pip install {name}), or read .rows or .as_list()."
        raise BadInput(f"{name} is not installed.", hint, code="not_installed") from missing
