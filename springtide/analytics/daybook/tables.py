"""The derived tables: their columns, types and meaning, and which inputs each column needs.

Money is BIGINT, a whole number of 1e-6 USDT. A user is a master account: sub-accounts are rolled up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from springtide.analytics.engine import Column, ColumnType, Schema

PART = 2**20  # user numbers in one part of a table that is cut by user
MASK_BITS = 62  # a mask is a BIGINT whose sign and next bit stay free
WINDOWS = (7, 30, 90)

MILESTONES = ("deposit", "spot", "contract", "withdrawal", "liquidation", "session")

USER_DAY_SUMS: dict[str, str] = {
    "spot_trades": "own spot fills",
    "contract_trades": "own contract fills; liquidations, ADL and settlement are not own fills",
    "spot_volume_usdt": "notional of own spot fills, one side",
    "contract_volume_usdt": "notional of own contract fills, one side",
    "spot_fees_usdt": "fees as charged on spot, after vouchers; a maker rebate is negative",
    "contract_fees_usdt": "fees as charged on contracts, after vouchers",
    "maker_volume_usdt": "the part of the volume that was made, not taken",
    "api_volume_usdt": "the part of the volume that came by API or bot",
    "copy_volume_usdt": "the part of the volume that was copied",
    "arbitrage_volume_usdt": "opposite legs in one asset, spot and contract, in the same clock hour; both legs counted",
    "liquidations": "orders that were liquidated (fills, where orders are unknown)",
    "realised_pnl_usdt": "realised profit or loss on contracts",
    "deposits": "deposits",
    "deposit_usdt": "value deposited; internal and P2P moves are no deposits",
    "withdrawals": "withdrawals",
    "withdrawal_usdt": "value withdrawn",
    "sessions": "sessions",
    "session_seconds": "time in sessions",
    "rewards_granted_usdt": "rewards granted",
    "rewards_consumed_usdt": "rewards used: fee vouchers, loss cover, conversions",
    "rewards_cost_usdt": "rewards used that are not already inside the fees: loss cover and conversions",
    "other_income_usdt": "convert spread, liquidation fees, earn margin",
    "commissions_usdt": "referral and affiliate commissions and rebates",
    "net_revenue_usdt": "fees + other income - commissions - rewards cost",
}
COUNTS = {"spot_trades", "contract_trades", "liquidations", "deposits", "withdrawals", "sessions"}


def _sums(names: Iterable[str], about: str) -> list[Column]:
    return [Column(name, "bigint", False, about) for name in names]


USER_DAYS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "the day in the reporting zone"),
    *(Column(name, "bigint", False, about) for name, about in USER_DAY_SUMS.items()),
    *(
        Column(f"{edge}_{milestone}_at", "timestamp", True, f"time of the {edge} {milestone} of the day")
        for milestone in MILESTONES
        for edge in ("first", "last")
    ),
)

ACTIVE_DAYS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "a day on which the user was active in the product"),
    Column("product", "varchar", False, "trading, spot, contract, platform, or a product of given aggregates"),
)

EQUITY_DAYS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "the day at whose end this was held"),
    Column("equity_usdt", "bigint", False, "spot, contract and earn wallets"),
    Column("spot_equity_usdt", "bigint", False, "spot wallet"),
    Column("contract_equity_usdt", "bigint", False, "contract wallet"),
    Column("earn_equity_usdt", "bigint", False, "earn wallet"),
    Column("bonus_usdt", "bigint", False, "bonus wallet; not part of equity"),
)

# The state carries these sums over these windows, and over all time.
STATE_WINDOWS: dict[str, tuple[int, ...]] = {
    "spot_trades": WINDOWS,
    "contract_trades": WINDOWS,
    "spot_volume_usdt": WINDOWS,
    "contract_volume_usdt": WINDOWS,
    "fees_usdt": WINDOWS,
    "net_revenue_usdt": WINDOWS,
    "api_volume_usdt": (30, 90),
    "maker_volume_usdt": (30,),
    "copy_volume_usdt": (90,),
    "arbitrage_volume_usdt": (90,),
    "liquidations": (7, 30),
    "realised_pnl_usdt": (30, 90),
    "deposit_usdt": (30, 90),
    "withdrawal_usdt": (30, 90),
    "rewards_consumed_usdt": (30, 90),
    "sessions": (30,),
}
STATE_TOTALS = (
    "spot_trades",
    "contract_trades",
    "spot_volume_usdt",
    "contract_volume_usdt",
    "fees_usdt",
    "net_revenue_usdt",
    "deposit_usdt",
    "withdrawal_usdt",
    "rewards_consumed_usdt",
    "liquidations",
)


def windowed(measure: str, window: int) -> str:
    """The name of a measure's sum over a window: `fees_usdt` over 30 days is `fees_30d_usdt`."""
    return f"{measure.removesuffix('_usdt')}_{window}d" + ("_usdt" if measure.endswith("_usdt") else "")


