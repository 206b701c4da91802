"""Do two engines answer the same? Whole numbers, decimals, days, times, texts and truths must be equal; doubles to 1e-12 of their size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Row = tuple[Any, ...]
TOLERANCE = 1e-12


def difference(ours: Sequence[Row], theirs: Sequence[Row]) -> str | None:
    """Where two lists of rows, in whatever order, first differ; null when they say the same."""
    if len(theirs) != len(ours):
        return f"{len(theirs)} rows instead of {len(ours)}"
    for place, (here, there) in enumerate(zip(in_order(ours), in_order(theirs), strict=True)):
        if not all(map(_is_same, here, there)):
            return f"sorted row {place} is {there} instead of {here}"
    return None


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Nulls first; doubles by eleven digits, so that a difference in the last one does not part a pair."""
    return sorted(rows, key=_sortable)


def _sortable(row: Row) -> tuple[tuple[int, Any], ...]:
    return tuple(
        (0, "") if value is None else (1, f"{value:.11e}" if isinstance(value, float) else str(value)) for value in row
    )


def _is_same(here: Any, there: Any) -> bool:
    if isinstance(here, float) and isinstance(there, float):
        return math.isclose(here, there, rel_tol=TOLERANCE, abs_tol=0) or (math.isnan(here) and math.isnan(there))
    return type(here) is type(there) and bool(here == there)
