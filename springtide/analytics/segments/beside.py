"""What words found beside the profile: one row per user who did or is something that a word asks for, one column per word.

Counts come from `user_days`, which is one row per user and day, so the cost follows the days that the words span. Whoever never did
anything of it has no row: the pass over users reads 0 and false there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import ACTIVE_DAYS, EQUITY_DAYS, FIRSTS, USER_DAYS
from springtide.analytics.daybook.tables import MOVES as MOVES_SCHEMA
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.segments.segment import Segment
from springtide.analytics.segments.words import COUNTED, ONCE, REWARDED, Listed, Nested, Term, ThenNot, Times, beside
from springtide.kernel.days import day_bounds, days

LIST: Schema = (Column("user_id", "varchar", False, "an id on the list"),)
TAGS: Schema = (Column("tag", "varchar", False, "a tag"), Column("user_id", "varchar", False, "an id that carries it"))
_DAY_BOUNDS: Schema = (Column("day", "date", False), Column("from_at", "timestamp", False), Column("to_at", "timestamp", False))
# What a select may read beside profiles, strata and users, with all of its days up to the as-of day.
READABLE: Mapping[str, Schema] = {
    "user_days": USER_DAYS,
    "active_days": ACTIVE_DAYS,
    "equity_days": EQUITY_DAYS,
    "firsts": FIRSTS,
    "moves": MOVES_SCHEMA,
    "events": fact_schema("events"),
}


@dataclass(frozen=True)
class Lists:
    """Where the ids of lists lie: (purpose, key) → a Parquet file shaped as LIST; `tags`: one shaped as TAGS."""

    files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    tags: Path | None = None


def find_beside(
    engine: Engine,
    snapshot: Snapshot,
    terms: Collection[Term],
    selects: Sequence[Segment],
    *,
    day: date,
    zone: ZoneInfo,
    lists: Lists,
) -> dict[str, str]:
    """Make the table `beside` as of `day`, and say its columns (name → type) without `user_no`; without columns there is no table.

    `selects`: segments that are a select; their columns are those of `segment('key')`. They read `profiles`, `strata` and `users`,
    which the caller has attached.
    """
    wanted = tuple(beside(terms))
    if not wanted and not selects:
        return {}
    parts: list[tuple[str, dict[str, str]]] = []
    columns: dict[str, str] = {}
    if happening := _happening(engine, snapshot, wanted, day, zone):
        counted = [term for term in wanted if isinstance(term, Times)]
        if counted:
            parts.append((counts_query(counted, happening, day), {term.column: "bigint" for term in counted}))
        parts += [
            (then_not_query(term, happening, day), {term.column: "boolean"}) for term in wanted if isinstance(term, ThenNot)
        ]
    parts += [(_listed_query(engine, term, lists), {term.column: "boolean"}) for term in wanted if isinstance(term, Listed)]
    parts += [(_select_query(engine, snapshot, one, day), {Nested(one.key).column: "boolean"}) for one in selects]
    for _, told in parts:
        columns |= told
    for number, (query, _) in enumerate(parts):
        engine.make(f"beside_{number}", query, day=day)
    engine.make("beside", _together([told for _, told in parts], columns))
    engine.drop(*(f"beside_{number}" for number in range(len(parts))))
    return columns


# --- what happened


def _happening(engine: Engine, snapshot: Snapshot, wanted: Sequence[Term], day: date, zone: ZoneInfo) -> dict[str, str]:
    """Event → a select of (user_no, day, times, last_at) over the days that a word asks about; attaches what it reads."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for term in wanted:
        if isinstance(term, Times):
            spans.setdefault(term.event, []).append(term.span.on(day))
        elif isinstance(term, ThenNot):
            first, last = term.span.on(day)
            spans.setdefault(term.event, []).append((first, last))
            spans.setdefault(term.other, []).append((first, day))
    if not spans:
        return {}
    since = min(first for each in spans.values() for first, _ in each)
    until = max(last for each in spans.values() for _, last in each)
    snapshot.attach(engine, "user_days", USER_DAYS, since=since, until=until)
    facts = [event for event in spans if event not in COUNTED and event not in ONCE]
    if facts:
        bounds = [(one, *day_bounds(one, zone)) for one in days(min(since, until), until)]
        engine.table("bounds_of_days", _DAY_BOUNDS, bounds)
        for table in {"reward_entries" if event == REWARDED else "events" for event in facts}:
            snapshot.attach(engine, table, fact_schema(table), since=since, until=until)
    return {
        event: happened(event, min(first for first, _ in spans[event]), max(last for _, last in spans[event]))
        for event in spans
    }


