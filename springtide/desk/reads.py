"""One function per tile: from the home's answers to what a template shows. Nothing here knows a request."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.utils.translation import gettext as _

from springtide.analytics.metrics.headline import WEEK, HeadlineFigure, chosen
from springtide.desk import figures, lists, words
from springtide.desk.lists import NamedList
from springtide.desk.selections import Asked, period_end
from springtide.desk.strip import Strip, both
from springtide.desk.tiles import (
    Activation,
    Cell,
    CellMap,
    Change,
    Column,
    Defined,
    Edge,
    Flow,
    Flows,
    Freshness,
    Growth,
    GrowthPoint,
    Headline,
    Missing,
    Movement,
    Movements,
    NotAvailable,
    Number,
    Query,
    Regime,
    RestatedFigure,
    Step,
    StrataBars,
    StratumBar,
    StratumDefined,
    TableState,
    UserPage,
    WorkList,
)
from springtide.desk.words import Labels
from springtide.home import Home
from springtide.home.users import Selection
from springtide.kernel.days import PERIODS, Period, period_start
from springtide.kernel.errors import UnknownName, suggest
from springtide.kernel.money import usdt
from springtide.operations.members.fields import fields
from springtide.operations.members.models import Member

UNITS = ("users", "assets", "revenue")
PERIODS_SHOWN = {"day": 30, "week": 26, "month": 13}
TREND_WEEKS = 4
PAGE = 50
HEAT_STEPS = 6


def headline(home: Home, strip: Strip, labels: Labels) -> Headline:
    """The five numbers the Overview opens with: what can be told first, then what cannot, with the reason."""
    day, missing = _day(home, strip), home.missing()
    kept = set(home.kept_days())
    numbers = tuple(_number(home, strip, each, day, missing, kept) for each in chosen(missing))
    return Headline(_sentence(numbers), numbers, day - timedelta(days=WEEK - 1), day)


def _number(home: Home, strip: Strip, of: HeadlineFigure, day: date, missing: Mapping[str, str], kept: set[date]) -> Number:
    named, is_money = lists.FIGURES[of.key], bool(of.money)
    if reason := _why_not(named, missing):
        return Number(str(named.title), str(named.why), is_money, Missing(words.reason(reason)))

    def figure(on: date) -> int | Decimal:
        # A move is read from the log as of the day itself; everything else from the snapshot of the day asked about.
        selection = Selection(rule=both(strip.rule, named.rule(on)), as_of=day if named.moved else on, moved=named.moved_by(on))
        counts = home.count(selection, sums=(named.money,) if is_money else ())
        return counts.total(named.money) if is_money else counts.users

    value = figure(day)
    before = day - timedelta(days=WEEK)
    change = Change.of(value, figure(before), of.better) if before in kept else None
    return Number(str(named.title), str(named.why), is_money, value, change, {**strip.as_query(), "list": named.key})


def _sentence(numbers: Sequence[Number]) -> str:
    """The answer in words: what the first number did, and the largest turn for better or worse among the others."""
    first = numbers[0]
    if isinstance(first.value, Missing):
        return ""
    if not first.value:
        return _("Nobody traded in the last 7 days.")
    said = _("%(figure)s traded in the last 7 days") % {"figure": figures.count(first.value)}
    if first.change is None:
        return said + _(".")
    turn = {
        "up": _(", %(ratio)s more than in the 7 days before"),
        "down": _(", %(ratio)s fewer than in the 7 days before"),
        "same": _(", as many as in the 7 days before"),
    }[first.change.direction]
    ratio, difference = first.change.ratio, abs(Decimal(first.change.difference))
    said += turn % {"ratio": figures.ratio(abs(ratio)) if ratio is not None else figures.count(difference)}
    moved = [n for n in numbers[1:] if n.change and n.change.ratio is not None and n.change.tone != "plain"]
    if not moved:
        return said + _(".")
    widest = max(moved, key=lambda n: abs(n.change.ratio or 0) if n.change else 0)
    assert widest.change is not None
    return said + _("; %(label)s: %(change)s.") % {"label": widest.label, "change": figures.signed_ratio(widest.change.ratio)}


def movements(home: Home, strip: Strip, labels: Labels) -> Movements | Missing:
    """The three moves of the last week that differ most from the week before, compared on the scale of square roots."""
    day, missing = _day(home, strip), home.missing()
    key = next((each for each in ("lifecycle", "activity") if each not in missing), None)
    if key is None:
        return Missing(words.reason(missing["activity"]))
    since, earlier = day - timedelta(days=WEEK), day - timedelta(days=2 * WEEK)
    kept = set(home.kept_days())
    if since not in kept:
        return Missing(_("Only one week is closed so far."), _("Moves appear once two days a week apart are closed."))
    now = _transitions(home, strip, key, since, day)
    has_before = earlier in kept
    before = _transitions(home, strip, key, earlier, since) if has_before else {}
    places = {each.name: n for n, each in enumerate(labels.by_key[key].strata)}

    def surprise(pair: tuple[str | None, str]) -> float:
        if not has_before:
            return float(now[pair])
        return abs(math.sqrt(now[pair]) - math.sqrt(before.get(pair, 0)))

    changed = [pair for pair in now if pair[0] is not None and pair[0] != pair[1] and pair[0] in places]
    rows = []
    for pair in sorted(changed, key=surprise, reverse=True)[:3]:
        was, becomes = cast(str, pair[0]), pair[1]
        users = now[pair]
        change = Change.of(users, before.get(pair, 0), "up" if _is_better(key, was, becomes, places) else "down")
        opens = {**strip.as_query(), key: becomes, "was": f"{key}:{was}", "since": since.isoformat()}
        rows.append(Movement(key, labels.stratum(key, was), labels.stratum(key, becomes), users, change, opens))
    return Movements(tuple(rows), since, day, has_before)


# Lifecycle reads from the end of the relation to its beginning, with silence above the stages; this is how far each has come.
_STANDING = {
    "lifecycle": (
        "closed", "restricted", "dormant", "lapsing", "registered_stale", "registered_fresh", "kyc_passed", "deposited_stale",
        "deposited_fresh", "first_traded", "repeat", "contract_active", "vip",
    ),
    "activity": ("lost", "cold", "silent", "quiet", "cooling", "never_traded", "active"),
}  # fmt: skip


def _is_better(key: str, was: str, becomes: str, places: Mapping[str, int]) -> bool:
    order = _STANDING.get(key, ())
    if was in order and becomes in order:
        return order.index(becomes) > order.index(was)
    return places.get(becomes, 0) > places.get(was, 0)


def work_lists(home: Home, strip: Strip) -> tuple[WorkList, ...]:
    """The first three lists that can be told and have somebody on them."""
    day, missing = _day(home, strip), home.missing()
    found: list[WorkList] = []
    for named in lists.WORTH_WORKING:
        if _why_not(named, missing):
            continue
        sums = (named.money,) if named.money and named.money not in missing else ()
        counts = home.count(Selection(rule=both(strip.rule, named.rule(day)), as_of=strip.day), sums=sums)
        if counts.users:
            money = Decimal(counts.total(named.money)) if sums else None
            opens = {**strip.as_query(), "list": named.key}
            found.append(WorkList(str(named.title), str(named.why), counts.users, money, str(named.money_label), opens))
        if len(found) == 3:
            break
    return tuple(found)


def cell_map(home: Home, strip: Strip, labels: Labels) -> CellMap | Missing:
    """Lifecycle × value; where one of them cannot be told, the first two stratifications that can."""
    missing = home.missing()
    told = [key for key in ("lifecycle", "value", "activity", "assets", "tenure") if key not in missing]
    if len(told) < 2:
        lacking = next(key for key in ("lifecycle", "value") if key in missing)
        return Missing(words.reason(missing[lacking]))
    down, across = told[:2]
    counts = home.count(Selection(rule=strip.rule, as_of=strip.day), by=(down, across))
    users = {(row[0], row[1]): int(row[2]) for row in counts.rows}
    most = max(users.values(), default=0)
    rows_named = [each.name for each in labels.by_key[down].strata]
    columns_named = [each.name for each in labels.by_key[across].strata]

    def edge(key: str, name: str, total: int) -> Edge:
        return Edge(labels.stratum(key, name), labels.about(key, name), total, {**strip.as_query(), key: name})

    def cell(one: str, other: str) -> Cell:
        here = users.get((one, other), 0)
        name = f"{labels.stratum(down, one)} × {labels.stratum(across, other)}"
        return Cell(here, _heat(here, most), name, {**strip.as_query(), down: one, across: other})

    rows = [
        (
            edge(down, one, sum(users.get((one, other), 0) for other in columns_named)),
            tuple(cell(one, o) for o in columns_named),
        )
        for one in rows_named
    ]
    columns = tuple(edge(across, other, sum(users.get((one, other), 0) for one in rows_named)) for other in columns_named)
    return CellMap(
        labels.stratification(down),
        labels.stratification(across),
        columns,
        tuple((head, cells) for head, cells in rows if head.users),
        sum(users.values()),
    )


def _heat(users: int, most: int) -> int:
    """The step of a cell's colour. Users per cell differ by powers of ten, so the scale is logarithmic."""
    if not users:
        return 0
    return min(HEAT_STEPS, 1 + int(HEAT_STEPS * math.log1p(users) / math.log1p(most) * 0.999)) if most > 1 else HEAT_STEPS


