"""Named lists of users: the figures the Overview opens with, and lists worth working. A list is a rule: its count is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from springtide.desk.words import Word
from springtide.home.users import Moved

WEEK: Final = 7  # days that the Overview's figures cover, against as many before


@dataclass(frozen=True)
class NamedList:
    """Users who meet a rule as of a day. `needs`: columns without which it cannot be asked; `money`: a sum to name beside it.

    `moved`: the stratification and the stratum that they entered in the last week, where a rule cannot say it.
    """

    key: str
    title: Word
    why: Word
    rule: Callable[[date], str]
    needs: tuple[str, ...]
    money: str = ""
    money_label: Word = ""
    moved: tuple[str, str] | None = None

    def moved_by(self, day: date) -> Moved | None:
        """The move, on the days of the week that ends with `day`."""
        return Moved(self.moved[0], day - timedelta(days=WEEK - 1), day, to_stratum=self.moved[1]) if self.moved else None


def _always(rule: str) -> Callable[[date], str]:
    return lambda day: rule


def _since(column: str) -> Callable[[date], str]:
    return lambda day: f"{column} >= '{day - timedelta(days=WEEK - 1)}' and {column} <= '{day}'"


# What the Overview may open with, best first: five that can be told are shown, else those that cannot, with the reason.
FIGURES: Final = (
    NamedList(
        "active",
        _("Active traders"),
        _("At least one own fill in the last 7 days."),
        _always(f"days_since_trade < {WEEK}"),
        ("days_since_trade",),
    ),
    NamedList(
        "first_trades",
        _("First trades"),
        _("Traded for the first time in the last 7 days."),
        _since("first_trade_on"),
        ("first_trade_on",),
    ),
    NamedList(
        "gone_quiet",
        _("Gone quiet"),
        _("Entered the stratum “quiet” in the last 7 days: a month without a trade."),
        _always("true"),
        ("activity",),
        moved=("activity", "quiet"),
    ),
    NamedList(
        "paying",
        _("Net revenue"),
        _("Fees and other income less rebates, commissions and rewards, of the last 7 days."),
        _always("net_revenue_7d_usdt <> 0"),
        ("net_revenue_7d_usdt",),
        "net_revenue_7d_usdt",
    ),
    NamedList(
        "holding",
        _("Assets"),
        _("Equity over all wallets at day end."),
        _always("equity_usdt >= 1"),
        ("equity_usdt",),
        "equity_usdt",
    ),
    NamedList(
        "active_again",
        _("Active again"),
        _("Traded in the last 7 days, and not in the week or more before; their first trade was earlier."),
        lambda day: f"first_trade_on < '{day - timedelta(days=WEEK - 1)}'",
        ("activity", "first_trade_on"),
        moved=("activity", "active"),
    ),
    NamedList(
        "registrations",
        _("New users"),
        _("Registered in the last 7 days."),
        _since("registered_on"),
        ("registered_on",),
    ),
)

# Lists worth working, best first: the first three that can be told and have somebody on them are shown.
WORTH_WORKING: Final = (
    NamedList(
        "vip_silent",
        _("VIPs without a trade for a month"),
        _("They hold a tier and have stopped trading. Call them before the tier is lost."),
        _always("vip_level >= 1 and days_since_trade > 30 and days_since_trade <= 90"),
        ("vip_level", "days_since_trade"),
        "equity_usdt",
        _("assets"),
    ),
    NamedList(
        "quieter_than_usual",
        _("Valuable and quieter than usual"),
        _("Top tenth by net revenue, silent for longer than their habit. Ask what is missing before the calendar notices."),
        _always("value in ('top10', 'top1') and is_personally_silent"),
        ("value", "is_personally_silent"),
        "net_revenue_90d_usdt",
        _("net revenue, 90 days"),
    ),
    NamedList(
        "deposited_not_traded",
        _("Deposited, not traded"),
        _("First deposit within 30 days and no trade yet. Show the first trade."),
        _always("lifecycle = 'deposited_fresh'"),
        ("lifecycle",),
        "equity_usdt",
        _("assets"),
    ),
    NamedList(
        "near_next_tier",
        _("Near the next VIP tier"),
        _("80% to 100% of the way. Tell them what is left."),
        _always("vip_distance = 'near'"),
        ("vip_distance",),
        "net_revenue_90d_usdt",
        _("net revenue, 90 days"),
    ),
    NamedList(
        "large_and_idle",
        _("Large assets, no trades"),
        _("10,000 USDT and more with us, a month without a trade. Offer a manager, not a voucher."),
        _always("assets in ('large', 'vip', 'whale') and (days_since_trade > 30 or days_since_trade is null)"),
        ("assets", "days_since_trade"),
        "equity_usdt",
        _("assets"),
    ),
    NamedList(
        "tier_at_risk",
        _("About to lose their tier"),
        _("They hold a tier whose criteria are no longer met."),
        _always("vip_distance = 'at_risk'"),
        ("vip_distance",),
        "net_revenue_90d_usdt",
        _("net revenue, 90 days"),
    ),
    NamedList(
        "cooling",
        _("A week without a trade"),
        _("Active not long ago. Most who return do so within four weeks: reach them now."),
        _always("activity = 'cooling'"),
        ("activity",),
        "net_revenue_90d_usdt",
        _("net revenue, 90 days"),
    ),
    NamedList(
        "one_trade",
        _("New and silent after the first days"),
        _("First trade within 30 days, none in the last week. Show what to do next."),
        lambda day: f"first_trade_on >= '{day - timedelta(days=29)}' and days_since_trade >= {WEEK}",
        ("first_trade_on", "days_since_trade"),
    ),
    NamedList(
        "quiet",
        _("A month without a trade"),
        _("Three in four who come back do so within four weeks; these have not. Ask why they stopped."),
        _always("activity = 'quiet'"),
        ("activity",),
    ),
)

BY_KEY: Final = {each.key: each for each in (*FIGURES, *WORTH_WORKING)}
