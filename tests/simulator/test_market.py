"""The made-up market: one chain of days, prices that meet their closes, and clustered volatility."""

from datetime import date

import numpy as np

from springtide.simulator.chance import Chance
from springtide.simulator.market import ASSETS, BEAR, BULL, EPOCH, HISTORY_DAYS, make_market

LAST = (date(2025, 6, 30) - EPOCH).days


def test_a_longer_run_of_a_seed_has_the_same_returns_under_it():
    short, long = make_market(Chance(1), LAST - 100, LAST), make_market(Chance(1), LAST - 300, LAST)
    returns = [np.diff(np.log(market.close[-100:, 1])) for market in (short, long)]
    assert np.allclose(returns[0], returns[1], atol=1e-5)  # prices are rounded to their ticks
    assert (short.regime[-100:] == long.regime[-100:]).all()


def test_there_are_prices_for_a_year_before_the_exchange_opens_and_none_below_a_tick():
    market = make_market(Chance(2), LAST - 50, LAST)
    assert market.close.shape == (HISTORY_DAYS + 51, len(ASSETS))
    assert (market.close > 0).all()
    assert (market.close[:, 0] == 1.0).all()
    assert np.allclose(market.close[market.at(market.first) - 1], [asset.opening_usdt for asset in ASSETS], rtol=1e-3)


def test_the_path_of_a_day_ends_at_its_close():
    market = make_market(Chance(2), LAST - 50, LAST)
    assert (market.paths(LAST)[:, -1] == market.close[-1]).all()


def test_coins_rise_in_bull_markets_fall_in_bear_markets_and_move_together():
    market = make_market(Chance(5), LAST - 3_000, LAST)
    returns = np.diff(np.log(market.close), axis=0)
    regime = market.regime[1:]
    assert returns[regime == BULL, 1].mean() > 0 > returns[regime == BEAR, 1].mean()
    assert np.corrcoef(returns[:, 1], returns[:, 2])[0, 1] > 0.7


def test_wild_days_follow_wild_days():
    market = make_market(Chance(5), LAST - 3_000, LAST)
    moves = np.abs(np.diff(np.log(market.close[:, 1])))
    assert np.corrcoef(moves[:-1], moves[1:])[0, 1] > 0.1
