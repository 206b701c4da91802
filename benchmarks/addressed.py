"""A home whose users can be addressed, written straight into the lake: profiles and strata of one day, and no history.

About one user in ten has not consented, one in thirty is frozen, and the rest pass every gate of a message; where a user lives is drawn
over eight countries.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from springtide.analytics import strata
from springtide.analytics.daybook.tables import PROFILES
from springtide.analytics.engine import DuckEngine, Schema
from springtide.analytics.facts import fact_schema
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.settings import HomeSettings

DAY: Final = date(2026, 5, 30)
STATED: Final = ("restrictions", "links", "referrals", "transfers", "reward_entries", "contract_trades", "spot_trades")
_COUNTED: Final = ("_usdt", "_7d", "_30d", "_90d", "_all")  # sums and counts, of which there are none
_DRAWN: Final = {
    "user_id": "'u' || cast(n as varchar)",
    "registered_at": "timestamp '2025-01-01'",
    "registered_on": "date '2025-01-01'",
    "country": "list_extract(['DE', 'FR', 'BR', 'TW', 'MX', 'ID', 'TR', 'IT'], cast(1 + n % 8 as integer))",
    "jurisdiction": "list_extract(['DE', 'FR', 'BR', 'TW', 'MX', 'ID', 'TR', 'IT'], cast(1 + n % 8 as integer))",
    "language": "case when n % 3 = 0 then 'zh' else 'en' end",
    "kyc_level": "2",
    "user_type": "'retail'",
    "status": "case when n % 31 = 7 then 'frozen' else 'active' end",
    "marketing_consent": "n % 11 <> 3",
    "has_consent": "n % 11 <> 3",
    "is_derived": "false",
    "is_counted": "true",
    "tenure_days": "500",
    "vip_level": "0",
    "first_trade_on": "date '2025-01-02'",
    "days_since_trade": "cast(n % 90 as integer)",
    "is_restricted": "false",
    "net_revenue_90d_usdt": "cast(1000000000 as bigint)",
    "net_revenue_all_usdt": "cast(9000000000 as bigint)",
    "asset_size_usdt": "cast(n % 100000 as bigint) * 1000000",
}


def addressed_home(path: Path, users: int, *, threads: int = 0) -> Home:
    """A home of so many users as of DAY."""
    home = Home.create(path, HomeSettings(threads=threads))
    engine = DuckEngine(memory_limit="1GB", threads=threads)
    tables: tuple[tuple[str, Schema, date | None], ...] = (
        ("users", fact_schema("users"), None),
        ("profiles", PROFILES, DAY),
        ("strata", strata.STRATA, DAY),
    )
    with home.lake.writing() as publication:
        for table, schema, day in tables:
            file = publication.new_path(table, str(day or "all"))
            columns = ", ".join(f"cast({_drawn(table, column.name)} as {column.type}) as {column.name}" for column in schema)
            rows = engine.write(f"select {columns} from (select cast(range as integer) as n from range({users}))", file)
            publication.add(table, file, rows=rows, day=day)
        publication.note("stated", list(STATED))
        publication.note("risk", {})
        publication.close_day(DAY, {})
        publication.commit(now=clock.now())
    engine.close()
    return home


def _drawn(table: str, column: str) -> str:
    if column in ("user_no", "master_no"):
        return "n"
    if table == "strata":
        return "'dormant'" if column == "lifecycle" else "null"
    if column in _DRAWN:
        return _DRAWN[column]
    return "0" if table == "profiles" and column.endswith(_COUNTED) else "null"
