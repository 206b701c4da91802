"""One user: who this is, where they stand and by which rule, how they moved, and what happened with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.spec import missing_columns
from springtide.analytics.daybook.tables import MOVES, POPULATION, PROFILES
from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import plain
from springtide.analytics.metrics.user_timeline import Happening, user_timeline
from springtide.analytics.strata import EDGES, Placement, Stratification
from springtide.home.users import attach_strata, snapshot_day
from springtide.kernel.errors import UnknownName
from springtide.kernel.money import usdt

TIMELINE_DAYS = 90


@dataclass(frozen=True)
class Stands:
    """Where the user stands in one stratification, and why: how each rule down to theirs came out.

    `since`: the day of the last move into it. Without a placement, `reason` says why the stratification is not available.
    """

    stratification: str
    stratum: str | None
    since: date | None
    placement: Placement | None
    reason: str | None = None

    @property
    def why(self) -> str:
        """The rule that took the user, with the values that met it; or why nothing can be told."""
        return self.reason or (
            str(self.placement.reasons[-1]) if self.placement else "placed by an earlier version of the rules"
        )


@dataclass(frozen=True)
class Move:
    """A move between strata; `from_stratum` is null on the day the user came."""

    day: date
    stratification: str
    from_stratum: str | None
    to_stratum: str


@dataclass(frozen=True)
class Linked:
    """A hash that the user shares with `others` users: a device, an address, a way of payment."""

    link_type: str
    link_hash: str
    others: int


@dataclass(frozen=True)
class User:
    """One user as of a day. `profile`: every column that can be told, money as Decimal USDT; `missing`: column → why it cannot."""

    user_id: str
    user_no: int
    as_of: date
    profile: dict[str, Any]
    missing: dict[str, str]
    stands: tuple[Stands, ...]
    moves: tuple[Move, ...]
    timeline: tuple[Happening, ...]
    timeline_since: date
    links: tuple[Linked, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        stands = [
            {"stratification": each.stratification, "stratum": each.stratum, "since": plain(each.since), "why": each.why}
            for each in self.stands
        ]
        told: dict[str, Any] = {
            field.name: plain(getattr(self, field.name)) for field in fields(self) if field.name != "stands"
        }
        return {**told, "stands": stands}


def one_user(
    engine: Engine,
    snapshot: Snapshot,
    stratifications: Sequence[Stratification],
    user_id: str,
    *,
    zone: ZoneInfo,
    as_of: date | None = None,
    since: date | None = None,
) -> User:
    """The user of that id, as of a kept day (default: the latest), with what happened since `since` (default: 90 days before).

    refuses    unknown_user     no user has this id
               not_kept         that day's snapshot is not kept
    """
    day = snapshot_day(snapshot, as_of)
    since = since or day - timedelta(days=TIMELINE_DAYS - 1)
    keys = [each.key for each in stratifications]
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
    snapshot.attach(engine, "users", fact_schema("users"))
    attach_strata(engine, snapshot, day, keys, name="strata")
    found = engine.rows(
        "select p.* from profiles as p inner join users as u on p.user_no = u.user_no where u.user_id = $user_id",
        user_id=user_id,
    ).dicts()
    if not found:
        raise UnknownName(
            f"No user has the id '{user_id}'.",
            "Ids are compared letter by letter. Sub-accounts stand under their master.",
            code="unknown_user",
        )
    [profile] = found
    user_no = profile["user_no"]
    moves = _moves(engine, snapshot, user_no)
    missing = missing_columns(snapshot.manifest)
    timeline = user_timeline(engine, snapshot, user_no=user_no, since=since, until=day, zone=zone)
    return User(
        user_id,
        user_no,
        day,
        {name: _shown(name, value) for name, value in profile.items() if name not in missing},
        missing,
        _stands(engine, snapshot, stratifications, profile, day, moves),
        moves,
        timeline.rows,
        since,
        _links(engine, snapshot, user_no),
    )


def _stands(
    engine: Engine,
    snapshot: Snapshot,
    stratifications: Sequence[Stratification],
    profile: dict[str, Any],
    day: date,
    moves: Sequence[Move],
) -> tuple[Stands, ...]:
    """By the published strata; the rules that explain them are those in force, which may be newer than an old day's."""
    unavailable = snapshot.manifest.closed.get(str(day), {}).get("unavailable", {})
    snapshot.attach(engine, "population", POPULATION, since=day, until=day)
    edges = dict.fromkeys(EDGES) | dict(engine.rows("select key, value_usdt from population").values)
    [stood] = engine.rows("select * from strata where user_no = $user_no", user_no=profile["user_no"]).dicts()
    told = []
    for each in stratifications:
        if each.key in unavailable:
            told.append(Stands(each.key, None, None, None, unavailable[each.key]))
            continue
        since = next((move.day for move in moves if move.stratification == each.key and move.day <= day), None)
        placement = each.place(profile | edges)
        told.append(Stands(each.key, stood[each.key], since, placement if placement.stratum.name == stood[each.key] else None))
    return tuple(told)


def _moves(engine: Engine, snapshot: Snapshot, user_no: int) -> tuple[Move, ...]:
    """Every move of the user, newest first."""
    snapshot.attach(engine, "moves", MOVES)
    told = engine.rows(
        "select day, key, was, becomes from moves where kind = 'stratum' and user_no = $user_no order by day desc, key",
        user_no=user_no,
    )
    return tuple(Move(*row) for row in told.values)


def _links(engine: Engine, snapshot: Snapshot, user_no: int) -> tuple[Linked, ...]:
    """Hashes that others share too, those of the most others first."""
    snapshot.attach(engine, "links", fact_schema("links"))
    told = engine.rows(
        "select l.link_type, l.link_hash, count(distinct o.user_no) as others from links as l"
        " inner join links as o on l.link_type = o.link_type and l.link_hash = o.link_hash and l.user_no <> o.user_no"
        " where l.user_no = $user_no group by l.link_type, l.link_hash order by others desc, l.link_type, l.link_hash",
        user_no=user_no,
    )
    return tuple(Linked(*row) for row in told.values)


def _shown(name: str, value: Any) -> Any:
    return usdt(value) if name.endswith("_usdt") and value is not None else value
