"""Risk control: flags that hold at once, the queue, what the gates say. Reasons are for those who may see them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, BaseModel, Field

from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.hits import Hits
from springtide.analytics.metrics.answer import plain
from springtide.api.bearer import Token, member_of
from springtide.api.given import Count, Flag, Offset, opened
from springtide.kernel import clock
from springtide.operations.members import states as rights
from springtide.operations.risk import actions, gates, reads, states
from springtide.operations.risk.reads import GateSeen

router = Router(tags=["risk"])
UserId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Note = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00]*\S[^\x00]*$", description="A word why.")]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
FlagKind = Literal["self_exclusion", "cooling_off", "sanctions", "risk_hold", "no_promo", "vulnerable"]
Reward = Literal[
    "message", "cash", "token", "trial_fund", "fee_voucher", "rebate", "loss_cover", "apy_boost", "fee_tier_trial", "points", "raffle",
]  # fmt: skip
Instrument = Literal["spot", "perpetual", "dated", "option", "earn"]


class FlagToRaise(BaseModel, extra="forbid"):
    """A restriction that holds at once."""

    user_id: UserId
    kind: FlagKind
    source: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00]+$", description="The system that says so.")]
    note: Annotated[str, Field(max_length=400, pattern=r"^[^\x00]*$")] = ""
    begins_at: AwareDatetime | None = Field(None, description="Default: now.")
    ends_at: AwareDatetime | None = Field(None, description="Default: until it is lifted.")


class FlagsToRaise(BaseModel, extra="forbid"):
    """Flags of one go: all of them go up, or none."""

    flags: Annotated[list[FlagToRaise], Field(min_length=1, max_length=states.MOST_FLAGS)]


class FlagsRaised(Schema):
    """How many flags are new: one that stands already is left as it is."""

    new: int


class OneFlag(Schema):
    """A flag that stands."""

    number: int
    user_id: str
    kind: str
    source: str
    note: str
    begins_at: datetime
    ends_at: datetime | None
    raised_by: str
    raised_at: datetime


class DecidedReason(Schema):
    """A reason that a person cleared, or 'decided' where they denied; and until when."""

    reason: str
    until: datetime


class Flagged(Schema):
    """Is something known against the user? What it is, is null for those who may not see reasons."""

    is_flagged: bool
    kinds: list[str] | None
    decided: list[DecidedReason] | None


class OneCase(Schema):
    """Something for risk control to decide, or decided."""

    number: int
    kind: str = Field(description="review or appeal.")
    subject: str
    users: list[str]
    codes: list[str]
    is_hold: bool
    origin: str
    text: str
    evidence: dict[str, dict[str, str | int | float | bool | None]] = Field(description="User → column → value as it was seen.")
    left_out: list[str] = Field(description="Columns that the member may not see.")
    state: str
    opened_at: datetime
    opened_by: str
    says: str
    note: str
    decided_by: str
    decided_at: datetime | None


class Cases(Schema):
    """A page of cases: those that wait hold first, then the oldest."""

    cases: list[OneCase]
    total: int
    waiting: dict[str, int] = Field(description="How many wait, by kind.")
    oldest_at: datetime | None


class CaseDecision(BaseModel, extra="forbid"):
    """What a person says of a case."""

    says: Literal["clear", "deny"]
    note: Note
    days: Annotated[int, Field(ge=1, le=366, description="For how long it stands.")] = states.STANDS_FOR.days


class FlagLifted(BaseModel, extra="forbid"):
    """Why a flag comes down."""

    note: Note


class NewAppeal(BaseModel, extra="forbid"):
    """A user asks for another look."""

    user_id: UserId
    text: Annotated[str, Field(min_length=1, max_length=states.LONGEST_TEXT, pattern=r"^[^\x00]*\S[^\x00]*$")]


class AppealFiled(Schema):
    """The number of the case."""

    case: int


class WhichCases(Schema):
    """Which cases."""

    kind: Literal["review", "appeal"] | None = None
    state: Literal["open", "decided", "withdrawn"] = "open"
    user_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    limit: Count = 50
    offset: Offset = 0


class WhichFlags(Schema):
    """Which flags."""

    user_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    limit: Count = 50
    offset: Offset = 0


class OfBenefit(Schema):
    """For which benefit the gates are asked."""

    reward: Reward = "message"
    instrument: Instrument = "spot"
    amount: Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=6, description="To each user, USDT.")] = Decimal(0)
    payout: Flag = Field(False, description="As when it is paid, not as when it is sent.")

    @property
    def benefit(self) -> Benefit:
        return Benefit(self.reward, self.instrument, self.amount, "payout" if self.payout else "audience")


class OfOne(OfBenefit):
    """Of which user, and for which benefit."""

    user_id: UserId


class GateTold(Schema):
    """What a gate says of the user."""

    gate: str
    version: int
    verdict: str
    codes: list[str]
    clauses: list[dict[str, Any]] = Field(
        description="Each clause: code, rule, whether it holds, what it saw, what is left out."
    )


class UserJudged(Schema):
    """What all gates say of the user, and each of them."""

    user_id: str
    verdict: str
    reasons: list[str]
    gates: list[GateTold]


class ReasonMet(Schema):
    """How many users a reason met."""

    gate: str
    code: str
    verdict: str
    users: int
    says: str
    mend: str


class GatesTried(Schema):
    """What the gates would say of everybody."""

    users: int
    allowed: int
    reviewed: int
    denied: int
    sentence: str = Field(description="Why much is denied and how to mend it; empty where little is.")
    hits: list[ReasonMet]
    silent: list[ReasonMet] = Field(description="Gates that let everybody pass, because what they ask was never given.")


class GateInForce(Schema):
    """A gate in force."""

    key: str
    version: int
    title: str
    applies: str
    unknown: str
    is_cleared_by_decision: bool
    clauses: list[dict[str, str]]


@router.post("/risk/flags", auth=Token(rights.DECIDE_RISK), response={201: FlagsRaised})
def raise_flags(request: HttpRequest, sent: FlagsToRaise) -> Any:
    """Put flags up: they bar their users at the next dispatch and payout. Sent again, they change nothing."""
    new = [actions.NewFlag(**each.model_dump()) for each in sent.flags]
    return Status(201, {"new": actions.raise_flags(new, acting=member_of(request), now=clock.now())})


@router.get("/risk/flags", auth=Token(rights.SEE_RISK), response=list[OneFlag])
def flags(request: HttpRequest, asked: Query[WhichFlags]) -> Any:
    """Flags that stand, the newest first."""
    return reads.flags(member_of(request), now=clock.now(), user_id=asked.user_id, count=asked.limit, offset=asked.offset)


@router.post("/risk/flags/{number}/lift", auth=Token(rights.DECIDE_RISK), response={204: None})
def lift_flag(request: HttpRequest, number: Number, sent: FlagLifted) -> Any:
    """Take a flag down."""
    actions.lift_flag(number, note=sent.note, acting=member_of(request), now=clock.now())
    return Status(204, None)


@router.get("/risk/flag", auth=Token(rights.SEE_RISK_FLAG), response=Flagged)
def flag_of(request: HttpRequest, user_id: UserId) -> Any:
    """Is a user flagged? Why, for those who may see reasons."""
    return reads.flag_of(user_id, member_of(request), now=clock.now())


@router.get("/risk/queue", auth=Token(rights.SEE_RISK), response=Cases)
def queue(request: HttpRequest, asked: Query[WhichCases]) -> Any:
    """What waits for risk control, or was decided."""
    found = reads.queue(
        member_of(request),
        kind=asked.kind or "",
        state=asked.state,
        user_id=asked.user_id,
        count=asked.limit,
        offset=asked.offset,
    )
    return {**vars(found), "cases": [_case(each) for each in found.cases]}


@router.get("/risk/cases/{number}", auth=Token(), response=OneCase)
def one_case(request: HttpRequest, number: Number) -> Any:
    """One case: any, for those who may see reasons; else an appeal of one's own, without them."""
    return _case(reads.case(number, member_of(request)))


