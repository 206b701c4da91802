"""Who the users are: everything about them that is settled before the first day is played.

A user is a number from 0; what is drawn for a number never depends on how many numbers there are. Neighbours share a *block* of eight
numbers, from which farms of linked accounts and sub-accounts are made, so that adding users never re-links those who were there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springtide.simulator import cast
from springtide.simulator.chance import Chance, Flags, Floats, Whole, as_pair
from springtide.simulator.market import ASSETS, DAY_MICROS, Market

NEVER = np.int64(2**62)  # a time in microseconds that does not come
NEVER_DAY = 2**30
HOUR = 3_600_000_000
NO_CLUSTER, FARM, FAMILY = 0, 1, 2
CLUSTER_KINDS = ("", "farm", "family")
APP, WEB, API, COPY, ROBOT, CONVERT = range(6)
VIAS = ("app", "web", "api", "copy", "bot", "convert")
_BLOCK = 8
# When people are awake, by local hour.
_HOURS = [5, 3, 2, 1.5, 1.5, 2, 3, 4.5, 5.5, 6, 6.5, 6.5, 6.5, 6, 6, 6, 6, 6, 6.5, 7.5, 8.5, 9, 8.5, 7]
_HUBS = 5  # network addresses that strangers share: a campus, the exits of private networks


@dataclass(frozen=True)
class People:
    """One entry per user number. Times are microseconds since 1970 (UTC), `NEVER` for what does not happen by the last day."""

    no: Whole
    archetype: NDArray[np.int8]
    channel: NDArray[np.int8]
    country: NDArray[np.int8]
    offset: Whole  # local time ahead of UTC, microseconds
    registered: Whole
    kyc: Whole
    kyc_again: Whole  # level 2
    first_deposit: Whole
    first_trade: Whole  # when they first want to; `NEVER` for those who only deposit
    master: NDArray[np.int32]  # -1: not a sub-account
    referrer: NDArray[np.int32]  # -1: nobody
    cluster: NDArray[np.int32]  # the lowest user number of the linked accounts, -1: alone
    cluster_kind: NDArray[np.int8]
    hub: NDArray[np.int8]  # a network address shared by many strangers, -1: none
    wealth: Floats  # USDT this user could bring
    active: Floats
    trades: Floats
    burst: Floats
    contract: Floats
    stake: Floats
    leverage: Floats
    leaves: Floats
    visits: Floats
    maker: Floats
    coin: NDArray[np.int8]  # the coin this user keeps
    perp: NDArray[np.int8]  # the asset of this user's open contract position
    dated: Flags
    via: NDArray[np.int8]

    @property
    def count(self) -> int:
        return int(self.no.size)


def make_people(chance: Chance, market: Market, users: int, first: int, last: int) -> People:
    """The users of an exchange that opened on day `first` (since 1970) and is seen through day `last`."""
    no = np.arange(users, dtype=np.int64)
    block, seat = no // _BLOCK, no % _BLOCK
    head = block * _BLOCK
    ours = block == 0
    opens, ends = first * DAY_MICROS, (last + 1) * DAY_MICROS

    farmed, size = as_pair(chance.bits("people.farm", block))
    in_farm = (farmed < 0.009) & ~ours & (seat < 3 + np.floor(size * 6))
    channel = _channels(chance, no, block, in_farm)
    archetype = _archetypes(chance, no, channel)
    archetype = np.where(in_farm & (chance.uniform("people.farmed", no) < 0.9), cast.HUNTER, archetype).astype(np.int8)
    founders = np.array(cast.FOUNDERS, np.int8)[:users]
    archetype[: founders.size] = founders

    heads = archetype[head]
    professional = np.isin(heads, (cast.DAY_TRADER, cast.BOT, cast.ARBITRAGEUR, cast.INSTITUTION))
    subs = np.floor(chance.uniform("people.subs", block) * 4)
    is_sub = professional & (seat >= _BLOCK - subs) & (seat > 0) & ~in_farm & ~in_farm[head] & ~ours
    archetype = np.where(is_sub, heads, archetype).astype(np.int8)
    channel = np.where(is_sub, channel[head], channel).astype(np.int8)

    paired = (chance.uniform("people.family", no // 2) < 0.012) & ~in_farm & ~is_sub & ~ours
    paired &= ((no ^ 1) < users) & paired[np.minimum(no ^ 1, users - 1)]
    cluster = np.where(in_farm, head, np.where(paired, no & ~1, -1)).astype(np.int32)
    cluster_kind = np.where(in_farm, FARM, np.where(paired, FAMILY, NO_CLUSTER)).astype(np.int8)

    drawn_country = np.searchsorted(cast.weights([row[4] for row in cast.COUNTRIES]), chance.uniform("people.country", no))
    together = in_farm | is_sub | ours
    country = np.where(together, drawn_country[head], drawn_country).astype(np.int8)
    offset = (np.array([row[3] for row in cast.COUNTRIES]) * HOUR).astype(np.int64)[country]

    registered = _registrations(chance, market, no, channel, offset, first, last)
    registered[ours] = opens + no[ours] * 60_000_000
    after_head = chance.uniform("people.after_head", no)
    registered = np.where(in_farm & (seat > 0), registered[head] + (after_head * 3 * DAY_MICROS).astype(np.int64), registered)
    registered = np.where(is_sub, registered[head] + ((1 + 20 * after_head) * DAY_MICROS).astype(np.int64), registered)
    # Whoever would be too late registers in the last hours instead, so that the number of users is the number asked for.
    registered = np.where(registered >= ends - HOUR, ends - HOUR - (after_head * 12 * HOUR).astype(np.int64), registered)
    registered = np.maximum(registered, opens)

    quality = np.array([each.quality for each in cast.CHANNELS])[channel]
    quality = np.where(np.isin(archetype, (cast.HUNTER, *range(cast.DAY_TRADER, len(cast.NAMES)))), 1.0, quality)
    kyc = _kyc(chance, no, archetype, quality, registered, is_sub, ends)
    again = kyc + (chance.uniform("people.kyc_again_after", no) ** 2 * 60 * DAY_MICROS).astype(np.int64) + HOUR
    again = np.where((kyc < NEVER) & (chance.uniform("people.kyc_again", no) < 0.22) & (again < ends), again, NEVER)
    first_deposit = _first_deposits(chance, no, archetype, quality, registered, kyc, is_sub, ends)
    first_trade = _first_trades(chance, no, archetype, first_deposit, is_sub, ends)

    def own(name: str, spread: float, low: float, high: float) -> Floats:
        """The archetype's trait, with the spread (sigma of its logarithm) that people of one kind have."""
        values = cast.trait(name)[archetype] * np.exp(spread * chance.normal(f"people.{name}", no))
        clipped: Floats = np.clip(values, low, high)
        return clipped

    popularity = np.array([asset.popularity for asset in ASSETS])
    coins = cast.weights(list(popularity))
    perps = cast.weights(list(popularity**1.4))
    contract = np.clip(cast.trait("contract")[archetype] + 0.18 * chance.normal("people.contract", no), 0.0, 1.0)
    contract = np.where(cast.trait("contract")[archetype] == 0.0, 0.0, contract)
    contract = np.where(archetype == cast.ARBITRAGEUR, 0.5, contract)
    mostly = chance.uniform("people.via", no)
    via = np.where(mostly < 0.72, APP, np.where(mostly < 0.965, WEB, ROBOT))
    via = np.where(np.isin(archetype, (cast.BOT, cast.ARBITRAGEUR, cast.INSTITUTION, cast.MARKET_MAKER)), API, via)
    via = np.where(archetype == cast.COPIER, COPY, via)

    return People(
        no=no,
        archetype=archetype,
        channel=channel,
        country=country,
        offset=offset,
        registered=registered,
        kyc=kyc,
        kyc_again=again,
        first_deposit=first_deposit,
        first_trade=first_trade,
        master=np.where(is_sub, head, -1).astype(np.int32),
        referrer=_referrers(chance, no, channel, archetype, registered, in_farm, seat, head, is_sub),
        cluster=cluster,
        cluster_kind=cluster_kind,
        hub=np.where(
            chance.uniform("people.hub", no) < 0.015, np.floor(chance.uniform("people.which_hub", no) * _HUBS), -1
        ).astype(np.int8),
        wealth=own("wealth_usdt", 1.5, 5.0, 1e7) * np.sqrt(quality),
        active=own("active", 0.55, 0.0, 0.995),
        trades=own("trades", 0.55, 1.0, 1500.0),
        burst=cast.trait("burst")[archetype],
        contract=contract,
        stake=own("stake", 0.4, 0.005, 0.9),
        leverage=own("leverage", 0.5, 1.0, 75.0),
        leaves=own("leaves", 0.8, 0.0, 0.5),
        visits=own("visits", 0.4, 0.0, 0.95),
        maker=np.clip(cast.trait("maker")[archetype] + 0.1 * chance.normal("people.maker", no), 0.0, 1.0),
        coin=(1 + np.searchsorted(coins[1:], chance.uniform("people.coin", no))).astype(np.int8),
        perp=(1 + np.searchsorted(perps[1:], chance.uniform("people.perp", no))).astype(np.int8),
        dated=chance.uniform("people.dated", no) < 0.04,
        via=via.astype(np.int8),
    )


