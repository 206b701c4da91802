"""The manifest: which files make up each table, which revision each day of facts has, and what every closed day was made from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class LakeFile:
    """One published Parquet file of a table.

    `first` and `last` bound the days (or name the as-of day) whose rows it holds, both included; they are null for a table without
    days. `part` numbers the range of user numbers of a table that is cut by user.
    """

    path: str
    rows: int
    sha256: str
    first: date | None = None
    last: date | None = None
    part: int | None = None

    def touches(self, since: date | None, until: date | None) -> bool:
        if self.first is None or self.last is None:
            return True
        return (until is None or self.first <= until) and (since is None or self.last >= since)

    def as_list(self) -> list[Any]:
        return [self.path, self.rows, self.sha256, self.first and str(self.first), self.last and str(self.last), self.part]

    @classmethod
    def from_list(cls, row: list[Any]) -> LakeFile:
        path, rows, sha256, first, last, part = row
        return cls(path, rows, sha256, first and date.fromisoformat(first), last and date.fromisoformat(last), part)


@dataclass(frozen=True)
class Manifest:
    """One version of the whole lake.

    tables       table → its files
    revisions    table → day → number, raised by every import that changes the facts of that day
    closed       day → the revisions and definitions it was closed with
    notes        what the rooms above remember with the tables (availability, unknown columns, restatements)
    superseded   path → the instant at which it stopped counting; readers may still hold it for a day
    """

    version: int = 0
    tables: dict[str, tuple[LakeFile, ...]] = field(default_factory=dict)
    revisions: dict[str, dict[str, int]] = field(default_factory=dict)
    closed: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    superseded: dict[str, str] = field(default_factory=dict)

    def rows(self, table: str) -> int:
        return sum(file.rows for file in self.tables.get(table, ()))

    def as_json(self) -> str:
        return json.dumps(
            {
                "format": FORMAT,
                "version": self.version,
                "money": "columns ending in _usdt are whole numbers of 1e-6 USDT",
                "tables": {name: [file.as_list() for file in files] for name, files in self.tables.items()},
                "revisions": self.revisions,
                "closed": self.closed,
                "notes": self.notes,
                "superseded": self.superseded,
            },
            separators=(",", ":"),
            ensure_ascii=False,
        )

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """The manifest at `path`; an empty one when there is none."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        return cls(
            version=raw["version"],
            tables={name: tuple(LakeFile.from_list(row) for row in files) for name, files in raw["tables"].items()},
            revisions=raw["revisions"],
            closed=raw["closed"],
            notes=raw["notes"],
            superseded=raw["superseded"],
        )

    def same_content(self, other: Manifest) -> bool:
        return replace(self, version=0) == replace(other, version=0)