def happened(event: str, since: date, until: date) -> str:
    """A select of (user_no, day, times, last_at) of an event, on the days from `since` to `until`."""
    between = f"day >= date '{since}' and day <= date '{until}'"
    if event in COUNTED:
        count, last_at, _ = COUNTED[event]
        return f"select user_no, day, {count} as times, {last_at} as last_at from user_days where {count} > 0 and {between}"
    if event in ONCE:
        on, at, _ = ONCE[event]
        return (
            f"select master_no as user_no, {on} as day, cast(1 as bigint) as times, {at} as last_at from users"
            f" where user_no = master_no and {on} >= date '{since}' and {on} <= date '{until}'"
        )
    table, is_it = ("reward_entries", "f.action = 'grant'") if event == REWARDED else ("events", f"f.name = {_text(event)}")
    return (
        f"select f.user_no, b.day, count(*) as times, max(f.happened_at) as last_at from {table} as f"
        " inner join bounds_of_days as b on f.happened_at >= b.from_at and f.happened_at < b.to_at"
        f" where {is_it} and b.{between.replace(' and day', ' and b.day')} group by f.user_no, b.day"
    )


def counts_query(terms: Sequence[Times], happening: Mapping[str, str], day: date) -> str:
    """One row per user, one count per word: every event is read once, however many words ask about it."""
    events = sorted({term.event for term in terms})
    union = " union all ".join(
        f"select user_no, day, times, {number} as event_no from ({happening[event]}) as h{number}"
        for number, event in enumerate(events)
    )
    counts = []
    for term in terms:
        first, last = term.span.on(day)
        counts.append(
            f"cast(sum(case when event_no = {events.index(term.event)} and day >= date '{first}' and day <= date '{last}'"
            f" then times end) as bigint) as {term.column}"
        )
    return f"with happened as ({union}) select user_no, {', '.join(counts)} from happened group by user_no"


def then_not_query(term: ThenNot, happening: Mapping[str, str], day: date) -> str:
    """Users with a day of the first event after which the other did not come: neither later that day nor in the days within."""
    first, last = term.span.on(day)
    return (
        f"with did as (select user_no, day, last_at from ({happening[term.event]}) as d where day >= date '{first}'"
        f" and day <= date '{last}' and datediff('day', day, date '{day}') >= {term.within_days}),"
        f" other as (select user_no, day as other_day, last_at as other_at from ({happening[term.other]}) as o)"
        " select user_no, true as " + term.column + " from ("
        " select d.user_no, d.day, count(o.user_no) as came from did as d left join other as o"
        " on d.user_no = o.user_no and ((o.other_day = d.day and o.other_at >= d.last_at)"
        f" or (o.other_day > d.day and datediff('day', d.day, o.other_day) <= {term.within_days}))"
        " group by d.user_no, d.day) as judged where came = 0 group by user_no"
    )


# --- lists and selects


def _listed_query(engine: Engine, term: Listed, lists: Lists) -> str:
    """Users of a list: a sub-account on it stands for its master."""
    name = f"list_{term.column}"
    if term.purpose == "tag":
        engine.view(name, [lists.tags] if lists.tags else [], TAGS)
        where = f" where l.tag = {_text(term.key)}"
    else:
        file = lists.files.get((term.purpose, term.key))
        engine.view(name, [file] if file else [], LIST)
        where = ""
    return (
        f"select u.master_no as user_no, true as {term.column} from {name} as l"
        f" inner join users as u on l.user_id = u.user_id{where} group by u.master_no"
    )


def _select_query(engine: Engine, snapshot: Snapshot, segment: Segment, day: date) -> str:
    for table, schema in READABLE.items():
        if table in (segment.select or ""):
            snapshot.attach(engine, table, schema, until=day)
    return (
        f"select u.master_no as user_no, true as {Nested(segment.key).column} from ({segment.select}) as chosen"
        " inner join users as u on chosen.user_id = u.user_id group by u.master_no"
    )


def _together(parts: Sequence[Mapping[str, str]], columns: Mapping[str, str]) -> str:
    """The parts as one table: each part has its columns, the others are null there; then one row per user."""
    selects = []
    for number, told in enumerate(parts):
        given = (f"{name}" if name in told else f"cast(null as {kind}) as {name}" for name, kind in columns.items())
        selects.append(f"select user_no, {', '.join(given)} from beside_{number}")
    merged = ", ".join(f"max({name}) as {name}" for name in columns)
    return f"select user_no, {merged} from ({' union all '.join(selects)}) as parts group by user_no"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