def lifetime(measure: str) -> str:
    """The name of a measure's sum over all time: `fees_all_usdt`."""
    return f"{measure.removesuffix('_usdt')}_all" + ("_usdt" if measure.endswith("_usdt") else "")


STATE: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    *(
        Column(windowed(measure, window), "bigint", False, f"{measure} over the last {window} days")
        for measure, windows in STATE_WINDOWS.items()
        for window in windows
    ),
    Column("equity_sum_30d_usdt", "bigint", False, "sum of day-end equity over the last 30 days"),
    *(Column(lifetime(measure), "bigint", False, f"{measure} over all time") for measure in STATE_TOTALS),
)

ACTIVITY: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("product", "varchar", False, "see active_days"),
    Column("first_on", "date", False, "first active day ever"),
    Column("last_on", "date", False, "last active day"),
    Column("days_mask", "bigint", False, "bit k: active k days before the as-of day"),
    Column("weeks_mask", "bigint", False, "bit k: active in the ISO week k weeks before that of the as-of day"),
    Column("months_mask", "bigint", False, "bit k: active in the month k months before that of the as-of day"),
)

MILESTONE_DAYS = {
    "first_deposit_on": "deposit",
    "last_deposit_on": "deposit",
    "last_withdrawal_on": "withdrawal",
    "last_liquidation_on": "liquidation",
}

FIRSTS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("registered_at", "timestamp", False, "registration"),
    Column("kyc_at", "timestamp", True, "first time KYC was passed"),
    *(Column(name, "date", True, f"day of the {name[:-3].replace('_', ' ')}") for name in MILESTONE_DAYS),
    *(
        Column(f"{edge}_{milestone}_at", "timestamp", True, f"{edge} {milestone}")
        for milestone in MILESTONES
        for edge in ("first", "last")
    ),
)

MARKET_DAYS: Schema = (
    Column("day", "date", False, "the day"),
    Column("btc_close_usdt", "bigint", False, "close of BTC"),
    Column("return_30d_ratio", "double", True, "close over the close 30 days before, less 1"),
    Column("volatility_30d_ratio", "double", True, "standard deviation of 30 daily log returns, a year's worth (× √365)"),
    Column("regime", "varchar", True, "bull above +10 %, bear below −10 %, else flat; null while 30 days are not known"),
    Column(
        "is_high_volatility", "boolean", True, "volatility above the 80th percentile of the year before; null under 60 days"
    ),
)

BONUS_MARKS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "the day of judgement: seven days after the task's unlock"),
    Column("campaign_ref", "varchar", False, "the task"),
    Column("task_trades", "bigint", False, "own fills inside the task's window"),
    Column("task_volume_usdt", "bigint", False, "volume inside the task's window"),
    Column("trades_90d", "bigint", False, "own fills in the 90 days up to the judgement"),
    Column("put_in_usdt", "bigint", False, "deposits since the task began and rewards granted for it"),
    Column("withdrawn_usdt", "bigint", False, "withdrawals in the seven days from the unlock"),
    Column("linked_takers", "bigint", False, "other takers of the task who share a device, payment, address or face"),
    Column("is_task_shaped", "boolean", False, "traded what the task asked for and little else"),
    Column("is_cashed_out", "boolean", False, "withdrew at least 80 % of what went in"),
)

