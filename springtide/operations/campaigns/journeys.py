"""Journeys: users under way, each at a step, woken when their time comes or an event does, and moved on in one transaction.

Who is due is read and passed first, and in the transaction that writes only those are moved who still stand where they stood: two
workers who wake the same user at once move them once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from springtide.analytics.decisions.deciding import USERS
from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.home import Home
from springtide.kernel.ids import BUCKETS, bucket
from springtide.operations.campaigns import states
from springtide.operations.campaigns.candidates import Pass, decide_candidates, people, variables
from springtide.operations.campaigns.definition import LAST, Step
from springtide.operations.campaigns.models import Campaign, Decision, Run, Traveller, Turn
from springtide.operations.campaigns.sending import DECIDED, Due, due_of, newest_decision, write_sends
from springtide.operations.campaigns.waiting import arrival
from springtide.operations.inserting import insert_many
from springtide.operations.members.actions import audit

WOKEN: Final = 5_000  # travellers in one go
ENDS_JOURNEY: Final = (3, 10)  # who is no active user any more, or has reached the goal, leaves


@dataclass(frozen=True)
class Woken:
    """How many travellers went on, arrived at the end, and left before it."""

    went_on: int = 0
    arrived: int = 0
    left: int = 0


@dataclass(frozen=True)
class Onward:
    """Where a traveller goes: to a step, to the end, or out of it (`left`)."""

    step: str
    left: bool = False


def wake(home: Home, engine: Engine, *, now: datetime) -> Woken:
    """Let some of those go on whose time has come: those who stand at one step of one run.

    writes     travellers; for messages, rewards and tasks what `write_sends` writes; one audit row
    """
    due = Traveller.objects.filter(state="waiting", wake_at__lte=now, run__campaign__state__in=(states.LIVE, "measuring"))
    first = due.order_by("wake_at", "pk").values_list("run_id", "step").first()
    if first is None:
        return Woken()
    run_id, key = first
    run = Run.objects.select_related("campaign", "version").get(pk=run_id)
    snapshot = home.lake.snapshot()
    run.as_of = snapshot.require_closed()  # a traveller is looked at as they are now, not as they were when they entered
    this = Pass(home, engine, snapshot, run, None, now)
    step = this.definition.step(key)
    travellers = list(due.filter(run=run, step=key).order_by("user_no", "pk")[:WOKEN])
    if step.do in ("message", "reward", "task"):
        one_each = {each.user_no: each for each in reversed(travellers)}  # who has several runs acts in one of them at a time
        return _act(
            Pass(home, engine, snapshot, run, step, now), step, sorted(one_each.values(), key=lambda each: each.user_no)
        )
    onward = _onward(this, step, travellers)
    with transaction.atomic():
        return _move(this, step, {each.pk: each for each in travellers}, onward)


def leave(campaign: Campaign, user_ids: Iterable[str], *, now: datetime) -> list[int]:
    """Take users out of a journey whose goal they have reached, at once, in the caller's transaction; the numbers of those who left.

    writes     travellers, left
    """
    going = Traveller.objects.select_for_update().filter(run__campaign=campaign, user_id__in=list(user_ids), state="waiting")
    numbers = list(going.values_list("pk", flat=True))
    Traveller.objects.filter(pk__in=numbers).update(state="left", ended_at=now)
    return numbers


def _onward(this: Pass, step: Step, travellers: Sequence[Traveller]) -> dict[int, Onward]:
    """Where each goes from a step that writes to nobody."""
    match step.do:
        case "branch" if step.rule:
            holds = _holds(this, step.rule, travellers)
            return {each.pk: Onward(step.then if each.user_no in holds else step.otherwise) for each in travellers}
        case "branch":
            return {each.pk: Onward(step.then if step.event in each.happened else step.otherwise) for each in travellers}
        case "wait_until" if step.event:
            return {each.pk: Onward(step.then if step.event in each.happened else step.otherwise) for each in travellers}
        case "split":
            return {each.pk: Onward(way_of(this.campaign.key, step, each.person_id)) for each in travellers}
        case "exit":
            return {each.pk: Onward(LAST) for each in travellers}
    return {each.pk: Onward(step.then) for each in travellers}


def way_of(campaign: str, step: Step, person_id: str) -> str:
    """The way of a person at a split: drawn once, for ever, apart from any other draw."""
    total = sum(weight for _, weight in step.ways)
    drawn = bucket(f"campaign {campaign} split {step.key}", person_id)
    below = 0
    for to, weight in step.ways:
        below += weight
        if drawn < BUCKETS * below / total:
            return to
    return step.ways[-1][0]


def _holds(this: Pass, rule: str, travellers: Sequence[Traveller]) -> set[int]:
    """The numbers of those for whom a text holds as of the last closed day."""
    opening, [condition] = people(this, [rule])
    this.engine.table("asked_of", USERS, [(number,) for number in {each.user_no for each in travellers}])
    told = this.engine.rows(
        f"{opening} select user_no from people where user_no in (select user_no from asked_of) and {condition}"
    )
    return {int(number) for (number,) in told.values}


def _act(this: Pass, step: Step, travellers: Sequence[Traveller]) -> Woken:
    """Decide a message, a reward or a task for those who stand at it, write what is due, and let them go on."""
    due, refused = _decided(this, [each.user_no for each in travellers])
    names = variables(this.definition, step)
    step_no = this.definition.steps.index(step)
    with transaction.atomic():
        Turn.objects.select_for_update().get_or_create(pk=1)
        standing = _standing(step, travellers)
        going = [each for each in standing.values() if each.user_no in due]
        rows = [due[each.user_no]._replace(arm=each.arm, person_id=each.person_id) for each in going]
        keys = [key_of(each, step_no) for each in going]
        if rows:
            write_sends(this, rows, keys, names, this.now, campaign=f"{this.campaign.key} {step.key}"[:64])
        stopped = [each for each in standing.values() if each.user_no not in due]
        insert_many(Decision, DECIDED, (_refusal(this, step_no, each, *refused[each.user_no]) for each in stopped))
        onward = {
            each.pk: Onward(step.then, left=each.user_no in refused and refused[each.user_no][0] in ENDS_JOURNEY)
            for each in standing.values()
        }
        return _move(this, step, standing, onward)


def _decided(this: Pass, numbers: Sequence[int]) -> tuple[dict[int, Due], dict[int, tuple[int, str, str]]]:
    """Who is due of those who stand at a step, and why the others are not: (check, reason, reasons of risk)."""
    engine = this.engine
    among = sorted(set(numbers))
    this.run.contacts_through = newest_decision()
    engine.table("standing", USERS, [(number,) for number in among])
    decide_candidates(this, "select user_no, true as is_in from standing", among=among, is_entry=False)
    # The arm was drawn at the entry, and its control and holdout stayed outside: here they are due like anybody.
    due = due_of(this, "decisions_made", "d.check_no in (6, 9, 16)")
    others = engine.rows("select user_no, check_no, reason, risk_reasons from decisions_made where check_no not in (6, 9, 16)")
    return {each.user_no: each for each in due}, {
        int(number): (check_no, reason, risk) for number, check_no, reason, risk in others.values
    }


def _standing(step: Step, travellers: Sequence[Traveller]) -> dict[int, Traveller]:
    """Those of the travellers who still stand where they were seen, locked, in the order of their numbers."""
    numbers = [each.pk for each in travellers]
    found = Traveller.objects.select_for_update().filter(pk__in=numbers, state="waiting", step=step.key)
    return {each.pk: each for each in found.order_by("user_no", "pk")}


def _move(this: Pass, step: Step, travellers: Mapping[int, Traveller], onward: Mapping[int, Onward]) -> Woken:
    """Move travellers on, in the caller's transaction; those who stand elsewhere by now stay where they are."""
    standing = _standing(step, list(travellers.values()))
    definition, zones = this.definition, _zones(this, standing.values(), onward)
    went: list[Traveller] = []
    arrived: list[Traveller] = []
    left: list[Traveller] = []
    for each in standing.values():
        to = onward[each.pk]
        if to.left or to.step == LAST:
            each.state, each.ended_at = ("left" if to.left else "done"), this.now
            (left if to.left else arrived).append(each)
        else:
            zone, country = zones.get(each.user_no, (None, None))
            each.step = to.step
            reporting = this.home.settings.zone
            each.wake_at, each.waits_for = arrival(
                definition.step(to.step), this.now, reporting=reporting, timezone=zone, country=country
            )
            went.append(each)
    fields = ["step", "state", "wake_at", "waits_for", "ended_at"]
    Traveller.objects.bulk_update([*went, *arrived, *left], fields, batch_size=500)
    woken = Woken(len(went), len(arrived), len(left))
    details = {"run": this.run.pk, "step": step.key, **vars(woken)}
    audit("wake_travellers", subject=f"campaign {this.campaign.key}", acting=None, now=this.now, details=details)
    return woken


