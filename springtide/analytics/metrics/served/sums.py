"""What is counted and added up: the sums that metrics are made of, each a column of one of the definitions beside this page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Source = Literal[
    "days", "users", "starts", "lifetime", "ends", "standing", "won_back", "left_with_assets", "emptied", "care", "wash"
]  # fmt: skip

LAPSING_DAYS = 30
DORMANT_DAYS = 90
LEAVING_DAYS, LEAVING_PERCENT = 30, 80
EMPTY_DAYS = 45
NET_PERCENT = 1

Bound = int | str | bool


@dataclass(frozen=True)
class Sum:
    """A column of `source`.sql, over the users of a group and the days of a period. Money ends in `_usdt`.

    needs            profile columns that stand for what must have been given
    tables           tables that must have been given, as `table` or `table.column`
    params           what the definition binds beside the days
    trailing_days    instead of the period's own days, as many that lead up to its end
    matures_days     days after which the figure of a day stands
    products         spot and contract → the column of that product, where a user may be in both
    """

    source: Source
    column: str
    needs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    params: tuple[tuple[str, Bound], ...] = ()
    trailing_days: int = 0
    matures_days: int = 0
    products: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_money(self) -> bool:
        return self.column.endswith("_usdt")

    @property
    def counts_users(self) -> bool:
        """It counts every user once."""
        return not (self.is_money or self.source == "care" or self.column.endswith("trades"))

    @property
    def bound(self) -> dict[str, Bound]:
        return dict(self.params)

    @property
    def reaches_back_days(self) -> int:
        """How many days before its own first day a period of one day reads."""
        return int(self.bound.get("empty_days", 0)) or max(0, self.trailing_days - 1)

    @property
    def is_of_registrants(self) -> bool:
        """It rests on when users registered."""
        return self.source == "lifetime" or self.bound.get("began") == "registration"

    @property
    def is_of_days(self) -> bool:
        """It rests on the very days of what users did: a source by week does not tell it."""
        return bool(self.trailing_days) or self.source == "lifetime" or self.column in ("matured", "converted")

    @property
    def reading(self) -> tuple[object, ...]:
        """Sums of one source and reading are columns of one answer."""
        return self.params, self.trailing_days, self.matures_days


def _products(column: str) -> dict[str, str]:
    return {product: f"{product}_{column}" for product in ("spot", "contract")}


def _did(column: str, *needs: str, by_product: bool = False, tables: tuple[str, ...] = ()) -> Sum:
    return Sum("days", column, needs, tables, products=_products(column) if by_product else {})


def _users(column: str, *needs: str, by_product: bool = False, trailing_days: int = 0) -> Sum:
    return Sum("users", column, needs, trailing_days=trailing_days, products=_products(column) if by_product else {})


def _step(
    began: str, done: str, window_days: int, needs: tuple[str, ...], *, by_calendar: bool = False
) -> tuple[Sum, Sum, Sum]:
    """Who began, those of them whose time has passed, and those of these who went on in time."""
    asked: dict[str, Bound] = {"began": began, "done": done, "window_days": window_days, "by_calendar": by_calendar}
    params = tuple(asked.items())
    matures = window_days - 1 if by_calendar else window_days
    return (
        Sum("starts", "begun", needs[:1], params=params, matures_days=matures),
        Sum("starts", "matured", needs, params=params, matures_days=matures),
        Sum("starts", "converted", needs, params=params, matures_days=matures),
    )


def _began(step: str, *needs: str) -> Sum:
    params: dict[str, Bound] = {"began": step, "done": step, "window_days": 0, "by_calendar": False}
    return Sum("starts", "begun", needs, params=tuple(params.items()))


TRADED, COUNTED, VOLUME, FEES = "last_trade_on", "trades_30d", "volume_30d_usdt", "fees_30d_usdt"
REVENUE, MOVED, HELD = "net_revenue_30d_usdt", "net_deposit_30d_usdt", "equity_usdt"

TRADERS = _users("traders", TRADED, by_product=True)
WEEKLY_TRADERS = _users("traders", TRADED, by_product=True, trailing_days=7)
MONTHLY_TRADERS = _users("traders", TRADED, by_product=True, trailing_days=30)
CONTRACT_TRADERS = _users("contract_traders", TRADED)
TRADES = _did("trades", COUNTED, by_product=True)
VOLUME_USDT = _did("volume_usdt", VOLUME, by_product=True)
SPOT_VOLUME = _did("spot_volume_usdt", VOLUME)
CONTRACT_VOLUME = _did("contract_volume_usdt", VOLUME)
MAKER_VOLUME = _did("maker_volume_usdt", VOLUME, "maker_volume_30d_usdt")
FEES_USDT = _did("fees_usdt", FEES, by_product=True)
OTHER_INCOME = _did("other_income_usdt", tables=("other_income",))
COMMISSIONS = _did("commissions_usdt", tables=("commissions",))
REWARDS_COST = _did("rewards_cost_usdt", tables=("reward_entries",))
NET_REVENUE = _did("net_revenue_usdt", REVENUE)
REVENUE_GIVEN = _did("revenue_given_usdt", REVENUE)
DEPOSITS = _did("deposit_usdt", MOVED)
WITHDRAWALS = _did("withdrawal_usdt", MOVED)
NET_DEPOSITS = _did("net_deposit_usdt", MOVED)
CONTRACT_USERS = _users("contract_users", "liquidations_30d")
LIQUIDATED = _users("liquidated_users", "liquidations_30d")

REGISTRATIONS = _began("registration", "registered_on")
PASSED_KYC = _began("kyc", "kyc_passed_on")
FIRST_DEPOSITS = _began("deposit", "first_deposit_on")
FIRST_TRADES = _began("trade", "first_trade_on")
FIRST_SPOT_TRADES = _began("spot_trade", "first_spot_on")
FIRST_CONTRACT_TRADES = _began("contract_trade", "first_contract_on")

KYC_7D = _step("registration", "kyc", 7, ("registered_on", "kyc_passed_on"))
DEPOSIT_7D = _step("kyc", "deposit", 7, ("kyc_passed_on", "first_deposit_on"))
FIRST_TRADE_24H = _step("deposit", "trade", 1, ("first_deposit_on", "first_trade_on"))
TRADE_7D = _step("deposit", "trade", 7, ("first_deposit_on", "first_trade_on"))
CONTRACT_30D = _step("spot_trade", "contract_trade", 30, ("first_spot_on", "first_contract_on"))
FIRST_TRADE_7D = _step("registration", "trade", 7, ("registered_on", "first_trade_on"), by_calendar=True)

ASSETS = Sum("ends", "equity_usdt", (HELD,))
HOLDERS = Sum("ends", "holders", (HELD,))


def lifetime(days: int) -> tuple[Sum, Sum]:
    """Net revenue of the first so many days, and the users whose days have passed."""
    revenue, registrants = (
        Sum("lifetime", column, (REVENUE,), params=(("window_days", days),), matures_days=days - 1)
        for column in ("net_revenue_usdt", "registrants")
    )
    return revenue, registrants


_STANDING = (("lapsing_days", LAPSING_DAYS), ("dormant_days", DORMANT_DAYS))


def _stood(column: str, *needs: str) -> Sum:
    return Sum("standing", column, needs, params=_STANDING)


USERS = _stood("users")
EVER_TRADED = _stood("ever_traded", TRADED)
LAPSING = _stood("lapsing", TRADED)
DORMANT = _stood("dormant", TRADED)
RESTRICTED = _stood("restricted", "is_restricted")
ACTIVE = _stood("active", TRADED)
DEPENDENT = _stood("dependent_active", "rewards_consumed_90d_usdt", "fees_90d_usdt")

WON_BACK = Sum("won_back", "won_back", (TRADED,))
DORMANT_BEFORE = Sum("won_back", "dormant_before", (TRADED,))

_LEAVING = (("leaving_percent", LEAVING_PERCENT),)
LOST_ASSETS = Sum("left_with_assets", "lost_usdt", (HELD, MOVED), params=_LEAVING, trailing_days=LEAVING_DAYS)
ASSETS_BEFORE = Sum("left_with_assets", "equity_before_usdt", (HELD, MOVED), params=_LEAVING, trailing_days=LEAVING_DAYS)
EMPTIED = Sum("emptied", "emptied_users", (HELD,), params=(("empty_days", EMPTY_DAYS),))

TICKETS = Sum("care", "tickets", tables=("tickets",))
CSAT = Sum("care", "csat_millionths", tables=("tickets.csat",))
RATED = Sum("care", "rated", tables=("tickets.csat",))

_WASH = (("net_percent", NET_PERCENT),)
_COUNTERPARTIES = ("spot_trades.counterparty_user_id", "contract_trades.counterparty_user_id")
WASH = Sum("wash", "wash_usdt", tables=_COUNTERPARTIES, params=_WASH)
WASH_VOLUME = Sum("wash", "volume_usdt", tables=_COUNTERPARTIES, params=_WASH)
