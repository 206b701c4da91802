"""A run from its slot to its last message: freeze the audience, decide it in one pass, send what is due batch by batch.

Each part is done once, whoever does it and however often they were killed: what is frozen and decided lies in the lake under the
number of the run, and the batches move the run's position in the transaction that writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from springtide.analytics.decisions import read_policy
from springtide.analytics.decisions.assignment import settle_persons
from springtide.analytics.decisions.deciding import Reason, reasons
from springtide.analytics.engine import Engine
from springtide.analytics.lake import Lake
from springtide.home import Home
from springtide.kernel import days
from springtide.kernel.errors import Refused
from springtide.operations.campaigns import states
from springtide.operations.campaigns.candidates import (
    Pass,
    attach_audience,
    decide_candidates,
    people_chosen,
)
from springtide.operations.campaigns.definition import read_definition
from springtide.operations.campaigns.models import Campaign, Run, Version
from springtide.operations.campaigns.policy import policy_content_in_force
from springtide.operations.campaigns.sending import newest_decision, send_due
from springtide.operations.jobs.actions import enqueue
from springtide.operations.members.actions import audit

JOB = "campaign_run"
Clock = Callable[[], datetime]
Report = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class DryRun:
    """What a launch would do, without doing it: the funnel of checks, and how many rewards the budget would not hold."""

    as_of: date
    audience: int
    funnel: tuple[Reason, ...]
    sent: int
    without_budget: int


def ask_run(campaign: Campaign, slot: str, *, now: datetime, as_of: date | None = None) -> int:
    """Ask a worker for a run; the id of its job. Asked twice for one slot, it is one run.

    writes    one job
    """
    payload = {"campaign": campaign.key, "slot": slot, **({"as_of": str(as_of)} if as_of else {})}
    return enqueue(JOB, f"{campaign.key} {slot}", payload, now=now)


def carry_run(
    home: Home, key: str, slot: str, *, now: Clock, report: Report = lambda said: None, as_of: date | None = None
) -> Mapping[str, Any]:
    """Bring a run as far as it goes: to its end, or to where its campaign is paused or stopped. Done again, it goes on.

    writes     the run; lake tables audiences, persons, decisions; decisions, rewards, messages; audit rows
    refuses    not_live    the campaign has ended; nothing is left of the run
    """
    campaign = Campaign.objects.get(key=key)
    run = _begun(campaign, slot, now=now(), as_of=as_of)
    with home.engine(worker=True) as engine:
        if run.state == "freezing" and _is_live(run, now()):
            _freeze(home, engine, run, now())
        if run.state == "deciding" and _is_live(run, now()):
            report({"what": "deciding", "users": run.audience})
            _decide(home, engine, run, now())
        if run.state == "sending":
            report({"what": "decided", "users": run.due})
            send_due(home, engine, run, now=now, report=report)
    run.refresh_from_db()
    return {"state": run.state, "audience": run.audience, "due": run.due}


def dry_run(home: Home, title: str, body: Mapping[str, Any], campaign: Campaign, *, now: datetime) -> DryRun:
    """The whole funnel of checks for a campaign as it stands, draft or not, without sending or writing anything."""
    day = read_definition(title, body).audience.as_of or home.lake.snapshot().require_closed()
    version = Version(campaign=campaign, number=0, title=title, body=dict(body), policy=policy_content_in_force(home.path))
    run = Run(pk=0, campaign=campaign, version=version, slot="dry run", as_of=day)
    with home.engine(worker=True) as engine:
        this = pass_of(home, engine, run, now)
        audience = decide_candidates(this, people_chosen(this))
        found = reasons(engine)
        due = sum(each.users for each in found if each.verdict == "due")
        without = _without_budget(this, found)
    return DryRun(day, audience, found, due - without, without)


def _without_budget(this: Pass, found: tuple[Reason, ...]) -> int:
    """How many of those due would get nothing, since the money ends before them."""
    definition, step = this.definition, this.step
    left = definition.budget_usdt
    without = 0
    for each in found:
        key = step.offer(each.arm) if step and each.verdict == "due" else None
        if key and (amount := definition.offers[key].amount_usdt):
            given = min(each.users, int(left // amount))
            left -= given * amount
            without += each.users - given
    return without


def pass_of(home: Home, engine: Engine, run: Run, now: datetime) -> Pass:
    """The first pass of a run: over its step, or over the entry into its journey."""
    definition = read_definition(run.version.title, run.version.body)
    return Pass(home, engine, home.lake.snapshot(), run, None if definition.is_journey else definition.steps[0], now)


def begin_stream(campaign: Campaign, version: Version, *, now: datetime) -> Run:
    """The run of whoever an event happens to, for as long as this version is in force, in the caller's transaction."""
    return Run.objects.create(
        campaign=campaign, version=version, slot=f"events {version.number}", asked_at=now, state="sending"
    )


