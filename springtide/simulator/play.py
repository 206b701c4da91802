"""The days as they are played: money comes, people trade, positions are liquidated, rewards are paid, money leaves, people leave.

Whatever is drawn is drawn by counter (see `chance`), so days can be played again with other decisions and everybody whom those do not
touch does exactly the same.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from springtide.simulator import cast, money, positions, presence, rewards, rows, service, trading
from springtide.simulator.fills import Tape
from springtide.simulator.market import DAY_MICROS, EPOCH
from springtide.simulator.rows import Tables
from springtide.simulator.world import World

# A VIP level is reached by any of: spot volume or contract volume of the month before, or assets on the day of review. USDT.
VIP_SPOT = np.array(
    [0, 30_000, 150_000, 600_000, 2_000_000, 6_000_000, 20_000_000, 60_000_000, 200_000_000, 600_000_000], float
)
VIP_CONTRACT = VIP_SPOT * 8
VIP_ASSETS = np.array([0, 20_000, 60_000, 150_000, 400_000, 1_000_000, 2_500_000, 6_000_000, 15_000_000, 50_000_000], float)

_EARN_APR, _EARN_MARGIN_APR = 0.042, 0.012
_REFERRAL_SHARE, _AFFILIATE_SHARE, _REBATE = 0.20, 0.30, 5e-5


def play(world: World, day: int) -> Tables:
    """Play `day` (since 1970), the one after the day played before, and give what the exchange recorded."""
    world.begin()
    if (EPOCH + timedelta(days=day)).day == 1:
        _begin_month(world, day)
    tape = Tape.of(day, world.market.paths(day))
    rewards.begin_campaign(world, day)
    presence.freeze(world, day)
    woken = presence.wake(world, day, tape)
    money.first_deposits(world, day, tape)
    money.fund_subs(world, day)
    money.deposits_again(world, day, tape)
    positions.force_closes(world, day, tape)
    active = trading.trade(world, day, tape, *presence.choose_active(world, day, woken))
    rewards.settle(world, day)
    money.withdrawals(world, day, tape)
    presence.leave(world, day)
    money.earn(world, day)
    presence.sessions(world, day, active)
    service.serve(world, day, active)
    close = world.market.close[world.market.at(day)]
    world.rows.add("balances", world.state.snapshot(world.people, close))
    return world.rows.take()


def _begin_month(world: World, day: int) -> None:
    """VIP levels by the month before, interest on earn, and what partners and makers are owed."""
    s, p = world.state, world.people
    at = day * DAY_MICROS
    equity = s.equity(p, world.market.close[world.market.at(day - 1)], p.no) * 1e-6
    reached = np.maximum(
        np.searchsorted(VIP_SPOT, s.month_spot * 1e-6, side="right"),
        np.searchsorted(VIP_CONTRACT, s.month_contract * 1e-6, side="right"),
    )
    level = (np.maximum(reached, np.searchsorted(VIP_ASSETS, equity, side="right")) - 1).astype(np.int8)
    # Downgrades go one level at a time.
    level = np.maximum(level, s.vip - 1)
    moved = np.flatnonzero(level != s.vip)
    world.rows.status(moved, rows.VIP_LEVEL, np.full(moved.size, at, np.int64), s.vip[moved], level[moved])
    s.vip[moved] = level[moved]

    earning = np.flatnonzero(s.earn > 0)
    began = np.full(earning.size, at, np.int64)
    interest = (s.earn[earning] * (_EARN_APR / 12)).astype(np.int64)
    margin = (s.earn[earning] * (_EARN_MARGIN_APR / 12)).astype(np.int64)
    world.rows.income(earning, rows.EARN_MARGIN, began, margin)
    world.rows.event(earning, rows.EARN_INTEREST, began, interest)
    s.earn[earning] += interest

    referred, partnered = p.referrer >= 0, np.array([bool(each.partner) for each in cast.CHANNELS])[p.channel]
    for kind, owed, share in (
        (rows.REFERRAL_COMMISSION, referred, _REFERRAL_SHARE),
        (rows.AFFILIATE, partnered & ~referred, _AFFILIATE_SHARE),
    ):
        who = np.flatnonzero(owed & (s.month_fees > 50_000))
        world.rows.commission(who, kind, at, (s.month_fees[who] * share).astype(np.int64))
    makers = np.flatnonzero((p.archetype == cast.MARKET_MAKER) & (s.month_spot > 0))
    world.rows.commission(makers, rows.REBATE, at, (s.month_spot[makers] * _REBATE).astype(np.int64))
    for sums in (s.month_spot, s.month_contract, s.month_fees):
        sums[:] = 0
