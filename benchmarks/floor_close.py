"""The floor of a close: the same tables by hand-written DuckDB SQL, the whole population at once, from Parquet to Parquet."""

from __future__ import annotations

from collections.abc import Mapping
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
    _run(out, _params(Snapshot(root, Manifest.read(root / "manifest.start")), day), statements("floor_close"), memory_limit)


def floor_strata(root: Path, day: date, out: Path, *, memory_limit: str) -> None:
    """Profiles, edges and strata of `day` again, from the state of the lake at `root`, into files under `out`."""
    snapshot = Snapshot(root, Manifest.read(root / "manifest.json"))
    told = {name: statements("floor_close")[name] for name in ("profiles", "population", "write_population", "strata")}
    held = "create temp table held as from read_parquet($held) where day = $day"
    params = _params(snapshot, day) | {"held": [str(path) for path in snapshot.files("equity_days", since=day, until=day)]}
    stands = {f"{table}_file": str(snapshot.files(table)[0].parent / f"{day}.*") for table in ("state", "firsts", "activity")}
    _run(out, params, {"held": held, **told}, memory_limit, stands)


def _run(
    out: Path, params: dict[str, Any], told: Mapping[str, str], memory_limit: str, stands: Mapping[str, str] | None = None
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    own = ("user_days", "equity_days", "active_days")
    named = {table if table in own else f"{table}_file": str(out / f"{table}.parquet") for table in WRITTEN} | dict(
        stands or {}
    )
    connection = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "temp_directory": str(out / "spill")})
    connection.execute("set preserve_insertion_order = false; set enable_progress_bar_print = false")
    for text in told.values():
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
