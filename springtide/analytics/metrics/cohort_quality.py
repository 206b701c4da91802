"""Cohort quality: of those who traded for the first time in a week, who came back at all in the weeks after, beside how many they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.spec import given
from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.intervals import Share, wilson
from springtide.analytics.metrics.questions import LakeEvents, Stream, ask
from springtide.kernel.errors import NothingYet

UTC = ZoneInfo("UTC")
WEEKS = 8
SHOWN_WEEKS = 26
TRADES = ("traded_spot", "traded_contracts")


@dataclass(frozen=True)
class CohortRow:
    """The users who first traded in a week. `back`: who traded again in one of the weeks after, so far where it is not complete."""

    cohort: date
    users: int
    back: Share
    is_complete: bool


@dataclass(frozen=True)
class CohortQuality(Answer):
    """Weekly cohorts, the oldest first; `question` is what was asked, so that a cell can be opened."""

    weeks: int
    channel_id: str | None
    rows: tuple[CohortRow, ...]
    question: dict[str, Any]


def cohort_quality(
    engine: Engine,
    snapshot: Snapshot,
    *,
    since: date | None = None,
    until: date | None = None,
    channel_id: str | None = None,
    weeks: int = WEEKS,
    zone: ZoneInfo = UTC,
) -> CohortQuality:
    """Any repeat in the `weeks` after the first one, by week of the first trade ever, from `since` to `until` (default: 26 weeks).

    Where an exchange gives products that are neither spot nor contracts, using any of them is what is repeated.

    refuses    empty_range, nothing_closed
               not_available    nothing that is traded was given
    """
    latest = snapshot.require_closed()
    until = until or latest
    since = since or until - timedelta(days=7 * SHOWN_WEEKS - 1)
    activity: dict[str, Any] = {"event": _traded(engine, snapshot)}
    if channel_id is not None:
        activity["where"] = [{"prop": "channel_id", "op": "eq", "value": channel_id, "scope": "user"}]
    question: dict[str, Any] = {
        "kind": "retention", "start": activity, "return": activity, "period": "week", "cohort_rule": "first_match", "counting": "on",
        "brackets": [[1, weeks]], "cohort_from": str(since), "cohort_to": str(until),
    }  # fmt: skip
    told = ask(question, Stream(engine, LakeEvents(snapshot, zone), zone))
    rows = tuple(
        CohortRow(date.fromisoformat(cohort), users, wilson(back, users), bool(complete[1]))
        for cohort, (users, back), complete in zip(told["cohorts"], told["matrix"], told["complete"], strict=True)
    )
    return CohortQuality(weeks, channel_id, rows, question)


def _traded(engine: Engine, snapshot: Snapshot) -> list[str]:
    """The events that are a trade; of an exchange that gives aggregates of other products, the use of one."""
    if {"spot_trades", "contract_trades"} & given(snapshot.manifest):
        return list(TRADES)
    snapshot.attach(engine, "given_user_days", fact_schema("given_user_days"))
    products = [product for (product,) in engine.rows("select distinct product from given_user_days order by product").values]
    if not products:
        raise NothingYet("This is not available: no trades were given.", "Import trades, then close.", code="not_available")
    return list(TRADES) if {"spot", "contract"} & set(products) else products
