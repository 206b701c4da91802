"""Counts of users: what a number, a cell or a bar says, by the very condition with which its list is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.segments import InForce
from springtide.home.users import NOTHING_NAMED, Selection, attach_strata, people_of, snapshot_day
from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.kernel.money import usdt

MOST_GROUPS = 10_000


@dataclass(frozen=True)
class Counts:
    """Users by group. A row: the values of `by` (null: not known), the users, then the sums; money as Decimal USDT."""

    as_of: date
    by: tuple[str, ...]
    sums: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def users(self) -> int:
        """All users of the selection."""
        return sum(int(row[len(self.by)]) for row in self.rows)

    def total(self, column: str) -> Decimal | int:
        """The sum of a column over the whole selection."""
        place = len(self.by) + 1 + self.sums.index(column)
        none: Decimal | int = Decimal(0) if column.endswith("_usdt") else 0
        return sum((row[place] for row in self.rows), none)

    def as_dict(self) -> dict[str, Any]:
        return {
            "as_of": str(self.as_of),
            "rows": [dict(zip((*self.by, "users", *self.sums), map(_plain, row), strict=True)) for row in self.rows],
        }


def count_users(
    engine: Engine,
    snapshot: Snapshot,
    selection: Selection,
    strata_keys: Sequence[str],
    *,
    named: InForce = NOTHING_NAMED,
    by: Sequence[str] = (),
    sums: Sequence[str] = (),
    then: date | None = None,
) -> Counts:
    """How many users `selection` names, by the values of `by`, with sums of `sums` (a user who has none adds nothing).

    With `then`, an earlier kept day, `by` may name where users stood on it too: `lifecycle_then` (null: not here, or not told).

    refuses    unknown_column, bad_rule, wrong_unit   the rule or a column cannot be read
               too_many_groups                        `by` tells more than 10,000 groups apart
               not_kept                               that day's snapshot is not kept
    """
    earlier = {f"{key}_then": key for key in strata_keys} if then else {}
    types = PROFILE_TYPES | dict.fromkeys((*strata_keys, *earlier), "varchar")
    for name in (*by, *sums):
        if name not in types:
            raise UnknownName(f"Users have no column '{name}'.", suggest(name, types), code="unknown_column")
    day, people, where, params = people_of(engine, snapshot, selection, strata_keys, named)
    source = "people"
    if then:
        attach_strata(engine, snapshot, snapshot_day(snapshot, then), strata_keys, name="strata_before")
        places = "".join(f", {key} as {name}" for name, key in earlier.items())
        source += f" left join (select user_no as no_then{places} from strata_before) as t on people.user_no = t.no_then"
    grouped = ", ".join(by)
    totals = "".join(f", coalesce(cast(sum({name}) as bigint), 0) as sum_of_{name}" for name in sums)
    found = engine.rows(
        f"{people} select {grouped + ', ' if by else ''}count(*) as users{totals} from {source} where {where}"
        + (f" group by {grouped} order by {grouped} limit {MOST_GROUPS + 1}" if by else ""),
        **params,
    )
    if len(found.values) > MOST_GROUPS:
        raise BadInput(
            f"{grouped} tells more than {MOST_GROUPS:,} groups apart.", "Count by fewer columns.", code="too_many_groups"
        )
    first = len(by) + 1
    money = [name.endswith("_usdt") for name in sums]
    rows = [
        (*row[:first], *(usdt(v) if is_money else v for v, is_money in zip(row[first:], money, strict=True)))
        for row in found.values
    ]
    return Counts(day, tuple(by), tuple(sums), rows)


def count_each(
    engine: Engine,
    snapshot: Snapshot,
    selection: Selection,
    strata_keys: Sequence[str],
    wanted: Sequence[str],
    *,
    named: InForce = NOTHING_NAMED,
) -> dict[str, Counts]:
    """What `count_users` tells by each of the `wanted` stratifications, over one reading of the users instead of one for each.

    refuses    bad_rule, not_kept … as `count_users`
    """
    if not wanted:
        return {}
    day, people, where, params = people_of(engine, snapshot, selection, strata_keys, named)
    parts = (f"select '{key}' as key, {key} as stratum, count(*) as users from chosen group by {key}" for key in wanted)
    found = engine.rows(
        f"{people}, chosen as (select {', '.join(wanted)} from people where {where})"
        f" select key, stratum, users from ({' union all '.join(parts)}) as t order by key, stratum",
        **params,
    )
    return {
        key: Counts(day, (key,), (), [(stratum, users) for name, stratum, users in found.values if name == key])
        for key in wanted
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | bool) else str(value)