def strata_bars(home: Home, strip: Strip, labels: Labels, key: str) -> StrataBars | Missing:
    """One stratification: sizes, shares, change against a week before, and a point a week back as far as snapshots are kept."""
    if key not in labels.by_key:
        raise UnknownName(f"There is no stratification '{key}'.", suggest(key, labels.by_key), code="unknown_stratification")
    if reason := home.missing().get(key):
        return Missing(words.reason(reason))
    days = _trend_days(home, strip)
    day = days[-1]
    sizes = {}
    for each in days:
        counts = home.count(Selection(rule=_without(strip, key), as_of=each), by=(key,))
        sizes[each] = {row[0]: int(row[1]) for row in counts.rows}
    now, before = sizes[day], days[-2] if len(days) > 1 else None
    users = sum(now.values())
    bars = tuple(
        StratumBar(
            name=labels.stratum(key, each.name),
            about=labels.about(key, each.name),
            users=now.get(each.name, 0),
            share=now.get(each.name, 0) / users if users else 0.0,
            change=Change.of(now.get(each.name, 0), sizes[before].get(each.name, 0), "neither") if before else None,
            trend=tuple(sizes[each_day].get(each.name, 0) for each_day in days),
            opens={**_without_query(strip, key), key: each.name},
        )
        for each in labels.by_key[key].strata
    )
    definition = labels.by_key[key]
    return StrataBars(
        key,
        labels.stratification(key),
        labels.question(key),
        f"{definition.version}",
        bars,
        users,
        day,
        before,
        days[0] if len(days) > 2 else None,
    )


