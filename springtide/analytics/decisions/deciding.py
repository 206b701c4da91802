"""Deciding a step of a campaign over its candidates: one pass, one row a candidate, the checks in the order of the house.

The pass needs no money. What needs it, the budget, is asked batch by batch when the rows that are due are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from springtide.analytics.decisions.assignment import Share, assigned_query, control_share
from springtide.analytics.decisions.policy import Cap, Policy
from springtide.analytics.decisions.quiet import begins_on, clocks, release
from springtide.analytics.engine import Column, Engine, Schema, definition

PACKAGE: Final = "springtide.analytics.decisions"
NO_CAP: Final = 2**31 - 1
OUTREACH: Final = ("call", "chat")

CANDIDATES: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("user_id", "varchar", False, "the exchange's id"),
    Column("is_known", "boolean", False, "there is a profile of the user as of the day"),
    Column("is_sub_account", "boolean", False, "rolled up to a master"),
    Column("is_counted", "boolean", False, "no employee, test or market maker"),
    Column("status", "varchar", True, "active, frozen or closed"),
    Column("has_consent", "boolean", True, "marketing consent, where known"),
    Column("vip_level", "integer", True, "VIP level, where known"),
    Column("language", "varchar", True, "language of messages, where known"),
    Column("timezone", "varchar", True, "the user's own zone, where known"),
    Column("country", "varchar", True, "country, where known"),
    Column("is_in", "boolean", False, "in the audience, or the entry rule holds"),
    Column("is_goal_reached", "boolean", False, "needs it no longer"),
    Column("lacks", "varchar", True, "the code of a variable without which the message cannot be rendered"),
)
JUDGED: Schema = (Column("user_no", "integer"), Column("verdict", "varchar"), Column("reasons", "varchar"))
USERS: Schema = (Column("user_no", "integer", False),)
CONTACTS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("contacted_at", "timestamp", False, "when it was decided, or happened"),
    Column("channel", "varchar", False, "email, push, call …"),
    Column("message_class", "varchar", False, "service, lifecycle or promotional; empty for what people do"),
    Column("is_outreach", "boolean", False, "a call or a chat"),
)
CLOCK_GROUPS: Schema = (
    Column("clock_group", "integer", False, "users with the same zone and country"),
    Column("release_at", "timestamp", True, "when their quiet hours end; null: now is none"),
    Column("basis", "varchar", False, "whose clock decided: own, country, reporting"),
    Column("class_since_at", "timestamp", False, "from when contacts of the class count"),
    Column("channel_since_at", "timestamp", False, "from when contacts of the channel count"),
    Column("overall_since_at", "timestamp", False, "from when all contacts count"),
    Column("outreach_since_at", "timestamp", False, "from when calls and chats count"),
)
_GROUPS: Schema = (Column("clock_group", "integer"), Column("zone_name", "varchar"), Column("country", "varchar"))
ARMS: Schema = (Column("arm", "varchar"), Column("begins", "integer"), Column("ends", "integer"))
DECISIONS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("user_id", "varchar", False, "the exchange's id"),
    Column("person_id", "varchar", True, "the person under whose name the user is assigned"),
    Column("language", "varchar", True, "language of messages, where known"),
    Column("arm", "varchar", False, "control, holdout or a treated arm"),
    Column(
        "verdict", "varchar", False, "due, refused, control or holdout; what became of the due ones stands in decision_outcomes"
    ),
    Column("check_no", "integer", False, "the check that refused, by its place in the order; 16: none"),
    Column("reason", "varchar", False, "its code; empty for due"),
    Column("risk_reasons", "varchar", False, "codes of the risk gates where they refused; for risk control's eyes"),
    Column("has_passed", "boolean", False, "none of the checks 1 to 5, 7, 8 and 10 refused: what arms are compared by"),
    Column("due_at", "timestamp", True, "when quiet hours end; null: at once"),
    Column("waits_by", "varchar", False, "whose clock said so: own, country, reporting"),
    Column("left_in_caps", "bigint", True, "of who is due: how many contacts more the caps allow"),
    Column("step", "varchar", False, "the step that was decided"),
    Column("run", "bigint", False, "the run of the campaign"),
    Column("campaign", "varchar", False, "the campaign"),
    Column("decided_at", "timestamp", False, "when"),
)

# The checks by their place in the order, in an operator's words.
CHECKS: Final[Mapping[int, str]] = {
    1: "the campaign is live",
    2: "not decided already",
    3: "an active user, no test",
    4: "the risk gates",
    5: "consent",
    6: "the global control",
    7: "in the audience",
    8: "may enter again, in no other campaign of the group",
    9: "holdout and arm",
    10: "goal not reached",
    11: "quiet hours",
    12: "audience and risk once more after a deferral",
    13: "frequency caps",
    14: "the reward budget",
    15: "the message can be rendered",
    16: "sent",
}


@dataclass(frozen=True)
class Asked:
    """What one pass decides: a step of a run, for whom it is drawn, and by which rules."""

    campaign: str
    run: int
    step: str
    message_class: str
    channel: str  # of the message, or of the task; empty: none
    shares: Sequence[Share]
    policy: Policy
    reporting: ZoneInfo
    now: datetime

    @property
    def is_service(self) -> bool:
        return self.message_class == "service"


@dataclass(frozen=True)
class Reason:
    """How many of an arm a check refused, for one reason."""

    check_no: int
    reason: str
    arm: str
    verdict: str
    users: int
    has_passed: int


def decide(engine: Engine, asked: Asked, *, into: str = "decisions_made") -> int:
    """Decide every candidate, as a table of DECISIONS named `into`; how many there are.

    reads    candidates, persons_of and users (see `assignment.attach_persons`), judged, entered, excluding, decided, withdrawn, contacts
    """
    caps, policy = asked.policy.caps, asked.policy
    _group_by_clocks(engine, asked)
    engine.make("assigned", assigned_query(asked.campaign, policy.salt, dialect=engine.dialect))
    engine.table("arms", ARMS, [(share.arm, share.begins, share.ends) for share in asked.shares])
    named = {"message_class": asked.message_class, "channel": asked.channel}
    engine.make("contacted", definition(PACKAGE, "contacted").text, **named)
    said = ", ".join(f"cast(${name} as {kind}) as {name}" for name, kind in _STAMPS.items())
    return engine.make(
        into,
        f"select *, {said} from ({definition(PACKAGE, 'checks').text}) as c",
        is_service=asked.is_service,
        is_outreach=asked.channel in OUTREACH,
        control_ends=control_share(policy.control_ratio).ends,
        vip_level_outside=NO_CAP if policy.vip_level_outside is None else policy.vip_level_outside,
        most_of_class=_most(caps.classes.get(asked.message_class)),
        most_of_channel=_most(caps.channels.get(asked.channel)),
        most_of_all=_most(caps.overall),
        most_outreach=caps.outreach.most,
        step=asked.step,
        run=asked.run,
        campaign=asked.campaign,
        decided_at=_naive(asked.now),
    )


def reasons(engine: Engine, table: str = "decisions_made") -> tuple[Reason, ...]:
    """The funnel of checks over a table of decisions, in their order."""
    told = engine.rows(
        "select check_no, reason, arm, verdict, count(*) as users, count(case when has_passed then 1 end) as passed"
        f" from {table} group by check_no, reason, arm, verdict order by check_no, reason, arm, verdict"
    )
    return tuple(Reason(*row) for row in told.values)


_STAMPS: Final = {"step": "varchar", "run": "bigint", "campaign": "varchar", "decided_at": "timestamp"}


def _group_by_clocks(engine: Engine, asked: Asked) -> None:
    """Give each candidate the number of its clocks, and say once for each when quiet hours end and the windows of caps begin."""
    found = engine.rows(
        "select coalesce(timezone, ''), coalesce(country, '') from candidates group by timezone, country order by 1, 2"
    ).values
    groups = [(number, zone_name, country) for number, (zone_name, country) in enumerate(dict.fromkeys(found))]
    engine.table("groups_found", _GROUPS, groups)
    engine.table("clock_groups", CLOCK_GROUPS, [_clock_group(*group, asked) for group in groups])
    columns = ", ".join(f"c.{column.name}" for column in CANDIDATES)
    engine.make(
        "candidates",
        f"select {columns}, g.clock_group from candidates as c inner join groups_found as g"
        " on coalesce(c.timezone, '') = g.zone_name and coalesce(c.country, '') = g.country",
    )


def _clock_group(number: int, zone_name: str, country: str, asked: Asked) -> tuple[Any, ...]:
    found, now, caps = clocks(zone_name, country, asked.reporting), asked.now, asked.policy.caps
    released = now if asked.is_service else release(asked.policy.quiet, found, now, asked.reporting)

    def since(cap: Cap | None) -> datetime:
        days = cap.days if cap else 1
        return _naive(now - timedelta(days=days) if caps.window == "rolling" else begins_on(found, now, days))

    return (
        number,
        _naive(released) if released > now else None,
        found.basis,
        since(caps.classes.get(asked.message_class)),
        since(caps.channels.get(asked.channel)),
        since(caps.overall),
        since(caps.outreach),
    )


def _most(cap: Cap | None) -> int:
    return NO_CAP if cap is None else cap.most


def _naive(moment: datetime) -> datetime:
    """As the lake keeps times: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
