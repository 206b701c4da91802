"""Where users would stand if a stratification were changed, before anybody puts it in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from springtide.analytics.daybook.spec import missing_columns
from springtide.analytics.daybook.tables import POPULATION, PROFILES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.strata import NotAvailable, Stratification, availability, strata_query
from springtide.home.moves import Flow
from springtide.home.users import attach_strata
from springtide.kernel.errors import NothingYet


@dataclass(frozen=True)
class Placed(Answer):
    """A changed stratification over the last closed day: who would move from where the close put them, the most first.

    `sizes`: users by stratum as it would be; `users`: everybody who counts. A flow from null: the close could not place them.
    """

    as_of: date
    users: int
    sizes: dict[str, int]
    rows: tuple[Flow, ...]

    @property
    def moving(self) -> int:
        return sum(flow.users for flow in self.rows)

    def as_dict(self) -> dict[str, Any]:
        return {"as_of": str(self.as_of), "users": self.users, "sizes": self.sizes, "moves": [vars(flow) for flow in self.rows]}


def placed(engine: Engine, snapshot: Snapshot, changed: Stratification) -> Placed:
    """Every counted user placed by `changed` from the profiles of the last closed day, beside their published stratum.

    refuses    nothing_closed    no day was closed yet
               not_available     a column that its rules name cannot be told from what was given
    """
    day, key = snapshot.require_closed(), changed.key
    told = availability(changed, missing_columns(snapshot.manifest))
    if isinstance(told, NotAvailable):
        raise NothingYet(f"This is not available: {told.reason}.", "Import what is missing, then close.", code="not_available")
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
    snapshot.attach(engine, "population", POPULATION, since=day, until=day)
    attach_strata(engine, snapshot, day, (key,), name="strata")
    found = engine.rows(
        f"select s.{key} as was, t.{key} as becomes, count(*) as users"
        f" from ({strata_query([changed])}) as t inner join strata as s on t.user_no = s.user_no where t.is_counted"
        f" group by s.{key}, t.{key} order by users desc, was nulls first, becomes"
    )
    flows = [Flow(key, was, becomes, users) for was, becomes, users in found.values]
    sizes = {stratum.name: sum(flow.users for flow in flows if flow.to_stratum == stratum.name) for stratum in changed.strata}
    moving = tuple(flow for flow in flows if flow.from_stratum != flow.to_stratum)
    return Placed(day, sum(sizes.values()), sizes, moving)