def all_strata_bars(home: Home, strip: Strip, labels: Labels) -> list[tuple[str, StrataBars | Missing]]:
    """Every stratification as `strata_bars` tells it, with the users of a day read once for all that no filter is about."""
    missing = home.missing()
    together = [key for key in labels.by_key if key not in missing and not strip.value(key)]
    for day in _trend_days(home, strip):
        home.count_each(Selection(rule=strip.rule, as_of=day), together)
    return [(key, strata_bars(home, strip, labels, key)) for key in labels.by_key]


def _trend_days(home: Home, strip: Strip) -> list[date]:
    """The day looked at and the same weekday of the weeks before it, as far as snapshots are kept; the oldest first."""
    day, kept = _day(home, strip), set(home.kept_days())
    days = (day - timedelta(days=WEEK * weeks) for weeks in range(TREND_WEEKS, -1, -1))
    return [each for each in days if each in kept or each == day]


def flows(home: Home, strip: Strip, labels: Labels, key: str, days: int, *, with_stayed: bool) -> Flows | Missing:
    """Where the users of an earlier day stand now: the largest moves, and those who stayed."""
    if key not in labels.by_key:
        raise UnknownName(f"There is no stratification '{key}'.", suggest(key, labels.by_key), code="unknown_stratification")
    if reason := home.missing().get(key):
        return Missing(words.reason(reason))
    day = _day(home, strip)
    since = day - timedelta(days=days)
    if since not in home.kept_days():
        return Missing(
            _("%(day)s is not closed, or no longer kept.") % {"day": figures.day(since)},
            _("Snapshots are kept for 35 days and at month ends."),
        )
    now = _transitions(home, strip, key, since, day)
    names = {each.name: labels.stratum(key, each.name) for each in labels.by_key[key].strata}
    here = {pair: users for pair, users in now.items() if pair[0] is not None and pair[1] in names}
    moved = {pair: users for pair, users in here.items() if pair[0] != pair[1]}
    stayed = sum(here.values()) - sum(moved.values())
    shown = dict(sorted(moved.items(), key=lambda item: -item[1])[:24])
    if with_stayed:
        # Only strata that somebody left or entered: the others would be grey blocks that say nothing.
        touched = {name for pair in shown for name in pair}
        shown |= {pair: users for pair, users in here.items() if pair[0] == pair[1] and pair[0] in touched}

    def flow(pair: tuple[str | None, str], users: int) -> Flow:
        was, becomes = cast(str, pair[0]), pair[1]
        return Flow(was, becomes, users, {**strip.as_query(), key: becomes, "was": f"{key}:{was}", "since": since.isoformat()})

    return Flows(
        key,
        labels.stratification(key),
        since,
        day,
        tuple(flow(pair, users) for pair, users in sorted(shown.items(), key=lambda item: -item[1])),
        names,
        sum(moved.values()),
        stayed,
        with_stayed,
    )


