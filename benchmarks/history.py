"""Does a close get slower as history grows? The same day closed after a year and after a month."""

from __future__ import annotations

import shutil

from benchmarks.close import USERS, ours, prepared
from benchmarks.exchange import Size
from benchmarks.measuring import Bench, Result

TARGET = 1.1
LONG, SHORT = 365, 30


def history(bench: Bench) -> list[Result]:
    """One more day after 365 days, and after 30 (the floor)."""
    users = bench.users or USERS
    sizes = {days: Size(users, days, seed=bench.seed) for days in (LONG, SHORT)}
    roots = {days: bench.folder / f"history-{days}" for days in sizes}
    for days, size in sizes.items():
        prepared(bench, roots[days], size)
    day = sizes[LONG].open_days[-1]
    long, short = bench.pairs("closing", (ours, roots[LONG], day), (ours, roots[SHORT], day))
    for root in roots.values():
        shutil.rmtree(root)
    what = f"close of one day after {LONG} days, against one after {SHORT}"
    return [Result("history", what, f"{users:,} users", long, short, TARGET)]
