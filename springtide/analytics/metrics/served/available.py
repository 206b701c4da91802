"""The catalogue of served metrics: what each asks, how it is reckoned, and whether this exchange's data can tell it."""

from __future__ import annotations

from dataclasses import dataclass

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.served.catalogue import SERVED
from springtide.analytics.metrics.served.metric_values import not_available


@dataclass(frozen=True)
class MetricEntry:
    """A metric. `reason`: why it is not available by its shortest period; null where it is."""

    key: str
    theme: str
    asks: str
    formula: str
    unit: str
    better: str
    over: str
    empty: str
    excludes: str
    owner: str
    version: int
    periods: tuple[str, ...]
    products: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True)
class MetricCatalogue(Answer):
    """Every served metric, by theme."""

    rows: tuple[MetricEntry, ...]


def metric_catalogue(engine: Engine, snapshot: Snapshot) -> MetricCatalogue:
    """What can be asked for by period, of this lake."""
    entries = (
        MetricEntry(
            one.key,
            one.theme,
            one.asks,
            one.formula,
            one.unit,
            one.better,
            one.over,
            one.empty,
            one.excludes,
            one.owner,
            one.version,
            one.periods,
            one.products,
            not_available(engine, snapshot, one, one.periods[0]),
        )
        for one in SERVED
    )
    return MetricCatalogue(tuple(entries))