@router.post("/risk/cases/{number}/decide", auth=Token(rights.DECIDE_RISK), response={204: None})
def decide(request: HttpRequest, number: Number, sent: CaseDecision) -> Any:
    """Clear the users of a case of its reasons, or deny them, for some days."""
    lasts = timedelta(days=sent.days)
    actions.decide(number, sent.says, note=sent.note, acting=member_of(request), now=clock.now(), stands_for=lasts)
    return Status(204, None)


@router.post("/risk/appeals", auth=Token(rights.SEE_RISK_FLAG), response={201: AppealFiled})
def appeal(request: HttpRequest, sent: NewAppeal) -> Any:
    """Write down that a user asks for another look."""
    return Status(201, {"case": actions.appeal(sent.user_id, text=sent.text, acting=member_of(request), now=clock.now())})


@router.get("/risk/gates", auth=Token(rights.SEE_RISK_FLAG), response=list[GateInForce])
def in_force(request: HttpRequest) -> Any:
    """The gates in force, clause by clause."""
    return [
        {
            "key": gate.key,
            "version": gate.version,
            "title": gate.title.en,
            "applies": gate.applies.text,
            "unknown": gate.unknown,
            "is_cleared_by_decision": gate.is_cleared_by_decision,
            "clauses": [
                {"code": each.code, "verdict": each.verdict, "rule": each.rule.text, "says": each.says.en}
                for each in gate.clauses
            ],
        }
        for gate in gates.gates_now()
    ]


