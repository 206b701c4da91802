"""Acquisition by channel: how many came, what they cost, what became of them, and how good they are, ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from springtide.analytics.daybook.spec import given
from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.intervals import Mean, Share, mean_of_sums, wilson
from springtide.analytics.metrics.reading import (
    BY_WEEK,
    DERIVED,
    are_users_derived,
    attach_profiles,
    first_closed,
    is_weekly,
    missing,
    text,
)
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest
from springtide.kernel.money import usdt

COHORT_DAYS = 90
FIRST_DAYS = 30
KEPT_DAYS = 7
LEAST_USERS = 200
MOST_LINKED = 999
BEHIND: Mapping[str, str] = {
    "registrations": "registrants", "kyc": "kyc", "first_deposits": "depositors", "first_trades": "traders", "kept": "kept",
    "linked": "linked", "ltv_30": "revenue_usdt",
}  # fmt: skip
_OF_ONE_CHANNEL = """
select user_no, cast(user_no as varchar) as channel_id, is_counted, registered_on, kyc_passed_on, first_deposit_on, first_trade_on
from profiles
where coalesce(channel_id, '(not known)') = $channel
"""


@dataclass(frozen=True)
class ChannelRow:
    """One channel over the users whom it brought. What cannot be told is null, and `Acquisition.reasons` says why.

    rank             by LTV_30, 1 the best; null below the least number of users
    kyc, first_deposits, first_trades    of those who registered, who took the step in the first 30 days
    kept             cohort quality: of those who traded in the first 30 days, who traded again in the 7 days after them
    linked           who shares a device, payment, address, face or key with another account
    ltv_30           net revenue of the first 30 days per registered user
    cpa              spend ÷ first trades
    payback_days     days after which the cohort has brought what was spent on it; null while it has not
    """

    rank: int | None
    channel_id: str
    registrations: int
    kyc: Share | None
    first_deposits: Share | None
    first_trades: Share | None
    kept: Share | None
    linked: Share | None
    ltv_30: Mean | None
    spend_usdt: Decimal | None
    cpa: Mean | None
    payback_days: int | None


@dataclass(frozen=True)
class Acquisition(Answer):
    """The users registered from `since` to `until`, whose 37 days have all passed; the best channel first, those without a rank last."""

    since: date
    until: date
    least_users: int
    rows: tuple[ChannelRow, ...]
    reasons: Mapping[str, str]  # column → why it cannot be told


def acquisition(
    engine: Engine,
    snapshot: Snapshot,
    *,
    since: date | None = None,
    until: date | None = None,
    least_users: int = LEAST_USERS,
) -> Acquisition:
    """Channels by what their users brought, over users registered from `since` to `until` (default: the latest 90 days old enough).

    refuses    empty_range      it ends before it begins
               too_young        users of the last days have not had their 37 days
               not_available    nobody is known to have registered
               nothing_closed   no day was closed yet
    """
    as_of = snapshot.require_closed()
    oldest = as_of - timedelta(days=FIRST_DAYS + KEPT_DAYS - 1)
    until = until or oldest
    since = since or max(until - timedelta(days=COHORT_DAYS - 1), min(first_closed(snapshot), until))
    if until < since:
        raise BadInput(f"The range from {since} to {until} is empty.", "Give the earlier day first.", code="empty_range")
    if until > oldest:
        raise NothingYet(
            f"Users registered on {until} have not had their {FIRST_DAYS + KEPT_DAYS} days.",
            f"Ask for users registered by {oldest}.",
            code="too_young",
        )
    if are_users_derived(engine, snapshot):
        raise NothingYet(f"This is not available: {DERIVED}.", "Import the users.", code="not_available")
    reasons = _reasons(snapshot)
    _attach(engine, snapshot, since)
    cohort = {"since": since, "until": until}
    told = engine.rows(text("acquisition"), **_asked(since, until)).dicts()
    spent = dict(engine.rows(text("channel_spend"), **cohort).values)
    revenue = _by_age(engine, cohort, (as_of - until).days)
    rows = [_row(row, spent.get(row["channel_id"], 0), revenue.get(row["channel_id"], {}), reasons) for row in told]
    return Acquisition(since, until, least_users, _ranked(rows, least_users), reasons)


def channel_users(
    engine: Engine, snapshot: Snapshot, channel_id: str, figure: str, *, since: date, until: date
) -> tuple[int, ...]:
    """The users behind a figure of a channel's row: the same definition, with every user as a channel of their own.

    refuses    unknown_figure    users stand behind registrations, kyc, first_deposits, first_trades, kept, linked and ltv_30
    """
    if figure not in BEHIND:
        raise UnknownName(f"No users stand behind '{figure}'.", suggest(figure, BEHIND), code="unknown_figure")
    _attach(engine, snapshot, since)
    engine.make("profiles", _OF_ONE_CHANNEL, channel=channel_id)
    rows = engine.rows(
        f"select channel_id from (\n{text('acquisition')}\n) as told where {BEHIND[figure]} <> 0", **_asked(since, until)
    )
    return tuple(sorted(int(user) for (user,) in rows.values))


def _attach(engine: Engine, snapshot: Snapshot, since: date) -> None:
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "user_days", USER_DAYS, since=since, until=snapshot.require_closed())
    for table in ("links", "channels"):
        snapshot.attach(engine, table, fact_schema(table))


def _asked(since: date, until: date) -> dict[str, Any]:
    return {"since": since, "until": until, "first_days": FIRST_DAYS, "kept_days": KEPT_DAYS, "most_linked": MOST_LINKED}


def _reasons(snapshot: Snapshot) -> dict[str, str]:
    needs = {
        "kyc": "kyc_passed_on",
        "first_deposits": "first_deposit_on",
        "first_trades": "first_trade_on",
        "kept": "first_trade_on",
        "ltv_30": "net_revenue_30d_usdt",
        "payback_days": "net_revenue_30d_usdt",
        "cpa": "first_trade_on",
    }
    reasons = {column: reason for column, need in needs.items() if (reason := missing(snapshot, need))}
    if is_weekly(snapshot):
        reasons |= dict.fromkeys(("kept", "ltv_30", "payback_days"), BY_WEEK)
    if "links" not in given(snapshot.manifest):
        reasons["linked"] = "no links was given"
    if "channels" not in given(snapshot.manifest):
        reasons |= dict.fromkeys(("spend_usdt", "cpa", "payback_days"), "no channels was given")
    return reasons


def _by_age(engine: Engine, cohort: Mapping[str, date], last_age: int) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for channel, age, revenue in engine.rows(text("payback"), **cohort, last_age=last_age).values:
        found.setdefault(channel, {})[age] = revenue
    return found


def _row(sums: Mapping[str, Any], spend: int, revenue: Mapping[int, int], reasons: Mapping[str, str]) -> ChannelRow:
    users, traders = sums["registrants"], wilson(sums["traders"], sums["registrants"])
    figures: dict[str, Any] = {
        "kyc": wilson(sums["kyc"], users),
        "first_deposits": wilson(sums["depositors"], users),
        "first_trades": traders,
        "kept": wilson(sums["kept"], sums["traders"]),
        "linked": wilson(sums["linked"], users),
        "ltv_30": mean_of_sums(sums["revenue_usdt"], int(sums["revenue_squared"]), users),
        "spend_usdt": usdt(spend),
        "cpa": _cost(spend, traders),
        "payback_days": _payback(spend, revenue),
    }
    told = {column: None if column in reasons else figure for column, figure in figures.items()}
    return ChannelRow(None, sums["channel_id"], users, **told)


def _cost(spend: int, traders: Share) -> Mean | None:
    """Spend per first trade; as many as might have traded give the bounds."""
    if not spend or not traders.users or not traders.low or not traders.high:
        return None
    low, high = (usdt(round(spend / (bound * traders.of))) for bound in (traders.high, traders.low))
    return Mean(usdt(round(spend / traders.users)), low, high)


def _payback(spend: int, revenue: Mapping[int, int]) -> int | None:
    """The age at which all that came in reaches what was spent; nothing was to be paid back where nothing was spent."""
    total = 0
    for age in sorted(revenue):
        total += revenue[age]
        if spend and total >= spend:
            return age
    return None


def _ranked(rows: list[ChannelRow], least_users: int) -> tuple[ChannelRow, ...]:
    many = [row for row in rows if row.registrations >= least_users and row.ltv_30]
    few = [row for row in rows if row not in many]
    many.sort(key=lambda row: (-row.ltv_30.value if row.ltv_30 else Decimal(0), row.channel_id))
    few.sort(key=lambda row: (-row.registrations, row.channel_id))
    return (*(replace(row, rank=place) for place, row in enumerate(many, 1)), *few)
