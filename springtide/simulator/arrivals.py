"""How the exchange's export departs from what happened: trades that arrive late, are corrected, or were never made and are voided.

The first version of a row stands in the file of its own day or month. What comes after it (late rows, second versions) stands in a file
named for the day on which it arrived, a Monday or the last day of all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from springtide.simulator.chance import Chance, scramble
from springtide.simulator.fills import Columns, pick, size, stack

_LATE, _CORRECTED, _DOUBLED = 0.0030, 0.0004, 0.0001  # shares of trades
_DOUBLE = 1 << 19  # added to the ordinal of a row that never was
_MONDAY = 4  # days since 1970 modulo 7


def identity(columns: Columns) -> NDArray[np.int64]:
    """One number per row of a source: day, user and ordinal within the day, which no other user's rows can change."""
    day = columns["at"] // 86_400_000_000
    found: NDArray[np.int64] = (day << 46) | (columns["user"] << 20) | columns["ordinal"]
    return found


class Arrivals:
    """Splits a trade table's days into what the export shows at once and what it shows later."""

    def __init__(self, chance: Chance, table: str) -> None:
        self.key = chance.key(f"arrivals.{table}")
        self.pending: list[Columns] = []

    def split(self, fills: Columns) -> Columns:
        """What the file of the day shows; the rest waits."""
        columns = dict(fills, id=identity(fills))
        bits = columns["id"].astype(np.uint64)
        bits *= np.uint64(0x9E3779B97F4A7C15)
        bits += self.key
        draw = scramble(bits) * 2.0**-64
        n = size(columns)
        columns["version"] = np.ones(n, np.int8)
        columns["is_void"] = np.zeros(n, np.bool_)
        odd = np.flatnonzero(draw < _LATE + _CORRECTED + _DOUBLED)
        late, corrected = odd[draw[odd] < _LATE], odd[(draw[odd] >= _LATE) & (draw[odd] < _LATE + _CORRECTED)]
        doubled = odd[draw[odd] >= _LATE + _CORRECTED]
        if late.size:
            self.pending.append(pick(columns, late))
        corrected = corrected[columns["fee"][corrected] > 0]
        if corrected.size:
            second = pick(columns, corrected)
            second["version"] = second["version"] + np.int8(1)
            self.pending.append(second)
            # At first the fee was charged by the wrong tier.
            wrong = columns["fee"].copy()
            wrong[corrected] = wrong[corrected] * 2
            columns["fee"] = wrong
        parts = [columns]
        if doubled.size:
            ghost = pick(columns, doubled)
            ghost["id"] = ghost["id"] | _DOUBLE
            parts.append(ghost)
            void = dict(ghost, version=ghost["version"] + np.int8(1), is_void=np.ones(doubled.size, np.bool_))
            self.pending.append(void)
        shown = stack(parts)
        seen = np.ones(size(shown), np.bool_)
        seen[late] = False
        order = np.argsort(shown["at"], kind="stable")
        return pick(shown, order[seen[order]])

    def due(self, day: int, *, rest: bool = False) -> Columns | None:
        """What arrives on a Monday, before the trades of that day; `rest` is whatever still waits after the last day."""
        if not self.pending or not (rest or day % 7 == _MONDAY):
            return None
        arrived = stack(self.pending)
        self.pending = []
        return pick(arrived, np.argsort(arrived["at"], kind="stable"))