def _channels(chance: Chance, no: Whole, block: Whole, in_farm: Flags) -> NDArray[np.int8]:
    drawn = np.searchsorted(cast.weights([each.share for each in cast.CHANNELS]), chance.uniform("people.channel", no))
    farms = cast.weights([each.share * each.hunters**2 for each in cast.CHANNELS])
    farmed = np.searchsorted(farms, chance.uniform("people.farm_channel", block))
    return np.where(in_farm, farmed, drawn).astype(np.int8)


def _archetypes(chance: Chance, no: Whole, channel: NDArray[np.int8]) -> NDArray[np.int8]:
    shares = np.tile(cast.trait("share"), (len(cast.CHANNELS), 1))
    shares[:, cast.HUNTER] *= [each.hunters for each in cast.CHANNELS]
    shares[:, cast.TOURIST] *= [2.0 - each.quality for each in cast.CHANNELS]
    cumulative = np.cumsum(shares, axis=1)
    cumulative /= cumulative[:, -1:]
    ladder = (cumulative + np.arange(len(cast.CHANNELS))[:, None]).ravel()
    step = np.searchsorted(ladder, channel + chance.uniform("people.archetype", no))
    return (step % len(cast.NAMES)).astype(np.int8)


def local_time_of_day(chance: Chance, purpose: str, no: Whole, offset: Whole, day: int = 0) -> Whole:
    """Microseconds into the UTC day, in hours when people of that zone are awake."""
    which, within = as_pair(chance.bits(purpose, no, day))
    hour = np.searchsorted(cast.weights(_HOURS), which)
    local: Whole = ((hour + within) * HOUR).astype(np.int64)
    return (local - offset) % DAY_MICROS


