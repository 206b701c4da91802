"""The strategy over the users as they stand: per cell how many, what is at stake, what changed and what leaks away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from springtide.analytics.daybook.spec import missing_columns
from springtide.analytics.daybook.tables import PROFILE_TYPES, PROFILES
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import STRATA, kept_day, missing, unavailable_strata
from springtide.analytics.segments.strategy import Play, Strategy
from springtide.kernel.errors import NothingYet
from springtide.kernel.money import usdt

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
PLACED: Schema = (
    Column("user_no", "integer", False),
    Column("lifecycle", "varchar", False),
    Column("tier", "varchar", False),
    Column("override_key", "varchar", False),
    Column("life_rank", "integer"),
    Column("tier_rank", "integer", False),
    Column("equity_usdt", "bigint"),
    Column("net_revenue_90d_usdt", "bigint"),
)
MATRIX = definition("springtide.analytics.segments", "matrix")


@dataclass(frozen=True)
class EngagementCell:
    """One cell that has users now, had some a week ago, or lost some in the month.

    override          null for those for whom no override holds
    rule              opens exactly these users
    change_7d         users now less users seven days ago; null where that day is not kept
    leak_users        who stood here thirty days ago and now stands further down; null where that day is not kept
    leak_usdt         a month's share of the net revenue that these brought in the 90 days before that
    """

    lifecycle: str
    tier: str
    override: str | None
    play: Play
    rule: str
    users: int
    equity_usdt: Decimal | None
    net_revenue_90d_usdt: Decimal | None
    change_7d: int | None
    leak_users: int | None
    leak_usdt: Decimal | None


@dataclass(frozen=True)
class Engagement(Answer):
    """The strategy as of a day, what leaks most first. `reasons`: what is not known, and why."""

    as_of: date
    version: int
    hash: str
    rows: tuple[EngagementCell, ...]
    reasons: dict[str, str]


def engagement(engine: Engine, snapshot: Snapshot, strategy: Strategy, *, as_of: date | None = None) -> Engagement:
    """Every cell of the strategy that users stand in, as of a kept day. Counted users only.

    refuses    not_available    lifecycle or value was not available on the day
               nothing_closed, not_kept
    """
    day = kept_day(snapshot, as_of)
    unavailable = unavailable_strata(snapshot, day)
    for key in ("lifecycle", "value"):
        if key in unavailable:
            raise NothingYet(f"'{key}' is not available: {unavailable[key]}.", "Import what is missing.", code="not_available")
    reasons = {name: why for name in ("equity_usdt", "net_revenue_90d_usdt") if (why := missing(snapshot, name))}
    lacking = missing_columns(snapshot.manifest) | unavailable
    for one in strategy.overrides:  # such a one holds for nobody: its users get what their cell says
        gone = [f"{column}: {lacking[column]}" for column in one.when.columns if column in lacking]
        reasons |= {f"override {one.key}": why for why in gone[:1]}
    kept = set(snapshot.days("strata"))
    place(engine, snapshot, strategy, day, name="placed")
    for name, before, figure in (("placed_week", day - WEEK, "change_7d"), ("placed_month", day - MONTH, "leak")):
        if before in kept and not {"lifecycle", "value"} & unavailable_strata(snapshot, before).keys():
            place(engine, snapshot, strategy, before, name=name)
        else:
            engine.table(name, PLACED, ())
            reasons[figure] = f"the snapshot of {before} is not kept"
    rows = []
    for lifecycle, tier, override, users, week, equity, revenue, leak_users, leak in engine.rows(MATRIX.text).values:
        holds: str | None = override or None
        has_leak = "leak" not in reasons
        rows.append(
            EngagementCell(
                lifecycle,
                tier,
                holds,
                strategy.play(lifecycle, tier, holds),
                strategy.rule(lifecycle, tier, holds),
                users,
                None if "equity_usdt" in reasons else usdt(equity),
                None if "net_revenue_90d_usdt" in reasons else usdt(revenue),
                None if "change_7d" in reasons else users - week,
                leak_users if has_leak else None,
                usdt(leak // 3) if has_leak and "net_revenue_90d_usdt" not in reasons else None,
            )
        )
    rows.sort(key=lambda row: (-(row.leak_usdt or 0), -(row.net_revenue_90d_usdt or 0), -row.users, row.lifecycle, row.tier))
    return Engagement(day, strategy.version, strategy.hash, tuple(rows), reasons)


def place(engine: Engine, snapshot: Snapshot, strategy: Strategy, day: date, *, name: str) -> None:
    """Make table `name`, shaped as PLACED: the cell of every counted user as of a kept day."""
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
    snapshot.attach(engine, "strata", STRATA, since=day, until=day)
    engine.make(name, place_query(strategy))


def place_query(strategy: Strategy) -> str:
    """The query that puts every counted user in one cell; reads `profiles` and `strata` of one day, once."""
    columns = [name for name in strategy.columns if name not in ("lifecycle", "value")]
    picked = [f"{'p' if column in PROFILE_TYPES else 's'}.{column}" for column in columns]
    people = ", ".join(["p.user_no", "p.equity_usdt", "p.net_revenue_90d_usdt", "s.lifecycle", "s.value", *picked])
    tiers = _case("value", [(tier.strata, f"'{tier.key}'") for tier in strategy.tiers])
    tier_rank = _case("value", [(tier.strata, str(rank)) for rank, tier in enumerate(strategy.tiers)])
    life_rank = _case("lifecycle", [((name,), str(rank)) for rank, name in enumerate(strategy.ladder)])
    overrides = " ".join(f"when {one.when.sql()} then '{one.key}'" for one in strategy.overrides)
    override = f"case {overrides} else '' end" if overrides else "''"
    return (
        f"with people as (select {people} from profiles as p inner join strata as s on p.user_no = s.user_no where p.is_counted)"
        f" select user_no, lifecycle, {tiers} as tier, {override} as override_key, {life_rank} as life_rank,"
        f" {tier_rank} as tier_rank, equity_usdt, net_revenue_90d_usdt from people"
    )


def _case(column: str, groups: Sequence[tuple[Sequence[str], str]]) -> str:
    whens = " ".join(f"when {column} in ({', '.join(repr(name) for name in names)}) then {said}" for names, said in groups)
    return f"case {whens} end"
