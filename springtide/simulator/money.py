"""Money that comes and goes: deposits, withdrawals, what a master gives its sub-accounts, and what earns interest."""

from __future__ import annotations

import numpy as np

from springtide.simulator import cast, fills, people, rows
from springtide.simulator.chance import Floats, Whole, as_pair
from springtide.simulator.fills import Tape
from springtide.simulator.market import DAY_MICROS, whole_units
from springtide.simulator.people import HOUR, NEVER, NEVER_DAY
from springtide.simulator.wallets import ENGAGED, GONE, OUTSIDE, USDT
from springtide.simulator.world import World


def first_deposits(world: World, day: int, tape: Tape) -> None:
    s, p = world.state, world.people
    low, high = np.searchsorted(world.deposit_times, [day * DAY_MICROS, (day + 1) * DAY_MICROS])
    who = world.by_deposit[low:high]
    who = who[s.phase[who] == OUTSIDE]
    s.phase[who] = ENGAGED
    s.trades_from[who] = np.where(p.first_trade[who] < NEVER, p.first_trade[who] // DAY_MICROS, NEVER_DAY)
    deposit(world, who, day, tape, p.first_deposit[who], ordinal=0)
    follows = who[p.archetype[who] == cast.COPIER]
    world.rows.event(follows, rows.COPY_FOLLOW, p.first_deposit[follows] + 30_000_000, np.zeros(follows.size, np.int64))

    hunting = world.hunters[s.hunt_on[world.hunters] == day]
    hunting = hunting[s.phase[hunting] != GONE]
    wanted = s.hunt_size[hunting] * 1.35 + 3e6
    short = s.cash[hunting] < wanted
    s.trades_from[hunting] = np.minimum(s.trades_from[hunting], day)
    s.phase[hunting] = ENGAGED
    came = hunting[short]
    amount = np.ceil((wanted[short] - s.cash[came]) / 1e6 / 5.0) * 5.0
    deposit(world, came, day, tape, world.time_within("play.hunt_at", came, day, 0, 16), ordinal=2, amount_usdt=amount)


def deposits_again(world: World, day: int, tape: Tape) -> None:
    s, p = world.state, world.people
    who = np.flatnonzero(s.phase == ENGAGED)
    who = who[(s.not_before[who] < day * DAY_MICROS) & (p.archetype[who] != cast.HUNTER) & (p.master[who] < 0)]
    poor = world.state.cash[who] + s.wallet[who] < np.minimum(0.05 * p.wealth[who] * 1e6, 200e6)
    rate = np.where(poor, 0.055, 0.007) * np.minimum(0.35 + 2.2 * p.active[who], 1.6)
    who = who[world.chance.uniform("play.deposit_again", who, day) < rate]
    local = people.local_time_of_day(world.chance, "play.deposit_again_at", who, p.offset[who], day)
    deposit(world, who, day, tape, day * DAY_MICROS + local, ordinal=1)


def deposit(
    world: World, who: Whole, day: int, tape: Tape, at: Whole, *, ordinal: int, amount_usdt: Floats | None = None
) -> None:
    if not who.size:
        return
    s, p = world.state, world.people
    if amount_usdt is None:
        part = 0.16 * np.exp(0.9 * world.chance.normal("play.amount", who, day * 4 + ordinal))
        amount_usdt = np.clip(p.wealth[who] * part, 10.0, 5e6)
        amount_usdt = np.where(amount_usdt < 2000, np.rint(amount_usdt), np.rint(amount_usdt / 10) * 10)
        # Whoever quotes a market or runs a bot brings working capital, not a trial sum.
        amount_usdt *= np.where(p.via[who] == people.API, 3.0, 1.0)
    how, with_what = as_pair(world.chance.bits("play.rail", who, day * 4 + ordinal))
    keeps = np.isin(p.archetype[who], (cast.HOLDER, cast.EARNER))
    in_coin = (with_what < np.where(keeps, 0.30, 0.12)) & (ordinal < 2)
    rail = np.where(
        in_coin | (how < 0.58), rows.CRYPTO, np.where(how < 0.74, rows.FIAT, np.where(how < 0.88, rows.CARD, rows.P2P))
    )
    asset = np.where(in_coin, p.coin[who], USDT).astype(np.int8)
    price = tape.price(asset, at)
    units = np.where(in_coin, whole_units(amount_usdt, price, asset), np.rint(amount_usdt * 1e8).astype(np.int64))
    usdt = np.where(in_coin, fills.in_micro(price, units), np.rint(amount_usdt * 1e6).astype(np.int64))
    s.cash[who] += np.where(in_coin, 0, usdt)
    s.coin[who] += np.where(in_coin, units, 0)
    s.not_before[who] = at
    world.rows.transfer(who, rows.DEPOSIT, at, asset, units, usdt, ordinal, rail)
    failed = world.chance.uniform("play.deposit_failed", who, day * 4 + ordinal) < 0.015
    earlier = np.maximum(at[failed] - 600_000_000, p.registered[who[failed]])
    world.rows.transfer(
        who[failed], rows.DEPOSIT, earlier, asset[failed], units[failed], usdt[failed], 16 + ordinal, rail[failed], rows.FAILED
    )


def fund_subs(world: World, day: int) -> None:
    """A master moves a share of its USDT to each sub-account once, the day after that was opened or when there is something."""
    s, p = world.state, world.people
    if not world.subs.size:
        return
    ready = (p.registered[world.subs] // DAY_MICROS < day) & (s.phase[world.subs] == OUTSIDE)
    masters = p.master[world.subs]
    ready &= (s.phase[masters] == ENGAGED) & (s.cash[masters] > 500_000_000)
    who, masters = world.subs[ready], masters[ready].astype(np.int64)
    if not who.size:
        return
    amount = s.cash[masters] // 100_000_000 * 15_000_000
    at = day * DAY_MICROS + (who % 8) * 60_000_000 + 60_000_000
    np.subtract.at(s.cash, masters, amount)
    s.cash[who] += amount
    s.phase[who] = ENGAGED
    s.trades_from[who] = day + 1
    s.not_before[who] = at
    ordinal = 8 + (who % 8)
    usdt = np.full(who.size, USDT, np.int8)
    world.rows.transfer(masters, rows.INTERNAL_OUT, at, usdt, amount * 100, amount, ordinal)
    world.rows.transfer(who, rows.INTERNAL_IN, at, usdt, amount * 100, amount, 4)


def withdrawals(world: World, day: int, tape: Tape) -> None:
    s, p = world.state, world.people
    empties = np.flatnonzero((s.exits == day) | (s.hunt_exit == day))
    empties = empties[s.phase[empties] != GONE]
    _redeem(world, empties, day)
    s.cash[empties] += s.wallet[empties]
    s.wallet[empties] = 0
    at = np.maximum(world.time_within("play.exit_at", empties, day, 18.5, 23.4), s.not_before[empties] + 10_000_000)
    at = np.minimum(at, (day + 1) * DAY_MICROS - 1)
    _withdraw(world, empties, at, s.cash[empties].copy(), s.coin[empties].copy(), tape, ordinal=5)
    closes = (s.exits[empties] == day) & (world.chance.uniform("play.closes", empties, day) < 0.04)
    shut = empties[closes]
    s.phase[shut] = GONE
    s.closed[shut] = True
    s.wakes[shut] = NEVER_DAY
    world.rows.status(shut, rows.STATUS, at[closes] + 1, rows.ACTIVE, rows.CLOSED)

    who = np.flatnonzero(s.phase == ENGAGED)
    who = who[(s.cash[who] > 40_000_000) & (p.master[who] < 0) & (s.hunt_on[who] != day)]
    who = who[(s.trades_from[who] < day) & (p.archetype[who] != cast.HUNTER)]
    draw, part = as_pair(world.chance.bits("play.withdraw", who, day))
    chosen = draw < 0.0035 + 0.012 * p.active[who]
    who = who[chosen]
    amount = (s.cash[who] * (0.2 + 0.6 * part[chosen])).astype(np.int64) // 10_000 * 10_000
    at = np.maximum(world.time_within("play.withdraw_at", who, day, 20, 23.9), s.not_before[who] + 10_000_000)
    at = np.minimum(at, (day + 1) * DAY_MICROS - 1)
    _withdraw(world, who, at, amount, np.zeros(who.size, np.int64), tape, ordinal=7)


def _withdraw(world: World, who: Whole, at: Whole, cash: Whole, coin: Whole, tape: Tape, *, ordinal: int) -> None:
    s, p = world.state, world.people
    if not who.size:
        return
    s.cash[who] -= cash
    s.coin[who] -= coin
    some = cash > 0
    day = int(at[0] // DAY_MICROS)
    how, fails = as_pair(world.chance.bits("play.withdraw_rail", who, day * 16 + ordinal))
    rail = np.where(how < 0.70, rows.CRYPTO, np.where(how < 0.9, rows.FIAT, rows.P2P))
    asset = np.full(who.size, USDT, np.int8)
    world.withdrew[who[(some & (rail == rows.CRYPTO)) | (coin > 0)]] = True
    world.rows.transfer(who[some], rows.WITHDRAWAL, at[some], asset[some], cash[some] * 100, cash[some], ordinal, rail[some])
    some = coin > 0
    kept = p.coin[who[some]]
    worth = fills.in_micro(tape.price(kept, at[some]), coin[some])
    world.rows.transfer(
        who[some], rows.WITHDRAWAL, at[some], kept, coin[some], worth, ordinal + 1, np.full(kept.size, rows.CRYPTO)
    )
    # A failed attempt before the one that went through, and it is what people complain about.
    failed = (fails < 0.015) & (cash > 0)
    earlier = np.maximum(at[failed] - HOUR // 4, p.registered[who[failed]])
    world.rows.transfer(
        who[failed],
        rows.WITHDRAWAL,
        earlier,
        asset[failed],
        cash[failed] * 100,
        cash[failed],
        24 + ordinal,
        rail[failed],
        rows.FAILED,
    )
    world.rows.add("complaints", {"user": who[failed], "at": earlier})


def earn(world: World, day: int) -> None:
    """Earners put most of their idle USDT to work some days after it came."""
    s = world.state
    who = world.earners[(s.cash[world.earners] > 50_000_000) & (s.phase[world.earners] == ENGAGED)]
    who = who[(world.chance.uniform("play.subscribe", who, day) < 0.22) & (s.not_before[who] < day * DAY_MICROS)]
    amount = s.cash[who] // 1_000_000 * 900_000
    s.cash[who] -= amount
    s.earn[who] += amount
    world.rows.event(who, rows.EARN_SUBSCRIBE, np.full(who.size, (day + 1) * DAY_MICROS - 30_000_000, np.int64), amount)


def _redeem(world: World, who: Whole, day: int) -> None:
    s = world.state
    who = who[s.earn[who] > 0]
    world.rows.event(who, rows.EARN_REDEEM, np.full(who.size, day * DAY_MICROS + 17 * HOUR, np.int64), s.earn[who].copy())
    s.cash[who] += s.earn[who]
    s.earn[who] = 0
