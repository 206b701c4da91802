"""Fills: from how often and how big somebody wants to trade on a day to single executions at the market's prices.

Amounts are whole numbers, money in 1e-6 USDT and quantities in 1e-8 of the asset, so that wallets add up to the last digit. Every
size is bounded by what the day's range could take away: nobody can lose more than half of their free money in round trips, hence no
wallet is ever overdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springtide.simulator.cast import weights
from springtide.simulator.chance import Bits, Flags, Floats, Whole, fan_out, lot
from springtide.simulator.market import ASSETS, BUCKET_MICROS, BUCKETS, DAY_MICROS, quoted, whole_units

Columns = dict[str, NDArray[Any]]

NORMAL, LIQUIDATION, ADL, SETTLEMENT = range(4)
FILL_TYPES = ("normal", "liquidation", "adl", "settlement")

# Fees in 1e-6 of notional, by VIP level.
SPOT_TAKER = np.array([1000, 900, 800, 700, 600, 500, 400, 350, 300, 250], np.float64)
SPOT_MAKER = np.array([800, 700, 600, 500, 400, 300, 200, 150, 100, 50], np.float64)
CONTRACT_TAKER = np.array([500, 450, 400, 375, 350, 325, 300, 275, 250, 220], np.float64)
CONTRACT_MAKER = np.array([200, 180, 160, 140, 120, 100, 80, 60, 40, 20], np.float64)

MINIMUM = 5_000_000  # no order below 5 USDT


def stack(parts: list[Columns]) -> Columns:
    """The parts one below the other; all have the same columns."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def pick(columns: Columns, which: NDArray[Any]) -> Columns:
    return {name: values[which] for name, values in columns.items()}


def size(columns: Columns) -> int:
    return int(next(iter(columns.values())).size)


@dataclass(frozen=True)
class Tape:
    """The prices of one day: `path` (assets, BUCKETS), the share `swing` by which each asset moved between its low and its high,
    and from each bucket on the lowest and highest still to come (one more column, for nothing left)."""

    begins: int
    path: Floats
    swing: Floats
    low_from: Floats
    high_from: Floats

    @classmethod
    def of(cls, day: int, path: Floats) -> Tape:
        none_left = np.full((path.shape[0], 1), np.inf)
        low = np.minimum.accumulate(np.hstack([path, none_left])[:, ::-1], axis=1)[:, ::-1]
        high = np.maximum.accumulate(np.hstack([path, -none_left])[:, ::-1], axis=1)[:, ::-1]
        return cls(day * DAY_MICROS, path, high[:, 0] / low[:, 0] - 1.0, low, high)

    def bucket(self, at: Whole) -> Whole:
        found: Whole = (at - self.begins) // BUCKET_MICROS
        return np.minimum(found, BUCKETS - 1)

    def price(self, asset: NDArray[np.int8], at: Whole) -> Floats:
        found: Floats = self.path.ravel().take(asset.astype(np.int64) * BUCKETS + self.bucket(at))
        return found


@dataclass(frozen=True)
class Traders:
    """Who trades in round trips on a day, one entry each, and how: `pairs` ≥ 1 within [starts, ends)."""

    who: Whole
    pairs: Whole
    starts: Whole
    ends: Whole
    target: Floats  # notional of one order, USDT
    most: Floats  # free money, USDT
    favourite: NDArray[np.int8]
    maker: Floats
    taker_rate: Floats
    maker_rate: Floats
    edge: Floats  # share by which this trader buys below and sells above the market
    jitter: Floats  # by how much of the target an order may be smaller


def _lookup() -> NDArray[np.int8]:
    """65,536 lots: 0 means one's favourite coin (40 %), the rest falls on the assets by popularity."""
    table = np.zeros(65_536, np.int8)
    first = int(65_536 * 0.4)
    popularity = weights([asset.popularity for asset in ASSETS[1:]])
    table[first:] = 1 + np.searchsorted(popularity, (np.arange(first, 65_536) - first + 0.5) / (65_536 - first))
    return table


_ASSET_BY_LOT = _lookup()


@dataclass(frozen=True)
class RoundTrips:
    """Pairs of fills, the first opening and the second closing with the same quantity; `owner` points into the traders."""

    owner: Whole
    ordinal: Whole
    firsts: Whole  # where each trader's pairs begin
    asset: NDArray[np.int8]
    units: Whole
    at: tuple[Whole, Whole]
    price: tuple[Floats, Floats]
    notional: tuple[Whole, Whole]
    maker: tuple[Flags, Flags]
    fee: tuple[Whole, Whole]

    def per_trader(self, values: Whole) -> Whole:
        summed: Whole = np.add.reduceat(values, self.firsts)
        return summed


def round_trips(tape: Tape, draw: Bits, traders: Traders, long: Flags | None = None) -> RoundTrips:
    """All round trips of a day. `draw` is one draw per trader; `long` says who opens by buying (None: everybody, as on spot)."""
    ends = np.cumsum(traders.pairs)
    firsts = ends - traders.pairs
    owner = np.repeat(np.arange(traders.who.size), traders.pairs)
    ordinal = np.arange(int(ends[-1])) - firsts[owner]
    bits = fan_out(draw[owner], ordinal)
    when, how_much, what, how = (lot(bits, slot) for slot in range(4))

    width = ((traders.ends - traders.starts) / traders.pairs)[owner]
    start = traders.starts[owner]
    opened = start + (width * (ordinal + (when & 255) * (0.45 / 256))).astype(np.int64)
    closed = start + (width * (ordinal + 0.5 + (when >> 8) * (0.45 / 256))).astype(np.int64)

    asset = _ASSET_BY_LOT[what]
    asset = np.where(asset == 0, traders.favourite[owner], asset)
    noise = 1.0 + ((how & 255) - 127.5) * (2e-4 / 256)
    edge = traders.edge[owner]
    if long is not None:
        edge = np.where(long[owner], edge, -edge)
    first_price = quoted(tape.price(asset, opened) * noise * (1.0 - edge), asset)
    second_price = quoted(tape.price(asset, closed) * noise * (1.0 + edge), asset)

    # What all pairs together could lose: their notional times the day's swing, a little for noise, and the fees of both legs.
    bound = (0.5 * traders.most / traders.pairs)[owner] / (tape.swing[asset] + 0.0035)
    wanted = np.minimum(traders.target[owner], bound) * (1.0 - traders.jitter[owner] * ((how_much & 255) / 256.0))
    units = whole_units(wanted, first_price, asset)

    notional = (in_micro(first_price, units), in_micro(second_price, units))
    threshold = (traders.maker * 256)[owner]
    maker = ((how_much >> 8) < threshold, (how >> 8) < threshold)
    maker_rate, taker_rate = traders.maker_rate[owner], traders.taker_rate[owner]
    fee = (
        (notional[0] * np.where(maker[0], maker_rate, taker_rate) * 1e-6).astype(np.int64),
        (notional[1] * np.where(maker[1], maker_rate, taker_rate) * 1e-6).astype(np.int64),
    )
    return RoundTrips(owner, ordinal, firsts, asset, units, (opened, closed), (first_price, second_price), notional, maker, fee)


def in_micro(price: Floats, units: Whole) -> Whole:
    """Notional in 1e-6 USDT of `units` (1e-8 of the asset) at `price`."""
    value: Whole = np.rint(price * units * 1e-2).astype(np.int64)
    return value


def in_usdt(amount: Whole) -> Floats:
    value = amount.astype(np.float64)
    value *= 1e-6
    return value


def interleave(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    both = np.empty(2 * first.size, first.dtype)
    both[0::2], both[1::2] = first, second
    return both
