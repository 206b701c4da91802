"""Contract positions that are kept: opened for the night, closed by will, by liquidation, by settlement or by others' ruin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from springtide.simulator import fills, rewards, rows
from springtide.simulator.chance import Flags, Floats, Whole
from springtide.simulator.fills import MINIMUM, Tape
from springtide.simulator.market import BEAR, DAY_MICROS, last_friday, quoted, whole_units
from springtide.simulator.people import HOUR
from springtide.simulator.world import World


def force_closes(world: World, day: int, tape: Tape) -> None:
    s, p = world.state, world.people
    held = np.flatnonzero(s.position)
    _liquidate(world, tape, held, np.zeros(held.size, np.int64), ordinal=0)
    held = held[s.position[held] != 0]

    leaves = s.exits[held] == day
    settles = last_friday(day) & p.dated[held]
    # Auto-deleveraging takes from a few of the winning side on the days that break somebody else.
    gains = s.unrealised(p, tape.path[:, -1], held) > 0
    wild = 0.004 if tape.swing[1] > 0.12 else 0.0
    adl = gains & (world.chance.uniform("play.adl", held, day) < wild)
    kind = np.where(settles, fills.SETTLEMENT, np.where(adl, fills.ADL, fills.NORMAL))
    chosen = leaves | settles | adl
    if not chosen.any():
        return
    who, kind = held[chosen], kind[chosen]
    begins = day * DAY_MICROS
    at = np.where(kind == fills.SETTLEMENT, begins + 8 * HOUR, world.time_within("play.forced_at", who, day, 2, 18))
    close(world, tape, who, at, kind, ordinal=0)


def _liquidate(world: World, tape: Tape, who: Whole, after: Whole, *, ordinal: int) -> None:
    """Close the positions of `who` that today's prices, from bucket `after` on, break."""
    s, p = world.state, world.people
    if not who.size:
        return
    asset = p.perp[who]
    long = s.position[who] > 0
    broken = np.where(long, tape.low_from[asset, after] <= s.brink[who], tape.high_from[asset, after] >= s.brink[who])
    if not broken.any():
        return
    who, after, asset, long = who[broken], after[broken], asset[broken], long[broken]
    paths, brink = tape.path[asset], s.brink[who][:, None]
    crossed = np.where(long[:, None], paths <= brink, paths >= brink)
    crossed &= np.arange(paths.shape[1])[None, :] >= after[:, None]
    bucket = crossed.argmax(axis=1)
    within = world.chance.uniform("play.liquidated_at", who, tape.begins)
    at = tape.begins + ((bucket + within) * 300_000_000).astype(np.int64)
    left = close(world, tape, who, at, np.full(who.size, fills.LIQUIDATION), ordinal=ordinal, price=s.brink[who])
    # Half of what is left of the margin goes to the exchange.
    penalty = np.minimum(np.maximum(left, 0) // 2, s.wallet[who])
    s.wallet[who] -= penalty
    world.rows.income(who, rows.LIQUIDATION_FEE, at, penalty, slot=ordinal)
    world.liquidated = np.concatenate([world.liquidated, who])


def close(
    world: World, tape: Tape, who: Whole, at: Whole, kind: NDArray[Any], *, ordinal: int, price: Floats | None = None
) -> Whole:
    """Close whole positions at the market or at `price`; gives what is left of each margin."""
    s, p = world.state, world.people
    asset = p.perp[who]
    price = quoted(tape.price(asset, at) if price is None else price, asset)
    units = np.abs(s.position[who])
    long = s.position[who] > 0
    notional = fills.in_micro(price, units)
    gain = np.where(long, notional - s.opened_notional[who], s.opened_notional[who] - notional)
    # A gap through the brink is the insurance fund's loss, not the user's: nobody loses more than the margin.
    rate = np.where(kind == fills.SETTLEMENT, 0.0, fills.CONTRACT_TAKER[s.vip[who]])
    fee = (notional * rate * 1e-6).astype(np.int64)
    fee = np.minimum(fee, s.margin[who])
    gain = np.maximum(gain, fee - s.margin[who])
    s.wallet[who] += gain - fee
    rewards.cover_losses(world, who, gain)
    left: Whole = s.margin[who] + gain - fee
    world.rows.add(
        "contract_trades",
        {
            "user": who,
            "at": at,
            "asset": asset,
            "buys": ~long,
            "maker": np.zeros(who.size, np.bool_),
            "price": price,
            "units": units,
            "notional": notional,
            "fee": fee,
            "via": p.via[who],
            "ordinal": np.full(who.size, ordinal, np.int64),
            "closes": np.ones(who.size, np.bool_),
            "long": long,
            "leverage": s.geared[who],
            "pnl": gain,
            "kind": kind.astype(np.int8),
            "dated": p.dated[who],
        },
    )
    world.traded(who, fee, contract=np.where(kind == fills.NORMAL, notional, 0), fills_made=(kind == fills.NORMAL).astype(int))
    s.position[who] = 0
    s.opened_notional[who] = 0
    s.margin[who] = 0
    return left


def open_for_the_night(world: World, day: int, tape: Tape, who: Whole, wanted: Flags, ends: Whole, direction: Floats) -> Flags:
    s, p = world.state, world.people
    free = s.wallet[who] - s.margin[who]
    able = wanted & (free >= 2 * MINIMUM)
    index = np.flatnonzero(able)
    if not index.size:
        return able
    chosen, at, asset = who[index], ends[index] + 2_000_000, p.perp[who[index]]
    price = quoted(tape.price(asset, at), asset)
    geared = np.clip(np.ceil(p.leverage[chosen]), 1, 75)
    margin = free[index] * (0.12 + 0.45 * world.chance.uniform("play.margin", chosen, day))
    units = whole_units(margin * geared * 1e-6, price, asset)
    notional = fills.in_micro(price, units)
    sized = notional >= MINIMUM
    able[index[~sized]] = False
    chosen, at, asset, price, geared = chosen[sized], at[sized], asset[sized], price[sized], geared[sized]
    units, notional, index = units[sized], notional[sized], index[sized]
    if not chosen.size:
        return able
    fee = (notional * world.fee_rate(fills.CONTRACT_TAKER, chosen) * 1e-6).astype(np.int64)
    bias = {0: 0.55, 1: 0.68, BEAR: 0.42}[int(world.market.regime[world.market.at(day)])]
    long = direction[index] < bias
    s.wallet[chosen] -= fee
    s.position[chosen] = np.where(long, units, -units)
    s.opened_notional[chosen] = notional
    s.margin[chosen] = np.minimum((notional / geared).astype(np.int64), s.wallet[chosen])
    s.brink[chosen] = price * np.where(long, 1.0 - 0.9 / geared, 1.0 + 0.9 / geared)
    s.geared[chosen] = geared.astype(np.int16)
    world.rows.add(
        "contract_trades",
        {
            "user": chosen,
            "at": at,
            "asset": asset,
            "buys": long,
            "maker": np.zeros(chosen.size, np.bool_),
            "price": price,
            "units": units,
            "notional": notional,
            "fee": fee,
            "via": p.via[chosen],
            "ordinal": np.full(chosen.size, 2, np.int64),
            "closes": np.zeros(chosen.size, np.bool_),
            "long": long,
            "leverage": s.geared[chosen],
            "pnl": np.zeros(chosen.size, np.int64),
            "kind": np.zeros(chosen.size, np.int8),
            "dated": p.dated[chosen],
        },
    )
    world.traded(chosen, fee, contract=notional, fills_made=np.ones(chosen.size, np.int64))
    _liquidate(world, tape, chosen, tape.bucket(at) + 1, ordinal=3)
    return able
