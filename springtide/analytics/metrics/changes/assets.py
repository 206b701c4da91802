"""Why assets changed: what was paid in, what prices did, what trading won, what fees and rewards moved; and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import EQUITY_DAYS, USER_DAYS
from springtide.analytics.engine import Engine, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.changes.parts import MONEY_UNIT, Part, Split, split
from springtide.analytics.metrics.reading import attach_profiles, need
from springtide.kernel.days import day_bounds, days
from springtide.kernel.errors import NothingYet
from springtide.kernel.money import MICRO

PACKAGE = "springtide.analytics.metrics.changes"
EFFECTS = ("net deposits", "price effect", "trading PnL", "fees", "rewards", "other")


@dataclass(frozen=True)
class AssetMoves:
    """What moved assets between two day ends, in 1e-6 USDT. `price` is what the holdings of the day before gained by the day's prices."""

    held_then: int
    held_now: int
    net_deposit: int
    price: int
    trading_pnl: int
    fees: int
    rewards: int


def asset_split(moves: AssetMoves) -> Split:
    """Δassets = net deposits + price effect + trading PnL − fees + rewards + other; what none of the facts says is `other`."""
    amounts = [moves.net_deposit, moves.price, moves.trading_pnl, -moves.fees, moves.rewards]
    amounts.append(moves.held_now - moves.held_then - sum(amounts))
    parts = [Part(effect, None, Fraction(amount, MICRO), None, None) for effect, amount in zip(EFFECTS, amounts, strict=True)]
    return split(Fraction(moves.held_then, MICRO), Fraction(moves.held_now, MICRO), parts, unit=MONEY_UNIT)


def asset_change(engine: Engine, snapshot: Snapshot, *, then_on: date, now_on: date, zone: ZoneInfo) -> Split:
    """The assets of counted users at the end of two days, and what moved them in between.

    Trading PnL is what contracts realised and what spot trades gained against the close of their day; holdings gain from close to close.

    refuses    not_available    no balances, or none of one of the days
    """
    need(snapshot, "equity_usdt")
    attach_profiles(engine, snapshot)
    snapshot.attach(engine, "equity_days", EQUITY_DAYS, since=then_on, until=now_on)
    snapshot.attach(engine, "user_days", USER_DAYS, since=then_on, until=now_on)
    snapshot.attach(engine, "balances", fact_schema("balances"), since=then_on, until=now_on)
    snapshot.attach(engine, "prices", fact_schema("prices"))
    [[net_deposit, contract_pnl, fees, rewards]] = _ask(engine, "asset_flows", then_on=then_on, now_on=now_on)
    moves = AssetMoves(
        held_then=_held(engine, snapshot, then_on),
        held_now=_held(engine, snapshot, now_on),
        net_deposit=net_deposit,
        price=_price_effect(engine, then_on, now_on),
        trading_pnl=contract_pnl + _spot_gains(engine, snapshot, then_on, now_on, zone),
        fees=fees,
        rewards=rewards,
    )
    return asset_split(moves)


def _ask(engine: Engine, name: str, **params: object) -> list[tuple[int, ...]]:
    return engine.rows(definition(PACKAGE, name).text, **params).values


def _held(engine: Engine, snapshot: Snapshot, day: date) -> int:
    if not snapshot.entries("equity_days", since=day, until=day):
        raise NothingYet(f"What users held on {day} is not known.", "Choose a day with balances.", code="not_available")
    [[held]] = _ask(engine, "asset_held", day=day)
    return held


def _price_effect(engine: Engine, then_on: date, now_on: date) -> int:
    """Each asset from snapshot to snapshot: what was held, times how much its close moved. Rounded once, at the end."""
    effect = Fraction(0)
    holdings = engine.rows(definition(PACKAGE, "asset_holdings").text, then_on=then_on, now_on=now_on).values
    snapshots = sorted({day for _, day, _, _ in holdings})
    following = dict(pairwise(snapshots))
    closes = {(asset, day): close for asset, day, close in engine.rows("select asset, day, close_usdt from prices").values}
    for asset, of_asset in groupby(holdings, key=lambda row: row[0]):
        for _, day, held, close in of_asset:
            after = closes.get((asset, following.get(day)))
            if close and after is not None:
                effect += Fraction(held * (after - close), close)
    return round(effect)


def _spot_gains(engine: Engine, snapshot: Snapshot, then_on: date, now_on: date, zone: ZoneInfo) -> int:
    gained = 0
    for day in days(then_on + timedelta(days=1), now_on):
        snapshot.attach(engine, "spot_trades", fact_schema("spot_trades"), since=day, until=day)
        from_at, to_at = day_bounds(day, zone)
        [[gains]] = _ask(engine, "spot_gains", day=day, from_at=from_at, to_at=to_at)
        gained += gains
    return gained
