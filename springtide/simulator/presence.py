"""Who is here: coming back, being stopped, deciding to trade today, looking in, going silent."""

from __future__ import annotations

import numpy as np

from springtide.simulator import cast, money, people, rows
from springtide.simulator.chance import Whole, as_pair, as_uniform
from springtide.simulator.fills import Tape
from springtide.simulator.market import BEAR, DAY_MICROS
from springtide.simulator.people import NEVER, NEVER_DAY
from springtide.simulator.wallets import AWAY, ENGAGED, GONE, OUTSIDE
from springtide.simulator.world import World

_LOOKS_IN_DAYS = 30  # how long somebody who has not deposited may still look in


def freeze(world: World, day: int) -> None:
    """Accounts that risk control stops today; what they hold stays where it is."""
    who = np.flatnonzero(world.frozen_on == day)
    world.state.phase[who] = GONE
    for days in (world.state.wakes, world.state.exits, world.state.hunt_on, world.state.hunt_exit):
        days[who] = NEVER_DAY
    world.rows.status(who, rows.STATUS, world.time_within("play.freeze", who, day), rows.ACTIVE, rows.FROZEN)
    world.rows.restriction(who, rows.RISK_HOLD, world.time_within("play.freeze", who, day))


def wake(world: World, day: int, tape: Tape) -> Whole:
    """Who comes back today; most bring money, because little was left."""
    who = np.flatnonzero(world.state.wakes == day)
    world.state.phase[who] = ENGAGED
    world.state.wakes[who] = NEVER_DAY
    world.state.exits[who] = NEVER_DAY
    equity = world.state.equity(world.people, tape.path[:, -1], who)
    poor = (equity < 20_000_000) | (world.chance.uniform("play.wake_deposit", who, day) < 0.25)
    money.deposit(world, who[poor], day, tape, world.time_within("play.wake_at", who[poor], day, 0, 20), ordinal=3)
    return who