@router.get("/risk/try", auth=Token(rights.SEE_RISK_FLAG), response=GatesTried)
def try_gates(request: HttpRequest, asked: Query[OfBenefit]) -> Any:
    """What the gates would say of everybody as things stand, counted by reason."""
    now = clock.now()
    with opened() as home, home.reading() as (engine, snapshot):
        found = gates.dry_run(engine, snapshot, benefit=asked.benefit, as_of=now.date(), now=now)
    return {**vars(found), "sentence": found.sentence(), "hits": _reasons(found, "hits"), "silent": _reasons(found, "silent")}


@router.get("/risk/why", auth=Token(rights.SEE_RISK), response=UserJudged)
def why_of_one(request: HttpRequest, asked: Query[OfOne]) -> Any:
    """What each gate says of one user, and which values it saw."""
    now, member = clock.now(), member_of(request)
    with opened() as home, home.reading() as (engine, snapshot):
        answered = gates.explained(engine, snapshot, asked.user_id, benefit=asked.benefit, as_of=now.date(), now=now)
    return {
        "user_id": asked.user_id,
        "verdict": answered.verdict.says,
        "reasons": answered.verdict.reasons,
        "gates": [_told(each) for each in reads.gates_seen(answered.gates, member)],
    }


def _case(seen: reads.CaseSeen) -> dict[str, Any]:
    evidence = {user: {name: plain(value) for name, value in told.items()} for user, told in seen.evidence.items()}
    return {**vars(seen), "evidence": evidence}


def _told(each: GateSeen) -> dict[str, Any]:
    clauses = [
        {
            "code": clause.code,
            "rule": clause.rule,
            "holds": clause.holds,
            "seen": {name: plain(value) for name, value in clause.seen},
            "left_out": list(clause.left_out),
        }
        for clause in each.clauses
    ]
    return {"gate": each.key, "version": each.version, "verdict": each.verdict, "codes": each.codes, "clauses": clauses}


def _reasons(found: Hits, which: str) -> list[dict[str, Any]]:
    return [{**asdict(hit), "says": hit.says.en, "mend": hit.mend.en} for hit in getattr(found, which)]
