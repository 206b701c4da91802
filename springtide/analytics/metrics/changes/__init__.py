"""Why did it change: a change between two periods, taken apart into contributions that sum to it exactly."""

from springtide.analytics.metrics.changes.explained import EXPLAINED, UNDIVIDED, Explained, Undivided, explained
from springtide.analytics.metrics.changes.parts import Bar, Contribution, Opens, Split
from springtide.analytics.metrics.changes.products import product_split
from springtide.analytics.metrics.changes.rates import rate_and_mix
from springtide.analytics.metrics.changes.spans import Span
from springtide.analytics.metrics.changes.sums import sum_split
from springtide.analytics.metrics.changes.why import Why, groupings, why

__all__ = [
    "EXPLAINED", "UNDIVIDED", "Bar", "Contribution", "Explained", "Opens", "Span", "Split", "Undivided", "Why",
    "explained", "groupings", "product_split", "rate_and_mix", "sum_split", "why",
]  # fmt: skip
