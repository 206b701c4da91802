"""Rewards of past campaigns as they are entered, earned, paid, used up and lost."""

from __future__ import annotations

import numpy as np

from springtide.simulator import campaigns as past
from springtide.simulator import cast, fills
from springtide.simulator.campaigns import Campaign
from springtide.simulator.chance import Whole, as_pair
from springtide.simulator.market import DAY_MICROS
from springtide.simulator.people import HOUR
from springtide.simulator.wallets import AWAY, ENGAGED, GONE
from springtide.simulator.world import World


def begin_campaign(world: World, day: int) -> None:
    """On a campaign's first day it is settled who will enter, on which day, and how the bonus hunters will go about it."""
    s, p = world.state, world.people
    for campaign in world.campaigns:
        if campaign.starts != day:
            continue
        s.task_trades[:] = 0
        s.task_volume[:] = 0
        begins = day * DAY_MICROS
        rate = np.select([s.phase == ENGAGED, s.phase == AWAY], [0.10, 0.015], 0.0)
        rate[world.hunters] = np.where(s.phase[world.hunters] != GONE, 0.75, 0.0)
        rate[np.isin(p.archetype, (cast.MARKET_MAKER, cast.TEST, cast.INSTITUTION)) | (p.master >= 0)] = 0.0
        known = np.flatnonzero((rate > 0) & (p.kyc < begins) & (p.registered < begins))
        draw, when = as_pair(world.chance.bits("campaign.enter", known, campaign.number))
        joins = draw < rate[known]
        who, entered = known[joins], day + np.floor(when[joins] * past.ENTRY_DAYS).astype(np.int64)
        world.entrants[campaign.number] = (who, entered)
        s.boost[who] = campaign.effect
        s.boost_until[who] = entered + past.EFFECT_DAYS
        _plan_hunts(world, campaign, who[p.archetype[who] == cast.HUNTER])


def _plan_hunts(world: World, campaign: Campaign, who: Whole) -> None:
    s, p = world.state, world.people
    # Linked accounts hunt on the same days: one person sits behind them.
    person = np.where(p.cluster[who] >= 0, p.cluster[who], who)
    when, leave = as_pair(world.chance.bits("campaign.hunt", person, campaign.number))
    how, much = as_pair(world.chance.bits("campaign.hunt_size", who, campaign.number))
    s.hunt_on[who] = campaign.starts + past.ENTRY_DAYS + np.floor(when * 4)
    s.hunt_exit[who] = campaign.unlocks + np.floor(leave * 6)
    if campaign.minimum_trades is not None:
        trades = np.full(who.size, campaign.minimum_trades + campaign.minimum_trades % 2)
        size = 12.0 + 40.0 * how
    else:
        assert campaign.minimum_volume_usdt is not None
        trades = 4 + 2 * np.floor(how * 3).astype(np.int64)
        size = campaign.minimum_volume_usdt * (1.06 + 0.18 * much) / trades
    s.hunt_trades[who] = trades
    s.hunt_size[who] = np.rint(size * 1e6).astype(np.int64)


def settle(world: World, day: int) -> None:
    s = world.state
    _report_used(world, day)
    for campaign in world.campaigns:
        if not campaign.starts <= day <= campaign.expires:
            continue
        who, entered = world.entrants[campaign.number]
        amount = campaign.reward_usdt * 1_000_000
        if day <= campaign.last_entry:
            new = who[entered == day]
            world.rows.reward(new, campaign, past.GRANT, world.time_within("campaign.grant", new, day), amount)
        if day == campaign.ends:
            _judge(world, campaign, who)
        if day == campaign.unlocks:
            _pay(world, campaign, day)
        if day == campaign.expires:
            for purse in (s.voucher, s.trial):
                left = who[(purse[who] > 0) & (s.reward_of[who] == campaign.number)]
                at = np.full(left.size, (day + 1) * DAY_MICROS - 500_000, np.int64)
                world.rows.reward(left, campaign, past.EXPIRE, at, purse[left])
                purse[left] = 0


def _judge(world: World, campaign: Campaign, who: Whole) -> None:
    """Who met the task by the end of its last day; the counters are those of the running campaign."""
    s = world.state
    trades, volume = campaign.minimum_trades, campaign.minimum_volume_usdt
    met = s.task_trades[who] >= trades if trades is not None else s.task_volume[who] >= (volume or 0) * 1_000_000
    world.entrants[campaign.number] = (who[met], np.zeros(int(met.sum()), np.int64))
    failed = who[~met]
    at = np.full(failed.size, (campaign.ends + 1) * DAY_MICROS - 1_000_000, np.int64)
    world.rows.reward(failed, campaign, past.EXPIRE, at, campaign.reward_usdt * 1_000_000)


def _pay(world: World, campaign: Campaign, day: int) -> None:
    s = world.state
    who, _ = world.entrants[campaign.number]
    who = who[s.phase[who] != GONE]
    at = np.full(who.size, day * DAY_MICROS + 2 * HOUR, np.int64)
    amount = campaign.reward_usdt * 1_000_000
    world.rows.reward(who, campaign, past.ACTIVATE, at, amount)
    s.reward_of[who] = campaign.number
    if campaign.reward_type == past.FEE_VOUCHER:
        s.voucher[who] += amount
    elif campaign.reward_type == past.TRIAL_FUND:
        s.trial[who] += amount
    else:
        s.cash[who] += amount
        s.not_before[who] = np.maximum(s.not_before[who], at)
        world.rows.reward(who, campaign, past.CONVERT, at + HOUR // 2, amount)


def waive(world: World, who: Whole, trips: fills.RoundTrips) -> tuple[Whole, Whole]:
    """The fees of round trips as charged, after vouchers."""
    s = world.state
    purse = s.voucher[who]
    if not purse.any():
        return trips.fee
    total = trips.per_trader(trips.fee[0] + trips.fee[1])
    share = np.minimum(purse / np.maximum(total, 1), 1.0)[trips.owner]
    waived = ((trips.fee[0] * share).astype(np.int64), (trips.fee[1] * share).astype(np.int64))
    used = np.minimum(trips.per_trader(waived[0] + waived[1]), purse)
    s.voucher[who] -= used
    world.used[past.CONSUME_FEE].append((who[used > 0], used[used > 0]))
    return trips.fee[0] - waived[0], trips.fee[1] - waived[1]


def cover_losses(world: World, who: Whole, gain: Whole) -> None:
    """Trial funds bear contract losses until they are used up."""
    s = world.state
    covered = np.minimum(s.trial[who], np.maximum(-gain, 0))
    some = covered > 0
    if not some.any():
        return
    who, covered = who[some], covered[some]
    s.trial[who] -= covered
    s.wallet[who] += covered
    world.used[past.CONSUME_LOSS].append((who, covered))


def _report_used(world: World, day: int) -> None:
    """One row per user, day and action for what vouchers and trial funds bore."""
    for action, parts in world.used.items():
        if not parts:
            continue
        users, amounts = (np.concatenate(each) for each in zip(*parts, strict=True))
        who, place = np.unique(users, return_inverse=True)
        borne = np.zeros(who.size, np.int64)
        np.add.at(borne, place, amounts)
        at = np.full(who.size, (day + 1) * DAY_MICROS - 2_000_000, np.int64)
        for campaign in world.campaigns:
            mine = world.state.reward_of[who] == campaign.number
            world.rows.reward(who[mine], campaign, action, at[mine], borne[mine])
