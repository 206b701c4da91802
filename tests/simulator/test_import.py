"""What the simulator writes, an import takes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from springtide.analytics.facts import import_path
from springtide.analytics.lake import Lake
from springtide.simulator import simulate


def test_an_import_takes_every_row_of_a_made_up_exchange(tmp_path):
    made = simulate(users=600, days=60, seed=4, out=tmp_path, through=date(2025, 6, 30))
    imported = import_path(
        Lake(tmp_path / "lake"), tmp_path / "exchange", zone=ZoneInfo("UTC"), now=datetime(2025, 7, 1, tzinfo=UTC)
    )
    counts = {table: told.as_dict() for table, told in imported.tables.items()}
    assert imported.failures == ()
    assert {table: told["read"] for table, told in counts.items()} == {
        table: rows for table, rows in made.rows.items() if not table.startswith("truth/")
    }
    assert {table: told["quarantined"] + told["duplicate"] for table, told in counts.items()} == dict.fromkeys(counts, 0)
    assert counts["contract_trades"]["corrected"] > 0
