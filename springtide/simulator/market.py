"""What the market does: prices of every asset by day and by five minutes, regimes, and how willing people are to trade.

The chain of days begins in 2015 whatever is asked, so that a longer run of one seed has the same market under it. One factor moves
all coins; its drift follows a regime, its volatility clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springtide.simulator.chance import Chance, Floats, Whole

EPOCH = date(1970, 1, 1)
_CHAIN_BEGINS = (date(2015, 1, 1) - EPOCH).days
BUCKETS = 288  # five minutes each
BUCKET_MICROS = 300_000_000
DAY_MICROS = 86_400_000_000
HISTORY_DAYS = 400  # prices before the exchange opened: a year for the volatility percentile, a month for the trend


class Asset(NamedTuple):
    name: str
    opening_usdt: float  # at the close of the day before the exchange opens
    beta: float
    own_volatility: float
    popularity: float
    price_places: int
    quantity_places: int


# The first is the currency everything is quoted in; it never moves.
ASSETS = (
    Asset("USDT", 1.0, 0.0, 0.0, 0.0, 6, 6),
    Asset("BTC", 58_000.0, 1.00, 0.005, 30.0, 2, 6),
    Asset("ETH", 2_900.0, 1.20, 0.011, 22.0, 2, 5),
    Asset("SOL", 140.0, 1.45, 0.022, 11.0, 3, 4),
    Asset("XRP", 0.62, 1.10, 0.026, 7.0, 5, 2),
    Asset("BNB", 420.0, 0.95, 0.015, 5.0, 2, 4),
    Asset("DOGE", 0.13, 1.50, 0.034, 6.0, 6, 1),
    Asset("ADA", 0.55, 1.30, 0.024, 3.0, 5, 2),
    Asset("TRX", 0.14, 0.80, 0.018, 2.0, 6, 1),
    Asset("AVAX", 33.0, 1.45, 0.027, 2.2, 4, 3),
    Asset("LINK", 15.0, 1.30, 0.024, 2.2, 4, 3),
    Asset("TON", 4.2, 1.15, 0.028, 1.6, 4, 3),
    Asset("DOT", 7.0, 1.30, 0.024, 1.4, 4, 3),
    Asset("LTC", 82.0, 1.05, 0.018, 1.4, 3, 4),
    Asset("BCH", 330.0, 1.15, 0.022, 1.1, 2, 4),
    Asset("NEAR", 4.6, 1.45, 0.030, 1.1, 4, 3),
    Asset("UNI", 7.4, 1.35, 0.028, 0.9, 4, 3),
    Asset("APT", 8.1, 1.50, 0.031, 0.9, 4, 3),
    Asset("ARB", 0.95, 1.50, 0.032, 0.9, 5, 2),
    Asset("SUI", 1.25, 1.55, 0.036, 1.2, 5, 2),
    Asset("FIL", 5.3, 1.35, 0.028, 0.6, 4, 3),
    Asset("ATOM", 7.9, 1.25, 0.024, 0.6, 4, 3),
    Asset("INJ", 22.0, 1.55, 0.036, 0.5, 4, 3),
    Asset("WIF", 1.9, 1.70, 0.050, 0.8, 5, 2),
)
REGIMES = ("flat", "bull", "bear")
FLAT, BULL, BEAR = range(3)
_DRIFT = (0.0003, 0.0058, -0.0062)
_CALM = (0.017, 0.022, 0.027)
_LASTS_DAYS = (55.0, 65.0, 50.0)

PRICE_SCALE = np.array([10.0**asset.price_places for asset in ASSETS])
QUANTITY_SCALE = np.array([10.0**asset.quantity_places for asset in ASSETS])


@dataclass(frozen=True)
class Market:
    """The market from `HISTORY_DAYS` before `first` (a day since 1970) to `last`. Row 0 of every array is the first day of history."""

    chance: Chance
    first: int
    begins: int
    regime: NDArray[np.int8]
    volatility: Floats  # of the common factor, per day
    close: Floats  # (days, assets) USDT
    mood: Floats  # what the market makes of everybody's activity; 1 is usual
    appetite: Floats  # the same for contracts, which live on volatility
    interest: Floats  # the same for registrations, which follow prices up

    def at(self, day: int) -> int:
        return day - self.begins

    def paths(self, day: int) -> Floats:
        """(assets, BUCKETS) prices of the day: a bridge from yesterday's close to today's, whose last bucket is the close."""
        row = self.at(day)
        before, after = np.log(self.close[row - 1]), np.log(self.close[row])
        count = len(ASSETS)
        steps = self.chance.normal("market.path", np.arange(count * BUCKETS), day).reshape(count, BUCKETS)
        wander = np.cumsum(steps, axis=1)
        part = np.arange(1, BUCKETS + 1) / BUCKETS
        wander -= wander[:, -1:] * part
        spread = np.array([asset.beta * self.volatility[row] + asset.own_volatility for asset in ASSETS]) / np.sqrt(BUCKETS)
        path: Floats = np.exp(before[:, None] + (after - before)[:, None] * part + wander * spread[:, None])
        # Exactly the published close, so that what is held at day end is worth what `prices` says.
        path[:, -1] = self.close[row]
        return path


def make_market(chance: Chance, first: int, last: int) -> Market:
    """Prices, regimes and moods; `first` and `last` are days since 1970."""
    begins = first - HISTORY_DAYS
    chain = np.arange(_CHAIN_BEGINS, last + 1)
    switch, choice = chance.uniform("market.switch", chain), chance.uniform("market.choice", chain)
    shock, factor = chance.normal("market.shock", chain), chance.normal("market.factor", chain)
    regime = np.zeros(chain.size, np.int8)
    heat = np.zeros(chain.size)
    for day in range(1, chain.size):
        now = int(regime[day - 1])
        others = [each for each in range(3) if each != now]
        regime[day] = others[int(choice[day] < 0.5)] if switch[day] < 1.0 / _LASTS_DAYS[now] else now
        heat[day] = 0.93 * heat[day - 1] + 0.16 * shock[day]
    volatility = np.clip(np.array(_CALM)[regime] * np.exp(heat), 0.006, 0.09)
    common = np.array(_DRIFT)[regime] + volatility * factor

    kept = slice(begins - _CHAIN_BEGINS, None)
    days = chain[kept]
    count = len(ASSETS)
    own = chance.normal("market.own", (days[:, None] * 64 + np.arange(count)).ravel()).reshape(days.size, count)
    beta, own_volatility = np.array([a.beta for a in ASSETS]), np.array([a.own_volatility for a in ASSETS])
    moves = common[kept][:, None] * beta + own * own_volatility - 0.5 * own_volatility**2
    level = np.cumsum(moves, axis=0)
    level -= level[first - begins - 1]
    close = np.exp(level) * np.array([a.opening_usdt for a in ASSETS])
    close = np.rint(close * PRICE_SCALE) / PRICE_SCALE

    btc = np.log(close[:, 1])
    trend = np.concatenate([np.zeros(30), btc[30:] - btc[:-30]])
    unrest = volatility[kept] / 0.023 - 1.0
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    weekly = np.array([1.0, 1.05, 1.06, 1.04, 1.0, 0.86, 0.88])[weekday]
    return Market(
        chance=chance,
        first=first,
        begins=begins,
        regime=regime[kept],
        volatility=volatility[kept],
        close=close,
        mood=np.clip(np.exp(1.1 * trend + 0.20 * unrest), 0.5, 1.9) * weekly,
        appetite=np.clip(np.exp(0.35 * unrest), 0.6, 1.8),
        interest=np.clip(np.exp(1.8 * trend), 0.45, 2.6) * weekly,
    )


def whole_units(amount_usdt: Floats, price: Floats, asset: NDArray[np.int8]) -> Whole:
    """How many 1e-8 units of the asset `amount_usdt` buys, rounded down to what the asset's quantity step allows."""
    steps = QUANTITY_SCALE[asset]
    lots = np.floor(amount_usdt / price * steps)
    units: Whole = lots.astype(np.int64) * np.rint(1e8 / steps).astype(np.int64)
    return units


def quoted(price: Floats, asset: NDArray[np.int8]) -> Floats:
    """The price rounded to the asset's tick."""
    scale = PRICE_SCALE[asset]
    rounded: Floats = np.rint(price * scale) / scale
    return rounded


def last_friday(day: int) -> bool:
    """The last Friday of a month, on which dated contracts are settled."""
    date_ = EPOCH + timedelta(days=day)
    return date_.weekday() == 4 and (date_ + timedelta(days=7)).month != date_.month