def _zones(
    this: Pass, travellers: Iterable[Traveller], onward: Mapping[int, Onward]
) -> dict[int, tuple[str | None, str | None]]:
    """User → zone and country, for those who come to a step that waits for an hour of their day."""
    by_step: dict[str, list[int]] = defaultdict(list)
    for each in travellers:
        by_step[onward[each.pk].step].append(each.user_no)
    waits = [
        number for key, numbers in by_step.items() if key != LAST and this.definition.step(key).until for number in numbers
    ]
    if not waits:
        return {}
    this.engine.table("asked_of", USERS, [(number,) for number in waits])
    this.snapshot.attach(this.engine, "users", fact_schema("users"))
    told = this.engine.rows(
        "select u.user_no, u.timezone, u.country from users as u inner join asked_of as a on u.user_no = a.user_no"
    )
    return {int(number): (zone, country) for number, zone, country in told.values}


def key_of(traveller: Traveller, step_no: int) -> str:
    """The id of a decision about a traveller at a step."""
    return f"t{traveller.pk}.{step_no}"


def _refusal(this: Pass, step_no: int, each: Traveller, check_no: int, reason: str, risk: str) -> tuple[object, ...]:
    step = this.step.key if this.step else ""
    kind, now = this.definition.message_class, this.now
    return (
        key_of(each, step_no), this.run.pk, step, each.user_id, each.user_no, each.arm, "refused", check_no, reason, risk[:400],
        True, "", kind, None, now,
    )  # fmt: skip
