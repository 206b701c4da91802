"""A file of many rows, on little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from springtide.analytics.facts import import_path
from springtide.kernel.days import zone
from tests import sql
from tests.analytics.facts.conftest import NOW, TRADE, USER

ROWS = 1_000_000
LIMIT_MB = 800
PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from benchmarks.measuring import peak_mib
from springtide.analytics.facts import import_path
from springtide.analytics.lake import Lake
from springtide.kernel.days import zone

for path in sys.argv[2:]:
    told = import_path(
        Lake(Path(sys.argv[1])), path, zone=zone("UTC"), now=datetime(2026, 6, 1, tzinfo=UTC), memory="250MB", threads=2
    )
    [counts] = told.tables.values()
    print(counts.taken, counts.duplicate, counts.quarantined)
print(int(peak_mib()))  # not what rusage says: it begins with what the process that started this one held
"""


@pytest.mark.slow
def test_a_file_of_many_rows_needs_little_memory_new_and_again(exchange):
    exchange.has_users("ann")
    path = exchange.folder / "spot_trades.csv"
    rest = ", ".join(f"'{value}' as {name}" for name, value in TRADE.items() if name not in ("executed_at", "quantity"))
    sql.run(
        f"copy (select range as event_id, timestamp '2026-03-01' + to_seconds(range) as executed_at, "
        f"case when range % 1000 = 7 then -1 else 1 end as quantity, {rest} from range({ROWS})) to '{path}' (header)"
    )
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(exchange.lake.root), str(path), str(path)],
        capture_output=True, text=True, timeout=300, cwd=Path(__file__).resolve().parents[3], check=True,
    )  # fmt: skip
    first, again, peak_mb = told.stdout.splitlines()
    assert first == f"{ROWS - 1000} 0 1000"
    assert again == f"0 {ROWS - 1000} 1000"
    assert int(peak_mb) < LIMIT_MB
    assert exchange.lake.snapshot().rows("spot_trades") == ROWS - 1000
    assert exchange.lake.snapshot().rows("quarantine") == 1000


@pytest.mark.slow
def test_many_small_files_of_many_users_need_little_memory_too(exchange):
    users, files = 100_000, 60
    known = ", ".join(f"'{value}' as {name}" for name, value in USER.items())
    sql.run(f"copy (select 'u' || range as user_id, {known} from range({users})) to '{exchange.folder}/users.parquet'")
    exchange.imported("users.parquet")
    rest = ", ".join(f"'{value}' as {name}" for name, value in TRADE.items() if name != "user_id")
    (exchange.folder / "trades").mkdir()
    for number in range(files):
        sql.run(
            f"copy (select {number * 100} + range as event_id, 'u' || (range * 1000 + {number}) as user_id, {rest} from range(100)) "
            f"to '{exchange.folder}/trades/spot_trades-{number:02}.parquet'"
        )

    told = import_path(exchange.lake, exchange.folder / "trades", zone=zone("UTC"), now=NOW, memory="250MB", threads=2)

    [counts] = told.tables.values()
    assert (counts.taken, counts.quarantined) == (files * 100, 0)
