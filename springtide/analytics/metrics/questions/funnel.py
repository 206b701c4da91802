"""Funnels: how far users come through steps in an order, how long it takes them, and who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine
from springtide.analytics.metrics.questions.form import Form, Key, Span
from springtide.analytics.metrics.questions.funnel_form import FUNNEL_KEYS, Funnel, read_funnel, read_opened, read_step
from springtide.analytics.metrics.questions.funnel_pass import count_attempts, group_attempts
from springtide.analytics.metrics.questions.kind import DATE_FROM, DATE_TO, OPENED, TZ, Kind
from springtide.analytics.metrics.questions.stream import Stream
from springtide.kernel.errors import BadInput, UnknownName, suggest

QUANTILES = {"p25": "0.25", "p50": "0.5", "p75": "0.75", "p90": "0.9"}

Reached = Mapping[int, int]  # user_no → steps of the furthest attempt


@dataclass(frozen=True)
class Opened:
    """A cell of the answer: a step, counted from 1, of the whole or of one group."""

    step: int
    group: str | None = None


@dataclass(frozen=True)
class FunnelQuestion:
    funnel: Funnel
    span: Span
    zone: ZoneInfo
    opened: Opened | None
    lists_users: bool


def read(form: Form, stream: Stream) -> FunnelQuestion:
    """refuses    what a funnel refuses, and a cell that the answer does not have"""
    funnel, opened = read_funnel(form), None
    if inner := read_opened(form):
        opened = Opened(read_step(inner, "step", 1, least=1, most=len(funnel.steps)), inner.text("group"))
        inner.end()
        if opened.group is not None and funnel.breakdown is None:
            raise BadInput("There is no group to open: the funnel has no breakdown.", "Open the step alone.", code="no_group")
    return FunnelQuestion(funnel, form.span(), form.zone(stream.zone), opened, form.flag("list_users", True))


def answer(asked: FunnelQuestion, stream: Stream) -> dict[str, Any]:
    """The counts, times and users of every step, and of every group."""
    funnel, steps, engine = asked.funnel, len(asked.funnel.steps), stream.engine
    stream = replace(stream, zone=asked.zone)
    breakdown = funnel.breakdown
    is_within = (
        breakdown is not None and breakdown.attribution == "all_events"
    )  # then the whole is another pass than its groups
    made = count_attempts(stream, replace(funnel, breakdown=None) if is_within else funnel, asked.span)
    [told] = _told(engine, "funnel_counted", steps).values()
    told["voided"] = engine.rows("select cast(coalesce(sum(voided), 0) as bigint) as voided from funnel_counted").scalar()
    reached: dict[str | None, Reached] = {}
    if asked.lists_users or asked.opened:
        reached = _reached(engine, "funnel_counted")
    if breakdown:
        group_attempts(engine, count_attempts(stream, funnel, asked.span) if is_within else made, breakdown)
        grouped = _told(engine, "funnel_grouped", steps, is_grouped=True)
        told["groups"] = {value: {key: grouped[value][key] for key in ("counts", "avg_seconds")} for value in grouped}
        if reached:
            reached |= _reached(engine, "funnel_grouped", is_grouped=True)
    if asked.lists_users:
        ids = _ids(stream, reached)
        told["users"] = _by_step(reached.get(None, {}), ids, steps)
        for value, within in told.get("groups", {}).items():
            within["users"] = _by_step(reached[value], ids, steps)
    if asked.opened:
        told["opened"] = _open(asked.opened, reached, stream)
    return told


def _told(engine: Engine, table: str, steps: int, *, is_grouped: bool = False) -> dict[Any, dict[str, Any]]:
    """Counts and times by the value of the breakdown; null is the whole."""
    columns = ["value"] if is_grouped else ["cast(null as varchar) as value"]
    columns += [f"count(case when reached >= {step} then 1 end) as reached_{step}" for step in range(1, steps + 1)]
    for step in range(2, steps + 1):
        span = f"step_{step}_us - step_{step - 1}_us"
        columns.append(f"cast(sum({span}) as decimal(38, 0)) as total_{step}_us")
        columns += [f"quantile_disc({span}, {share}) as {name}_{step}_us" for name, share in QUANTILES.items()]
    groups = " group by value order by reached_1 desc, value nulls last" if is_grouped else ""
    rows = engine.rows(f"select {', '.join(columns)} from {table} where reached > 0{groups}").dicts()
    return {row["value"]: _read_row(row, steps) for row in rows}


def _read_row(row: Mapping[str, Any], steps: int) -> dict[str, Any]:
    counts = [row[f"reached_{step}"] for step in range(1, steps + 1)]

    def seconds(name: str) -> list[float | None]:
        found = (row[f"{name}_{step}_us"] for step in range(2, steps + 1))
        return [None, *(None if us is None else int(us) / 1e6 for us in found)]

    means = [None if total is None else total / count for total, count in zip(seconds("total")[1:], counts[1:], strict=True)]
    return {
        "counts": counts,
        "avg_seconds": [None, *means],
        "median_seconds": seconds("p50"),
        "quantile_seconds": {name: seconds(name) for name in QUANTILES if name != "p50"},
    }


def _reached(engine: Engine, table: str, *, is_grouped: bool = False) -> dict[Any, Reached]:
    value = "value" if is_grouped else "cast(null as varchar) as value"
    by = "value, user_no" if is_grouped else "user_no"
    found: dict[Any, dict[int, int]] = {} if is_grouped else {None: {}}
    rows = engine.rows(
        f"select {value}, user_no, max(reached) as reached from {table} where reached > 0 group by {by} order by user_no"
    )
    for group, user_no, steps in rows.values:
        found.setdefault(group, {})[user_no] = steps
    return dict(found)


def _ids(stream: Stream, reached: Mapping[Any, Reached]) -> dict[int, str]:
    users = sorted({user for within in reached.values() for user in within})
    return dict(zip(users, stream.user_ids(users), strict=True))


def _by_step(reached: Reached, ids: Mapping[int, str], steps: int) -> list[list[str]]:
    return [[ids[user] for user, furthest in reached.items() if furthest >= step] for step in range(1, steps + 1)]


def _open(opened: Opened, reached: Mapping[Any, Reached], stream: Stream) -> dict[str, Any]:
    """refuses    unknown_group    no attempt has this value"""
    if opened.group not in reached:
        known = sorted(value for value in reached if value is not None)
        raise UnknownName(f"There is no group '{opened.group}'.", suggest(str(opened.group), known), code="unknown_group")
    return dict(stream.opened(user for user, furthest in reached[opened.group].items() if furthest >= opened.step))


KIND = Kind(
    name="funnel",
    asks="How many users come through these steps in this order, how long does it take them, and where do they stop?",
    keys=(
        *FUNNEL_KEYS,
        DATE_FROM,
        DATE_TO,
        TZ,
        Key("open", "`{step, group}`: the users counted there", "nothing is opened"),
        Key("list_users", "whether to list the users of every step", "true"),
    ),
    tells=(
        Key("counts", "users (or attempts) that reached each step"),
        Key("avg_seconds", "mean time from the step before; null for the first step, and where nobody came"),
        Key("median_seconds", "the same, by nearest rank"),
        Key("quantile_seconds", "`{p25, p75, p90}`: the same, by nearest rank"),
        Key("users", "ids of the users who reached each step"),
        Key("voided", "attempts that an exclusion voided, of those that would have been considered"),
        Key(
            "groups",
            "with a breakdown: values joined by a bar (nothing set is an empty text) → `{counts, avg_seconds, users}`",
        ),
        OPENED,
    ),
    read=read,
    answer=answer,
)