def _registrations(
    chance: Chance, market: Market, no: Whole, channel: NDArray[np.int8], offset: Whole, first: int, last: int
) -> Whole:
    """Growth, weekdays and the market's moods for all; two-week bursts for channels that are bought; a wave at the opening."""
    days = np.arange(first, last + 1)
    since = days - first
    curve = market.interest[market.at(first) :] * (0.75 + since / days.size) * (1.0 + 7.0 * np.exp(-since / 5.0))
    draw = chance.uniform("people.registered", no)
    day = np.empty(no.size, np.int64)
    for code, each in enumerate(cast.CHANNELS):
        wanted = curve.copy()
        if each.bursts:
            wanted *= 0.25
            starts = np.floor(chance.uniform(f"people.burst.{each.key}", np.arange(each.bursts)) * max(days.size - 14, 1))
            for start in starts.astype(int):
                wanted[start : start + 14] *= 8.0
        here = channel == code
        day[here] = first + np.searchsorted(cast.weights(list(wanted)), draw[here])
    registered: Whole = day * DAY_MICROS + local_time_of_day(chance, "people.registered_at", no, offset)
    return registered


def _kyc(
    chance: Chance, no: Whole, archetype: NDArray[np.int8], quality: Floats, registered: Whole, is_sub: Flags, ends: int
) -> Whole:
    """Most who pass do it within the hour; the rest trickle in over weeks."""
    passes = chance.uniform("people.kyc", no) < np.minimum(cast.trait("kyc")[archetype] * (0.35 + 0.65 * quality), 1.0)
    promptly, how = as_pair(chance.bits("people.kyc_after", no))
    minutes = 12.0 * np.exp(chance.normal("people.kyc_minutes", no))
    later = -np.log(how) * 6 * DAY_MICROS
    kyc = registered + np.where(promptly < 0.7, minutes * 60e6, later).astype(np.int64) + 60_000_000
    kyc = np.where(passes & (kyc < ends), kyc, NEVER)
    result: Whole = np.where(is_sub, registered, kyc)
    return result