MOVES: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "the day on which the user stands in the new stratum, or is in the segment or no longer"),
    Column("kind", "varchar", False, "stratum or segment"),
    Column("key", "varchar", False, "which stratification, or which segment"),
    Column(
        "was", "varchar", True, "yesterday's stratum, null for a user who is new; `in` for who was in the segment, else null"
    ),
    Column("becomes", "varchar", True, "today's stratum, never null; `in` for who is in the segment, else null"),
    Column("is_first", "boolean", False, "there was no yesterday: the user had no stratum, or the segment was not told"),
)

POPULATION: Schema = (
    Column("key", "varchar", False, "name of the edge, usable in rules"),
    Column("value_usdt", "bigint", True, "the edge"),
)


@dataclass(frozen=True)
class Need:
    """An input of a column: at least one of the tables, with `column` known in every one of them that is there."""

    tables: tuple[str, ...]
    column: str | None = None
    day_grain: bool = False


TRADES = ("spot_trades", "contract_trades", "given_user_days")
_ACTIVITY = Need(TRADES)
_COUNTS = Need(TRADES, "trades", day_grain=True)
_VOLUME = Need(TRADES, "notional_usdt", day_grain=True)
_FEES = Need(TRADES, "fee_usdt", day_grain=True)
_EQUITY = Need(("balances", "given_user_days"), "equity_usdt")
_TRANSFERS = Need(("transfers",))
_USERS = Need(("users",))


@dataclass(frozen=True)
class ProfileColumn:
    """A column of `profiles`: what a stratum or a segment may ask about a user."""

    name: str
    type: ColumnType
    about: str
    needs: tuple[Need, ...] = (_USERS,)


def _state_need(measure: str) -> tuple[Need, ...]:
    if measure in ("fees_usdt", "net_revenue_usdt"):
        return (_FEES,)
    if "volume" in measure:
        via = {"api_volume_usdt": "via", "copy_volume_usdt": "via", "maker_volume_usdt": "role"}.get(measure)
        return (_VOLUME, Need(("spot_trades", "contract_trades"), via)) if via else (_VOLUME,)
    if "trades" in measure:
        return (_COUNTS,)
    return {
        "liquidations": (Need(("contract_trades",)),),
        "realised_pnl_usdt": (Need(("contract_trades",), "realised_pnl_usdt"),),
        "deposit_usdt": (_TRANSFERS,),
        "withdrawal_usdt": (_TRANSFERS,),
        "rewards_consumed_usdt": (Need(("reward_entries",)),),
        "sessions": (Need(("sessions",)),),
    }[measure]


