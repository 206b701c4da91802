"""What a close and a rebuild read: the facts of one day, what stands whatever the day, and all of history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from springtide.analytics.daybook import tables
from springtide.analytics.daybook.spec import CloseSpec
from springtide.analytics.daybook.weights import DAY_BITS, day_bits
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Manifest, Snapshot
from springtide.kernel.days import day_bounds, day_of, days

PACKAGE = "springtide.analytics.daybook"
BALANCES_HOLD_FOR = timedelta(days=7)
DAY_FACTS = (
    "spot_trades", "contract_trades", "transfers", "sessions", "reward_entries", "other_income", "commissions",
    "given_user_days",
)  # fmt: skip

TASK_DAYS: Schema = (
    Column("campaign_ref", "varchar", False),
    Column("minimum_trades", "bigint"),
    Column("minimum_volume_usdt", "bigint"),
    Column("starts_on", "date", False),
    Column("ends_on", "date", False),
    Column("unlock_on", "date", False),
)
VIP_LADDER: Schema = (
    Column("level", "integer", False),
    *(Column(f"{side}_{what}_usdt", "bigint") for side in ("own", "next") for what in ("spot", "contract", "asset")),
    Column("own_needs_all", "boolean"),
    Column("next_needs_all", "boolean"),
)


def fact_days(snapshot: Snapshot) -> tuple[date, date] | None:
    """The first and last day of any fact that a close reads."""
    firsts = [day for table in (*DAY_FACTS, "balances") if (day := snapshot.first_day(table))]
    lasts = [day for table in (*DAY_FACTS, "balances") if (day := snapshot.last_day(table))]
    if not firsts:
        return None
    # The rows of a week stand on its first day, and count until it is over.
    last = max(lasts)
    is_weekly = "week" in snapshot.manifest.notes.get("grains", ()) and last == snapshot.last_day("given_user_days")
    return min(firsts), last + timedelta(days=6) if is_weekly else last


def snapshot_day(manifest: Manifest, day: date) -> date | None:
    """The day of the balances that count for `day`: its own, or the latest of the week before."""
    known = manifest.revisions.get("balances", {})
    for age in range(BALANCES_HOLD_FOR.days + 1):
        if str(day - timedelta(days=age)) in known:
            return day - timedelta(days=age)
    return None


def attach_day(engine: Engine, snapshot: Snapshot, spec: CloseSpec, day: date) -> dict[str, Any]:
    """The facts of `day`, and the parameters with which the daybook's queries cut them."""
    for table in DAY_FACTS:
        snapshot.attach(engine, table, fact_schema(table), since=day, until=day)
    held_on = snapshot_day(snapshot.manifest, day) or day
    snapshot.attach(engine, "balances", fact_schema("balances"), since=held_on, until=held_on)
    from_at, to_at = day_bounds(day, spec.zone)
    return {"day": day, "from_at": from_at, "to_at": to_at, "snapshot_day": held_on}


def attach_standing(engine: Engine, snapshot: Snapshot, spec: CloseSpec, day: date) -> None:
    """What profiles of `day` read besides the state: users and their history, restrictions, tiers, holdings, marks."""
    for table in ("users", "user_status_history", "restrictions"):
        snapshot.attach(engine, table, fact_schema(table))
    snapshot.attach(engine, "equity_days", tables.EQUITY_DAYS, since=day, until=day)
    snapshot.attach(engine, "bonus_marks", tables.BONUS_MARKS, since=day - timedelta(days=90), until=day)
    engine.table("vip_ladder", VIP_LADDER, _vip_ladder(engine, snapshot, spec, day))


def task_days(engine: Engine, snapshot: Snapshot, spec: CloseSpec) -> list[tuple[Any, ...]]:
    """Rows of TASK_DAYS: the tasks of campaigns with their days in the reporting zone."""
    snapshot.attach(engine, "campaign_tasks", fact_schema("campaign_tasks"))
    told = engine.rows(
        "select campaign_ref, minimum_trades, minimum_volume_usdt, starts_at, ends_at,"
        " coalesce(unlock_at, ends_at) as unlocks_at"
        " from campaign_tasks order by campaign_ref nulls last"
    )
    zone, instant = spec.zone, timedelta(microseconds=1)
    return [
        (ref, trades, volume, day_of(starts, zone), day_of(ends - instant, zone), day_of(unlocks, zone))
        for ref, trades, volume, starts, ends, unlocks in told.values
    ]


def _vip_ladder(engine: Engine, snapshot: Snapshot, spec: CloseSpec, day: date) -> list[tuple[Any, ...]]:
    """Each VIP level as of the day, with what it asks and what the next one asks."""
    snapshot.attach(engine, "vip_tiers", fact_schema("vip_tiers"))
    _, to_at = day_bounds(day, spec.zone)
    told = engine.rows(
        "select scheme, level, valid_from, spot_volume_30d, contract_volume_30d, asset_usdt, logic from vip_tiers"
        " where valid_from < $to_at order by scheme nulls last, level nulls last, valid_from nulls last",
        to_at=to_at,
    )
    if not told.values:
        return []
    scheme = told.values[0][0]
    asks = {
        level: (spot, contract, asset, logic == "all")
        for of, level, _, spot, contract, asset, logic in told.values
        if of == scheme
    }
    nothing = (None, None, None, None)
    ladder = []
    for level in sorted({0, *asks}):
        higher = [one for one in asks if one > level]
        own, following = asks.get(level, nothing), asks[min(higher)] if higher else nothing
        ladder.append((level, *own[:3], *following[:3], own[3], following[3]))
    return ladder


def attach_history(engine: Engine, snapshot: Snapshot, day: date) -> None:
    """All of user_days, active_days and equity_days up to `day`, with the bits that each day sets."""
    for table, schema in (
        ("user_days", tables.USER_DAYS),
        ("active_days", tables.ACTIVE_DAYS),
        ("equity_days", tables.EQUITY_DAYS),
    ):
        snapshot.attach(engine, table, schema, until=day)
    first = min((one for t in ("user_days", "active_days", "equity_days") if (one := snapshot.first_day(t))), default=day)
    engine.table("day_bits", DAY_BITS, day_bits(days(first, day), day))
