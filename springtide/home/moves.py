"""Who moved between strata."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from springtide.analytics.daybook.tables import MOVES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.strata import STRATA
from springtide.home.users import snapshot_day


@dataclass(frozen=True)
class Flow:
    """Users who moved from one stratum to another; `from_stratum` is null for users who are new."""

    stratification: str
    from_stratum: str | None
    to_stratum: str
    users: int


@dataclass(frozen=True)
class Moves(Answer):
    """Moves between strata on the days from `since` to `until`, both included; a user who moved twice is counted twice."""

    since: date
    until: date
    rows: tuple[Flow, ...]

    def as_dict(self) -> dict[str, Any]:
        rows = [
            {"stratification": f.stratification, "from": f.from_stratum, "to": f.to_stratum, "users": f.users}
            for f in self.rows
        ]
        return {"since": str(self.since), "until": str(self.until), "moves": rows}


def moves(
    engine: Engine, snapshot: Snapshot, *, since: date | None, until: date | None, stratification: str | None = None
) -> Moves:
    """Who moved, largest first; by default on the last closed day.

    refuses    nothing_closed    no day was closed yet
    """
    until = until or snapshot.require_closed()
    since = since or until
    snapshot.attach(engine, "moves", MOVES, since=since, until=until)
    latest = snapshot_day(snapshot, None)
    snapshot.attach(engine, "strata", STRATA, since=latest, until=latest)
    told = engine.rows(
        "select m.key, m.was, m.becomes, count(*) as users from moves as m"
        " inner join strata as s on m.user_no = s.user_no"
        " where m.kind = 'stratum' and m.day >= $since and m.day <= $until and s.is_counted"
        " and ($wanted is null or m.key = $wanted)"
        " group by m.key, m.was, m.becomes"
        " order by m.key, users desc, m.was nulls first, m.becomes",
        since=since,
        until=until,
        wanted=stratification,
    )
    return Moves(since, until, tuple(Flow(*row) for row in told.values))
