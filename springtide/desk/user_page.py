"""One user's page: from the home's answer and the team's work to what the template shows, without what the member may not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from springtide.analytics.metrics.user_timeline import Happening
from springtide.analytics.rules import Comparison
from springtide.desk import figures, words
from springtide.desk.words import Labels
from springtide.home.user import Linked, Move, Stands, User
from springtide.operations.members.fields import fields
from springtide.operations.members.models import Member
from springtide.operations.members.states import SEE_MONEY, SEE_RISK

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("who", ("user_type", "registered_on", "country", "language", "channel_id", "kyc_level", "kyc_passed_on", "vip_level", "status",
             "has_consent")),
    ("trading", ("first_trade_on", "last_trade_on", "days_since_trade", "trading_days_30d", "spot_trades_30d", "contract_trades_30d",
                 "spot_volume_30d_usdt", "contract_volume_30d_usdt", "liquidations_30d", "is_personally_silent")),
    ("money", ("equity_usdt", "earn_equity_usdt", "net_deposit_30d_usdt", "deposit_all_usdt", "withdrawal_all_usdt", "fees_90d_usdt",
               "net_revenue_90d_usdt", "net_revenue_all_usdt", "realised_pnl_90d_usdt", "rewards_consumed_90d_usdt")),
)  # fmt: skip
MOST_MOVES = 12
ASSETS_MOVED = ("deposit", "withdrawal", "internal_in", "internal_out", "p2p")


@dataclass(frozen=True)
class Fact:
    """One line of the profile."""

    name: str
    value: str
    is_figure: bool


@dataclass(frozen=True)
class Reason:
    """A rule that was asked: the stratum it leads to, its text, whether it held, and the values that it saw."""

    stratum: str
    rule: str
    holds: bool
    seen: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stand:
    """Where the user stands in one stratification; `not_available` says why it cannot be told."""

    key: str
    name: str
    stratum: str
    about: str
    since: date | None
    reasons: tuple[Reason, ...]
    not_available: str = ""


@dataclass(frozen=True)
class Event:
    """A line of the timeline."""

    at: datetime
    name: str
    what: str
    amount: Decimal | None


@dataclass(frozen=True)
class Moved:
    """A line of the user's moves between strata."""

    day: date
    name: str
    was: str
    becomes: str


@dataclass(frozen=True)
class ShownUser:
    """The page. `left_out` names what this member may not see, `not_known` what was never given."""

    user_id: str
    as_of: date
    says: str
    facts: tuple[tuple[str, tuple[Fact, ...]], ...]
    stands: tuple[Stand, ...]
    moves: tuple[Moved, ...]
    earlier_moves: int
    timeline: tuple[Event, ...]
    timeline_since: date
    links: tuple[Linked, ...]
    left_out: tuple[str, ...]
    not_known: tuple[str, ...]
    back_office: str


def shown_user(user: User, labels: Labels, member: Member, ties: Iterable[str], *, back_office: str) -> ShownUser:
    """What `member`, who has these ties to the user, sees of them."""
    ties = tuple(ties)
    wanted = [name for _group, names in GROUPS for name in names]
    open_to = set(fields(member, wanted, *ties).shown)
    sees_money, sees_risk = member.may(SEE_MONEY, *ties), member.may(SEE_RISK, *ties)
    named = {"who": _("Who"), "trading": _("Trading"), "money": _("Money")}
    grouped = (
        (
            named[group],
            tuple(
                Fact(
                    words.column(name), _value(name, user.profile[name]), not isinstance(user.profile[name], str | date | bool)
                )
                for name in names
                if name in open_to and name in user.profile
            ),
        )
        for group, names in GROUPS
    )
    stands = tuple(_stand(each, labels, member, ties) for each in user.stands)
    return ShownUser(
        user.user_id,
        user.as_of,
        _sentence(user, stands),
        tuple(group for group in grouped if group[1]),
        stands,
        tuple(_moved(move, labels) for move in user.moves[:MOST_MOVES]),
        max(0, len(user.moves) - MOST_MOVES),
        tuple(_event(each, sees_money=sees_money) for each in user.timeline if sees_risk or not _is_risk(each)),
        user.timeline_since,
        user.links if sees_risk else (),
        tuple(words.column(name) for name in wanted if name not in open_to),
        tuple(words.column(name) for name in wanted if name in user.missing),
        back_office.replace("{user_id}", quote(user.user_id, safe="")),
    )


def _sentence(user: User, stands: Iterable[Stand]) -> str:
    """The answer in a line: where the user is in life and value, and when they last traded."""
    told = {each.key: each.stratum for each in stands if each.stratum}
    parts = [told[key] for key in ("lifecycle", "value", "assets", "behaviour") if key in told]
    days = user.profile.get("days_since_trade")
    if days is not None:
        parts.append(_("last traded %(days)s days ago") % {"days": figures.count(days)} if days else _("traded today"))
    return " · ".join(parts)


def _stand(each: Stands, labels: Labels, member: Member, ties: tuple[str, ...]) -> Stand:
    key, name = each.stratification, labels.stratification(each.stratification)
    if each.stratum is None:
        return Stand(key, name, "", "", None, (), words.reason(each.reason or ""))
    reasons: tuple[Reason, ...] = ()
    if each.placement:
        asked = zip(labels.by_key[key].strata, each.placement.reasons, strict=False)
        reasons = tuple(
            Reason(labels.stratum(key, stratum.name), why.rule, bool(why.holds), tuple(_seen(why.comparisons, member, ties)))
            for stratum, why in asked
        )
    return Stand(key, name, labels.stratum(key, each.stratum), labels.about(key, each.stratum), each.since, reasons)


def _seen(comparisons: Iterable[Comparison], member: Member, ties: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """The values that a rule saw, each column once, and only those the member may see."""
    values = {name: value for comparison in comparisons for name, value in comparison.seen}
    return [(words.column(name), _value(name, values[name])) for name in fields(member, values, *ties).shown]


def _is_risk(happening: Happening) -> bool:
    return happening.kind == "restricted" or (happening.kind == "changed" and happening.what == "restriction")


def _event(each: Happening, *, sees_money: bool) -> Event:
    named = each.what if each.kind in ASSETS_MOVED else each.what and words.plain(each.what)
    what = " · ".join(part for part in (named, each.detail) if part)
    if each.times:
        what = ngettext("%(times)s time", "%(times)s times", each.times) % {"times": figures.count(each.times)}
    return Event(
        each.happened_at.replace(tzinfo=UTC), words.happening(each.kind), what, each.amount_usdt if sees_money else None
    )


def _moved(move: Move, labels: Labels) -> Moved:
    key = move.stratification
    return Moved(
        move.day, labels.stratification(key), labels.stratum(key, move.from_stratum), labels.stratum(key, move.to_stratum)
    )


def _value(name: str, value: Any) -> str:
    if value is None:
        return figures.NONE
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return figures.day(value)
    if isinstance(value, str):
        return words.value(name, value)
    if name.endswith("_ratio"):
        return figures.ratio(float(value))
    return figures.exact_money(value) if isinstance(value, Decimal) else figures.count(value)
