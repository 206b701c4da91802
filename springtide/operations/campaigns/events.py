"""Events as the exchange tells them: taken once, and answered by every campaign that asks for them, in small batches.

An event may let a user into a campaign, wake a traveller who waits for it, or take one out whose goal it is. Everything that it leads to
is written in the transaction that marks it as answered.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from springtide.analytics.decisions.deciding import USERS
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.facts import fact_schema
from springtide.home import Home
from springtide.kernel.errors import BadInput, SpringtideError
from springtide.operations.campaigns import states
from springtide.operations.campaigns.candidates import Pass, decide_candidates, people, variables
from springtide.operations.campaigns.definition import Definition, read_definition
from springtide.operations.campaigns.journeys import leave
from springtide.operations.campaigns.models import Campaign, Decision, Event, Run, Traveller, Turn
from springtide.operations.campaigns.sending import DECIDED, TRAVELLING, Due, due_of, newest_decision, write_sends
from springtide.operations.campaigns.waiting import arrival
from springtide.operations.delivery.actions import cancel
from springtide.operations.inserting import insert_many
from springtide.operations.members.actions import audit

ANSWERED: Final = 2_000  # events in one go
MOST_TAKEN: Final = 10_000  # in one call
KEPT_FOR: Final = timedelta(days=2)  # after they were answered: long enough to know one that is told twice
AHEAD: Final = timedelta(minutes=5)  # a clock of the exchange's may be so far before ours
FIELDS: Final = ("source", "event_id", "user_id", "name", "happened_at", "properties", "received_at")
_IDS: Schema = (Column("user_id", "varchar", False),)
_SAID: Final = ("event_id", "user_id", "name", "at", "properties")


@dataclass(frozen=True)
class Told:
    """One event as it was told."""

    event_id: str
    user_id: str
    name: str
    happened_at: datetime
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Taken:
    """What became of events that were told: new ones, those known already, and those that could not be taken, by their place."""

    taken: int
    known: int
    refused: Mapping[int, str]

    def as_dict(self) -> dict[str, Any]:
        refused = [{"at": place, "says": says} for place, says in self.refused.items()]
        return {"taken": self.taken, "known": self.known, "refused": refused}


@dataclass(frozen=True)
class Entrant:
    """A user whom an event brings to a campaign. `entry_key` tells one of several runs of theirs from another."""

    event: Event
    user_no: int | None
    entry_key: str


def take_events(source: str, told: Sequence[Any], *, now: datetime) -> Taken:
    """Take events that the exchange tells, each {"event_id", "user_id", "name", "at", "properties"?}; told twice, they are one.

    writes     events, to be answered
    refuses    too_many    more than ten thousand in one call
    """
    if len(told) > MOST_TAKEN:
        raise BadInput(f"These are {len(told):,} events.", f"Tell at most {MOST_TAKEN:,} in one call.", code="too_many")
    good, refused = [], {}
    for place, each in enumerate(told, 1):
        try:
            good.append(read_event(each, now=now))
        except SpringtideError as bad:
            refused[place] = str(bad)
    rows = ((source, e.event_id, e.user_id, e.name, e.happened_at, dict(e.properties), now) for e in good)
    taken = insert_many(Event, FIELDS, rows, skip_known=True)
    return Taken(taken, len(good) - taken, refused)


def read_lines(text: str) -> list[Any]:
    """The events of an NDJSON text, one a line; a line that is no JSON stands as it is, and is refused with its place."""
    return [_json(line) for line in text.splitlines() if line.strip()]


def read_event(said: Any, *, now: datetime) -> Told:
    """One event.

    refuses    bad_event    not an object, a key that is missing or unknown, a text that is too long, a time that is none or to come
    """
    if not isinstance(said, Mapping):
        raise _bad(f"{str(said)[:60]!r} is no event", 'Write {"event_id": …, "user_id": …, "name": …, "at": …}.')
    for name in said:
        if name not in _SAID:
            raise _bad(f"An event has no '{name}'", f"It has {', '.join(_SAID)}.")
    texts: dict[str, str] = {}
    for name, longest in (("event_id", 128), ("user_id", 200), ("name", 200)):
        value = said.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise _bad(f"{name} is {str(value)[:60]!r}", f"Give a text of 1 to {longest} characters.")
        texts[name] = value
    properties = said.get("properties") or {}
    if not isinstance(properties, Mapping) or len(json.dumps(properties, default=str)) > 10_000:
        raise _bad("properties are no object, or too many", "Give a few texts and numbers.")
    return Told(texts["event_id"], texts["user_id"], texts["name"], _moment(said.get("at"), now), properties)


def answer_events(home: Home, engine: Engine, *, now: datetime) -> int:
    """Answer some of the events that wait, the oldest first; how many.

    writes     decisions, rewards, messages, travellers; the events, answered; one audit row a campaign
    """
    oldest = Event.objects.filter(answered_at=None).order_by("pk")[:ANSWERED]
    waiting = list({event.user_id: event for event in reversed(oldest)}.values())  # one a user at a time, the oldest first
    if not waiting:
        return 0
    names = {event.name for event in waiting}
    streams = [run for run in _streams() if read_definition(run.version.title, run.version.body).entry.event in names]
    brought = {run.pk: _entrants(home, engine, run, waiting) for run in streams}
    passes = {run.pk: _passed(home, engine, run, brought[run.pk], now) for run in streams}
    with transaction.atomic():
        Turn.objects.select_for_update().get_or_create(pk=1)
        numbers = [event.pk for event in waiting]
        still = set(Event.objects.select_for_update().filter(pk__in=numbers, answered_at=None).values_list("pk", flat=True))
        for run in streams:
            entering = [each for each in brought[run.pk] if each.event.pk in still]
            if entering:
                _enter(home, engine, run, entering, passes[run.pk], now)
        _tell_travellers([event for event in waiting if event.pk in still], now)
        Event.objects.filter(pk__in=still).update(answered_at=now)
    return len(still)


def forget_events(*, now: datetime) -> int:
    """Clear away events that were answered long enough ago; how many."""
    return Event.objects.filter(answered_at__lt=now - KEPT_FOR).delete()[0]


def _streams() -> list[Run]:
    """The runs that take in whom events happen to: of each campaign that runs, that of its last version."""
    runs = Run.objects.filter(slot__startswith="events", state="sending", campaign__state=states.LIVE)
    newest = {run.campaign_id: run for run in runs.select_related("campaign", "version").order_by("version__number")}
    return list(newest.values())


def _entrants(home: Home, engine: Engine, run: Run, events: Sequence[Event]) -> list[Entrant]:
    """Whom these events bring to a campaign: one entrant a user, or a user and what tells their runs apart."""
    entry = read_definition(run.version.title, run.version.body).entry
    asked = [event for event in events if event.name == entry.event and all(one.holds(event.properties) for one in entry.where)]
    engine.table("told_ids", _IDS, [(user,) for user in {event.user_id for event in asked}])
    home.lake.snapshot().attach(engine, "users", fact_schema("users"))
    found = engine.rows("select t.user_id, u.user_no from told_ids as t inner join users as u on t.user_id = u.user_id")
    known = {str(user): int(number) for user, number in found.values}
    entrants: dict[tuple[str, str], Entrant] = {}
    for event in asked:
        apart = str(event.properties.get(entry.per, "")) if entry.per else ""
        entrants.setdefault((event.user_id, apart), Entrant(event, known.get(event.user_id), apart[:200]))
    return list(entrants.values())


@dataclass(frozen=True)
class _Passed:
    """What a pass says of entrants by their number: due, or (arm, verdict, check, reason, reasons of risk, has passed)."""

    due: Mapping[int, Due]
    others: Mapping[int, tuple[str, str, int, str, str, bool]]


def _passed(home: Home, engine: Engine, run: Run, entrants: Sequence[Entrant], now: datetime) -> _Passed:
    numbers = sorted({each.user_no for each in entrants if each.user_no is not None})
    if not numbers:
        return _Passed({}, {})
    snapshot = home.lake.snapshot()
    run.as_of = snapshot.require_closed()
    definition = read_definition(run.version.title, run.version.body)
    step = None if definition.is_journey else definition.steps[0]
    this = Pass(home, engine, snapshot, run, step, now)
    engine.table("entering", USERS, [(number,) for number in numbers])
    opening, [condition] = people(this, [definition.audience.rule])
    engine.make(
        "told_in",
        f"{opening} select user_no from people where user_no in (select user_no from entering) and {condition}",
    )
    chosen = (
        "select e.user_no, t.user_no is not null as is_in from entering as e left join told_in as t on e.user_no = t.user_no"
    )
    run.contacts_through = newest_decision()
    decide_candidates(this, chosen, among=numbers, is_entry=not definition.entry.per)
    others = engine.rows(
        "select user_no, arm, verdict, check_no, reason, risk_reasons, has_passed from decisions_made where verdict <> 'due'"
    )
    return _Passed(
        {each.user_no: each for each in due_of(this, "decisions_made", "d.verdict = 'due'")},
        {int(number): told for number, *told in others.values},  # type: ignore[misc]
    )


def _enter(home: Home, engine: Engine, run: Run, entrants: Sequence[Entrant], passed: _Passed, now: datetime) -> None:
    """Write what a campaign says of its entrants, in the caller's transaction."""
    definition = read_definition(run.version.title, run.version.body)
    step = None if definition.is_journey else definition.steps[0]
    this = Pass(home, engine, home.lake.snapshot(), run, step, now)
    entrants = sorted(entrants, key=lambda each: -1 if each.user_no is None else each.user_no)
    due = [each for each in entrants if each.user_no in passed.due]
    rows = [passed.due[each.user_no] for each in due if each.user_no is not None]
    keys = [_key(run, each) for each in due]
    if step is None:
        insert_many(Traveller, TRAVELLING, _travellers(this, due, rows, definition), skip_known=True)
    elif rows:
        once = f"{run.campaign.key} {definition.entry.per}"[:64] if definition.entry.per else ""
        write_sends(this, rows, keys, variables(definition, step), now, campaign=once)
    refused = [_refusal(this, each, passed) for each in entrants if each.user_no not in passed.due]
    entered = [_entered(this, each, row) for each, row in zip(due, rows, strict=True)] if step is None else []
    insert_many(Decision, DECIDED, [*refused, *entered], skip_known=True)
    details = {"run": run.pk, "entrants": len(entrants), "due": len(due)}
    audit("answer_events", subject=f"campaign {run.campaign.key}", acting=None, now=now, details=details)


