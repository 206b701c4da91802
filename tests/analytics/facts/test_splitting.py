"""A law: an import split in two gives the same facts as one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics.facts.conftest import TRADE, Exchange, users

USERS = ("ann", "bob", "zoe")  # zoe is not in users
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "event_id": st.sampled_from("abcdef"),
            "user_id": st.sampled_from(USERS),
            "version": st.integers(1, 3),
            "is_void": st.sampled_from(("false", "false", "true")),
            "executed_at": st.sampled_from(("2026-03-01", "2026-03-02 10:00", "2025-01-01", "2027-01-01")),
            "price": st.sampled_from(("1", "2", "-1", "NaN")),
        }
    ),
    max_size=14,
)


def text_of(rows: list[dict[str, object]]) -> str:
    names = ("event_id", "user_id", "version", "is_void", "executed_at", "price")
    rest = {name: value for name, value in TRADE.items() if name not in names}
    lines = [",".join([*(str(row[name]) for name in names), *rest.values()]) for row in rows]
    return "\n".join([",".join([*names, *rest]), *lines]) + "\n"


def facts_of(files: list[str]) -> tuple[object, ...]:
    with tempfile.TemporaryDirectory() as folder:
        exchange = Exchange(Path(folder))
        exchange.has_users("ann", "bob")
        counts = [0, 0, 0, 0]
        for number, text in enumerate(files):
            counts = [a + b for a, b in zip(counts, exchange.imports(f"spot_trades-{number}.csv", text), strict=True)]
        columns = "event_id, user_id, version, executed_at, price"
        current = exchange.rows("spot_trades", columns)
        replaced = exchange.rows("spot_trades_replaced", f"{columns}, is_void")
        refused = sorted((value, rule) for _, _, value, rule in exchange.refused())
        assert exchange.lake.snapshot().rows("spot_trades") == len(current)
        return counts, current, replaced, refused


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, cut=st.integers(0, 14))
def test_an_import_split_in_two_gives_the_same_facts(rows, cut):
    assert facts_of([text_of(rows)]) == facts_of([text_of(rows[:cut]), text_of(rows[cut:])])


def test_the_fixture_of_this_law_has_an_unknown_user():
    assert "zoe" not in users("ann", "bob")
