"""Funnels as one would do them by hand: every attempt of every user, one event after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.analytics.metrics.questions.reference_events import MICRO, Event, length, matches, streams

QUANTILES = {"p25": 0.25, "p75": 0.75, "p90": 0.9}


@dataclass
class Attempt:
    """The events that filled its steps, by their places in the user's stream, and until when it waited for the next."""

    events: list[Event]
    places: list[int]
    open_until: float = math.inf
    voided_at: int | None = None
    is_over: bool = field(default=False)  # a strict attempt whose very next event was another one

    @property
    def times(self) -> list[int]:
        return [self.events[place].at for place in self.places]

    @property
    def reached(self) -> int:
        return len(self.places)


# one attempt ----------------------------------------------------------------------------------------------------------------


def attempt_at(question: dict[str, Any], events: list[Event], start: int) -> Attempt | None:
    """The attempt that starts at the event at place `start`; None if no attempt starts there."""
    steps, order = question["steps"], question.get("order", "ordered")
    opens = steps if order == "unordered" else steps[:1]
    if not any(matches(step, events[start]) for step in opens):
        return None
    deadline = events[start].at + length(question.get("window"))
    attempt = {"ordered": _ordered, "strict": _strict, "unordered": _unordered}[order](steps, events, start, deadline)
    attempt.voided_at = min(_voids(question, attempt), default=None)
    return attempt


def _ordered(steps: list[dict[str, Any]], events: list[Event], start: int, deadline: float) -> Attempt:
    attempt = Attempt(events, [start], deadline)
    for step in steps[1:]:
        last = events[attempt.places[-1]].at
        attempt.open_until = min(deadline, last + length(step.get("window")))
        found = [
            place
            for place, event in enumerate(events)
            if event.at >= last and place not in attempt.places and matches(step, event)
        ]
        if not found or events[found[0]].at > attempt.open_until:
            break
        attempt.places.append(found[0])
    return attempt


def _strict(steps: list[dict[str, Any]], events: list[Event], start: int, deadline: float) -> Attempt:
    attempt = Attempt(events, [start], deadline)
    for step in steps[1:]:
        attempt.open_until = min(deadline, events[attempt.places[-1]].at + length(step.get("window")))
        after = attempt.places[-1] + 1
        if after == len(events) or not matches(step, events[after]) or events[after].at > attempt.open_until:
            attempt.is_over = True
            break
        attempt.places.append(after)
    return attempt


def _unordered(steps: list[dict[str, Any]], events: list[Event], start: int, deadline: float) -> Attempt:
    attempt = Attempt(events, [], deadline)
    still_open = list(range(len(steps)))
    for place in range(start, len(events)):
        if events[place].at > deadline:
            break
        fills = next((step for step in still_open if matches(steps[step], events[place])), None)
        if fills is not None:
            still_open.remove(fills)
            attempt.places.append(place)
    return attempt


def _voids(question: dict[str, Any], attempt: Attempt) -> list[int]:
    """When excluded events void the attempt."""
    voids = []
    for exclusion in question.get("exclusions", []):
        from_step, to_step = exclusion["from_step"], exclusion["to_step"]
        if attempt.reached < from_step:
            continue
        after = attempt.times[from_step - 1]
        for event in attempt.events:
            is_before = event.at < attempt.times[to_step - 1] if attempt.reached >= to_step else event.at <= attempt.open_until
            if event.at > after and is_before and matches(exclusion, event):
                voids.append(event.at)
    return voids


# the attempts of a user -----------------------------------------------------------------------------------------------------


def all_attempts(question: dict[str, Any], events: list[Event]) -> list[Attempt]:
    """Every attempt, voided ones too, by their starts."""
    found = (attempt_at(question, events, start) for start in range(len(events)))
    return [attempt for attempt in found if attempt is not None]


def counted(question: dict[str, Any], events: list[Event]) -> tuple[list[Attempt], int]:
    """The attempts of one user that count, and how many of those considered were voided."""
    attempts = all_attempts(question, events)
    if question.get("count") == "totals":
        considered = _one_after_the_other(question, attempts)
        kept = [attempt for attempt in considered if attempt.voided_at is None]
    elif question.get("entry") == "first":
        considered = attempts[:1]
        kept = [attempt for attempt in considered if attempt.voided_at is None]
    else:
        considered = attempts
        kept = sorted((a for a in attempts if a.voided_at is None), key=lambda a: -a.reached)[:1]  # stable: the earliest
    return kept, len(considered) - sum(attempt.voided_at is None for attempt in considered)


def _one_after_the_other(question: dict[str, Any], attempts: list[Attempt]) -> list[Attempt]:
    """Re-entry after conversion, time-out or exclusion: each attempt begins when the one before is over."""
    entered: list[Attempt] = []
    for attempt in attempts:
        if not entered or _may_enter(question, entered[-1], attempt):
            entered.append(attempt)
    return entered


