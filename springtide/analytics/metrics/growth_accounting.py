"""Growth accounting: of those active in a period, who is new, who stayed, who came back; and who left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from springtide.analytics.daybook.tables import ACTIVE_DAYS, ACTIVITY, EQUITY_DAYS, MASK_BITS, USER_DAYS
from springtide.analytics.daybook.weights import ages
from springtide.analytics.engine import Column, Engine, Rows, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import (
    attach_profiles,
    before,
    first_closed,
    is_weekly,
    last_of,
    need,
    need_days,
    text,
)
from springtide.kernel.days import PERIODS, Period, days, period_start, periods
from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.kernel.money import micro, usdt

Unit = Literal["users", "assets", "revenue"]
UNITS: tuple[Unit, ...] = get_args(Unit)
SHOWN: dict[Period, int] = {"day": 30, "week": 13, "month": 12}  # periods told when no range is given
LEAST_ASSETS_USDT = Decimal(1)  # with less at the end of a period a user has no assets

PIECE = 10  # periods in one piece of a mask; see growth_users.sql
MASK_AGES: Schema = (
    Column("age", "integer", False, "periods before that of the as-of day"),
    Column("low", "integer", False, "lowest bit of the piece of the mask in which the period lies"),
    Column("place", "integer", False, "the period's bit within the piece"),
    Column("beyond", "bigint", False, "a mask that is as large has a bit above the piece"),
)
PERIOD_DAYS: Schema = (
    Column("day", "date", False),
    Column("period_no", "integer", False, "the period in which the day lies, counted from the first one read"),
    Column("begins_on", "date", False, "first day of that period"),
)
PERIOD_ENDS: Schema = (Column("day", "date", False), Column("period_no", "integer", False))

PARTS = ("active", "new", "retained", "resurrected", "churned", "expansion", "contraction")


@dataclass(frozen=True)
class GrowthRow:
    """One period, named by its first day: counts of users, or Decimal USDT.

    active = new + retained + resurrected, and active = active of the period before + new + resurrected − churned + expansion −
    contraction. Retained is what users of both periods bring now, so it holds their expansion. For users expansion and contraction are 0.
    """

    period: date
    active: int | Decimal
    new: int | Decimal
    retained: int | Decimal
    resurrected: int | Decimal
    churned: int | Decimal
    expansion: int | Decimal
    contraction: int | Decimal
    quick_ratio: float | None  # (new + resurrected + expansion) ÷ (churned + contraction); null where nothing was lost
    is_complete: bool  # the period is over and closed; an unfinished one has lost too many and won too few


@dataclass(frozen=True)
class GrowthAccounting(Answer):
    """Growth accounting by period, oldest first. `product` is null for money, which is not kept by product."""

    unit: Unit
    period: Period
    product: str | None
    as_of: date
    rows: tuple[GrowthRow, ...]


def growth_accounting(
    engine: Engine,
    snapshot: Snapshot,
    *,
    unit: Unit = "users",
    period: Period = "week",
    product: str | None = None,
    since: date | None = None,
    until: date | None = None,
    least_assets_usdt: Decimal = LEAST_ASSETS_USDT,
) -> GrowthAccounting:
    """Growth accounting in users of a product, assets or net revenue, for every period that touches `since` to `until`.

    Periods before the first closed day or after the last one are left out: they are not known, not zero. For assets a period stands
    with the last day of it whose equity is known. Only counted users: employees, tests and market makers are outside.

    refuses    unknown_unit, unknown_period, unknown_product
               empty_range       `until` lies before `since`
               not_by_product    money is not kept by product
               nothing_closed    no day was closed yet
               not_available     what is asked for was not given, or only by week
    """
    _check(unit, period, product, since, until)
    as_of = snapshot.require_closed()
    if period == "day":
        need_days(snapshot)
    until = min(until or as_of, as_of)
    earliest = period_start(first_closed(snapshot), period)
    since = max(since or before(period_start(until, period), period, SHOWN[period] - 1), earliest)
    starts = list(periods(since, until, period))
    attach_profiles(engine, snapshot)
    sums: dict[date, Sequence[int]] = {}
    if unit == "users":
        product = product or "trading"
        sums = _users(engine, snapshot, period, product, starts, as_of)
    elif unit == "revenue":
        sums = _revenue(engine, snapshot, period, starts, as_of)
    else:
        sums = _assets(engine, snapshot, period, starts, as_of, earliest, micro(least_assets_usdt))
    known_to = last_of(period_start(as_of, "week"), "week") if is_weekly(snapshot) and period == "week" else as_of
    rows = tuple(_row(start, sums[start], unit, last_of(start, period) <= known_to) for start in starts if start in sums)
    return GrowthAccounting(unit, period, product, as_of, rows)


def _check(unit: str, period: str, product: str | None, since: date | None, until: date | None) -> None:
    if unit not in UNITS:
        raise UnknownName(f"Growth is not counted in '{unit}'.", suggest(unit, UNITS), code="unknown_unit")
    if period not in PERIODS:
        raise UnknownName(f"There is no period '{period}'.", suggest(period, PERIODS), code="unknown_period")
    if product is not None and unit != "users":
        raise BadInput(
            f"Growth in {unit} is not kept by product.", "Ask in users, or leave the product out.", code="not_by_product"
        )
    if since and until and until < since:
        raise BadInput(f"The range from {since} to {until} is empty.", "Give the earlier day first.", code="empty_range")


def _row(start: date, sums: Sequence[int], unit: Unit, is_complete: bool) -> GrowthRow:
    _, new, _, resurrected, churned, expansion, contraction = sums
    lost = churned + contraction
    quick_ratio = (new + resurrected + expansion) / lost if lost else None
    told = {name: part if unit == "users" else usdt(part) for name, part in zip(PARTS, sums, strict=True)}
    return GrowthRow(period=start, **told, quick_ratio=quick_ratio, is_complete=is_complete)


# Users: from the masks, and beyond them from the active days


def _users(
    engine: Engine, snapshot: Snapshot, period: Period, product: str, starts: Sequence[date], as_of: date
) -> dict[date, Sequence[int]]:
    if product in ("trading", "spot", "contract"):
        need(snapshot, "last_trade_on")
    snapshot.attach(engine, "activity", ACTIVITY)
    by_age = {age_of(start, as_of, period): start for start in starts}
    inside = {age: start for age, start in by_age.items() if age < MASK_BITS - 1}  # the period before must be in the mask too
    older = [start for start in starts if start not in inside.values()]
    sums = _users_of_masks(engine, period, product, inside, as_of)
    if older:
        sums |= _users_of_days(engine, snapshot, period, product, older)
    if not any(any(parts) for parts in sums.values()):
        _known_product(engine, product)
    return sums


def age_of(start: date, as_of: date, period: Period) -> int:
    """How many periods before that of `as_of` the period that begins on `start` lies."""
    return ages(start, as_of)[PERIODS.index(period)]


def _users_of_masks(
    engine: Engine, period: Period, product: str, by_age: dict[int, date], as_of: date
) -> dict[date, Sequence[int]]:
    engine.table("mask_ages", MASK_AGES, [(age, low := age - age % PIECE, age - low, _beyond(low)) for age in sorted(by_age)])
    reach_on = before(period_start(as_of, period), period, MASK_BITS - 1)
    told = engine.rows(text("growth_users"), period=period, product=product, reach_on=reach_on)
    counted = {by_age[age]: (*parts, 0, 0) for age, *parts in told.values}
    return {start: counted.get(start, (0,) * len(PARTS)) for start in by_age.values()}


def _beyond(low: int) -> int:
    return 1 << min(low + PIECE + 1, MASK_BITS)


def _users_of_days(
    engine: Engine, snapshot: Snapshot, period: Period, product: str, starts: Sequence[date]
) -> dict[date, Sequence[int]]:
    since, until = before(starts[0], period), last_of(starts[-1], period)
    snapshot.attach(engine, "active_days", ACTIVE_DAYS, since=since, until=until)
    _attach_period_days(engine, period, since, until)
    return _flows(engine, "growth_users_days", starts, product=product, since=since, until=until)


def _known_product(engine: Engine, product: str) -> None:
    known = [name for (name,) in engine.rows("select distinct product from activity").values]
    if known and product not in known:
        raise UnknownName(f"Nobody is active in a product '{product}'.", suggest(product, known), code="unknown_product")


# Money: what every user stands with in every period, then what came and went


def _revenue(
    engine: Engine, snapshot: Snapshot, period: Period, starts: Sequence[date], as_of: date
) -> dict[date, Sequence[int]]:
    need(snapshot, "net_revenue_30d_usdt")
    if not starts:
        return {}
    since, until = before(starts[0], period), min(last_of(starts[-1], period), as_of)
    snapshot.attach(engine, "user_days", USER_DAYS, until=until)
    _attach_period_days(engine, period, since, until)
    return _flows(engine, "growth_revenue", starts, since=since, until=until)


def _assets(
    engine: Engine,
    snapshot: Snapshot,
    period: Period,
    starts: Sequence[date],
    as_of: date,
    earliest: date,
    floor_usdt: int,
) -> dict[date, Sequence[int]]:
    need(snapshot, "equity_usdt")
    if not starts:
        return {}
    ends: dict[date, date] = {}  # period → the last day of it whose equity is known
    known = snapshot.entries("equity_days", until=min(last_of(starts[-1], period), as_of))
    for start in periods(earliest, starts[-1], period):
        end = min(last_of(start, period), as_of)
        last = max((min(file.last, end) for file in known if file.last and file.touches(start, end)), default=None)
        if last:
            ends[start] = last
    files = sorted({path for end in ends.values() for path in snapshot.files("equity_days", since=end, until=end)})
    engine.view("equity_days", files, EQUITY_DAYS)
    numbers = {start: number for number, start in enumerate(ends)}
    engine.table("period_ends", PERIOD_ENDS, [(end, numbers[start]) for start, end in ends.items()])
    told = [start for start in starts if start in ends]
    first = numbers[told[0]] if told else 0
    return _flows(engine, "growth_assets", told, first=first, floor_usdt=floor_usdt, from_no=first - 1)


def _attach_period_days(engine: Engine, period: Period, since: date, until: date) -> None:
    """`period_days`: the days from `since` to `until`; the period of `since` has number 0."""
    number = {start: n for n, start in enumerate(periods(since, until, period))}
    engine.table("period_days", PERIOD_DAYS, [(day, number[s := period_start(day, period)], s) for day in days(since, until)])


def _flows(engine: Engine, name: str, starts: Sequence[date], *, first: int = 1, **params: Any) -> dict[date, Sequence[int]]:
    """The seven parts of every period; the first of `starts` has the number `first`."""
    engine.make("standing", text(name), **params)
    told: Rows = engine.rows(text("growth_flows"))
    engine.drop("standing")
    sums = {number: parts for number, *parts in told.values}
    return {start: sums.get(number, (0,) * len(PARTS)) for number, start in enumerate(starts, first)}
