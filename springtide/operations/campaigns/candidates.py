"""What a pass is told of the users it decides: the audience frozen, profiles and strata, risk, consent, earlier campaigns, contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final

from django.db.models import Q

from springtide.analytics.decisions import Policy, read_policy
from springtide.analytics.decisions.assignment import Share, attach_persons, shares
from springtide.analytics.decisions.deciding import CANDIDATES, CONTACTS, DECISIONS, USERS, Asked, decide
from springtide.analytics.decisions.policy import LONGEST_CAP_DAYS
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.foresight.benefit import MESSAGE, Benefit
from springtide.analytics.lake import Snapshot
from springtide.analytics.segments import COLUMNS
from springtide.home import Home
from springtide.home.users import Selection, people_of, understood
from springtide.kernel import days
from springtide.operations.campaigns import states
from springtide.operations.campaigns.definition import Definition, Step, read_definition
from springtide.operations.campaigns.models import Campaign, Decision, Run
from springtide.operations.campaigns.offers import offer_hashes
from springtide.operations.campaigns.reach import selection
from springtide.operations.delivery import templates
from springtide.operations.delivery.models import Withdrawal
from springtide.operations.risk.gates import judged
from springtide.operations.work.models import Contact
from springtide.operations.work.states import OUTREACH

AUDIENCES: Schema = (Column("user_no", "integer", False, "a user of the audience of a run, as it was frozen"),)
OUTCOMES: Schema = (
    Column("user_no", "integer", True, "the user's number"),
    Column("user_id", "varchar", False, "the exchange's id"),
    Column("campaign", "varchar", False, "the campaign"),
    Column("run", "bigint", False, "the run of the campaign"),
    Column("step", "varchar", False, "the step that was decided"),
    Column("arm", "varchar", False, "control, holdout or a treated arm"),
    Column("verdict", "varchar", False, "sent, refused, control, holdout, or entered for a journey"),
    Column("check_no", "integer", False, "the check that refused; 16: none"),
    Column("reason", "varchar", False, "its code"),
    Column("risk_reasons", "varchar", False, "codes of the risk gates where they refused"),
    Column("has_passed", "boolean", False, "none of the checks 1 to 5, 7, 8 and 10 refused"),
    Column("channel", "varchar", False, "of the message or the call; empty: no contact"),
    Column("message_class", "varchar", False, "service, lifecycle or promotional"),
    Column("decided_at", "timestamp", False, "when"),
)
ENTRY: Final = ""  # the step of a journey's entry
_IDS: Schema = (Column("user_id", "varchar", False),)
_CONTACTS_BY_ID: Schema = (Column("user_id", "varchar", False), *CONTACTS[1:])


@dataclass(frozen=True)
class Pass:
    """One pass over candidates: what it decides, and with what."""

    home: Home
    engine: Engine
    snapshot: Snapshot
    run: Run
    step: Step | None  # null: the entry into a journey
    now: datetime

    @cached_property
    def definition(self) -> Definition:
        return read_definition(self.run.version.title, self.run.version.body)

    @cached_property
    def policy(self) -> Policy:
        return read_policy(self.run.version.policy)

    @cached_property
    def offer_hashes(self) -> dict[str, str]:
        """Offer → the content hash by which the ledger knows it."""
        return offer_hashes(self.campaign.key, self.definition)

    @property
    def campaign(self) -> Campaign:
        return self.run.campaign

    @property
    def day(self) -> date:
        return self.run.as_of or self.snapshot.require_closed()

    @property
    def channel(self) -> str:
        """Of the contact that the step makes; empty where it makes none."""
        if self.step is None or self.step.do not in ("message", "task"):
            return ""
        return self.step.channel or str((self.step.task or {}).get("type", ""))

    @property
    def shares(self) -> tuple[Share, ...]:
        return shares(self.definition.holdout_ratio, [(arm.key, arm.weight) for arm in self.definition.arms])

    def benefit(self) -> Benefit:
        """What the gates are asked about: the dearest offer of the step, of the whole journey at its entry, or a message."""
        steps = [self.step] if self.step else self.definition.steps
        keys = {key for each in steps for key in (each.offers or {}).values() if key}
        offers = [self.definition.offers[key] for key in keys]
        dearest = max(offers, key=lambda each: each.amount_usdt, default=None)
        return Benefit(
            kind=dearest.type if dearest else MESSAGE,
            instrument=self.definition.instrument,
            amount_usdt=dearest.amount_usdt if dearest else Decimal(0),
            is_outbound=self.definition.message_class != "service",
        )


def decide_candidates(this: Pass, chosen: str, *, among: Collection[int] | None = None, is_entry: bool = True) -> int:
    """Decide the users that the query `chosen` names, into the table `decisions_made`; how many they are.

    `chosen` gives user_no and is_in, and may read `people`. `among`: their numbers, where they are few: then little is read.
    """
    _candidates(this, chosen)
    few = "candidates" if among is not None else None
    attach_persons(this.engine, this.snapshot, salt=this.policy.salt, day=this.day, few=few)
    judged(
        this.engine,
        this.snapshot,
        users_table="candidates",
        benefit=this.benefit(),
        as_of=this.day,
        now=this.now,
        into="judged",
    )
    _earlier(this, among, is_entry=is_entry)
    _withdrawn(this)
    _contacts(this, among)
    asked = Asked(
        campaign=this.campaign.key,
        run=this.run.pk,
        step=this.step.key if this.step else ENTRY,
        message_class=this.definition.message_class,
        channel=this.channel,
        shares=this.shares,
        policy=this.policy,
        reporting=this.home.settings.zone,
        now=this.now,
    )
    return decide(this.engine, asked)


def people(this: Pass, texts: Iterable[str]) -> tuple[str, list[str]]:
    """The opening of a query that names `people`, the users as of the day of the run, and each text as a condition over them."""
    said = list(texts)
    rule = " or ".join(["true", *(f"({text})" for text in said)])
    keys = [each.key for each in this.home.stratifications()]
    named = this.home.named()
    _, opening, _, _ = people_of(this.engine, this.snapshot, Selection(rule, as_of=this.day, everyone=True), keys, named)
    return opening, [understood(text, named)[0].sql() for text in said]


def people_chosen(this: Pass) -> str:
    """The query of the audience as of the day of the run: user_no, is_in. It stands alone."""
    chosen = selection(this.definition.audience, this.day)
    keys = [each.key for each in this.home.stratifications()]
    _, opening, where, bound = people_of(this.engine, this.snapshot, chosen, keys, this.home.named())
    this.engine.make("audience_chosen", f"{opening} select user_no, true as is_in from people where {where}", **bound)
    return "select user_no, is_in from audience_chosen"


def variables(definition: Definition, step: Step | None) -> tuple[str, ...]:
    """The columns of users that the templates of a step ask for."""
    keys = dict.fromkeys((step.templates or {}).values()) if step else {}
    asked = {name: None for key in keys for name in _template(definition, key).variables}
    return tuple(name for name in asked if name in known_variables())


def known_variables() -> frozenset[str]:
    """What a template may ask of a user."""
    return frozenset(COLUMNS) - {"user_no"}


def _template(definition: Definition, key: str) -> templates.Template:
    return templates.read(key, definition.template_versions.get(key))


def _candidates(this: Pass, chosen: str) -> None:
    """Fill `candidates`: one row for each user that `chosen` names, with what is known of them as of the day of the run."""
    goal = this.definition.goal.rule if this.definition.goal else ""
    opening, conditions = people(this, [goal] if goal else [])
    lacking = _lacking(this)
    this.engine.make("chosen", f"{opening} {chosen}")
    columns = ", ".join(column.name for column in CANDIDATES)
    this.engine.make(
        "candidates",
        f"""{opening}, reached as (select *, {conditions[0] if conditions else "false"} as is_reached from people)
        select {columns} from (
            select c.user_no, u.user_id, p.user_no is not null as is_known, u.user_no <> u.master_no as is_sub_account,
                coalesce(p.is_counted, false) as is_counted, coalesce(p.status, u.status) as status, p.has_consent, p.vip_level,
                coalesce(p.language, u.language) as language, u.timezone, coalesce(p.country, u.country) as country, c.is_in,
                coalesce(p.is_reached, false) as is_goal_reached, {lacking} as lacks
            from chosen as c inner join users as u on c.user_no = u.user_no left join reached as p on c.user_no = p.user_no
        ) as k""",
    )


def _lacking(this: Pass) -> str:
    """The code of the first variable without which a template of the step refuses, null where all are known.

    A variable that one arm's template needs refuses in every arm, so that the arms stay alike.
    """
    if this.step is None:
        return "cast(null as varchar)"
    needed = dict.fromkeys(
        name for key in (this.step.templates or {}).values() for name in templates.needed(_template(this.definition, key))
    )
    asked = [name for name in needed if name in known_variables()]
    whens = " ".join(f"when p.{name} is null then 'missing_{name}'" for name in asked)
    return f"case {whens} end" if whens else "cast(null as varchar)"


def _earlier(this: Pass, among: Collection[int] | None, *, is_entry: bool) -> None:
    """Fill `entered`, `excluding` and `decided`: a step after the entry asks none of them, since its run was let in."""
    engine = this.engine
    engine.table("decided", USERS, ())
    engine.table("entered", USERS, ())
    engine.table("excluding", USERS, ())
    if not is_entry:
        return
    _entered(this, "entered", [this.campaign], among, since=_may_not_enter_since(this))
    if group := this.definition.exclusion_group:
        others = Campaign.objects.filter(state__in=states.ENTERED, body__exclusion_group=group).exclude(pk=this.campaign.pk)
        _entered(this, "excluding", others, among, since=None)


def _may_not_enter_since(this: Pass) -> datetime | None:
    """Who entered from then on may not enter again; None: whoever ever entered."""
    again, zone = this.definition.re_entry, this.home.settings.zone
    match again.kind:
        case "elapsed":
            return this.now - timedelta(days=again.days)
        case "calendar":
            start = days.period_start(days.day_of(this.now, zone), again.period)
            return days.start_of_day(start, zone).replace(tzinfo=UTC)
    return None


def _entered(
    this: Pass, table: str, campaigns: Iterable[Campaign], among: Collection[int] | None, *, since: datetime | None
) -> None:
    """The users who passed into one of these campaigns, this run apart: what the lake has of their runs, and what it has not yet."""
    runs = Run.objects.filter(campaign__in=list(campaigns)).values_list("pk", flat=True)
    numbers = [number for number in runs if number != this.run.pk or this.run.is_stream]
    if not numbers:
        return
    bound = {"since": (since or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)}
    attach_decisions(this.engine, this.snapshot, numbers, name="earlier")
    this.snapshot.attach(this.engine, "decision_outcomes", OUTCOMES)
    listed = ", ".join(map(str, numbers))
    fresh = Decision.objects.filter(run__in=numbers, has_passed=True, verdict__in=("sent", "refused", "holdout", "entered"))
    fresh = fresh.filter(
        **({"decided_at__gte": since} if since else {}), **({"user_no__in": among} if among is not None else {})
    )
    streams = fresh.filter(run__slot__startswith="events") if among is None else fresh
    this.engine.table(
        "entered_now", USERS, [(number,) for number in streams.values_list("user_no", flat=True) if number is not None]
    )
    this.engine.make(
        table,
        "select distinct user_no from ("
        " select user_no from earlier where has_passed and verdict in ('due', 'holdout') and decided_at >= $since"
        f" union all select user_no from decision_outcomes where run in ({listed}) and has_passed"
        " and verdict <> 'control' and decided_at >= $since"
        " union all select user_no from entered_now) as e",
        **bound,
    )


def _withdrawn(this: Pass) -> None:
    """Fill `withdrawn`: users who want no more of it on this channel, whatever the last close knew."""
    gone = Withdrawal.objects.filter(Q(channel="") | Q(channel=this.channel or "-")).values_list("user_id", flat=True)
    this.engine.table("withdrawn_ids", _IDS, [(user,) for user in gone.distinct()])
    this.engine.make(
        "withdrawn",
        "select distinct u.user_no from withdrawn_ids as w inner join users as u on w.user_id = u.user_id",
    )


def _contacts(this: Pass, among: Collection[int] | None) -> None:
    """Fill `contacts`: what was sent and who was called, as far back as caps look; what the lake has and what it has not yet."""
    engine = this.engine
    if not this.channel or this.definition.message_class == "service":
        engine.table("contacts", CONTACTS, ())
        return
    since = this.now - timedelta(days=LONGEST_CAP_DAYS + 1)
    sent = Decision.objects.filter(pk__gt=exported_through(this.snapshot), verdict="sent", decided_at__gte=since)
    sent = sent.exclude(channel="").exclude(user_no=None)
    if among is not None:
        sent = sent.filter(user_no__in=among)
    rows = sent.values_list("user_no", "decided_at", "channel", "message_class")
    engine.table("sent_now", CONTACTS, [(no, _naive(at), channel, kind, channel in OUTREACH) for no, at, channel, kind in rows])
    called = Contact.objects.filter(happened_at__gte=since).values_list("user_id", "happened_at", "channel")
    engine.table("called", _CONTACTS_BY_ID, [(user, _naive(at), way, "", way in OUTREACH) for user, at, way in called])
    this.snapshot.attach(engine, "decision_outcomes", OUTCOMES, since=since.date())
    columns = "contacted_at, channel, message_class, is_outreach"
    engine.make(
        "contacts",
        f"select user_no, {columns} from sent_now union all"
        f" select u.master_no, {columns} from called as c inner join users as u on c.user_id = u.user_id union all"
        " select user_no, decided_at, channel, message_class, channel in ('call', 'chat') from decision_outcomes"
        " where verdict = 'sent' and channel <> '' and decided_at >= $since",
        since=_naive(since),
    )


def exported_through(snapshot: Snapshot) -> int:
    """The last decision of the database that lies in the lake: those behind it lie in the database alone."""
    return int(snapshot.manifest.notes.get("decisions_exported", 0))


def attach_decisions(engine: Engine, snapshot: Snapshot, runs: Sequence[int], *, name: str) -> None:
    """The decisions of some runs, as they lie in the lake: a file is named after its run."""
    wanted = {f"decisions/{run}" for run in runs}
    files = [file for file in snapshot.entries("decisions") if file.path.split(".")[0] in wanted]
    engine.view(name, [snapshot.root / file.path for file in files], DECISIONS)


def attach_audience(engine: Engine, snapshot: Snapshot, run: int) -> None:
    """The frozen audience of a run, as `audience_of_run`."""
    files = [file for file in snapshot.entries("audiences") if file.path.split(".")[0] == f"audiences/{run}"]
    engine.view("audience_of_run", [snapshot.root / file.path for file in files], AUDIENCES)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
