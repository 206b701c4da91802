"""The example of docs/explanation/growth-accounting.md, run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from springtide.analytics.metrics import growth_accounting

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "growth-accounting.md"


def test_the_worked_example_is_what_springtide_answers(lake):
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    users = [cells for cells in lines if cells[0] in ("Ana", "Ben", "Cho")]
    assert len(users) == 3
    rows = [
        f"{number} 2026-{month:02}-10 {amount}"
        for number, (_, *amounts, _) in enumerate(users)
        for month, amount in enumerate(amounts, 1)
        if amount != "–"
    ]
    lake.has("profiles", "user_no\n0\n1\n2")
    lake.has("user_days", "user_no day net_revenue_usdt\n" + "\n".join(rows))
    february = growth_accounting(lake.engine, lake.snapshot, unit="revenue", period="month", since=date(2026, 1, 1)).rows[1]
    told = {name: getattr(february, name) for name in ("active", "new", "retained", "churned", "expansion", "contraction")}
    assert told == {"active": 19, "new": 5, "retained": 14, "churned": 7, "expansion": 4, "contraction": 0}