def _key(run: Run, each: Entrant) -> str:
    return f"{run.pk}.e{each.event.pk}"


def _refusal(this: Pass, each: Entrant, passed: _Passed) -> tuple[object, ...]:
    unknown = ("none", "refused", 3, "unknown_user", "", False)
    arm, verdict, check_no, reason, risk, has_passed = passed.others.get(-1 if each.user_no is None else each.user_no, unknown)
    step = this.step.key if this.step else ""
    return (
        _key(this.run, each), this.run.pk, step, each.event.user_id, each.user_no, arm, verdict, check_no, reason, risk[:400],
        has_passed, "", this.definition.message_class, None, this.now,
    )  # fmt: skip


def _entered(this: Pass, each: Entrant, row: Due) -> tuple[object, ...]:
    return (
        _key(this.run, each), this.run.pk, "", each.event.user_id, each.user_no, row.arm, "entered", 16, "", "",
        True, "", this.definition.message_class, None, this.now,
    )  # fmt: skip


def _travellers(
    this: Pass, entrants: Iterable[Entrant], rows: Iterable[Due], definition: Definition
) -> Iterable[Sequence[Any]]:
    first = definition.steps[0]
    wake_at, waits_for = arrival(first, this.now, reporting=this.home.settings.zone)
    for each, row in zip(entrants, rows, strict=True):
        yield (
            this.run.pk, row.user_id, row.user_no, row.person_id, each.entry_key, row.arm, first.key, wake_at, waits_for, this.now,
        )  # fmt: skip