def choose_active(world: World, day: int, woken: Whole) -> tuple[Whole, Whole]:
    """Who trades of their own will today, and when each begins; times are after whatever money they wait for."""
    s, p = world.state, world.people
    here = np.flatnonzero(s.phase == ENGAGED)
    here = here[s.trades_from[here] <= day]
    row = world.market.at(day)
    mood = world.market.mood[row] * (1.0 + p.contract[here] * (world.market.appetite[row] - 1.0))
    willing = p.active[here] * mood * np.where(s.boost_until[here] >= day, s.boost[here], 1.0)
    draw = as_uniform(world.chance.bits("play.active", world.leader[here], day))
    forced = (s.trades_from[here] == day) | (s.hunt_on[here] == day)
    forced |= np.isin(here, woken, assume_unique=True)
    who = here[(draw < np.minimum(willing, 0.97)) | forced]
    begins = day * DAY_MICROS
    starts = begins + people.local_time_of_day(world.chance, "play.trade_at", who, p.offset[who], day)
    all_day = p.via[who] == people.API
    starts = np.where(all_day, begins + (starts - begins) // 12, starts)
    first_time = (s.trades_from[who] == day) & (p.first_trade[who] < NEVER)
    starts = np.where(first_time, np.maximum(p.first_trade[who], begins), starts)
    starts = np.maximum(starts, s.not_before[who] + 20_000_000)
    in_time = starts < begins + DAY_MICROS - 30_000_000
    return who[in_time], starts[in_time]


def leave(world: World, day: int) -> None:
    """Some of the engaged go silent; a liquidation is the commonest push. Most of them return one day, some never."""
    s, p = world.state, world.people
    who = np.flatnonzero(s.phase == ENGAGED)
    who = who[(s.trades_from[who] < day) | (p.first_trade[who] >= NEVER)]
    hit = np.isin(who, world.liquidated, assume_unique=False)
    fresh = p.first_deposit[who] > (day - 14) * DAY_MICROS
    bear = 1.35 if world.market.regime[world.market.at(day)] == BEAR else 0.92
    hazard = p.leaves[who] * bear * np.where(fresh, 1.25, 1.0) + 0.33 * hit
    hazard[who < len(cast.FOUNDERS)] = 0.0
    hazard[(p.archetype[who] == cast.MARKET_MAKER) | (p.archetype[who] == cast.TEST)] = 0.0
    leaving = world.chance.uniform("play.leave", who, day) < hazard
    who, hit = who[leaving], hit[leaving]
    s.phase[who] = AWAY
    empties, returns = as_pair(world.chance.bits("play.how_left", who, day))
    leaves_nothing = empties < cast.trait("empties")[p.archetype[who]]
    wait = np.ceil(-3.0 * np.log(world.chance.uniform("play.exit_wait", who, day))).astype(np.int64)
    s.exits[who[leaves_nothing]] = day + wait[leaves_nothing]
    back = returns < cast.trait("returns")[p.archetype[who]]
    silent = np.ceil(4.0 + np.exp(2.1 + 1.5 * world.chance.normal("play.silent", who, day))).astype(np.int64)
    s.wakes[who[back]] = np.minimum(day + silent[back], NEVER_DAY)
    # A few who were liquidated bar themselves, for a while or for good.
    barred = hit & (world.chance.uniform("play.barred", who, day) < 0.06)
    cooling = barred & (world.chance.uniform("play.cooling", who, day) < 0.6)
    for chosen, kind, days in ((cooling, rows.COOLING_OFF, 30), (barred & ~cooling, rows.SELF_EXCLUSION, 3650)):
        barring = who[chosen]
        s.wakes[barring] = day + days + 1 if kind == rows.COOLING_OFF else NEVER_DAY
        at = (day + 1) * DAY_MICROS - 60_000_000
        times = np.full(barring.size, at, np.int64)
        world.rows.restriction(barring, kind, times, times + days * DAY_MICROS)


def sessions(world: World, day: int, active: Whole) -> None:
    """Who looks in: the new, the engaged, those who trade by hand, and now and then a silent holder."""
    s, p = world.state, world.people
    low, high = np.searchsorted(world.registration_times, [(day - _LOOKS_IN_DAYS) * DAY_MICROS, (day + 1) * DAY_MICROS])
    fresh = world.by_registration[low:high]
    fresh = fresh[s.phase[fresh] == OUTSIDE]
    age = day - p.registered[fresh] // DAY_MICROS
    looks = np.where(age == 0, 0.93, 0.42 * np.exp(-age / 4.0))
    engaged = np.flatnonzero(s.phase == ENGAGED)
    away = np.flatnonzero((s.phase == AWAY) & ((s.cash | s.coin | s.earn) != 0))
    who = np.concatenate([fresh, engaged, away])
    chance = np.concatenate([looks, p.visits[engaged], np.full(away.size, 0.03)])
    trades = np.zeros(p.count, np.bool_)
    trades[active] = True
    by_hand = np.isin(p.via[who], (people.APP, people.WEB, people.COPY))
    chance = np.where(trades[who] & by_hand, 1.0, chance)
    bits = world.chance.bits("play.session", who, day)
    there = as_uniform(bits) < chance
    who, bits = who[there], bits[there]
    times, length = as_pair(world.chance.bits("play.session_times", who, day))
    visits = 1 + np.floor(-np.log(times) * np.where(trades[who], 1.6, 0.4)).astype(np.int64)
    seconds = np.minimum(visits * 35 * np.exp(1.3 - 1.1 * np.log(length)), 80_000.0).astype(np.int64)
    platform = np.where(p.via[who] == people.WEB, 1, np.where(p.no[who] % 3 == 0, 2, 0))
    world.rows.add("sessions", {"user": who, "platform": platform.astype(np.int8), "sessions": visits, "seconds": seconds})
