"""After a close: the days of every watched metric and the signals they raise, kept in the lake; no database is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, fields
from datetime import date, datetime, timedelta
from typing import Any

from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.lake import Lake, Publication, Snapshot
from springtide.analytics.metrics.reading import first_closed, is_weekly
from springtide.analytics.metrics.signals.charts import FULL_DAYS, FURTHEST, LEAST_DAYS, OUTSIDE, THREE_DAYS, Chart, chart
from springtide.analytics.metrics.signals.raising import Signal, raise_signals
from springtide.analytics.metrics.signals.series import Series
from springtide.analytics.metrics.signals.watched import METRIC_DAYS, WATCHED, Row, metric_days, series_of
from springtide.kernel.estimates import NotEstimable
from springtide.kernel.ids import content_hash

Baselines = Mapping[tuple[str, str | None], date]
MATURES = timedelta(days=max(one.matures for one in WATCHED))

SIGNALS: Schema = (
    Column("metric", "varchar", False, "which metric"),
    Column("group_key", "varchar", True, "the stratum, channel or product it is of; null: all users"),
    Column("day", "date", False, "the day on which it was seen"),
    Column("kind", "varchar", False, "share, level, total or stock: which chart"),
    Column("rule", "varchar", False, "outside: one day; three_days: three together"),
    Column("direction", "varchar", False, "up or down"),
    Column("value", "double", False, "the figure of the day, or of the three days together"),
    Column("expected", "double", False, "what the baseline led to expect"),
    Column("low", "double", False, "lower limit"),
    Column("high", "double", False, "upper limit"),
    Column("size_ratio", "double", True, "(value − expected) ÷ |expected|"),
    Column("p_value", "double", False, "the chance of lying as far out without a cause"),
    Column("last_day", "date", False, "the last day on which a rule fired"),
    Column("days", "integer", False, "on how many days one did"),
    Column("baseline_since", "date", False, "first day of the baseline"),
    Column("baseline_until", "date", False, "last day of the baseline"),
    Column("is_frozen", "boolean", False, "the baseline had all its days"),
)


def evaluate_signals(lake: Lake, engine: Engine, *, baselines: Baselines, now: datetime) -> tuple[Signal, ...]:
    """Bring `metric_days` and `signals` up to the last closed day; done again, it changes nothing.

    Days are reckoned when they are closed, again when their facts changed, and until their figures stand. `baselines` says from which
    day on a series is judged anew, because somebody explained a shift.
    """
    with lake.writing() as publication:
        snapshot = publication.snapshot
        if snapshot.closed_through is None or is_weekly(snapshot):
            return ()
        state = _state(snapshot, baselines)
        known = snapshot.manifest.notes.get("signals", {})
        if known == state:
            return read_signals(engine, snapshot)
        is_same = known.get("watched") == state["watched"]
        since = _stale_from(snapshot, known["days"] if is_same else {}, state["days"])
        rows = [row for row in read_days(engine, snapshot) if row[0] < since] if since else read_days(engine, snapshot)
        if since:
            through = snapshot.require_closed()
            rows += metric_days(engine, snapshot, since=since, until=through, through=through)
            _publish(publication, engine, "metric_days", METRIC_DAYS, rows)
        signals = raise_signals(draw(series_of(rows), baselines))
        _publish(publication, engine, "signals", SIGNALS, [_as_row(signal) for signal in signals])
        publication.note("signals", state)
        publication.commit(now=now)
    return signals


def draw(series: list[Series], baselines: Baselines) -> list[Chart | NotEstimable]:
    """The charts of series, each from its own baseline."""
    return [chart(one, since=baselines.get(one.key)) for one in series]


def read_signals(engine: Engine, snapshot: Snapshot) -> tuple[Signal, ...]:
    """The signals of the lake, oldest first."""
    snapshot.attach(engine, "signals", SIGNALS)
    names = ", ".join(column.name for column in SIGNALS)
    told = engine.rows(f"select {names} from signals order by day, metric, group_key nulls first, direction").dicts()
    return tuple(Signal(**{"group": row.pop("group_key"), **row}) for row in told)


def read_days(engine: Engine, snapshot: Snapshot, *, metric: str | None = None) -> list[Row]:
    """The figures of every watched day, or of one metric."""
    snapshot.attach(engine, "metric_days", METRIC_DAYS)
    return engine.rows(
        "select day, metric, group_key, numerator, denominator from metric_days where $metric is null or metric = $metric"
        " order by day, metric, group_key nulls first",
        metric=metric,
    ).values


def _state(snapshot: Snapshot, baselines: Baselines) -> dict[str, Any]:
    """What the tables were made from: the facts of every closed day, what is watched and how, and the baselines begun anew."""
    closed = snapshot.manifest.closed
    return {
        "days": {day: content_hash(record["revisions"])[:8] for day, record in sorted(closed.items())},
        "watched": content_hash([str(one) for one in WATCHED])[:16],
        "method": [OUTSIDE, THREE_DAYS, FURTHEST, LEAST_DAYS, FULL_DAYS],
        "baselines": sorted([metric, group or "", str(since)] for (metric, group), since in baselines.items()),
    }


def _stale_from(snapshot: Snapshot, known: Mapping[str, str], days: Mapping[str, str]) -> date | None:
    """The first day whose figures are to be reckoned: new, changed, or not yet standing when it was reckoned last. Null: none."""
    changed = [date.fromisoformat(day) for day, stamp in days.items() if known.get(day) != stamp]
    if not changed or not known:
        return first_closed(snapshot) if changed else None
    last_known = max(date.fromisoformat(day) for day in known)
    is_longer = max(date.fromisoformat(day) for day in days) > last_known
    return max(first_closed(snapshot), min([*changed, last_known - MATURES + timedelta(days=1)] if is_longer else changed))


def _publish(publication: Publication, engine: Engine, table: str, schema: Schema, rows: list[Any]) -> None:
    engine.table("told", schema, rows)
    path = publication.new_path(table)
    written = engine.write("select * from told", path)
    publication.drop(table)
    publication.add(table, path, rows=written)


def _as_row(signal: Signal) -> tuple[Any, ...]:
    assert [field.name.replace("group", "group_key") for field in fields(signal)] == [column.name for column in SIGNALS]
    return astuple(signal)
