"""Lists worth working: rules over profile columns and strata, with how many users they name and how much is at stake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import (
    STRATIFICATIONS,
    attach_profiles,
    attach_strata,
    kept_day,
    missing,
    unavailable_strata,
)
from springtide.analytics.rules import Rule
from springtide.kernel.money import usdt

COLUMNS = PROFILE_TYPES | dict.fromkeys(STRATIFICATIONS, "varchar")


@dataclass(frozen=True)
class Worklist:
    """A list worth working: the rule that names its users, and the column whose sum is at stake."""

    key: str
    version: int
    asks: str
    rule: str
    value: str


WORKLISTS = (
    Worklist(
        "large_and_leaving",
        1,
        "Who holds much, has stopped trading or is quieter than usual, and has not been here for a week?",
        # Holders and earners who still come here are not leaving, whatever their last fill says.
        "asset_size_usdt >= 10000 and (lifecycle = 'lapsing' or is_personally_silent) and days_since_platform_active > 7"
        " and lifecycle not in ('restricted', 'closed')",
        "equity_usdt",
    ),
    Worklist(
        "deposited_not_traded",
        1,
        "Who deposited in the last 30 days and has not traded within 7?",
        "first_trade_on is null and days_since_first_deposit between 7 and 30 and lifecycle not in ('restricted', 'closed')",
        "equity_usdt",
    ),
    Worklist(
        "vip_on_the_edge",
        1,
        "Who would lose a VIP tier, or is close to the next one?",
        "vip_distance in ('at_risk', 'near') and lifecycle not in ('restricted', 'closed', 'dormant')",
        "net_revenue_90d_usdt",
    ),
)


@dataclass(frozen=True)
class WorklistSize:
    """How many counted users a list names and what is at stake: the sum of `value_of`. Null with a `reason` where it cannot be told."""

    key: str
    version: int
    asks: str
    rule: str
    users: int | None
    value_of: str
    value_usdt: Decimal | None
    reason: str | None = None


@dataclass(frozen=True)
class Worklists(Answer):
    """The lists as of a kept day, in the order in which they are given."""

    as_of: date
    rows: tuple[WorklistSize, ...]


def worklists(
    engine: Engine, snapshot: Snapshot, *, as_of: date | None = None, lists: tuple[Worklist, ...] = WORKLISTS
) -> Worklists:
    """Each list with its number of users, counted by the very rule that opens it.

    refuses    bad_rule, unknown_column, wrong_unit    a rule cannot be read
               nothing_closed, not_kept
    """
    day = kept_day(snapshot, as_of)
    attach_profiles(engine, snapshot, day)
    attach_strata(engine, snapshot, day)
    return Worklists(day, tuple(_size(engine, snapshot, day, each) for each in lists))


def _size(engine: Engine, snapshot: Snapshot, day: date, each: Worklist) -> WorklistSize:
    rule = Rule.parse(each.rule, COLUMNS)
    unavailable = unavailable_strata(snapshot, day)
    lacking = next((unavailable[key] for key in rule.columns if key in unavailable), None)
    reason = lacking or missing(snapshot, *(name for name in rule.columns if name in PROFILE_TYPES))
    if reason:
        return WorklistSize(each.key, each.version, each.asks, each.rule, None, each.value, None, reason)
    strata = ", ".join(f"s.{key}" for key in STRATIFICATIONS)
    told = engine.rows(
        f"with people as (select p.*, {strata} from profiles as p inner join strata as s on p.user_no = s.user_no)"
        f" select count(*) as users, cast(coalesce(sum({each.value}), 0) as bigint) as value_usdt"
        f" from people where is_counted and ({rule.sql()})"
    )
    users, value = told.values[0]
    return WorklistSize(
        each.key, each.version, each.asks, each.rule, users, each.value, None if missing(snapshot, each.value) else usdt(value)
    )
