"""The metrics that are served by day, week and month and by group: each a sum, or a ratio of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from springtide.analytics.metrics.served import sums
from springtide.analytics.metrics.served.sums import Sum
from springtide.kernel.errors import UnknownName, suggest

COUNTED = "employees, test accounts and market makers; liquidations, ADL and settlement are no activity"
Unit = Literal["users", "count", "usdt", "ratio", "per 1,000", "points"]
Better = Literal["up", "down", "neither"]
Theme = Literal["activity", "activation", "money", "health", "churn"]

_FACTORS: dict[Unit, tuple[int, int]] = {"per 1,000": (1000, 1), "points": (1, 1_000_000)}


@dataclass(frozen=True)
class Served:
    """A served metric: what it asks, how it is reckoned, over whom, and what it means when it is empty.

    periods    those by which it makes sense
    adds_up    the groups of a stratification or of a column sum to the whole, in numerator and denominator; products only where it
               says so in `over`
    """

    key: str
    theme: Theme
    asks: str
    formula: str
    unit: Unit
    better: Better
    over: str
    empty: str
    numerator: Sum
    denominator: Sum | None = None
    periods: tuple[str, ...] = ("day", "week", "month")
    excludes: str = COUNTED
    owner: str = "user operations"
    version: int = 1

    @property
    def parts(self) -> tuple[Sum, ...]:
        return (self.numerator, self.denominator) if self.denominator else (self.numerator,)

    @property
    def products(self) -> tuple[str, ...]:
        """The products by which it can be told."""
        return tuple(self.numerator.products) if all(part.products for part in self.parts) else ()

    @property
    def matures_days(self) -> int:
        return 0 if self.denominator is None else max(part.matures_days for part in self.parts)

    @property
    def reaches_back_days(self) -> int:
        return max(part.reaches_back_days for part in self.parts)

    @property
    def factor(self) -> tuple[int, int]:
        return _FACTORS.get(self.unit, (1, 1))


_NOT_GIVEN = "0 where nothing happened; not available, with the reason, where it was not given"
_NO_BASE = "null where nobody is there to take it over; not available, with the reason, where it was not given"
_KEPT = "null, with the reason, on days whose snapshot is not kept"

SERVED: tuple[Served, ...] = (
    Served(
        "active_traders",
        "activity",
        "How many users traded?",
        "users with at least one own fill in the period",
        "users",
        "up",
        "users of the period; who trades both products is in both, and once in the whole",
        _NOT_GIVEN,
        sums.TRADERS,
    ),
    Served(
        "weekly_active_traders",
        "activity",
        "How many users traded in the last seven days?",
        "users with an own fill on one of the 7 days that end with the period",
        "users",
        "up",
        "users of the seven days",
        _NOT_GIVEN,
        sums.WEEKLY_TRADERS,
    ),
    Served(
        "monthly_active_traders",
        "activity",
        "How many users traded in the last thirty days?",
        "users with an own fill on one of the 30 days that end with the period",
        "users",
        "up",
        "users of the thirty days",
        _NOT_GIVEN,
        sums.MONTHLY_TRADERS,
    ),
    Served(
        "trades",
        "activity",
        "How many trades were made?",
        "Σ own fills",
        "count",
        "up",
        "own fills; products sum to the whole",
        _NOT_GIVEN,
        sums.TRADES,
    ),
    Served(
        "trades_per_trader",
        "activity",
        "How often did a trader trade?",
        "own fills ÷ users with one",
        "count",
        "up",
        "users who traded in the period",
        _NO_BASE,
        sums.TRADES,
        sums.TRADERS,
    ),
    Served(
        "contract_traders",
        "activity",
        "What share of those who traded used contracts?",
        "users with an own contract fill ÷ users who traded",
        "ratio",
        "neither",
        "users who traded in the period",
        _NO_BASE,
        sums.CONTRACT_TRADERS,
        sums.TRADERS,
    ),
    Served(
        "registrations",
        "activation",
        "How many users registered?",
        "users by the day of registration",
        "users",
        "up",
        "users who registered in the period",
        "0 where nobody did; not available where users are derived from their activity",
        sums.REGISTRATIONS,
    ),
    Served(
        "kyc_passed",
        "activation",
        "How many users passed KYC?",
        "users by the day on which they first passed",
        "users",
        "up",
        "users who passed in the period",
        _NOT_GIVEN,
        sums.PASSED_KYC,
    ),
    Served(
        "first_deposits",
        "activation",
        "How many users deposited for the first time?",
        "users by the day of their first deposit ever",
        "users",
        "up",
        "users whose first deposit lies in the period",
        _NOT_GIVEN,
        sums.FIRST_DEPOSITS,
    ),
    Served(
        "first_trades",
        "activation",
        "How many users traded for the first time?",
        "users by the day of their first own fill ever",
        "users",
        "up",
        "users whose first trade lies in the period",
        _NOT_GIVEN,
        sums.FIRST_TRADES,
    ),
    Served(
        "first_spot_trades",
        "activation",
        "How many users traded spot for the first time?",
        "users by the day of their first spot fill ever",
        "users",
        "up",
        "users whose first spot trade lies in the period",
        _NOT_GIVEN,
        sums.FIRST_SPOT_TRADES,
    ),
    Served(
        "first_contract_trades",
        "activation",
        "How many users traded a contract for the first time?",
        "users by the day of their first contract fill ever",
        "users",
        "up",
        "users whose first contract trade lies in the period",
        _NOT_GIVEN,
        sums.FIRST_CONTRACT_TRADES,
    ),
    Served(
        "kyc_7d",
        "activation",
        "Of those who registered, how many passed KYC within seven days?",
        "users who passed within 7 × 24 hours, edge included ÷ users who registered at least 7 days ago",
        "ratio",
        "up",
        "users registered in the period whose seven days have passed",
        _NO_BASE,
        sums.KYC_7D[2],
        sums.KYC_7D[1],
    ),
    Served(
        "deposit_7d",
        "activation",
        "Of those who passed KYC, how many deposited within seven days?",
        "users who deposited within 7 × 24 hours, edge included ÷ users who passed at least 7 days ago",
        "ratio",
        "up",
        "users who passed in the period and whose seven days have passed; who deposited before counts as in time",
        _NO_BASE,
        sums.DEPOSIT_7D[2],
        sums.DEPOSIT_7D[1],
    ),
    Served(
        "first_trade_24h",
        "activation",
        "Of those who deposited for the first time, how many traded within 24 hours?",
        "users with a trade within 24 hours of the first deposit, edge included ÷ users whose first deposit is a day old",
        "ratio",
        "up",
        "users whose first deposit lies in the period and whose 24 hours have passed; who traded before counts as in time",
        _NO_BASE,
        sums.FIRST_TRADE_24H[2],
        sums.FIRST_TRADE_24H[1],
    ),
    Served(
        "deposit_to_trade_7d",
        "activation",
        "Of those who deposited for the first time, how many traded within seven days?",
        "users with a trade within 7 × 24 hours of the first deposit, edge included ÷ users whose first deposit is 7 days old",
        "ratio",
        "up",
        "users whose first deposit lies in the period and whose seven days have passed",
        _NO_BASE,
        sums.TRADE_7D[2],
        sums.TRADE_7D[1],
    ),
    Served(
        "spot_to_contract_30d",
        "activation",
        "Of those who traded spot for the first time, how many traded a contract within thirty days?",
        "users with a contract trade within 30 × 24 hours, edge included ÷ users whose first spot trade is 30 days old",
        "ratio",
        "up",
        "users whose first spot trade lies in the period and whose thirty days have passed",
        _NO_BASE,
        sums.CONTRACT_30D[2],
        sums.CONTRACT_30D[1],
    ),
    Served(
        "first_trade_7d",
        "activation",
        "Of the users who registered, how many traded in their first seven days?",
        "users who traded on days 0 to 6 (day 0 is the day of registration) ÷ users whose day 6 has passed",
        "ratio",
        "up",
        "users registered in the period whose seven days have passed",
        _NO_BASE,
        sums.FIRST_TRADE_7D[2],
        sums.FIRST_TRADE_7D[1],
    ),
    Served(
        "volume",
        "money",
        "How much was traded?",
        "Σ notional of own fills, one side",
        "usdt",
        "up",
        "spot and contract; products sum to the whole",
        _NOT_GIVEN,
        sums.VOLUME_USDT,
    ),
    Served(
        "spot_volume",
        "money",
        "How much was traded on spot?",
        "Σ notional of own spot fills, one side",
        "usdt",
        "up",
        "spot",
        _NOT_GIVEN,
        sums.SPOT_VOLUME,
    ),
    Served(
        "contract_volume",
        "money",
        "How much was traded on contracts?",
        "Σ notional of own contract fills, one side",
        "usdt",
        "up",
        "contracts",
        _NOT_GIVEN,
        sums.CONTRACT_VOLUME,
    ),
    Served(
        "trade_size",
        "money",
        "How large was a trade?",
        "volume ÷ own fills",
        "usdt",
        "neither",
        "own fills",
        _NO_BASE,
        sums.VOLUME_USDT,
        sums.TRADES,
    ),
    Served(
        "fees",
        "money",
        "What did users pay in fees?",
        "Σ fees as charged, after vouchers; a maker rebate is negative",
        "usdt",
        "up",
        "spot and contract, liquidations included; products sum to the whole",
        _NOT_GIVEN,
        sums.FEES_USDT,
    ),
    Served(
        "take_rate",
        "money",
        "What share of volume became fees?",
        "fees ÷ volume",
        "ratio",
        "up",
        "own fills",
        _NO_BASE,
        sums.FEES_USDT,
        sums.VOLUME_USDT,
    ),
    Served(
        "other_income",
        "money",
        "What did users bring beside fees?",
        "convert spread + liquidation fees + earn margin",
        "usdt",
        "up",
        "counted users",
        _NOT_GIVEN,
        sums.OTHER_INCOME,
    ),
    Served(
        "commissions",
        "money",
        "What was paid to those who brought the users?",
        "referral and affiliate commissions + rebates",
        "usdt",
        "down",
        "counted users",
        _NOT_GIVEN,
        sums.COMMISSIONS,
    ),
    Served(
        "rewards_cost",
        "money",
        "What did rewards cost?",
        "rewards used that are not already inside the fees: loss cover and conversions",
        "usdt",
        "down",
        "counted users",
        _NOT_GIVEN,
        sums.REWARDS_COST,
    ),
    Served(
        "revenue_given",
        "money",
        "What net revenue do given aggregates tell beyond their fees?",
        "net revenue − fees − other income + commissions + cost of rewards",
        "usdt",
        "up",
        "users of given aggregates",
        "0 where the exchange gives trades",
        sums.REVENUE_GIVEN,
    ),
    Served(
        "net_revenue",
        "money",
        "What did users bring, after what was paid for it?",
        "fees as charged + other income − commissions − cost of rewards + what given aggregates tell beyond their fees",
        "usdt",
        "up",
        "counted users",
        _NOT_GIVEN,
        sums.NET_REVENUE,
    ),
    Served(
        "arpu",
        "money",
        "What did a trader bring?",
        "net revenue ÷ users who traded",
        "usdt",
        "up",
        "users who traded in the period; longer periods give more",
        _NO_BASE,
        sums.NET_REVENUE,
        sums.TRADERS,
    ),
    *(
        Served(
            f"ltv_{days}",
            "money",
            f"What did a new user bring in the first {days} days?",
            f"Σ net revenue on days 0 to {days - 1} ÷ users registered in the period",
            "usdt",
            "up",
            f"users registered in the period whose {days} days have passed, whether they traded or not",
            _NO_BASE,
            *sums.lifetime(days),
        )
        for days in (7, 30, 90)
    ),
    Served(
        "deposits",
        "money",
        "How much was paid in?",
        "Σ completed deposits; internal and P2P moves are none",
        "usdt",
        "up",
        "counted users",
        _NOT_GIVEN,
        sums.DEPOSITS,
    ),
    Served(
        "withdrawals",
        "money",
        "How much was taken out?",
        "Σ completed withdrawals",
        "usdt",
        "down",
        "counted users",
        _NOT_GIVEN,
        sums.WITHDRAWALS,
    ),
    Served(
        "net_deposits",
        "money",
        "How much more was paid in than out?",
        "deposits − withdrawals, without internal moves and rewards",
        "usdt",
        "up",
        "counted users",
        _NOT_GIVEN,
        sums.NET_DEPOSITS,
    ),
    Served(
        "assets",
        "money",
        "What do users hold with us?",
        "Σ equity at the end of the period's last day",
        "usdt",
        "up",
        "spot, contract and earn wallets; a bonus wallet is the exchange's money",
        "null, with the reason, on days whose balances are not known",
        sums.ASSETS,
    ),
    Served(
        "assets_per_holder",
        "money",
        "What does a holder hold?",
        "equity ÷ users with 1 USDT or more, at the end of the period's last day",
        "usdt",
        "up",
        "users with an equity of 1 USDT or more",
        "null where nobody holds anything, or, with the reason, where balances are not known",
        sums.ASSETS,
        sums.HOLDERS,
    ),
    Served(
        "maker_share",
        "health",
        "What share of volume was made, not taken?",
        "maker volume ÷ volume",
        "ratio",
        "neither",
        "own fills, one side; market makers are left out",
        _NO_BASE,
        sums.MAKER_VOLUME,
        sums.VOLUME_USDT,
    ),
    Served(
        "wash_share",
        "health",
        "What share of volume did users trade with themselves or to and fro?",
        "volume with an account of one's own, or with one other user in one market and hour of which at most 1 % is left ÷ volume",
        "ratio",
        "down",
        "own fills whose other side is known",
        "not available where no counterparties were given",
        sums.WASH,
        sums.WASH_VOLUME,
    ),
    Served(
        "incentive_dependent_share",
        "health",
        "What share of active users costs more in rewards than it pays in fees?",
        "users of the stratum dependent (rewards > fees in 90 days) ÷ users who traded in the last 30 days",
        "ratio",
        "down",
        "users who traded in the 30 days that end with the period",
        _KEPT,
        sums.DEPENDENT,
        sums.ACTIVE,
    ),
    Served(
        "liquidated_share",
        "health",
        "What share of those who used contracts was liquidated?",
        "users with a liquidation ÷ users with a contract fill or a liquidation",
        "ratio",
        "down",
        "users who used contracts in the period",
        _NO_BASE,
        sums.LIQUIDATED,
        sums.CONTRACT_USERS,
    ),
    Served(
        "complaints_per_1000",
        "health",
        "How many tickets did a thousand traders open?",
        "tickets opened × 1,000 ÷ users who traded",
        "per 1,000",
        "down",
        "tickets of all counted users, over those who traded",
        _NO_BASE,
        sums.TICKETS,
        sums.TRADERS,
    ),
    Served(
        "csat",
        "health",
        "How satisfied were users with our answers?",
        "Σ satisfaction ÷ tickets that were rated",
        "points",
        "up",
        "rated tickets by the day on which they were opened",
        _NO_BASE,
        sums.CSAT,
        sums.RATED,
    ),
    Served(
        "restricted_share",
        "health",
        "What share of users is restricted?",
        "users under self-exclusion, cooling-off, sanctions or a risk hold ÷ users",
        "ratio",
        "down",
        "users registered by the end of the period",
        _KEPT,
        sums.RESTRICTED,
        sums.USERS,
    ),
    Served(
        "lapsing_share",
        "churn",
        "What share of those who ever traded has been silent for a month?",
        "users without a fill for 31 to 90 days ÷ users who ever traded",
        "ratio",
        "down",
        "users who ever traded, at the end of the period",
        _KEPT,
        sums.LAPSING,
        sums.EVER_TRADED,
    ),
    Served(
        "dormant_share",
        "churn",
        "What share of those who ever traded has been silent for three months?",
        "users without a fill for more than 90 days ÷ users who ever traded",
        "ratio",
        "down",
        "users who ever traded, at the end of the period",
        _KEPT,
        sums.DORMANT,
        sums.EVER_TRADED,
    ),
    Served(
        "churned_value",
        "churn",
        "How many users have emptied their wallets?",
        "users whose equity has been 0 or less for 45 days, on the 45th",
        "users",
        "down",
        "users who held something before",
        "0 where nobody did; not available where no balances were given",
        sums.EMPTIED,
    ),
    Served(
        "churned_assets",
        "churn",
        "How much left with users who took out most of what they had?",
        "Σ fall of equity over 30 days of users who withdrew at least 80 % of what they held",
        "usdt",
        "down",
        "users who held anything 30 days before the end of the period",
        "null, with the reason, where balances of one of the two days are not known",
        sums.LOST_ASSETS,
    ),
    Served(
        "churned_assets_share",
        "churn",
        "What share of assets left with users who took out most of what they had?",
        "churned assets ÷ assets 30 days before",
        "ratio",
        "down",
        "users who held anything 30 days before the end of the period",
        "null, with the reason, where balances of one of the two days are not known",
        sums.LOST_ASSETS,
        sums.ASSETS_BEFORE,
    ),
    Served(
        "win_back",
        "churn",
        "Of those who were dormant at the end of last month, how many traded this month?",
        "users of the lifecycle stratum dormant then who traded this month ÷ all users of that stratum then",
        "ratio",
        "up",
        "users of the lifecycle stratum dormant at the end of the month before",
        "null, with the reason, where the strata of that day are not kept",
        sums.WON_BACK,
        sums.DORMANT_BEFORE,
        periods=("month",),
    ),
)
BY_KEY = {one.key: one for one in SERVED}


def served(key: str) -> Served:
    """refuses    unknown_metric    there is no served metric of this key"""
    if key not in BY_KEY:
        raise UnknownName(f"There is no metric '{key}' by period.", suggest(key, BY_KEY), code="unknown_metric")
    return BY_KEY[key]