PROFILE_COLUMNS: tuple[ProfileColumn, ...] = (
    ProfileColumn("user_no", "integer", "the user's number"),
    ProfileColumn("user_type", "varchar", "retail, pro, institution, market_maker, employee, test"),
    ProfileColumn("is_counted", "boolean", "false for employees, tests and market makers: outside every user metric"),
    ProfileColumn("registered_on", "date", "day of registration (day 0)"),
    ProfileColumn("tenure_days", "integer", "days since registration"),
    ProfileColumn("country", "varchar", "country, where known"),
    ProfileColumn("language", "varchar", "language, where known"),
    ProfileColumn("channel_id", "varchar", "acquisition channel, where known"),
    ProfileColumn("kyc_level", "integer", "KYC level as of the day", (_USERS, Need(("users",), "kyc_level"))),
    ProfileColumn("kyc_passed_on", "date", "day on which KYC was passed", (Need(("users",), "kyc_level"),)),
    ProfileColumn("vip_level", "integer", "VIP level as of the day", (Need(("users",), "vip_level"),)),
    ProfileColumn("status", "varchar", "active, frozen or closed as of the day", (Need(("users",), "status"),)),
    ProfileColumn("has_consent", "boolean", "marketing consent", (Need(("users",), "marketing_consent"),)),
    ProfileColumn(
        "is_restricted", "boolean", "self-exclusion, cooling-off, sanctions or risk hold", (Need(("restrictions",)),)
    ),
    ProfileColumn("first_deposit_on", "date", "day of the first deposit", (_TRANSFERS,)),
    ProfileColumn("first_trade_on", "date", "day of the first own fill", (_ACTIVITY,)),
    ProfileColumn("first_spot_on", "date", "day of the first spot fill", (_ACTIVITY,)),
    ProfileColumn("first_contract_on", "date", "day of the first contract fill", (_ACTIVITY,)),
    ProfileColumn("last_trade_on", "date", "day of the last own fill", (_ACTIVITY,)),
    ProfileColumn("last_deposit_on", "date", "day of the last deposit", (_TRANSFERS,)),
    ProfileColumn("last_withdrawal_on", "date", "day of the last withdrawal", (_TRANSFERS,)),
    ProfileColumn("last_liquidation_on", "date", "day of the last liquidation", (Need(("contract_trades",)),)),
    ProfileColumn("days_since_trade", "integer", "days since the last own fill; null if never", (_ACTIVITY,)),
    ProfileColumn(
        "days_since_platform_active", "integer", "days since a fill, deposit, session or earn position", (_ACTIVITY,)
    ),
    ProfileColumn("days_since_registration", "integer", "the same as tenure_days: days in the stage 'registered'"),
    ProfileColumn("days_since_first_deposit", "integer", "days in the stage 'deposited'", (_TRANSFERS,)),
    ProfileColumn("trading_days_7d", "integer", "days with an own fill in the last 7", (_COUNTS,)),
    ProfileColumn("trading_days_30d", "integer", "days with an own fill in the last 30", (_COUNTS,)),
    ProfileColumn("trading_days_62d", "integer", "days with an own fill in the last 62", (_COUNTS,)),
    ProfileColumn(
        "is_personally_silent",
        "boolean",
        "silent for more than 14 days and longer than 90 % of the user's own gaps (≥ 5 gaps) of the last 62 days",
        (Need(TRADES, day_grain=True),),
    ),
    *(
        ProfileColumn(windowed(measure, window), "bigint", f"{measure} over the last {window} days", _state_need(measure))
        for measure, windows in STATE_WINDOWS.items()
        for window in windows
    ),
    *(ProfileColumn(lifetime(m), "bigint", f"{m} over all time", _state_need(m)) for m in STATE_TOTALS),
    ProfileColumn("trades_30d", "bigint", "own fills over the last 30 days", (_COUNTS,)),
    ProfileColumn("trades_90d", "bigint", "own fills over the last 90 days", (_COUNTS,)),
    ProfileColumn("trades_all", "bigint", "own fills over all time", (_COUNTS,)),
    ProfileColumn("volume_30d_usdt", "bigint", "spot and contract volume over the last 30 days", (_VOLUME,)),
    ProfileColumn("volume_90d_usdt", "bigint", "spot and contract volume over the last 90 days", (_VOLUME,)),
    ProfileColumn("net_deposit_30d_usdt", "bigint", "deposits less withdrawals over the last 30 days", (_TRANSFERS,)),
    ProfileColumn("net_deposit_90d_usdt", "bigint", "deposits less withdrawals over the last 90 days", (_TRANSFERS,)),
    ProfileColumn("equity_usdt", "bigint", "equity at day end", (_EQUITY,)),
    ProfileColumn("earn_equity_usdt", "bigint", "the part of it in earn", (_EQUITY,)),
    ProfileColumn("equity_mean_30d_usdt", "bigint", "mean day-end equity over the last 30 days", (_EQUITY,)),
    ProfileColumn("asset_size_usdt", "bigint", "the higher of equity and its 30-day mean", (_EQUITY,)),
    ProfileColumn(
        "vip_next_ratio",
        "double",
        "how much of the next VIP tier is met: best criterion where any counts, worst where all must; null at the top tier",
        (Need(("vip_tiers",)), Need(("users",), "vip_level"), _VOLUME),
    ),
    ProfileColumn(
        "is_downgrade_risk",
        "boolean",
        "holds a tier whose criteria are not met as of the day",
        (Need(("vip_tiers",)), Need(("users",), "vip_level"), _VOLUME),
    ),
    ProfileColumn(
        "bonus_marked_on", "date", "last day judged a bonus hunter", (Need(("reward_entries",)), Need(("campaign_tasks",)))
    ),
    ProfileColumn(
        "days_since_bonus_mark",
        "integer",
        "days since then; the mark expires after 90",
        (Need(("reward_entries",)), Need(("campaign_tasks",))),
    ),
)
PROFILES: Schema = tuple(Column(column.name, column.type, True, column.about) for column in PROFILE_COLUMNS)
PROFILE_TYPES: dict[str, str] = {column.name: column.type for column in PROFILE_COLUMNS}
