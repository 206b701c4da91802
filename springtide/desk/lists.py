"""Named lists of users: the figures the Overview opens with, and lists worth working. A list is a rule: its count is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from springtide.analytics.metrics.headline import HEADLINE, WEEK
from springtide.desk.words import Word
from springtide.home.users import Moved


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


_FIGURES: Final[dict[str, tuple[Word, Word]]] = {  # what the figures of the headline are called here, and what they count
    "active_traders": (_("Active traders"), _("At least one own fill in the last 7 days.")),
    "first_trades": (_("First trades"), _("Traded for the first time in the last 7 days.")),
    "gone_quiet": (_("Gone quiet"), _("Entered the stratum “quiet” in the last 7 days: a month without a trade.")),
    "net_revenue": (
        _("Net revenue"),
        _("Fees and other income less rebates, commissions and rewards, of the last 7 days."),
    ),
    "assets": (_("Assets"), _("Equity over all wallets at day end.")),
    "active_again": (
        _("Active again"),
        _("Traded in the last 7 days, and not in the week or more before; their first trade was earlier."),
    ),
    "registrations": (_("New users"), _("Registered in the last 7 days.")),
}
# The users behind each figure of `springtide.analytics.metrics.headline`: opened, they are as many as it says.
FIGURES: Final = {
    each.key: NamedList(each.key, *_FIGURES[each.key], each.rule_on, each.needs, each.money, moved=each.moved)
    for each in HEADLINE
}

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

BY_KEY: Final = FIGURES | {each.key: each for each in WORTH_WORKING}