def _may_enter(question: dict[str, Any], before: Attempt, attempt: Attempt) -> bool:
    starts = attempt.times[0]
    if before.voided_at is not None:
        return starts > before.voided_at
    if before.reached < len(question["steps"]) and not before.is_over:
        return starts > before.open_until
    if question.get("order", "ordered") == "ordered" and len(question["steps"]) > 1:
        return starts > before.times[-1]
    return attempt.places[0] > before.places[-1]


# answers --------------------------------------------------------------------------------------------------------------------


def funnel(question: dict[str, Any], events: Sequence[Sequence[Any]], **log: Any) -> dict[str, Any]:
    """What the kind `funnel` answers."""
    users = _streams(question, events, log)
    kept = {user: counted(question, users[user]) for user in users}
    answer = _told(question, {user: attempts for user, (attempts, _) in kept.items()})
    answer["voided"] = sum(voided for _, voided in kept.values())
    if breakdown := question.get("breakdown"):
        groups = _grouped(question, breakdown, users)
        answer["groups"] = {}
        for value in sorted(groups):
            told = _told(question, groups[value])
            answer["groups"][value] = {key: told[key] for key in ("counts", "avg_seconds", "users")}
    return answer


def time_to_convert(question: dict[str, Any], events: Sequence[Sequence[Any]], **log: Any) -> dict[str, Any]:
    """What the kind `time_to_convert` answers."""
    from_step, to_step = question.get("from_step", 1), question.get("to_step", len(question["steps"]))
    seconds: dict[str, float] = {}
    for user, stream in _streams(question, events, log).items():
        for attempt in counted(question, stream)[0]:
            if attempt.reached >= to_step:
                seconds[user] = (attempt.times[to_step - 1] - attempt.times[from_step - 1]) / MICRO
    if not seconds:
        return {"seconds": {}, "average": None, "bins": []}
    bins = question.get("bin_count") or min(60, math.ceil(len(seconds) ** (1 / 3) - 1e-9))
    begins = math.floor(min(seconds.values()))
    width = max(1, math.ceil((math.ceil(max(seconds.values())) - begins) / bins))
    held = [0] * bins
    for one in seconds.values():
        held[min(bins - 1, math.floor((one - begins) / width))] += 1
    return {
        "seconds": seconds,
        "average": sum(seconds.values()) / len(seconds),
        "bins": [[begins + place * width, held[place]] for place in range(bins)],
    }


def funnel_trend(question: dict[str, Any], events: Sequence[Sequence[Any]], **log: Any) -> dict[str, Any]:
    """What the kind `funnel_trend` answers: in each period a funnel of the attempts that start in it."""
    users = _streams(question, events, log)
    entered = _by_period(question, users)
    periods = _every_period(question, sorted(entered))
    from_step, to_step = question.get("from_step", 1), question.get("to_step", len(question["steps"]))

    def reaching(step: int, period: str) -> int:
        return sum(attempt.reached >= step for attempt in entered.get(period, []))

    reached_from = [reaching(from_step, period) for period in periods]
    reached_to = [reaching(to_step, period) for period in periods]
    rates = [100 * to / start if start else None for start, to in zip(reached_from, reached_to, strict=True)]
    return {"periods": periods, "reached_from": reached_from, "reached_to": reached_to, "rate_percent": rates}


def funnel_level(question: dict[str, Any], events: Sequence[Sequence[Any]], **log: Any) -> dict[str, Any]:
    """What the kind `funnel_level` answers, by trying every chain of events."""
    modes, steps = question.get("modes", []), question["steps"]
    window = question["window_seconds"] * MICRO

    def best(stream: list[Event], chain: list[int]) -> int:
        if len(chain) == len(steps):
            return len(chain)
        reached = len(chain)
        for place, event in enumerate(stream):
            if not matches(steps[len(chain)], event):
                continue
            if chain:
                last = stream[chain[-1]].at
                if event.at < last or event.at > stream[chain[0]].at + window:
                    continue
                if "strict_increase" in modes and event.at == last:
                    continue
                if "strict_once" in modes and place in chain:
                    continue
            reached = max(reached, best(stream, [*chain, place]))
        return reached

    return {"levels": {user: best(stream, []) for user, stream in _streams(question, events, log).items()}}


