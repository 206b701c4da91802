"""Many comparisons at once: Holm for those that decide, Benjamini-Hochberg for those that explore."""

from __future__ import annotations

from collections.abc import Sequence

EXPLORATORY = 0.10


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values: none below alpha by chance in more than alpha of cases, whatever the dependence.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    adjusted, highest = [0.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        highest = max(highest, min(1.0, p[at] * (len(p) - rank)))
        adjusted[at] = highest
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values: of those taken below q, at most q are expected to be false.

    Source: Benjamini, Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    adjusted, lowest = [0.0] * len(p), 1.0
    for rank, at in reversed(list(enumerate(sorted(range(len(p)), key=p.__getitem__), start=1))):
        lowest = min(lowest, p[at] * len(p) / rank)
        adjusted[at] = lowest
    return adjusted