def products(home: Home) -> list[str]:
    """The products that growth can be told of, the sums first."""
    known = home.products()
    return [each for each in ("trading", "platform") if each in known] + [
        each for each in known if each not in ("trading", "platform")
    ]


def growth(home: Home, strip: Strip, unit: str, period: str, product: str) -> Growth | Missing:
    """What came and what went, period by period, for all counted users: filters tell users as they are now."""
    for value, allowed, code in ((unit, UNITS, "unknown_unit"), (period, PERIODS, "unknown_period")):
        if value not in allowed:
            raise UnknownName(f"There is no '{value}'.", suggest(value, allowed), code=code)
    missing, day = home.missing(), _day(home, strip)
    need = {"users": "registered_on", "assets": "equity_usdt", "revenue": "net_revenue_30d_usdt"}[unit]
    if need in missing:
        return Missing(words.reason(missing[need]))
    length = cast(Period, period)
    since = period_start(day, length)
    for _step in range(PERIODS_SHOWN[period] - 1):
        since = period_start(since - timedelta(days=1), length)
    of = {"product": product} if unit == "users" else {}
    found = home.growth(unit=unit, period=period, since=since, until=day, **of)
    market = home.market(since=since, until=day)
    kept = set(home.kept_days())
    points = []
    for row in found.rows:
        end = period_end(row.period, period, day)
        opens = {}
        if unit == "users" and product == "trading" and end in kept:
            opens = {part: {"day": end.isoformat(), "growth": part, "period": period} for part in ("active", "new", "churned")}
        points.append(
            GrowthPoint(
                start=row.period,
                is_whole=row.is_complete,
                active=row.active,
                new=row.new,
                retained=row.retained,
                resurrected=row.resurrected,
                churned=row.churned,
                expansion=row.expansion,
                contraction=row.contraction,
                regime=on_end.regime if (on_end := market.on(end)) else None,
                opens=opens,
            )
        )
    whole = [row for row in found.rows if row.is_complete]
    return Growth(unit, period, tuple(points), whole[-1].quick_ratio if whole else None, unit != "users")


