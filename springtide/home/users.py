"""Lists of users: every number opens the users behind it, and the list counts exactly what the number said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from springtide.analytics.daybook.tables import MOVES, PROFILE_TYPES, PROFILES
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer, plain
from springtide.analytics.segments import Condition, InForce, Known, Segment, find_beside, needed_by
from springtide.analytics.segments.words import Nested
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest
from springtide.kernel.money import usdt

LIST_COLUMNS = (
    "registered_on", "country", "channel_id", "vip_level", "last_trade_on", "days_since_trade", "trades_30d", "volume_30d_usdt",
    "net_revenue_90d_usdt", "equity_usdt",
)  # fmt: skip
CHOSEN: Schema = (Column("user_no", "integer", False),)
NOTHING_NAMED = InForce()
MOST_ROWS = 1_000_000  # what one sheet of Excel holds, less its heading


@dataclass(frozen=True)
class Moved:
    """Users who moved between strata of one stratification on the days from `since` to `until`, both included."""

    stratification: str
    since: date
    until: date
    from_stratum: str | None = None  # null: from any
    to_stratum: str | None = None  # null: to any


@dataclass(frozen=True)
class Stood:
    """Users by where they stood on an earlier day whose snapshot is kept."""

    stratification: str
    stratum: str | None  # null: who was no user then
    on: date


@dataclass(frozen=True)
class Crossed:
    """Users who entered a segment or left it on the days from `since` to `until`, both included."""

    segment: str
    since: date
    until: date
    way: Literal["entered", "left"]


@dataclass(frozen=True)
class Selection:
    """Which users: a rule over profile columns and strata as of a day, and perhaps a move they made or where they stood before.

    `rule` speaks as segments do (money in USDT). `user_id` names one user, `chosen` those of a list by their numbers. Employees, tests
    and market makers are left out unless `everyone`.
    """

    rule: str = "true"
    as_of: date | None = None
    moved: Moved | None = None
    stood: Stood | None = None
    crossed: Crossed | None = None
    user_id: str | None = None
    chosen: tuple[int, ...] | None = None
    everyone: bool = False


@dataclass(frozen=True)
class UserList(Answer):
    """A page of users: exact total, column names, and rows with ids as text and money as Decimal USDT."""

    as_of: date
    total: int
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(repr=False)

    def _columns(self) -> list[str]:
        return list(self.columns)

    def _records(self) -> list[tuple[Any, ...]]:
        return self.rows

    def as_list(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, map(plain, row), strict=True)) for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        rows = [[str(v) if v is not None and not isinstance(v, int | float | bool) else v for v in row] for row in self.rows]
        return {"as_of": str(self.as_of), "total": self.total, "columns": list(self.columns), "rows": rows}


def snapshot_day(snapshot: Snapshot, wanted: date | None) -> date:
    """The day of the published strata to read: `wanted`, or the latest.

    refuses    nothing_closed   no day was closed yet
               not_kept         that day's snapshot is not kept
    """
    latest = snapshot.require_closed()
    kept = snapshot.days("strata")
    day = wanted or latest
    if day not in kept:
        near = min(kept, key=lambda one: abs((one - day).days))
        raise NothingYet(
            f"There is no snapshot of {day}.",
            f"Snapshots are kept for 35 days and at month ends; the nearest is {near}.",
            code="not_kept",
        )
    return day


def attach_people(engine: Engine, snapshot: Snapshot, day: date, strata_keys: Sequence[str]) -> None:
    """`profiles` and `strata` as of `day`, and `users` with their ids."""
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
    attach_strata(engine, snapshot, day, strata_keys, name="strata")
    snapshot.attach(engine, "users", fact_schema("users"))


def list_users(
    engine: Engine,
    snapshot: Snapshot,
    selection: Selection,
    strata_keys: Sequence[str],
    *,
    named: InForce = NOTHING_NAMED,
    columns: Sequence[str] = LIST_COLUMNS,
    order: str = "net_revenue_90d_usdt",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> UserList:
    """One page of the users that `selection` names, with their exact number. `named`: the segments that its rule may name.

    refuses    unknown_column, bad_rule, wrong_unit   the rule or a column cannot be read
               not_kept                               that day's snapshot is not kept
    """
    types = PROFILE_TYPES | dict.fromkeys(strata_keys, "varchar")
    for name in (*columns, order):
        if name not in types:
            raise UnknownName(f"Users have no column '{name}'.", suggest(name, types), code="unknown_column")
    if not (0 <= offset <= 2**31 and 0 <= limit <= MOST_ROWS):
        raise BadInput(f"A page of {limit} rows from row {offset} cannot be made.", f"Ask for at most {MOST_ROWS} rows.")
    day, people, where, params = people_of(engine, snapshot, selection, strata_keys, named)
    total = engine.rows(f"{people} select count(*) from people where {where}", **params).scalar()
    shown = ("user_id", *columns)
    direction = "desc" if descending else "asc"
    page = engine.rows(
        f"{people} select {', '.join(shown)} from people where {where}"
        f" order by {order} {direction} nulls last, user_no asc nulls last limit {int(limit)} offset {int(offset)}",
        **params,
    )
    money = [name.endswith("_usdt") for name in shown]
    rows = [
        tuple(usdt(v) if is_money and v is not None else v for v, is_money in zip(row, money, strict=True))
        for row in page.values
    ]
    return UserList(day, total, shown, rows)


def people_of(
    engine: Engine, snapshot: Snapshot, selection: Selection, strata_keys: Sequence[str], named: InForce = NOTHING_NAMED
) -> tuple[date, str, str, dict[str, Any]]:
    """The as-of day, the opening of a query that names `people`, the condition of `selection` over them, and what it binds."""
    day = snapshot_day(snapshot, selection.as_of)
    attach_people(engine, snapshot, day, strata_keys)
    condition, nested = understood(selection.rule, named)
    beside = beside_of(engine, snapshot, day, named, (*nested, Segment("", 0, "", condition=condition)))
    conditions = [condition.rule.sql()]
    params: dict[str, Any] = {}
    if not selection.everyone:
        conditions.append("is_counted")
    if selection.moved:
        conditions.append(_moved(engine, snapshot, selection.moved, strata_keys, params))
    if selection.stood:
        conditions.append(_stood(engine, snapshot, selection.stood, strata_keys, params))
    if selection.user_id is not None:
        params["one_user"] = selection.user_id
        conditions.append("user_id = $one_user")
    if selection.chosen is not None:
        engine.table("chosen_users", CHOSEN, [(number,) for number in selection.chosen])
        conditions.append("user_no in (select user_no from chosen_users)")
    if selection.crossed:
        conditions.append(_crossed(engine, snapshot, selection.crossed, params))
    strata = "".join(f", s.{key}" for key in strata_keys)
    words = "".join(f", coalesce(b.{name}, {'false' if kind == 'boolean' else 0}) as {name}" for name, kind in beside.items())
    people = (
        f"select p.*, u.user_id{strata}{words} from profiles as p inner join strata as s on p.user_no = s.user_no"
        " inner join users as u on p.user_no = u.user_no"
        + (" left join beside as b on p.user_no = b.user_no" if beside else "")
    )
    for one in nested:
        if one.condition:
            people = f"select t.*, {one.condition.sql()} as {Nested(one.key).column} from ({people}) as t"
    return day, f"with people as ({people})", " and ".join(f"({one})" for one in conditions), params


def understood(text: str, named: InForce) -> tuple[Condition, tuple[Segment, ...]]:
    """The condition that a text says, and every segment that it names, however far, each after those it names.

    refuses    bad_rule, unknown_column, unknown_segment …
    """
    by_key = named.by_key
    condition = Condition.parse(text, Known(segments=by_key))
    needed: dict[str, Segment] = {}
    for key in condition.nested:
        needed |= {one.key: one for one in needed_by(by_key[key], by_key)}
    return condition, tuple(needed.values())


def beside_of(engine: Engine, snapshot: Snapshot, day: date, named: InForce, segments: Sequence[Segment]) -> dict[str, str]:
    """Find what the words of these segments ask beside the profile; see `springtide.analytics.segments.find_beside`.

    `profiles`, `strata` and `users` of the day are attached.
    """
    terms = dict.fromkeys(term for one in segments if one.condition for term in one.condition.terms)
    selects = [one for one in segments if one.select]
    return find_beside(engine, snapshot, tuple(terms), selects, day=day, zone=named.zone, lists=named.lists)


def _crossed(engine: Engine, snapshot: Snapshot, crossed: Crossed, params: dict[str, Any]) -> str:
    """Who came in or went out, but not by the segment's own beginning: then nobody moved."""
    snapshot.attach(engine, "moves", MOVES, since=crossed.since, until=crossed.until)
    params |= {"crossed_key": crossed.segment, "crossed_since": crossed.since, "crossed_until": crossed.until}
    side = "becomes is not null" if crossed.way == "entered" else "was is not null"
    return (
        "user_no in (select user_no from moves where kind = 'segment' and key = $crossed_key and not is_first"
        f" and {side} and day >= $crossed_since and day <= $crossed_until)"
    )


