"""Profiles and strata as small tables in an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from springtide.analytics.daybook.tables import POPULATION, PROFILES
from springtide.analytics.engine import DuckEngine
from springtide.analytics.strata import EDGES, KEYS, STRATA

# A user of a hundred days who never did anything. `of` says what else there is to know about a user.
NEWCOMER: dict[str, Any] = {
    **{column.name: None for column in PROFILES},
    **{column.name: 0 for column in PROFILES if column.type == "bigint"},
    **dict.fromkeys(EDGES),
    "user_no": 0,
    "user_type": "retail",
    "is_counted": True,
    "tenure_days": 100,
    "days_since_registration": 100,
    "kyc_level": 0,
    "vip_level": 0,
    "status": "active",
    "is_restricted": False,
    "trading_days_30d": 0,
    "vip_next_ratio": 0.0,
    "is_downgrade_risk": False,
}


class Tables:
    """An engine with `profiles`, `population` and strata of a day, each from a few rows."""

    def __init__(self, engine: DuckEngine) -> None:
        self.engine = engine

    def profiles(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.engine.table("profiles", PROFILES, [tuple(row[column.name] for column in PROFILES) for row in rows])

    def population(self, **edges: int) -> None:
        self.engine.table("population", POPULATION, list(edges.items()))

    def strata(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Users with the strata that are named; every other stratification is not available."""
        blank = dict.fromkeys(KEYS) | {"is_counted": True}
        self.engine.table(name, STRATA, [tuple((blank | dict(row))[column.name] for column in STRATA) for row in rows])

    def rows(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        return self.engine.rows(sql, **params).values

    def sorted(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        return sorted(self.rows(sql, **params), key=repr)


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    engine = DuckEngine(memory_limit="512MB", threads=1)
    yield Tables(engine)
    engine.close()


@pytest.fixture(scope="session")
def of():
    """A user with the facts given: `of(days_since_trade=8)`."""

    def of(**known: Any) -> dict[str, Any]:
        unknown = known.keys() - NEWCOMER.keys()
        assert not unknown, f"no such column: {unknown}"
        return NEWCOMER | known

    return of
