"""The users behind one value of a served metric: the same reading, with every user as a group of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.served.asked import PRODUCT, Stood, depends_on_the_day, known_group, people_query, spans
from springtide.analytics.metrics.served.catalogue import served
from springtide.analytics.metrics.served.metric_values import UTC, attach_people, cannot_stand, not_available
from springtide.analytics.metrics.served.readings import Reader
from springtide.kernel.errors import BadInput, NothingYet, UnknownName, suggest

Side = Literal["numerator", "denominator"]


@dataclass(frozen=True)
class Behind:
    """The users of one value. Where the side counts users they are as many; of a sum they are those who added to it."""

    metric: str
    since: date
    until: date
    group: str | None
    user_nos: tuple[int, ...]


def users_behind(
    engine: Engine,
    snapshot: Snapshot,
    key: str,
    *,
    since: date,
    until: date,
    period: str | None = None,
    by: str | None = None,
    group: str | None = None,
    where: str | None = None,
    stood: Stood = "then",
    side: Side = "numerator",
    zone: ZoneInfo = UTC,
) -> Behind:
    """Who stands behind the value of a metric from `since` to `until`, asked as `metric_values` is; the days are those of one period.

    refuses    unknown_metric, unknown_period, unknown_grouping, bad_rule, unknown_column, empty_range, not_closed, nothing_closed
               bad_cell         several periods, a group without `by`, or the denominator of a sum
               unknown_group    a product that there is not
               not_available    there is no such value, with the reason
    """
    asked = served(key)
    by = known_group(by, asked.products)
    cut = spans(snapshot, since, until, period or asked.periods[0])
    if len(cut) != 1 or (by is None) != (group is None):
        raise BadInput("This names no single value.", "Give the days of one period, and a group with `by`.", code="bad_cell")
    part = asked.numerator if side == "numerator" else asked.denominator
    if part is None:
        raise BadInput(f"'{key}' is a sum and has no denominator.", "Ask for its numerator.", code="bad_cell")
    if by == PRODUCT:
        if group is None or group not in part.products:
            raise UnknownName(f"There is no product '{group}'.", suggest(str(group), part.products), code="unknown_group")
        part = replace(part, column=part.products[group], products={})
    day = cut[0].until if stood == "then" and depends_on_the_day(by, where) else snapshot.require_closed()
    reason = not_available(engine, snapshot, asked, period or asked.periods[0]) or cannot_stand(snapshot, day, by)
    if reason is None:
        attach_people(engine, snapshot, people_query(by, where), day)
        of_group = "" if by is None or by == PRODUCT else " where group_key = $group"
        params = {"group": group} if of_group else {}
        engine.make("people", f"select user_no, cast(user_no as varchar) as group_key from people{of_group}", **params)
        found = Reader(engine, snapshot, zone, told=f"{part.column} <> 0").read([replace(part, products={})], cut)
        reason = found.reasons.get(cut[0].since)
    if reason is not None:
        raise NothingYet(f"This is not available: {reason}.", "Ask for another metric or other days.", code="not_available")
    return Behind(key, cut[0].since, cut[0].until, group, tuple(sorted(int(user) for _, user in found.sums)))
