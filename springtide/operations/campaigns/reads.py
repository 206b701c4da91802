"""What screens and commands ask about campaigns. `member` null: the machine itself, which sees everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet

from springtide.analytics.decisions.deciding import CHECKS, DECISIONS
from springtide.analytics.facts import fact_schema
from springtide.home import Home
from springtide.kernel.errors import UnknownName, suggest
from springtide.operations.campaigns import states
from springtide.operations.campaigns.candidates import OUTCOMES, exported_through
from springtide.operations.campaigns.definition import Definition, read_definition
from springtide.operations.campaigns.models import Campaign, Decision, Run, Traveller, Version
from springtide.operations.delivery.models import Message
from springtide.operations.members import states as rights
from springtide.operations.members.models import Approval, Member
from springtide.operations.rewards.models import Reward


@dataclass(frozen=True)
class ApprovalWaits:
    """An approval that a campaign needs: which right, how many said yes of how many, and how it stands."""

    id: int
    right: str
    title: str
    state: str
    given: int
    quorum: int


@dataclass(frozen=True)
class CampaignSeen:
    """A campaign as a screen shows it. `content_hash` goes back to an action as `seen`; `moves`: what this member may do now."""

    id: int
    key: str
    title: str
    state: str
    body: Mapping[str, Any]
    content_hash: str
    definition: Definition
    version: int  # of the last launch; 0: never
    drafted_by: str
    drafted_at: datetime
    edited_by: str
    edited_at: datetime
    ended_at: datetime | None
    note: str
    is_own: bool
    approvals: tuple[ApprovalWaits, ...]
    moves: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        told = {name.name: getattr(self, name.name) for name in fields(self) if name.name != "definition"}
        times = {name: value.isoformat() for name, value in told.items() if isinstance(value, datetime)}
        return {**told, **times, "approvals": [vars(each) for each in self.approvals], "moves": list(self.moves)}


# Which right a move needs; approving and returning are answered in the inbox of approvals.
_MAY: Mapping[str, str] = {
    "edit": rights.EDIT_CAMPAIGNS,
    "submit": rights.EDIT_CAMPAIGNS,
    "reopen": rights.EDIT_CAMPAIGNS,
    "launch": rights.EDIT_CAMPAIGNS,
    "resume": rights.EDIT_CAMPAIGNS,
    "revise": rights.EDIT_CAMPAIGNS,
    "cancel": rights.EDIT_CAMPAIGNS,
    "close": rights.EDIT_CAMPAIGNS,
    "pause": rights.STOP_CAMPAIGNS,
    "finish": rights.STOP_CAMPAIGNS,
    "kill": rights.STOP_CAMPAIGNS,
}


def campaign(key: str, member: Member | None = None) -> CampaignSeen:
    """One campaign.

    refuses    unknown_campaign    there is none, or the member may not know of it
    """
    found = handle(key, member)
    return _seen(found, member)


def handle(key: str, member: Member | None = None) -> Campaign:
    """One campaign, as the handle that a view passes to an action.

    refuses    unknown_campaign    there is none, or the member may not know of it
    """
    found = Campaign.objects.select_related("drafted_by", "edited_by").filter(key=key).first()
    if found is None or not _may_see(found, member):
        keys = [] if member and not member.may(rights.SEE_CAMPAIGNS) else Campaign.objects.values_list("key", flat=True)
        raise UnknownName(f"There is no campaign '{key}'.", suggest(key, keys), code="unknown_campaign")
    return found


def campaigns(member: Member | None = None, *, among: tuple[str, ...] = states.STATES) -> tuple[CampaignSeen, ...]:
    """The campaigns in these states that the member may see, the newest first."""
    rows: QuerySet[Campaign] = (
        Campaign.objects.filter(state__in=among).select_related("drafted_by", "edited_by").order_by("-pk")
    )
    return tuple(_seen(each, member) for each in rows if _may_see(each, member))


def difference(number: int) -> tuple[tuple[str, str, str], ...]:
    """What approving a campaign would change against its last launch: (what, was, becomes); all of it, where it never ran."""
    found = Campaign.objects.get(pk=number)
    last = found.versions.order_by("-number").first()
    was = _flat({"title": last.title, **last.body} if last else {})
    becomes = _flat({"title": found.title, **found.body})
    names = dict.fromkeys((*becomes, *was))
    return tuple((name, was.get(name, ""), becomes.get(name, "")) for name in names if was.get(name) != becomes.get(name))


@dataclass(frozen=True)
class FunnelRow:
    """How many users of an arm a check refused and why, or let through. `check`: what it asks, in words; `verdict`: waiting is due."""

    check_no: int
    check: str
    reason: str
    arm: str
    verdict: str
    users: int


@dataclass(frozen=True)
class RunSeen:
    """A run of a campaign. `funnel`: every user of its audience once, by the check that refused them or what became of them."""

    slot: str
    version: int
    state: str
    as_of: date | None
    asked_at: datetime
    ended_at: datetime | None
    audience: int
    audience_hash: str
    due: int
    funnel: tuple[FunnelRow, ...]

    def as_dict(self) -> dict[str, Any]:
        told = {**vars(self), "funnel": [vars(row) for row in self.funnel]}
        return {name: str(value) if isinstance(value, date | datetime) else value for name, value in told.items()}


def runs(key: str, member: Member | None = None) -> tuple[RunSeen, ...]:
    """The runs of a campaign, the newest first, each with its funnel of checks.

    refuses    unknown_campaign
    """
    found = handle(key, member).runs.select_related("version").order_by("-pk")
    return tuple(
        RunSeen(
            run.slot, run.version.number, run.state, run.as_of, run.asked_at, run.ended_at, run.audience, run.audience_hash,
            run.due, _funnel(run),
        )
        for run in found
    )  # fmt: skip


def funnel(key: str, member: Member | None = None) -> tuple[FunnelRow, ...]:
    """The funnel of checks over all runs of a campaign together.

    refuses    unknown_campaign
    """
    together: Counter[tuple[int, str, str, str]] = Counter()
    for run in runs(key, member):
        together.update({(row.check_no, row.reason, row.arm, row.verdict): row.users for row in run.funnel})
    return _rows(together)


def travellers(key: str, member: Member | None = None) -> dict[str, int]:
    """Step → users of a journey who stand at it now.

    refuses    unknown_campaign
    """
    waiting = Traveller.objects.filter(run__campaign=handle(key, member), state="waiting")
    return {row["step"]: row["users"] for row in waiting.values("step").annotate(users=Count("pk"))}


def _funnel(run: Run) -> tuple[FunnelRow, ...]:
    """What the pass said, with those who were due by what became of them; of a stream, what the database still has."""
    if run.is_stream:
        told = Decision.objects.filter(run=run).values_list("check_no", "reason", "arm", "verdict").annotate(Count("pk"))
        return _rows({(check, reason, arm, verdict): users for check, reason, arm, verdict, users in told})
    counted: Counter[tuple[int, str, str, str]] = Counter()
    for check_no, reason, arm, verdict, users, _ in run.funnel:
        counted[check_no, reason, arm, "waiting" if verdict == "due" else verdict] += users
    for check_no, reason, arm, verdict, users in run.late:
        counted[check_no, reason, arm, verdict] += users
        counted[16, "", arm, "waiting"] -= users
    return _rows(counted)


def _rows(counted: Mapping[tuple[int, str, str, str], int]) -> tuple[FunnelRow, ...]:
    return tuple(
        FunnelRow(check_no, CHECKS[check_no], reason, arm, verdict, users)
        for (check_no, reason, arm, verdict), users in sorted(counted.items())
        if users
    )


@dataclass(frozen=True)
class Because:
    """What a campaign decided for a user, why, and what became of it. `risk_reasons`: for those with the right to see them."""

    campaign: str
    title: str
    slot: str
    step: str
    arm: str
    verdict: str
    check_no: int
    check: str
    reason: str
    risk_reasons: str
    decided_at: datetime
    message: str  # how its message stands; empty: there is none
    reward: str

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "decided_at": self.decided_at.isoformat()}


def why(user_id: str, member: Member | None = None, *, key: str | None = None) -> tuple[Because, ...]:
    """Every decision about a user, the newest first: what they got or not, and why. The caller has found that `member` may see them.

    refuses    unknown_user, unknown_campaign
    """
    of_campaign = [handle(key, member).pk] if key else list(Campaign.objects.values_list("pk", flat=True))
    if member is not None and not member.may(rights.SEE_CAMPAIGNS):
        return ()
    known = {run.pk: run for run in Run.objects.filter(campaign__in=of_campaign).select_related("campaign")}
    told = [row for row in _decided(user_id) if row["run"] in known]
    keys = [row["key"] for row in told if row["key"]]
    messages = dict(Message.objects.filter(key__in=keys).values_list("key", "state"))
    rewarded = dict(Reward.objects.filter(key__in=keys).values_list("key", "state"))
    sees_risk = member is None or member.may(rights.SEE_RISK)
    return tuple(
        Because(
            campaign=known[row["run"]].campaign.key,
            title=known[row["run"]].campaign.title,
            slot=known[row["run"]].slot,
            step=row["step"],
            arm=row["arm"],
            verdict=row["verdict"],
            check_no=row["check_no"],
            check=CHECKS[row["check_no"]],
            reason=row["reason"],
            risk_reasons=row["risk_reasons"] if sees_risk else "",
            decided_at=row["decided_at"].replace(tzinfo=UTC),
            message=messages.get(row["key"], ""),
            reward=rewarded.get(row["key"], ""),
        )
        for row in sorted(told, key=lambda row: row["decided_at"].replace(tzinfo=UTC), reverse=True)
    )


_DECIDED = ("run", "step", "arm", "verdict", "check_no", "reason", "risk_reasons", "decided_at")


def _decided(user_id: str) -> list[dict[str, Any]]:
    """What the lake and the database say of a user, each decision once: who was due is told by what became of them."""
    home = Home(Path(settings.SPRINGTIDE_HOME))
    columns = ", ".join(_DECIDED)
    with home.reading() as (engine, snapshot):
        snapshot.attach(engine, "users", fact_schema("users"))
        found = engine.rows("select user_no from users where user_id = $user_id", user_id=user_id).values
        if not found:
            raise UnknownName(f"There is no user '{user_id}'.", "Ids are compared letter by letter.", code="unknown_user")
        snapshot.attach(engine, "decisions", DECISIONS)
        snapshot.attach(engine, "decision_outcomes", OUTCOMES)
        number = {"user_no": int(found[0][0])}
        passed = engine.rows(f"select {columns} from decisions where user_no = $user_no", **number).dicts()
        later = engine.rows(f"select {columns} from decision_outcomes where user_no = $user_no", **number).dicts()
        through = exported_through(snapshot)
    fresh = Decision.objects.filter(user_id=user_id, user_no=number["user_no"], pk__gt=through)
    now = [dict(zip(("key", *_DECIDED), row, strict=True)) for row in fresh.values_list("key", "run_id", *_DECIDED[1:])]
    outcomes = [*({"key": _key(row, number["user_no"]), **row} for row in later), *now]
    answered = {(row["run"], row["step"]) for row in outcomes}
    waiting = [{"key": "", **row} for row in passed if row["verdict"] != "due" or (row["run"], row["step"]) not in answered]
    return [*outcomes, *waiting]


def _key(row: Mapping[str, Any], user_no: int) -> str:
    return f"{row['run']}.0.{user_no}"


def definition_of(version: Version) -> Definition:
    """What a version says."""
    return read_definition(version.title, version.body)


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Every leaf of a body by its path, as people read it."""
    if isinstance(value, Mapping):
        entries = ((f"{path}.{key}".lstrip("."), each) for key, each in value.items())
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        entries = ((f"{path}.{_named(each, number)}", each) for number, each in enumerate(value, 1))
    else:
        return {path: ", ".join(map(str, value)) if isinstance(value, list) else str(value)}
    return {leaf: said for below, each in entries for leaf, said in _flat(each, below).items()}


