"""The floor of a close: the same tables by hand-written DuckDB SQL, the whole population at once, from Parquet to Parquet."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from benchmarks.statements import statements
from springtide.analytics.daybook.tables import MASK_BITS, STATE_TOTALS, STATE_WINDOWS, lifetime, windowed
from springtide.analytics.daybook.weights import ages
from springtide.analytics.lake import Manifest, Snapshot
from springtide.kernel.days import day_bounds

WRITTEN = (
    "user_days", "equity_days", "active_days", "state", "firsts", "activity", "profiles", "population", "strata", "moves", "market_days",
)  # fmt: skip
READ = (
    "spot_trades", "contract_trades", "transfers", "sessions", "reward_entries", "other_income", "commissions", "balances",
    "users", "user_status_history", "restrictions", "vip_tiers", "prices", "bonus_marks", "state", "firsts", "activity", "strata",
)  # fmt: skip


def floor_close(root: Path, day: date, out: Path, *, memory_limit: str = "6GB") -> None:
    """Close `day` of the lake at `root`, whose day before is closed, into one Parquet file for each table under `out`."""
    out.mkdir(parents=True, exist_ok=True)
    files = {table: out / f"{table}.parquet" for table in WRITTEN}
    named = {
        table if table in ("user_days", "equity_days", "active_days") else f"{table}_file": str(path)
        for table, path in files.items()
    }
    params = _params(Snapshot(root, Manifest.read(root / "manifest.start")), day)
    connection = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "temp_directory": str(out / "spill")})
    connection.execute("set preserve_insertion_order = false")
    for text in statements("floor_close").values():
        sql = text.replace("{state}", _STATE)
        for name, path in named.items():
            sql = sql.replace(f"{{{name}}}", path)
        connection.execute(sql, {name: value for name, value in params.items() if f"${name}" in sql})
    connection.close()


def _params(snapshot: Snapshot, day: date) -> dict[str, Any]:
    def files(table: str, on: date | None = None) -> list[str]:
        return [str(path) for path in snapshot.files(table, since=on, until=on)]

    from_at, to_at = day_bounds(day, ZoneInfo("UTC"))
    _, weeks, months = ages(day - timedelta(days=1), day)
    by_day = {
        "spot_trades",
        "contract_trades",
        "transfers",
        "sessions",
        "reward_entries",
        "other_income",
        "commissions",
        "balances",
    }
    read: dict[str, Any] = {table: files(table, day if table in by_day else None) for table in READ}
    read["strata"] = files("strata", day - timedelta(days=1))
    for ago in (7, 30, 90):
        read[f"user_days_{ago}"] = files("user_days", day - timedelta(days=ago))
    read["equity_days_30"] = files("equity_days", day - timedelta(days=30))
    keep = {"week_keep": (1 << (MASK_BITS - weeks)) - 1, "month_keep": (1 << (MASK_BITS - months)) - 1}
    return read | keep | {"day": day, "from_at": from_at, "to_at": to_at, "weeks": weeks, "months": months}


def _moved(measure: str, window: int) -> str:
    """A window's sum of yesterday, plus the day that comes, minus the day that leaves."""
    name = windowed(measure, window)
    return f"coalesce(s.{name}, 0) + {_of('c', measure)} - {_of(f'd{window}', measure)} as {name}"


def _of(side: str, measure: str) -> str:
    if measure == "fees_usdt":
        return f"coalesce({side}.spot_fees_usdt + {side}.contract_fees_usdt, 0)"
    return f"coalesce({side}.{measure}, 0)"


# Forty-seven sums of one shape: nobody writes them out by hand either.
_STATE = ",\n        ".join(
    [_moved(measure, window) for measure, windows in STATE_WINDOWS.items() for window in windows]
    + ["coalesce(s.equity_sum_30d_usdt, 0) + coalesce(c.equity_usdt, 0) - coalesce(e30.equity_usdt, 0) as equity_sum_30d_usdt"]
    + [f"coalesce(s.{lifetime(m)}, 0) + {_of('c', m)} as {lifetime(m)}" for m in STATE_TOTALS]
)