def activation(home: Home, strip: Strip) -> Activation | Missing:
    """The chain from registration to the first contract trade; each rate is among users old enough to have had the time."""
    steps = tuple(
        Step(
            name=str(words.MILESTONES.get(row.step) or words.plain(row.step)),
            users=row.reached,
            old_enough=row.matured,
            rate=row.rate,
            within_days=row.within_days if row.after else None,
            median_hours=row.median_hours,
            reason=words.reason(row.reason) if row.reason else "",
            opens={**({"day": strip.day.isoformat()} if strip.day else {}), "reached": row.step} if row.reached else None,
        )
        for row in home.activation(strip.day).rows
    )
    if all(step.reason for step in steps[1:]) and len({step.reason for step in steps[1:]}) == 1:
        return Missing(steps[1].reason)
    return Activation(steps)


def regime(home: Home, day: date) -> Regime:
    """The market on a day."""
    row = home.market(since=day - timedelta(days=WEEK), until=day).on(day)
    if row is None:
        return Regime(None, words.regime(None), False, None)
    return Regime(row.regime, words.regime(row.regime), bool(row.is_high_volatility), row.return_30d_ratio)


def users(home: Home, asked: Asked, labels: Labels, *, page: int, order: str, descending: bool, member: Member) -> UserPage:
    """One page of a list; columns that were never given, or that the member may not see, are named and left out."""
    columns, left_out, not_known = user_columns(home, labels, member)
    shown = [each.key for each in columns if each.key != "user_id"]
    if order not in shown:
        order = "net_revenue_90d_usdt" if "net_revenue_90d_usdt" in shown else "registered_on"
    found = home.users(asked.selection, columns=shown, order=order, descending=descending, limit=PAGE, offset=PAGE * (page - 1))
    pages = max(1, math.ceil(found.total / PAGE))
    rows = [tuple(_said(labels, column, value) for column, value in zip(columns, row, strict=True)) for row in found.rows]
    return UserPage(
        asked.title, asked.why, found.as_of, columns, rows, found.total, page, pages, order, descending, left_out, not_known
    )


LIST_COLUMNS: tuple[tuple[str, str], ...] = (
    ("user_id", "id"),
    ("lifecycle", "stratum"),
    ("value", "stratum"),
    ("registered_on", "day"),
    ("country", "text"),
    ("channel_id", "text"),
    ("vip_level", "count"),
    ("last_trade_on", "day"),
    ("days_since_trade", "count"),
    ("trades_30d", "count"),
    ("volume_30d_usdt", "money"),
    ("net_revenue_90d_usdt", "money"),
    ("equity_usdt", "money"),
)


def user_columns(home: Home, labels: Labels, member: Member) -> tuple[tuple[Column, ...], tuple[str, ...], tuple[str, ...]]:
    """The columns of a list, the names of those this member may not see, and of those that were never given."""
    missing = home.missing()
    closed = fields(member, (key for key, _kind in LIST_COLUMNS)).left_out
    columns, left_out, not_known = [], [], []
    for key, kind in LIST_COLUMNS:
        name = labels.stratification(key) if kind == "stratum" else words.column(key)
        if key == "lifecycle" and key in missing and "activity" not in missing:
            columns.append(Column("activity", labels.stratification("activity"), "stratum"))
        if key in missing:
            not_known.append(name)
        elif key in closed:
            left_out.append(name)
        else:
            columns.append(Column(key, name, cast(Any, kind)))
    return tuple(columns), tuple(left_out), tuple(not_known)