@transaction.atomic
def _begun(campaign: Campaign, slot: str, *, now: datetime, as_of: date | None) -> Run:
    """The run of a slot, begun if it was not.

    refuses    not_live    it was not begun, and its campaign does not run
    """
    there = Run.objects.select_related("campaign", "version").filter(campaign=campaign, slot=slot).first()
    if there is not None:
        return there
    if campaign.state != states.LIVE:
        raise Refused(f"Campaign '{campaign.key}' is {campaign.state}.", "Nothing is begun any more.", code="not_live")
    version = campaign.versions.order_by("-number")[0]
    run = Run.objects.create(campaign=campaign, version=version, slot=slot, asked_at=now, as_of=as_of)
    audit("begin_run", subject=f"campaign {campaign.key}", acting=None, now=now, becomes=run.state, details={"slot": slot})
    return run


def _is_live(run: Run, now: datetime) -> bool:
    """Whether its campaign runs; a run that nobody decided is stopped once its campaign has ended."""
    state = Campaign.objects.values_list("state", flat=True).get(pk=run.campaign_id)
    if state in ("measuring", "closed"):
        _move(run, "stop", now, details={}, ended_at=now)
    return state == states.LIVE


def _freeze(home: Home, engine: Engine, run: Run, now: datetime) -> None:
    """Fix whom the run addresses: their numbers in the lake, how many they are, and the hash of their ids."""
    snapshot = home.lake.snapshot()
    run.as_of = run.as_of or read_definition(run.version.title, run.version.body).audience.as_of or snapshot.require_closed()
    this = Pass(home, engine, snapshot, run, None, now)
    engine.make("frozen", people_chosen(this))
    engine.make("frozen_ids", "select f.user_no, u.user_id from frozen as f inner join users as u on f.user_no = u.user_no")
    [[users, content]] = engine.rows(
        "select count(*), coalesce(md5(string_agg(user_id, ',' order by user_no)), '') from frozen_ids"
    ).values
    _publish(home.lake, engine, "audiences", run, "select user_no from frozen order by user_no", now=now)
    _move(
        run, "freeze", now, audience=users, audience_hash=content, as_of=run.as_of, details={"users": users, "content": content}
    )


def _decide(home: Home, engine: Engine, run: Run, now: datetime) -> None:
    """Decide everybody of the frozen audience in one pass, and publish it with one audit row: how many, and the hash of the file."""
    salt = read_policy(run.version.policy).salt
    settle_persons(home.lake, engine, salt=salt, day=days.day_of(now, home.settings.zone), now=now)
    through = newest_decision()
    this = pass_of(home, engine, run, now)
    attach_audience(engine, this.snapshot, run.pk)
    decide_candidates(this, "select user_no, true as is_in from audience_of_run")
    content = _publish(home.lake, engine, "decisions", run, "select * from decisions_made order by user_no", now=now)
    funnel = [list(asdict(each).values()) for each in reasons(engine)]
    due = sum(row[4] for row in funnel if row[3] == "due")
    details = {"users": run.audience, "due": due, "content": content}
    _move(run, "decide", now, funnel=funnel, due=due, decided_at=now, contacts_through=through, details=details)


def _publish(lake: Lake, engine: Engine, table: str, run: Run, query: str, *, now: datetime) -> str:
    """Publish a query's rows as the file of a run in a table of the lake, once; the hash of the file."""
    with lake.writing() as publication:
        known = [file for file in publication.snapshot.entries(table) if file.path.split(".")[0] == f"{table}/{run.pk}"]
        if not known:
            path = publication.new_path(table, str(run.pk))
            publication.add(table, path, rows=engine.write(query, path), day=run.as_of)
            publication.commit(now=now)
            known = [file for file in publication.snapshot.entries(table) if file.path.split(".")[0] == f"{table}/{run.pk}"]
    return known[0].sha256[:16] if known else ""


@transaction.atomic
def _move(run: Run, move: str, now: datetime, *, details: Mapping[str, Any], **changes: Any) -> None:
    """Compare and set: the run is as it was, or another worker was faster and its work stands."""
    was = run.state
    becomes = next(to for start, name, to in states.RUN_MOVES if (start, name) == (was, move))
    if Run.objects.filter(pk=run.pk, state=was).update(state=becomes, **changes):
        subject = f"campaign {run.campaign.key}"
        told = {"run": run.pk, "slot": run.slot, **details}
        audit(f"{move}_run", subject=subject, acting=None, now=now, was=was, becomes=becomes, details=told)
    run.refresh_from_db()