def _first_deposits(
    chance: Chance,
    no: Whole,
    archetype: NDArray[np.int8],
    quality: Floats,
    registered: Whole,
    kyc: Whole,
    is_sub: Flags,
    ends: int,
) -> Whole:
    """After KYC, hours for most and weeks for some; a few bring crypto before it, and a few of those never pass."""
    draw, early = as_pair(chance.bits("people.deposits", no))
    deposits = draw < np.minimum(cast.trait("deposits")[archetype] * (0.3 + 0.7 * quality), 1.0)
    hours = np.minimum(4.0 * np.exp(1.9 * chance.normal("people.deposit_hours", no)), 24 * 75.0) + 0.05
    at = np.where(kyc < NEVER, kyc, 0) + (hours * HOUR).astype(np.int64)
    before_kyc = registered + (np.minimum(hours, 48.0) * HOUR).astype(np.int64)
    at = np.where(early < np.where(kyc < NEVER, 0.05, 0.03), before_kyc, np.where(kyc < NEVER, at, NEVER))
    # Bonus hunters deposit for a task, and sub-accounts are funded by their master: both while the days are played.
    result: Whole = np.where(deposits & (archetype != cast.HUNTER) & ~is_sub & (at < ends), at, NEVER)
    return result


def _first_trades(
    chance: Chance, no: Whole, archetype: NDArray[np.int8], first_deposit: Whole, is_sub: Flags, ends: int
) -> Whole:
    draw, how = as_pair(chance.bits("people.first_trade", no))
    minutes = np.minimum(75.0 * np.exp(1.3 * chance.normal("people.first_trade_minutes", no)), 60 * 22.0 * how) + 2.0
    late = (26.0 * HOUR) - np.log(how) * 9 * DAY_MICROS
    at_once = draw < cast.trait("at_once")[archetype]
    never = draw > 1.0 - cast.trait("never")[archetype]
    at = np.where(first_deposit < NEVER, first_deposit, 0) + np.where(at_once, minutes * 60e6, late).astype(np.int64)
    result: Whole = np.where((first_deposit < NEVER) & ~never & (at < ends), at, NEVER)
    return result


def _referrers(
    chance: Chance,
    no: Whole,
    channel: NDArray[np.int8],
    archetype: NDArray[np.int8],
    registered: Whole,
    in_farm: Flags,
    seat: Whole,
    head: Whole,
    is_sub: Flags,
) -> NDArray[np.int32]:
    """An earlier user with a lower number, so that newcomers never change who invited whom. In a farm, mostly its first account."""
    referrer = np.full(no.size, -1, np.int32)
    invited = (channel == cast.REFERRAL) & ~is_sub & (no >= _BLOCK)
    invites = ~np.isin(archetype, (cast.MARKET_MAKER, cast.EMPLOYEE, cast.TEST)) & ~is_sub
    for attempt in range(4):
        candidate = (chance.uniform(f"people.referrer.{attempt}", no) * no).astype(np.int64)
        fits = invited & (referrer < 0) & (registered[candidate] < registered) & invites[candidate]
        referrer[fits] = candidate[fits]
    by_head = in_farm & (seat > 0) & (registered[head] < registered) & (chance.uniform("people.farm_invites", no) < 0.6)
    referrer[by_head] = head[by_head]
    return referrer
