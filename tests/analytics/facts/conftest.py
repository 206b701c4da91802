"""A folder of foreign files, a lake to import them into, and what a test asks of both."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from springtide.analytics.engine import DuckEngine
from springtide.analytics.facts import Imported, fact_schema, import_path
from springtide.analytics.lake import Lake
from springtide.kernel.days import zone

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
USER = {
    "registered_at": "2026-01-01 00:00:00", "kyc_level": "1", "user_type": "retail", "status": "active",
}  # fmt: skip
TRADE = {
    "user_id": "ann", "executed_at": "2026-03-01 10:00:00", "market": "BTC-USDT", "base": "BTC", "quote": "USDT", "side": "buy",
    "price": "50000", "quantity": "0.01", "notional_usdt": "500", "fee_usdt": "0.5",
}  # fmt: skip
REWARD = {
    "user_id": "ann", "campaign_ref": "spring", "reward_type": "fee_voucher", "action": "grant", "usdt": "5", "at": "2026-03-01 10:00:00",
}  # fmt: skip
BALANCE = {"user_id": "ann", "day": "2026-03-01", "asset": "BTC", "product": "spot", "quantity": "1", "usdt": "50000"}
TICKET = {
    "ticket_id": "t1", "user_id": "ann", "opened_at": "2026-03-01 10:00:00", "topic": "deposit", "severity": "low", "status": "open",
}  # fmt: skip


def csv_of(text: str, default: dict[str, str] | None = None, *, delimiter: str = ",") -> str:
    """CSV of an aligned text table; `default` fills the columns that it leaves out. `-` is empty, `_` in a word is a blank."""
    heading, *lines = [line.split() for line in text.strip().splitlines() if line.strip()]
    rest = {name: value for name, value in (default or {}).items() if name not in heading}
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*heading, *rest])
    for line in lines:
        assert len(line) == len(heading), line
        writer.writerow([*("" if word == "-" else word for word in line), *rest.values()])
    return out.getvalue()


def users(*names: str, **more: str) -> str:
    return csv_of("user_id\n" + "\n".join(names), USER | more)


def trades(text: str, **more: str) -> str:
    return csv_of(text, TRADE | more)


class Exchange:
    """Files of an exchange, and a lake that imports them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.lake = Lake(folder / "lake")
        self.zone = "UTC"
        self.now = NOW
        self.mappings = folder / "mappings"

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def imported(self, name: str, content: str | bytes | None = None, **how: Any) -> Imported:
        path: Path | str = self.folder / name if content is None else self.file(name, content)
        told = import_path(
            self.lake, path, zone=zone(self.zone), now=self.now, saved_mappings=self.mappings, memory="400MB", threads=2, **how
        )
        for counts in told.tables.values():
            assert counts.read == counts.taken + counts.duplicate + counts.corrected + counts.quarantined
        return told

    def imports(self, name: str, content: str | bytes | None = None, **how: Any) -> tuple[int, int, int, int]:
        """Import a file of one table; taken, duplicate, corrected, quarantined."""
        [counts] = self.imported(name, content, **how).tables.values()
        return counts.taken, counts.duplicate, counts.corrected, counts.quarantined

    def has_users(self, *names: str, **more: str) -> None:
        self.imports("users.csv", users(*names, **more))

    def rows(self, table: str, columns: str, *, order: str | None = None) -> list[tuple[Any, ...]]:
        engine = DuckEngine(threads=1)
        try:
            self.lake.snapshot().attach(engine, table, fact_schema(table))
            if "user_id" in columns.split(", ") and not table.startswith("users"):
                self.lake.snapshot().attach(engine, "users", fact_schema("users"))
                engine.make(
                    "told", f"select f.*, u.user_id from {table} as f inner join users as u on f.account_no = u.user_no"
                )
                table = "told"
            return engine.rows(f"select {columns} from {table} order by {order or columns}").values
        finally:
            engine.close()

    def refused(self) -> list[tuple[Any, ...]]:
        """The quarantine: line, column, value, rule."""
        return self.rows("quarantine", "line, column_name, value, rule")

    @property
    def version(self) -> int:
        return self.lake.snapshot().manifest.version

    def revisions(self, table: str) -> dict[str, int]:
        return self.lake.snapshot().manifest.revisions.get(table, {})

    def notes(self, key: str) -> Any:
        return self.lake.snapshot().manifest.notes.get(key)


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    return Exchange(tmp_path)


def day(text: str) -> date:
    return date.fromisoformat(text)
