"""Does a question cost more for each event when there are more of them? The same question over four times as many events."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.funnel import DAYS, EVENTS_PER_USER, FIRST_DAY, MEMORY, STEPS, USERS, drawn
from benchmarks.measuring import Bench, Prepared, Result, in_child
from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake
from springtide.analytics.metrics import questions

TIMES = 4
VIEWED, PLACED = {"event": STEPS[0]}, {"event": STEPS[2]}
WITHIN = {"window": {"value": 7, "unit": "day"}, "list_users": False}
SPAN = {"date_from": str(FIRST_DAY), "date_to": str(FIRST_DAY + timedelta(days=DAYS - 1))}
QUESTIONS: Mapping[str, Mapping[str, Any]] = {
    "an ordered funnel": {"kind": "funnel", "steps": [{"event": step} for step in STEPS], **WITHIN},
    "a funnel whose steps share events": {"kind": "funnel", "steps": [VIEWED, PLACED, PLACED], **WITHIN},
    "a trend of users": {"kind": "trend", "series": [PLACED | {"math": "unique_users"}], "period": "day", **SPAN},
    "stickiness": {"kind": "stickiness", "activity": PLACED, "period": "day", **SPAN},
    "a conversion of pairs": {"kind": "pair_conversion", "start": VIEWED, "end": PLACED, "within_seconds": 86_400, **SPAN},
}  # fmt: skip


def rows(bench: Bench) -> list[Result]:
    """Each kind over the events of all users, and over those of a quarter of them (the floor)."""
    users = bench.users or USERS
    roots = {share: bench.folder / f"rows-{users // share}" for share in (1, TIMES)}
    for share, root in roots.items():
        in_child(drawn, root, users // share, bench.seed, False)
    results = []
    for what, question in QUESTIONS.items():
        many, few = bench.pairs(what, (_asked, roots[1], question), (_asked, roots[TIMES], question))
        size = f"{users * EVENTS_PER_USER:,} events, against a quarter, {DAYS} days"
        results.append(Result("rows", f"{what}, {TIMES} times the events", size, many, few, TIMES))
    for root in roots.values():
        shutil.rmtree(root)
    return results


def _asked(root: Path, question: Mapping[str, Any]) -> Prepared:
    snapshot, zone = Lake(root).snapshot(), ZoneInfo("UTC")

    def run() -> None:
        engine = DuckEngine(memory_limit=MEMORY)
        stream = questions.Stream(engine, questions.LakeEvents(snapshot, zone), zone)
        questions.ask({**question, "everyone": True}, stream)
        engine.close()

    return run
