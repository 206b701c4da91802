"""What reports call things, in both languages: figures, lists, steps and states. Strata carry their own words in their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from springtide.analytics.strata import Words
from springtide.kernel.days import Period
from springtide.reports.tables import Name

W = Words

NUMBERS: Final[Mapping[str, tuple[Words, Words]]] = {
    "active_traders": (
        W("Active traders", "活跃交易用户"),
        W("users with an own fill in 7 days, against the 7 days before", "7 天内有自主成交的用户，对比之前 7 天"),
    ),
    "first_trades": (
        W("First trades", "首次交易"),
        W("users who traded for the first time in 7 days, against the 7 days before", "7 天内首次交易的用户，对比之前 7 天"),
    ),
    "gone_quiet": (
        W("Gone quiet", "转为沉寂"),
        W(
            "users who entered the stratum “quiet” in 7 days, a month without a trade, against the 7 days before",
            "7 天内进入“沉寂”分层（一个月未交易）的用户，对比之前 7 天",
        ),
    ),
    "net_revenue": (
        W("Net revenue", "净收入"),
        W(
            "fees and other income, less rebates, commissions and rewards, of 7 days, against the 7 days before",
            "7 天手续费与其他收入，减去返佣、佣金和奖励，对比之前 7 天",
        ),
    ),
    "assets": (
        W("Assets", "资产"),
        W("equity over all wallets at day end, against 7 days earlier", "日终全部钱包权益，对比 7 天前"),
    ),
    "active_again": (
        W("Active again", "重新活跃"),
        W(
            "users who traded in 7 days after a week or more without, against the 7 days before",
            "停止交易一周以上后于 7 天内重新交易的用户，对比之前 7 天",
        ),
    ),
    "registrations": (
        W("New users", "新用户"),
        W("users who registered in 7 days, against the 7 days before", "7 天内注册的用户，对比之前 7 天"),
    ),
}

# List → what it is called, who stands on it, what to do.
LISTS: Final[Mapping[str, tuple[Words, Words, Words]]] = {
    "large_and_leaving": (
        W("Large and leaving", "大户流失预警"),
        W(
            "hold 10,000 USDT or more, have stopped trading or are quieter than usual, and were not here for a week",
            "资产不低于 10,000 USDT，已停止交易或比平时沉默，且一周未活跃",
        ),
        W("Call them before they withdraw.", "在他们提币之前致电。"),
    ),
    "deposited_not_traded": (
        W("Deposited, not traded", "入金未交易"),
        W("made their first deposit 7 to 30 days ago and have not traded yet", "首次入金已过 7 至 30 天，尚未交易"),
        W("Show them the first trade.", "引导完成第一笔交易。"),
    ),
    "vip_on_the_edge": (
        W("VIP on the edge", "VIP 临界"),
        W("would lose a VIP tier, or are close to the next one", "即将失去 VIP 等级，或接近下一等级"),
        W("Tell them what is left to keep or to reach.", "告知保级或升级还差多少。"),
    ),
}

STEPS: Final[Mapping[str, Words]] = {
    "registration": W("Registered", "注册"),
    "kyc": W("KYC passed", "通过认证"),
    "deposit": W("First deposit", "首次入金"),
    "spot_trade": W("First spot trade", "首次现货交易"),
    "contract_trade": W("First contract trade", "首次合约交易"),
}

UNITS: Final[Mapping[str, Words]] = {
    "users": W("Users", "用户"),
    "assets": W("Assets", "资产"),
    "revenue": W("Net revenue", "净收入"),
}
PERIODS: Final[Mapping[Period, Words]] = {"day": W("day", "日"), "week": W("week", "周"), "month": W("month", "月")}

MEASURES: Final[Mapping[str, Words]] = {
    "assets": W("Assets, day end", "日终资产"),
    "volume": W("Volume, 30 days", "30 天交易额"),
    "revenue": W("Net revenue, 90 days", "90 天净收入"),
}

REGIMES: Final[Mapping[str, Words]] = {"bull": W("rising", "上涨"), "bear": W("falling", "下跌"), "flat": W("flat", "横盘")}

VALUES: Final[Mapping[str, Words]] = {
    "equity_usdt": W("assets", "资产"),
    "net_revenue_90d_usdt": W("net revenue in 90 days", "90 天净收入"),
    "users": W("users", "用户"),
}

PEOPLE: Final[Mapping[str, Words]] = {
    "user_id": W("User", "用户 ID"),
    "country": W("Country", "国家"),
    "vip_level": W("VIP level", "VIP 等级"),
    "last_trade_on": W("Last trade", "最近交易日"),
    "days_since_trade": W("Days since trade", "未交易天数"),
    "trades_30d": W("Trades, 30 days", "30 天成交笔数"),
    "equity_usdt": W("Assets", "资产"),
    "net_revenue_90d_usdt": W("Net revenue, 90 days", "90 天净收入"),
}

COUNTED_IN: Final[Mapping[str, Words]] = {
    "users": W("users", "人"),
    "count": W("count", "个"),
    "usdt": W("USDT", "USDT"),
    "ratio": W("share", "比例"),
}

# What a close adds up for a day, and may restate.
FIGURES: Final[Mapping[str, Words]] = {
    "users": W("active users", "活跃用户"),
    "spot_trades": W("spot trades", "现货成交笔数"),
    "contract_trades": W("contract trades", "合约成交笔数"),
    "spot_volume_usdt": W("spot volume", "现货交易额"),
    "contract_volume_usdt": W("contract volume", "合约交易额"),
    "spot_fees_usdt": W("spot fees", "现货手续费"),
    "contract_fees_usdt": W("contract fees", "合约手续费"),
    "maker_volume_usdt": W("maker volume", "挂单交易额"),
    "api_volume_usdt": W("API volume", "API 交易额"),
    "copy_volume_usdt": W("copied volume", "跟单交易额"),
    "arbitrage_volume_usdt": W("arbitrage volume", "套利交易额"),
    "liquidations": W("liquidations", "强平次数"),
    "realised_pnl_usdt": W("realised profit and loss", "已实现盈亏"),
    "deposits": W("deposits", "入金笔数"),
    "deposit_usdt": W("value deposited", "入金金额"),
    "withdrawals": W("withdrawals", "提币笔数"),
    "withdrawal_usdt": W("value withdrawn", "提币金额"),
    "sessions": W("sessions", "会话数"),
    "session_seconds": W("seconds in sessions", "会话时长（秒）"),
    "rewards_granted_usdt": W("rewards granted", "发放奖励"),
    "rewards_consumed_usdt": W("rewards used", "已用奖励"),
    "rewards_cost_usdt": W("cost of rewards", "奖励成本"),
    "other_income_usdt": W("other income", "其他收入"),
    "commissions_usdt": W("commissions", "佣金"),
    "net_revenue_usdt": W("net revenue", "净收入"),
    "equity_usdt": W("assets", "资产"),
}

NOBODY: Final = W("Not here before", "此前不存在")


def named(key: str | None, among: Mapping[str, Words]) -> Name | None:
    """A key with its words; a key that nobody named is shown as it is written."""
    return None if key is None else Name(key, among.get(key) or plain(key))


def listed(key: str, asks: str) -> tuple[Words, Words, Words]:
    """A list's name, who stands on it and what to do; of a list that nobody named, what it asks."""
    return LISTS.get(key) or (plain(key), Words(asks, asks), Words("", ""))


def plain(key: str) -> Words:
    """A key nobody named, made readable: `spot_trades` is 'Spot trades'."""
    text = key.removesuffix("_usdt").replace("_", " ").capitalize()
    return Words(text, text)