def _tell_travellers(events: Sequence[Event], now: datetime) -> None:
    """Take out those whose goal an event is, and wake those who wait for it; others remember it if their journey asks."""
    by_user: dict[str, set[str]] = defaultdict(set)
    for event in events:
        by_user[event.user_id].add(event.name)
    under_way = Traveller.objects.filter(user_id__in=list(by_user), state="waiting").select_related(
        "run__version", "run__campaign"
    )
    leaving: dict[int, tuple[Campaign, set[str]]] = {}
    told = []
    for each in under_way:
        definition = read_definition(each.run.version.title, each.run.version.body)
        names = by_user[each.user_id]
        if definition.goal and definition.goal.event in names:
            leaving.setdefault(each.run.campaign_id, (each.run.campaign, set()))[1].add(each.user_id)
            continue
        asked = {step.event for step in definition.steps if step.event} & names
        if asked - set(each.happened):
            each.happened = sorted({*each.happened, *asked})
            if each.waits_for in asked:
                each.wake_at, each.waits_for = now, ""
            told.append(each)
    Traveller.objects.bulk_update(told, ["happened", "wake_at", "waits_for"], batch_size=500)
    for campaign, users in leaving.values():
        numbers = leave(campaign, users, now=now)
        steps = range(states.MOST_STEPS)
        cancel(keys=[f"t{number}.{step}" for number in numbers for step in steps], reason="goal_reached", now=now)
        details = {"left": len(numbers)}
        audit("leave_journey", subject=f"campaign {campaign.key}", acting=None, now=now, details=details)


def _moment(said: Any, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError as bad:
        raise _bad(f"at is {str(said)[:60]!r}", "Write 2026-03-31T12:00:00Z.") from bad
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if aware > now + AHEAD:
        raise _bad(f"at is {said}, which is to come", "Tell an event after it happened, in UTC.")
    return aware


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def _bad(what: str, hint: str) -> BadInput:
    return BadInput(f"{what}.", hint, code="bad_event")
