"""The plain answers of questions by period: loops over events and dates, nothing shared with the package."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.analytics.metrics.questions.reference_events import Event, matches, streams

DAY = timedelta(days=1)
ROLLING = {"hour": timedelta(hours=1), "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
NOBODY: dict[str, list[Event]] = {}


class Clock:
    """Local time of a question: the period of an instant, and the periods after one another."""

    def __init__(self, question: dict[str, Any]) -> None:
        self.zone = ZoneInfo(question.get("tz", "UTC"))
        self.grain = question.get("period", "day")
        self.first_weekday = 6 if question.get("week_start") == "sunday" else 0

    def local(self, at: int) -> datetime:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(self.zone).replace(tzinfo=None)

    def period(self, at: int) -> datetime:
        return self.start(self.local(at))

    def start(self, local: datetime) -> datetime:
        if self.grain == "hour":
            return local.replace(minute=0, second=0, microsecond=0)
        day = datetime.combine(local.date(), time())
        if self.grain == "week":
            while day.weekday() != self.first_weekday:
                day -= DAY
        return day.replace(day=1) if self.grain == "month" else day

    def next(self, start: datetime) -> datetime:
        """The first local time of the next period, found by walking on."""
        step = timedelta(hours=1) if self.grain == "hour" else DAY
        following = start + step
        while self.start(following) == start:
            following += step
        return following

    def periods(self, first: str, last: str) -> list[datetime]:
        found, end = [self.start(datetime.fromisoformat(first))], end_of(last)
        while self.next(found[-1]) < end:
            found.append(self.next(found[-1]))
        return found

    def label(self, start: datetime) -> str:
        return start.isoformat() if self.grain == "hour" else start.date().isoformat()


def end_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment + DAY if len(text) <= 10 else moment


def value_of(event: Event, breakdown: dict[str, Any], user: str, users: dict[str, Any]) -> str:
    held = users.get(user, {}) if breakdown.get("scope") == "user" else event.properties
    return held.get(breakdown["prop"], "")


def distance(clock: Clock, start: datetime, later: datetime) -> int:
    """How many periods `later` lies after `start`, counted one by one."""
    steps = 0
    while start < later:
        start, steps = clock.next(start), steps + 1
    return steps


def retention(question: dict[str, Any], events: Sequence[Any], users: dict[str, Any] | None = None) -> dict[str, Any]:
    clock = Clock(question)
    cohorts = clock.periods(question["cohort_from"], question["cohort_to"])
    beyond = clock.next(cohorts[-1])
    brackets = question.get("brackets") or [[n, n] for n in range(1, question["intervals"])]
    least = question.get("min_return_count", 1)
    standing: dict[tuple[int, int], set[str]] = defaultdict(set)
    value_by_user = {}
    for user, stream in streams(events).items():
        starts = [event for event in stream if matches(question["start"], event)]
        backs = [event for event in stream if matches(question["return"], event)]
        if not question.get("observe_beyond_last_cohort", True):
            backs = [event for event in backs if clock.period(event.at) < beyond]
        if starts and question.get("breakdown"):
            value_by_user[user] = value_of(starts[0], question["breakdown"], user, users or {})
        for number, cohort in enumerate(cohorts):
            inside = [event for event in starts if clock.period(event.at) == cohort]
            if question.get("cohort_rule") == "first_match" and starts:
                inside = [event for event in inside if event is starts[0]]
            if not inside:
                continue
            standing[number, 0].add(user)
            times: Counter[int] = Counter()
            for event in backs:
                if question.get("windows") == "rolling":
                    passed = timedelta(microseconds=event.at - inside[0].at)
                    times[passed // ROLLING[clock.grain] if passed > timedelta(0) else 0] += 1
                elif clock.period(event.at) > cohort:
                    times[distance(clock, cohort, clock.period(event.at))] += 1
            for column, (first, last) in enumerate(brackets, 1):
                if question.get("counting") == "on_or_after":
                    is_back = any(count >= least for offset, count in times.items() if offset >= first)
                else:
                    is_back = sum(count for offset, count in times.items() if first <= offset <= last) >= least
                if is_back:
                    standing[number, column].add(user)

    def matrix(members: set[str] | None) -> list[list[int]]:
        return [
            [
                len([user for user in standing[row, column] if members is None or user in members])
                for column in range(len(brackets) + 1)
            ]
            for row in range(len(cohorts))
        ]

    told: dict[str, Any] = {"cohorts": [clock.label(cohort) for cohort in cohorts], "matrix": matrix(None)}
    if question.get("breakdown"):
        in_any = set().union(*(standing[row, 0] for row in range(len(cohorts))))
        told["groups"] = {
            value: matrix(members)
            for value, members in pooled(question["breakdown"], {u: value_by_user[u] for u in in_any}).items()
        }
    return told


def pooled(breakdown: dict[str, Any], values: dict[str, str]) -> dict[str, set[str]]:
    sizes = Counter(values.values())
    kept = sorted(sizes, key=lambda value: (-sizes[value], value))[: breakdown.get("limit", 25)]
    found: dict[str, set[str]] = defaultdict(set)
    for user, value in values.items():
        found[value if value in kept else "$other"].add(user)
    return dict(found)


def active_periods(question: dict[str, Any], stream: Sequence[Event], clock: Clock) -> list[datetime]:
    return sorted({clock.period(event.at) for event in stream if matches(question.get("activity"), event)})


def stickiness(question: dict[str, Any], events: Sequence[Any]) -> dict[str, Any]:
    clock = Clock(question)
    number = len(clock.periods(question["date_from"], question["date_to"]))
    inside = streams(events, date_from=question["date_from"], date_to=question["date_to"], tz=question.get("tz", "UTC"))
    found = [len(active_periods(question, stream, clock)) for stream in inside.values()]
    if question.get("cumulative"):
        counts = [len([one for one in found if one >= k]) for k in range(1, number + 1)]
    else:
        counts = [found.count(k) for k in range(1, number + 1)]
    return {"counts": counts, "users": len([one for one in found if one])}


def lifecycle(question: dict[str, Any], events: Sequence[Any], users: dict[str, Any] | None = None) -> dict[str, Any]:
    clock = Clock(question)
    starts = clock.periods(question["date_from"], question["date_to"])
    states = ("new", "returning", "resurrecting", "dormant")
    counts = {state: [0] * len(starts) for state in states}
    for user, stream in streams(events, date_to=question["date_to"], tz=question.get("tz", "UTC")).items():
        active = active_periods(question, stream, clock)
        if not active:
            continue
        began = active[0]
        created = (users or {}).get(user, {}).get("created_at")
        if question.get("new_by") == "profile_created" and created:
            began = clock.start(datetime.fromisoformat(created).astimezone(clock.zone).replace(tzinfo=None))
        for place, start in enumerate(starts):
            was_active = any(clock.next(one) == start for one in active)
            if start in active:
                state = "new" if start == began else "returning" if was_active else "resurrecting"
            elif was_active:
                state = "dormant"
            else:
                continue
            counts[state][place] += 1
    return {"periods": [clock.label(start) for start in starts], **counts}


def daily_states(question: dict[str, Any], events: Sequence[Any]) -> dict[str, Any]:
    clock = Clock(question | {"period": "day"})
    near, far = question.get("near_days", 7), question.get("far_days", 30)
    states: dict[str, list[list[str]]] = {}
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for user, stream in streams(events).items():
        active = {day.date() for day in active_periods(question, stream, clock)}
        if not active:
            continue
        day = min(active)
        while day <= max(active) + question["max_dormant_days"] * DAY:
            was_near = any(day - back * DAY in active for back in range(1, near))
            was_far = any(day - back * DAY in active for back in range(1, far))
            if day == min(active):
                state = "new"
            elif day in active:
                state = "current" if was_near else "reactivated" if was_far else "resurrected"
            else:
                state = "at_risk_wau" if was_near else "at_risk_mau" if was_far else "dormant"
            states.setdefault(user, []).append([day.isoformat(), state])
            totals[day.isoformat()][state] += 1
            day += DAY
    return {"states": states, "totals": {day: dict(counts) for day, counts in totals.items()}}


def trend(question: dict[str, Any], events: Sequence[Any]) -> dict[str, Any]:
    clock = Clock(question)
    starts = clock.periods(question["date_from"], question["date_to"])
    tz = question.get("tz", "UTC")
    inside = streams(events, date_from=question["date_from"], date_to=question["date_to"], tz=tz)
    ever = streams(events, date_to=question["date_to"], tz=tz)

    def counted(series: dict[str, Any], start: datetime) -> list[tuple[str, Event]]:
        trailing = {"active_7d": 7, "active_30d": 30}.get(series.get("math", "total"))
        found = []
        for user, stream in (ever if trailing else inside).items():
            for event in stream:
                if not matches(series, event):
                    continue
                if trailing:
                    last = min(clock.next(start), end_of(question["date_to"])) - timedelta(microseconds=1)
                    day = clock.local(event.at).date()
                    is_in = last.date() - trailing * DAY < day <= last.date()
                else:
                    is_in = clock.period(event.at) == start
                if is_in:
                    found.append((user, event))
        return found

    def value(series: dict[str, Any], found: list[tuple[str, Event]]) -> Any:
        match series.get("math", "total"):
            case "total":
                return len(found)
            case "sum":
                return float(sum(event.properties.get(series["prop"], 0) for _, event in found))
        return len({user for user, _ in found})

    cells = [[counted(series, start) for start in starts] for series in question["series"]]
    lines = [[value(series, cell) for cell in row] for series, row in zip(question["series"], cells, strict=True)]
    told: dict[str, Any] = {"periods": [clock.label(start) for start in starts], "series": lines}
    if question.get("breakdown"):
        prop = question["breakdown"]["prop"]
        sizes = Counter(event.properties.get(prop, "") for row in cells for cell in row for _, event in cell)
        kept = sorted(sizes, key=lambda one: (-sizes[one], one))[: question["breakdown"].get("limit", 25)]
        names = [*kept, *(["$other"] if len(sizes) > len(kept) else [])]

        def is_of(event: Event, name: str) -> bool:
            mine = event.properties.get(prop, "")
            return mine == name if mine in kept else name == "$other"

        told["groups"] = {
            name: [
                [value(series, [(user, event) for user, event in cell if is_of(event, name)]) for cell in row]
                for series, row in zip(question["series"], cells, strict=True)
            ]
            for name in names
        }
    return told


def cumulative(question: dict[str, Any], events: Sequence[Any]) -> dict[str, Any]:
    clock = Clock(question | {"period": "day"})
    window = question["window"]
    values = {}
    for text in question["days"]:
        day = date.fromisoformat(text)
        if window == "all_time":
            after = date.min
        elif window == "month_to_date":
            after = day.replace(day=1) - DAY
        elif window.endswith("days"):
            after = day - int(window.split("_")[1]) * DAY
        else:
            after = day
            for _ in range(int(window.split("_")[1])):
                after = after.replace(day=1) - DAY
            after = after.replace(day=min(day.day, after.day))
        values[text] = float(
            sum(
                event.properties.get(question["prop"], 0)
                for stream in streams(events).values()
                for event in stream
                if after < clock.local(event.at).date() <= day
            )
        )
    return {"values": values}


def conversion_rate(question: dict[str, Any], events: Sequence[Any]) -> dict[str, Any]:
    clock = Clock(question | {"period": "day"})
    window = question.get("window_days")
    base: Counter[str] = Counter()
    credited: Counter[str] = Counter()

    def key(event: Event) -> str:
        by = question.get("by", "all")
        if by == "day":
            return clock.local(event.at).date().isoformat()
        return "all" if by == "all" else event.properties.get(by.removeprefix("prop:"), "")

    for stream in streams(events).values():
        bases = [event for event in stream if matches(question["base"], event)]
        base.update(map(key, bases))
        for event in stream:
            if matches(question["conversion"], event):
                day = clock.local(event.at).date()
                before = [one for one in bases if clock.local(one.at).date() <= day]
                if before and (window is None or (day - clock.local(before[-1].at).date()).days < window):
                    credited[key(before[-1])] += 1
    rates: dict[str, Any] = {name: credited[name] / count for name, count in base.items()}
    return {"rate": rates or ({"all": None} if question.get("by", "all") == "all" else {})}
