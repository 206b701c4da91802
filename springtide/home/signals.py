"""Signals as people read them: what broke out, who looks after it, what was said to it, and what stood beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer, plain
from springtide.analytics.metrics.signals import (
    Annotation,
    Chart,
    Signal,
    SignalAnswer,
    annotation_of,
    answer_key,
    answer_of,
    baselines,
    beside,
    chart,
)
from springtide.analytics.metrics.signals.evaluating import Baselines, read_days, read_signals
from springtide.analytics.metrics.signals.watched import series_of, watched
from springtide.home.definitions import published
from springtide.kernel.days import day_of
from springtide.kernel.errors import NothingYet, UnknownName, suggest
from springtide.kernel.estimates import NotEstimable

AFTER_CAMPAIGN = timedelta(days=1)  # the day on which what was unlocked is taken out


@dataclass(frozen=True)
class SignalSeen:
    """A signal with its owner, the answer in force, and what happened on its days. `state`: open, or what was answered."""

    signal: Signal
    owner: str | None
    answer: SignalAnswer | None
    beside: tuple[Annotation, ...]

    @property
    def state(self) -> str:
        return self.answer.answer if self.answer else "open"

    def as_dict(self) -> dict[str, Any]:
        signal: dict[str, Any] = plain(self.signal)
        return {
            "key": self.signal.key,
            **signal,
            "state": self.state,
            "owner": self.owner,
            "note": self.answer.note if self.answer else None,
            "annotations": [one.title for one in self.beside],
        }


@dataclass(frozen=True)
class Signals(Answer):
    """Signals, the newest first."""

    as_of: date
    rows: tuple[SignalSeen, ...]

    def as_list(self) -> list[dict[str, Any]]:
        return [row.as_dict() for row in self.rows]

    def as_dict(self) -> dict[str, Any]:
        return {"as_of": str(self.as_of), "signals": self.as_list()}


@dataclass(frozen=True)
class SignalChart(Answer):
    """A metric by day with its limits, and where rules fired; `drawn` says why where there is no chart."""

    metric: str
    asks: str
    group: str | None
    drawn: Chart | NotEstimable
    signals: tuple[SignalSeen, ...]
    beside: tuple[Annotation, ...]

    @property
    def rows(self) -> tuple[Any, ...]:  # type: ignore[override]
        return self.drawn.rows if isinstance(self.drawn, Chart) else ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "group": self.group,
            "kind": self.drawn.kind if isinstance(self.drawn, Chart) else None,
            "baseline": plain(self.drawn.baseline) if isinstance(self.drawn, Chart) else None,
            "days": [
                {name: plain(getattr(row, name)) for name in ("day", "value", "expected", "low", "high", "rule")}
                for row in self.rows
            ],
            "signals": [one.as_dict() for one in self.signals],
            "annotations": plain(self.beside),
            "not_estimable": None if isinstance(self.drawn, Chart) else plain(self.drawn),
        }


def noted(path: Path, engine: Engine, snapshot: Snapshot, zone: ZoneInfo) -> tuple[Annotation, ...]:
    """What people noted, and the campaigns whose tasks the exchange gave, in the order of their days."""
    noted = [annotation_of(key, told.title, told.body) for key, told in published(path, "annotation").items()]
    return tuple(sorted([*noted, *_campaigns(engine, snapshot, zone)], key=lambda one: (one.since, one.key)))


def answers(path: Path) -> dict[str, SignalAnswer]:
    """The answers in force, by the key of the signal."""
    return {key: answer_of(told.body) for key, told in published(path, "signal_answer").items()}


def begun(path: Path) -> Baselines:
    """The baselines that explained shifts began."""
    return baselines(answers(path).values())


def signals(
    path: Path,
    engine: Engine,
    snapshot: Snapshot,
    zone: ZoneInfo,
    *,
    metric: str | None = None,
    since: date | None = None,
    open_only: bool = False,
) -> Signals:
    """The signals of the lake, the newest first: of all metrics or one, those still firing on `since` or later, those without an answer.

    refuses    nothing_closed    no day was closed yet
               unknown_metric    it is not watched
    """
    if metric is not None:
        watched(metric)
    as_of = snapshot.require_closed()
    owners, said, notes = published(path, "signal_owner"), answers(path), noted(path, engine, snapshot, zone)
    seen = [
        _seen(one, owners[one.metric].body.get("owner") if one.metric in owners else None, said, notes)
        for one in read_signals(engine, snapshot)
        if metric in (None, one.metric) and (since is None or one.last_day >= since)
    ]
    rows = [one for one in seen if not open_only or one.answer is None]
    return Signals(as_of, tuple(sorted(rows, key=lambda one: (one.signal.day, one.signal.last_day), reverse=True)))


def signal_chart(
    path: Path, engine: Engine, snapshot: Snapshot, zone: ZoneInfo, metric: str, *, group: str | None = None, days: int = 120
) -> SignalChart:
    """The chart of a watched metric, of all users or one group, over its last days.

    refuses    nothing_closed    no day was closed yet
               unknown_metric    it is not watched
               unknown_group     it is not watched for this group
               not_available     none of its days is known
    """
    asks = watched(metric)
    as_of = snapshot.require_closed()
    found = {one.group: one for one in series_of(read_days(engine, snapshot, metric=metric))}
    if not found:
        raise NothingYet(f"No day of '{metric}' is known.", "Import what it needs, then close.", code="not_available")
    if group not in found:
        what = f"for '{group}'" if group else "but by group"
        raise UnknownName(f"'{metric}' is not watched {what}.", suggest(group or "", filter(None, found)), code="unknown_group")
    drawn = chart(found[group], since=begun(path).get((metric, group)))
    since = as_of - timedelta(days=days - 1)
    if isinstance(drawn, Chart):
        drawn = replace(drawn, rows=tuple(row for row in drawn.rows if row.day >= since))
    raised = signals(path, engine, snapshot, zone, metric=metric, since=since).rows
    notes = beside(noted(path, engine, snapshot, zone), since, as_of, metric=metric, group=group)
    return SignalChart(metric, asks, group, drawn, tuple(one for one in raised if one.signal.group == group), notes)


def _seen(signal: Signal, owner: str | None, said: dict[str, SignalAnswer], notes: Sequence[Annotation]) -> SignalSeen:
    first = signal.day - timedelta(days=2 if signal.rule == "three_days" else 0)
    answer = said.get(answer_key(signal.metric, signal.group, signal.day, signal.direction))
    return SignalSeen(signal, owner, answer, beside(notes, first, signal.last_day, metric=signal.metric, group=signal.group))


def _campaigns(engine: Engine, snapshot: Snapshot, zone: ZoneInfo) -> list[Annotation]:
    snapshot.attach(engine, "campaign_tasks", fact_schema("campaign_tasks"))
    told = engine.rows(
        "select campaign_ref, coalesce(name, campaign_ref), starts_at, coalesce(unlock_at, ends_at) from campaign_tasks"
        " order by campaign_ref"
    )
    return [
        Annotation(ref, "campaign", name, day_of(starts, zone), day_of(unlocks, zone) + AFTER_CAMPAIGN)
        for ref, name, starts, unlocks in told.values
    ]