def _said(labels: Labels, column: Column, value: Any) -> Any:
    if value is None:
        return figures.NONE
    match column.kind:
        case "stratum":
            return labels.stratum(column.key, value)
        case "money":
            return figures.exact_money(value)
        case "count":
            return figures.count(value)
        case "day":
            return figures.day(value)
    return value


def freshness(home: Home, labels: Labels) -> Freshness:
    """How far each table reaches, and what cannot be told."""
    found = home.freshness()
    through = found.facts_through
    tables = tuple(
        TableState(table.name, table.rows, table.first_day, table.last_day, table.days_behind, table.unknown)
        for table in found.tables
    )
    not_available = tuple(
        NotAvailable(labels.stratification(key), words.reason(reason)) for key, reason in found.unavailable.items()
    )
    closed = found.closed_through
    return Freshness(
        tables,
        found.missing_tables,
        not_available,
        closed,
        through,
        max(0, (through - closed).days) if through and closed else (1 if through else 0),
        found.quarantined,
    )


def restatements(home: Home) -> tuple[RestatedFigure, ...]:
    """Published figures that moved, the newest first."""
    return tuple(
        RestatedFigure(
            date.fromisoformat(each["day"]),
            words.column(name),
            usdt(was) if name.endswith("_usdt") else was,
            usdt(now) if name.endswith("_usdt") else now,
            name.endswith("_usdt"),
            datetime.fromisoformat(each["at"]),
        )
        for each in reversed(home.freshness().restatements)
        for name, (was, now) in each["figures"].items()
    )


def definitions(home: Home, labels: Labels, waiting: Collection[str] = ()) -> tuple[Defined, ...]:
    """The stratifications in force; of those in `waiting` a changed version waits."""
    missing = home.missing()
    return tuple(
        Defined(
            each.key,
            each.title.within(labels.language),
            each.question.within(labels.language),
            str(each.version),
            each.hash,
            tuple(
                StratumDefined(s.label.within(labels.language), s.rule.text, s.about.within(labels.language))
                for s in each.strata
            ),
            words.reason(missing[each.key]) if each.key in missing else "",
            each.key in waiting,
        )
        for each in home.stratifications()
    )


def options(home: Home, strip: Strip, labels: Labels) -> dict[str, list[tuple[str, str]]]:
    """What each filter of the strip can be set to: strata in their order; channels, countries and languages by their users."""
    missing = home.missing()
    found: dict[str, list[tuple[str, str]]] = {}
    for name in ("lifecycle", "value"):
        if name not in missing and name in labels.by_key:
            found[name] = [(each.name, labels.stratum(name, each.name)) for each in labels.by_key[name].strata]
    for name, column in (("channel", "channel_id"), ("country", "country"), ("language", "language")):
        rows = home.count(Selection(as_of=strip.day), by=(column,)).rows if column not in missing else []
        known = sorted(((str(row[0]), int(row[1])) for row in rows if row[0] is not None), key=lambda row: -row[1])
        if known:
            found[name] = [(value, value) for value, _users in known[:200]]
    return found


def _transitions(home: Home, strip: Strip, key: str, since: date, until: date) -> dict[tuple[str | None, str], int]:
    """Users by (stratum on `since`, stratum on `until`); only users who are counted and inside the filters on `until`."""
    counts = home.count(Selection(rule=strip.rule, as_of=until), by=(f"{key}_then", key), then=since)
    return {(row[0], row[1]): int(row[2]) for row in counts.rows}


def _day(home: Home, strip: Strip) -> date:
    return strip.day or home.lake.snapshot().require_closed()


def _without(strip: Strip, key: str) -> str:
    """The filters but the one on `key` itself: a bar chart of lifecycles filtered to one lifecycle says nothing."""
    return Strip(strip.day, tuple(pair for pair in strip.filters if pair[0] != key)).rule


def _without_query(strip: Strip, key: str) -> Query:
    return {name: value for name, value in strip.as_query().items() if name != key}


def _why_not(named: NamedList, missing: Mapping[str, str]) -> str | None:
    return next((missing[column] for column in named.needs if column in missing), None)