def _named(entry: Any, number: int) -> str:
    return str(entry.get("key", number)) if isinstance(entry, Mapping) else str(number)


def _may_see(campaign: Campaign, member: Member | None) -> bool:
    return member is None or member.may(rights.SEE_CAMPAIGNS)


def _seen(row: Campaign, member: Member | None) -> CampaignSeen:
    is_own = member is not None and row.drafted_by_id == member.pk
    ties = states.ties(is_own=is_own, state=row.state)
    moves = tuple(
        move
        for start, move, _ in sorted(states.MOVES)
        if start == row.state and move in _MAY and (member is None or member.may(_MAY[move], *ties))
    )
    also = ("edit",) if row.state == "draft" and (member is None or member.may(rights.EDIT_CAMPAIGNS, *ties)) else ()
    asked = Approval.objects.filter(kind=states.KIND, number=row.pk, content_hash=row.content_hash).exclude(state="void")
    return CampaignSeen(
        id=row.pk,
        key=row.key,
        title=row.title,
        state=row.state,
        body=row.body,
        content_hash=row.content_hash,
        definition=read_definition(row.title, row.body),
        version=row.versions.count(),
        drafted_by=row.drafted_by.display_name,
        drafted_at=row.drafted_at,
        edited_by=row.edited_by.display_name,
        edited_at=row.edited_at,
        ended_at=row.ended_at,
        note=row.note,
        is_own=is_own,
        approvals=tuple(
            ApprovalWaits(each.pk, each.right, each.title, each.state, each.given, each.quorum) for each in asked.order_by("pk")
        ),
        moves=tuple(sorted({*moves, *also})),
    )
