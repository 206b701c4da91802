"""Many metrics at once: which deviations are too far out to be the strays that so many looks must bring."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float], *, rate: float) -> list[bool]:
    """Which of many tests to believe, so that of those believed a share of at most `rate` is false on average.

    Source: Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289–300, procedure (1).
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    last = max((k for k, place in enumerate(order, 1) if p_values[place] <= rate * k / len(p_values)), default=0)
    believed = set(order[:last])
    return [place in believed for place in range(len(p_values))]
