"""A small lake, closed from 2026-01-01 to 2026-03-31 unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.tables import SmallLake

GIVEN = ("spot_trades", "contract_trades", "transfers", "balances", "sessions", "vip_tiers", "restrictions")


@pytest.fixture
def lake_of(tmp_path_factory) -> Iterator[Callable[..., SmallLake]]:
    made: list[SmallLake] = []

    def make(first: str = "2026-01-01", last: str = "2026-03-31", given=GIVEN) -> SmallLake:
        made.append(SmallLake(tmp_path_factory.mktemp("lake"), first, last, given=given))
        return made[-1]

    yield make
    for lake in made:
        lake.close()


@pytest.fixture
def lake(lake_of) -> SmallLake:
    return lake_of()
