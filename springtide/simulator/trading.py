"""Own trading: how often, how big, in what, and out of which wallet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from springtide.simulator import cast, fills, people, positions, rewards, rows
from springtide.simulator.chance import Flags, Floats, Whole, as_normal, as_pair, as_uniform
from springtide.simulator.fills import MINIMUM, Tape, Traders
from springtide.simulator.market import DAY_MICROS, quoted, whole_units
from springtide.simulator.people import HOUR
from springtide.simulator.world import World


@dataclass(frozen=True)
class Meant:
    """What today's traders are about, one entry each."""

    who: Whole
    starts: Whole
    ends: Whole
    calm: Floats  # how much bigger or smaller than usual today's orders are
    direction: Floats  # a draw: low buys or goes long, high sells or goes short
    hunts: Flags  # doing a task, and nothing else
    both_legs: Flags  # an arbitrageur, who mirrors every spot leg in contracts


def trade(world: World, day: int, tape: Tape, who: Whole, starts: Whole) -> Whole:
    """Everybody's fills of the day; gives those who made at least one."""
    s, p = world.state, world.people
    if not who.size:
        return who
    hunts = s.hunt_on[who] == day
    contracts_allowed = (p.kyc[who] <= starts) & (p.contract[who] > 0) & ~hunts
    bits = world.chance.bits("play.how_many", who, day)
    row = world.market.at(day)
    wanted = p.trades[who] * np.exp(p.burst[who] * as_normal(bits)) * np.sqrt(world.market.appetite[row])
    count = np.clip(np.floor(wanted), 1, 4000).astype(np.int64)
    count = np.where(hunts, s.hunt_trades[who], count)
    split, direction = as_pair(world.chance.bits("play.split", who, day))
    share = np.where(contracts_allowed, p.contract[who], 0.0)
    contract = np.floor(count * share + split).astype(np.int64)
    both_legs = (p.archetype[who] == cast.ARBITRAGEUR) & contracts_allowed
    contract = np.where(both_legs, count // 2, np.minimum(contract, count))
    spot = np.where(both_legs, count // 2, count - contract)

    meant = Meant(
        who=who,
        starts=starts,
        ends=np.minimum(starts + _session_length(world, day, who), (day + 1) * DAY_MICROS - 5_000_000),
        calm=np.exp(0.5 * as_normal(world.chance.bits("play.size", who, day))),
        direction=direction,
        hunts=hunts,
        both_legs=both_legs,
    )
    _move_to_contracts(world, meant, share, contract > 0)
    # Spot and contract legs of an arbitrageur are as big as the smaller wallet bears, so that they match.
    s_free, c_free = fills.in_usdt(s.cash[who]), fills.in_usdt(s.wallet[who] - s.margin[who])
    smaller = np.minimum(s_free, c_free)
    traded_spot = _spot_round_trips(world, day, tape, meant, spot // 2, np.where(both_legs, smaller, s_free))
    traded_spot |= _spot_single(world, day, tape, meant, (spot % 2 == 1) | ((spot > 0) & ~traded_spot & ~both_legs))
    traded_contract = _contracts(world, day, tape, meant, contract, smaller)
    did = traded_spot | traded_contract
    s.not_before[who[did]] = meant.ends[did] + 3_000_000
    return who[did]


def _session_length(world: World, day: int, who: Whole) -> Whole:
    hours = 0.15 + 2.5 * world.chance.uniform("play.session_length", who, day) ** 2
    hours = np.where(world.people.archetype[who] == cast.DAY_TRADER, 3.0 + hours * 3, hours)
    hours = np.where(world.people.via[who] == people.API, 24.0, hours)
    length: Whole = (hours * HOUR).astype(np.int64)
    return length


def _move_to_contracts(world: World, meant: Meant, share: Floats, wanted: Flags) -> None:
    """Between one's own wallets, which no transfer row records: enough USDT for contracts, and back when spot runs dry."""
    s, who = world.state, meant.who
    free = s.wallet[who] - s.margin[who]
    total = s.cash[who] + free
    target = (total * np.minimum(share, 0.97)).astype(np.int64)
    short = free < np.where(meant.both_legs, target, target // 2)
    top_up = np.where(wanted & short, np.maximum(target - free, 0), 0)
    dry = ~wanted & (s.cash[who] < 2 * MINIMUM) & (free > 2 * MINIMUM)
    back = np.where(dry, free // 2, np.where(meant.both_legs, np.maximum(free - target, 0), 0))
    s.cash[who] += back - top_up
    s.wallet[who] += top_up - back


def _spot_round_trips(world: World, day: int, tape: Tape, meant: Meant, pairs: Whole, cash: Floats) -> Flags:
    s, p, who = world.state, world.people, meant.who
    stake = np.minimum(p.stake[who] * meant.calm, 0.85) * cash
    stake = np.where(meant.hunts, s.hunt_size[who] * 1e-6, stake)
    pairs = np.minimum(pairs, np.floor(0.05 * cash / (float(tape.swing.max()) + 0.0035)).astype(np.int64))
    able: Flags = (pairs > 0) & (stake >= 5.0) & (stake <= 0.9 * cash)
    index = np.flatnonzero(able)
    if not index.size:
        return able
    chosen = who[index]
    traders = Traders(
        who=chosen,
        pairs=pairs[index],
        starts=meant.starts[index],
        ends=meant.ends[index],
        target=stake[index],
        most=cash[index],
        favourite=p.coin[chosen],
        maker=p.maker[chosen],
        taker_rate=world.fee_rate(fills.SPOT_TAKER, chosen),
        maker_rate=world.fee_rate(fills.SPOT_MAKER, chosen),
        edge=world.edge[chosen],
        jitter=np.where(meant.hunts[index], 0.0, 0.45),
    )
    trips = fills.round_trips(tape, world.chance.bits("play.pairs", chosen, day), traders)
    fee = rewards.waive(world, chosen, trips)
    s.cash[chosen] += trips.per_trader(trips.notional[1] - trips.notional[0] - fee[0] - fee[1])
    user = np.repeat(chosen[trips.owner], 2)
    world.rows.add(
        "spot_trades",
        {
            "user": user,
            "at": fills.interleave(*trips.at),
            "asset": np.repeat(trips.asset, 2),
            "buys": np.tile(np.array([True, False]), trips.owner.size),
            "maker": fills.interleave(*trips.maker),
            "price": fills.interleave(*trips.price),
            "units": np.repeat(trips.units, 2),
            "notional": fills.interleave(*trips.notional),
            "fee": fills.interleave(*fee),
            "via": p.via[user],
            "ordinal": fills.interleave(1 + 2 * trips.ordinal, 2 + 2 * trips.ordinal),
        },
    )
    volume = trips.per_trader(trips.notional[0] + trips.notional[1])
    world.traded(chosen, trips.per_trader(fee[0] + fee[1]), spot=volume, fills_made=2 * pairs[index])
    return able


def _spot_single(world: World, day: int, tape: Tape, meant: Meant, wanted: Flags) -> Flags:
    """One order in one's own coin that is kept: buying with some of the USDT, or selling some of the coin."""
    s, p, who = world.state, world.people, meant.who
    asset = p.coin[who]
    at = meant.ends + 1_000_000
    price = quoted(tape.price(asset, at), asset)
    cash = s.cash[who]
    value = fills.in_micro(price, s.coin[who])
    buys = meant.direction < np.where(value < cash, 0.68, 0.36)
    buys = np.where(cash < 2 * MINIMUM, False, np.where(value < 2 * MINIMUM, True, buys))
    able: Flags = wanted & (np.where(buys, cash, value) >= 2 * MINIMUM)
    index = np.flatnonzero(able)
    if not index.size:
        return able
    chosen, buys, price, at, asset = who[index], buys[index], price[index], at[index], asset[index]
    part, odd = as_pair(world.chance.bits("play.single", chosen, day))
    part = np.where(buys, 0.15 + 0.75 * part, np.minimum(0.25 + 1.1 * part, 1.0))
    converts = (odd < 0.05) & (p.via[chosen] == people.APP)
    price = np.where(converts, quoted(price * np.where(buys, 1.004, 0.996), asset), price)
    bought = whole_units(np.maximum(cash[index] * part, MINIMUM * 1.2) * 1e-6 * 0.985, price, asset)
    sold = np.where(part >= 1.0, s.coin[chosen], whole_units(np.maximum(value[index] * part, MINIMUM) * 1e-6, price, asset))
    units = np.where(buys, bought, np.minimum(sold, s.coin[chosen]))
    notional = fills.in_micro(price, units)
    maker = (as_uniform(world.chance.bits("play.single_maker", chosen, day)) < p.maker[chosen]) & ~converts
    rate = np.where(maker, world.fee_rate(fills.SPOT_MAKER, chosen), world.fee_rate(fills.SPOT_TAKER, chosen))
    fee = np.where(converts, 0, (notional * rate * 1e-6).astype(np.int64))
    s.cash[chosen] += np.where(buys, -notional, notional) - fee
    s.coin[chosen] += np.where(buys, units, -units)
    world.rows.add(
        "spot_trades",
        {
            "user": chosen,
            "at": at,
            "asset": asset,
            "buys": buys,
            "maker": maker,
            "price": price,
            "units": units,
            "notional": notional,
            "fee": fee,
            "via": np.where(converts, people.CONVERT, p.via[chosen]).astype(np.int8),
            "ordinal": np.zeros(chosen.size, np.int64),
        },
    )
    world.rows.income(chosen[converts], rows.CONVERT_SPREAD, at[converts], (notional[converts] * 0.004).astype(np.int64))
    world.traded(chosen, fee, spot=notional, fills_made=np.ones(chosen.size, np.int64))
    return able


def _contracts(world: World, day: int, tape: Tape, meant: Meant, count: Whole, smaller: Floats) -> Flags:
    """First perhaps the open position is closed, then come round trips, last perhaps a position for the night."""
    s, p, who = world.state, world.people, meant.who
    closes = (count > 0) & (s.position[who] != 0) & (world.chance.uniform("play.close", who, day) < 0.55)
    at_will = np.full(int(closes.sum()), fills.NORMAL)
    positions.close(world, tape, who[closes], meant.starts[closes] + 500_000, at_will, ordinal=1)
    count = count - closes
    free = np.where(meant.both_legs, smaller, fills.in_usdt(s.wallet[who] - s.margin[who]))
    pairs = np.minimum(count // 2, np.floor(0.05 * free / (float(tape.swing.max()) + 0.0035)).astype(np.int64))
    geared = np.where(meant.both_legs, 1.0, p.leverage[who])
    stake = np.minimum(p.stake[who] * meant.calm, 0.85) * free * geared
    able = (pairs > 0) & (stake >= 5.0)
    index = np.flatnonzero(able)
    if index.size:
        _contract_round_trips(world, day, tape, meant, index, pairs, stake, free)
    rest = (count % 2 == 1) | ((count > 0) & ~able)
    keeps = rest & (s.position[who] == 0) & (p.via[who] != people.API) & (p.archetype[who] != cast.MARKET_MAKER)
    opens = positions.open_for_the_night(world, day, tape, who, keeps, meant.ends, meant.direction)
    did: Flags = closes | able | opens
    return did


def _contract_round_trips(
    world: World, day: int, tape: Tape, meant: Meant, index: Whole, pairs: Whole, stake: Floats, free: Floats
) -> None:
    s, p = world.state, world.people
    who, both_legs, pairs = meant.who[index], meant.both_legs[index], pairs[index]
    traders = Traders(
        who=who,
        pairs=pairs,
        starts=meant.starts[index],
        ends=meant.ends[index],
        target=stake[index],
        most=free[index],
        favourite=np.where(both_legs, p.coin[who], p.perp[who]).astype(np.int8),
        maker=p.maker[who],
        taker_rate=world.fee_rate(fills.CONTRACT_TAKER, who),
        maker_rate=world.fee_rate(fills.CONTRACT_MAKER, who),
        edge=world.edge[who],
        jitter=np.full(who.size, 0.45),
    )
    drawn = world.chance.bits("play.contract_pairs", who, day)
    long_first = (as_uniform(world.chance.bits("play.long", who, day)) < 0.56) & ~both_legs
    # The same draw as on spot gives an arbitrageur the same assets at the same moments, on the other side.
    drawn = np.where(both_legs, world.chance.bits("play.pairs", who, day), drawn)
    trips = fills.round_trips(tape, drawn, traders, long_first)
    fee = rewards.waive(world, who, trips)
    long = long_first[trips.owner]
    gain = trips.notional[1] - trips.notional[0]
    gain = np.where(long, gain, -gain)
    s.wallet[who] += trips.per_trader(gain - fee[0] - fee[1])
    rewards.cover_losses(world, who, trips.per_trader(gain))
    user = np.repeat(who[trips.owner], 2)
    opens = np.tile(np.array([True, False]), trips.owner.size)
    long_twice = np.repeat(long, 2)
    world.rows.add(
        "contract_trades",
        {
            "user": user,
            "at": fills.interleave(*trips.at),
            "asset": np.repeat(trips.asset, 2),
            "buys": opens == long_twice,
            "maker": fills.interleave(*trips.maker),
            "price": fills.interleave(*trips.price),
            "units": np.repeat(trips.units, 2),
            "notional": fills.interleave(*trips.notional),
            "fee": fills.interleave(*fee),
            "via": p.via[user],
            "ordinal": fills.interleave(4 + 2 * trips.ordinal, 5 + 2 * trips.ordinal),
            "closes": ~opens,
            "long": long_twice,
            "leverage": np.ceil(p.leverage[user]).astype(np.int16),
            "pnl": fills.interleave(np.zeros_like(gain), gain),
            "kind": np.zeros(user.size, np.int8),
            "dated": p.dated[user],
        },
    )
    volume = trips.per_trader(trips.notional[0] + trips.notional[1])
    world.traded(who, trips.per_trader(fee[0] + fee[1]), contract=volume, fills_made=2 * pairs)