def attach_strata(engine: Engine, snapshot: Snapshot, day: date, strata_keys: Sequence[str], *, name: str) -> None:
    """The strata as of `day` under `name`."""
    schema: Schema = (Column("user_no", "integer"), *(Column(key, "varchar") for key in strata_keys))
    snapshot.attach(engine, "strata", schema, name=name, since=day, until=day)


def _stood(engine: Engine, snapshot: Snapshot, stood: Stood, strata_keys: Sequence[str], params: dict[str, Any]) -> str:
    if stood.stratification not in strata_keys:
        raise UnknownName(f"There is no stratification '{stood.stratification}'.", suggest(stood.stratification, strata_keys))
    on = snapshot_day(snapshot, stood.on)
    attach_strata(engine, snapshot, on, strata_keys, name="strata_then")
    if stood.stratum is None:
        return "user_no not in (select user_no from strata_then)"
    params["stood_in"] = stood.stratum
    return f"user_no in (select user_no from strata_then where {stood.stratification} = $stood_in)"


def _moved(engine: Engine, snapshot: Snapshot, moved: Moved, strata_keys: Sequence[str], params: dict[str, Any]) -> str:
    if moved.stratification not in strata_keys:
        raise UnknownName(f"There is no stratification '{moved.stratification}'.", suggest(moved.stratification, strata_keys))
    snapshot.attach(engine, "moves", MOVES, since=moved.since, until=moved.until)
    params |= {"moved_in": moved.stratification, "moved_since": moved.since, "moved_until": moved.until}
    clause = "kind = 'stratum' and key = $moved_in and day >= $moved_since and day <= $moved_until"
    if moved.from_stratum is not None:
        params["moved_from"] = moved.from_stratum
        clause += " and was = $moved_from"
    if moved.to_stratum is not None:
        params["moved_to"] = moved.to_stratum
        clause += " and becomes = $moved_to"
    return f"user_no in (select user_no from moves where {clause})"