def _told(question: dict[str, Any], kept: dict[str, list[Attempt]]) -> dict[str, Any]:
    steps = range(1, len(question["steps"]) + 1)
    attempts = [attempt for each in kept.values() for attempt in each]
    spans = [
        sorted(attempt.times[step - 1] - attempt.times[step - 2] for attempt in attempts if attempt.reached >= step)
        for step in steps[1:]
    ]
    return {
        "counts": [sum(attempt.reached >= step for attempt in attempts) for step in steps],
        "avg_seconds": [None, *(sum(span) / len(span) / MICRO if span else None for span in spans)],
        "median_seconds": [None, *(_nearest_rank(span, 0.5) for span in spans)],
        "quantile_seconds": {
            name: [None, *(_nearest_rank(span, share) for span in spans)] for name, share in QUANTILES.items()
        },
        "users": [sorted(user for user in kept if any(a.reached >= step for a in kept[user])) for step in steps],
    }


def _nearest_rank(ordered: list[int], share: float) -> float | None:
    return ordered[max(1, math.ceil(share * len(ordered) - 1e-9)) - 1] / MICRO if ordered else None


def _grouped(
    question: dict[str, Any], breakdown: dict[str, Any], users: dict[str, list[Event]]
) -> dict[str, dict[str, list[Attempt]]]:
    """The counted attempts by the value of the breakdown, then by user."""
    groups: dict[str, dict[str, list[Attempt]]] = {}
    attribution = breakdown.get("attribution", "first_touch")
    nothing = "|".join("" for _ in breakdown["props"])
    for user, stream in users.items():
        if attribution == "all_events":
            for value in {_value(event, breakdown) for event in stream}:
                within = [event for event in stream if _value(event, breakdown) == value]
                if kept := counted(question, within)[0]:
                    groups.setdefault(value, {})[user] = kept
            continue
        touches = [
            _value(event, breakdown)
            for event in stream
            if any(matches(step, event) for step in question["steps"])
            and any(event.properties.get(prop) not in (None, "") for prop in breakdown["props"])
        ]
        for attempt in counted(question, stream)[0]:
            if attribution == "step":
                step = breakdown.get("step", 1)
                value = _value(stream[attempt.places[step - 1]], breakdown) if attempt.reached >= step else nothing
            else:
                value = (touches[0] if attribution == "first_touch" else touches[-1]) if touches else nothing
            groups.setdefault(value, {}).setdefault(user, []).append(attempt)
    return groups


def _value(event: Event, breakdown: dict[str, Any]) -> str:
    values = [event.properties.get(prop) for prop in breakdown["props"]]
    return "|".join("" if value is None else str(value) for value in values)


def _by_period(question: dict[str, Any], users: dict[str, list[Event]]) -> dict[str, list[Attempt]]:
    """By period of entry: the best attempt, or the first, of every user who enters in it; or all that count."""
    found: dict[str, list[Attempt]] = {}
    for stream in users.values():
        totals = question.get("count") == "totals"
        mine: dict[str, list[Attempt]] = {}
        for attempt in counted(question, stream)[0] if totals else all_attempts(question, stream):
            mine.setdefault(_period(question, attempt.times[0]), []).append(attempt)
        for period, within in mine.items():
            if totals:
                found.setdefault(period, []).extend(within)
                continue
            considered = within[:1] if question.get("entry") == "first" else within
            stands = sorted((a for a in considered if a.voided_at is None), key=lambda a: -a.reached)[:1]
            found.setdefault(period, []).extend(stands)
    return {period: within for period, within in found.items() if within}


def _period(question: dict[str, Any], at: int) -> str:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(question.get("tz", "UTC")))
    match question.get("period", "day"):
        case "hour":
            return local.replace(minute=0, second=0, microsecond=0, tzinfo=None).isoformat()
        case "week":
            back = (local.weekday() + (question.get("week_start", "monday") == "sunday")) % 7
            return (local.date() - timedelta(days=back)).isoformat()
        case "month":
            return local.date().replace(day=1).isoformat()
    return local.date().isoformat()


def _every_period(question: dict[str, Any], starts: list[str]) -> list[str]:
    """Every period of the range, or from the first entry to the last: by trying every half hour."""
    first, last = (
        question.get(key) or (starts[end][:10] if starts else None) for key, end in (("date_from", 0), ("date_to", -1))
    )
    if first is None or last is None:
        return []
    tz, found = ZoneInfo(question.get("tz", "UTC")), []
    moment = datetime.combine(date.fromisoformat(first), time(), tzinfo=tz).timestamp()
    end = datetime.combine(date.fromisoformat(last) + timedelta(days=1), time(), tzinfo=tz).timestamp()
    while moment < end:
        period = _period(question, int(moment) * MICRO)
        if period not in found:
            found.append(period)
        moment += 1800
    if not question.get("date_from"):
        found = found[found.index(starts[0]) :]
    return found if question.get("date_to") else found[: found.index(starts[-1]) + 1]


def _streams(question: dict[str, Any], events: Sequence[Sequence[Any]], log: dict[str, Any]) -> dict[str, list[Event]]:
    asked = {key: question[key] for key in ("date_from", "date_to", "tz") if question.get(key)}
    return streams(events, **asked, **log)
