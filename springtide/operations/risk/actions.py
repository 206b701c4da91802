"""Every write of risk control. `acting` is null where the machine does it: at its own command line, or in a run of a campaign."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from springtide.analytics.foresight.gates import DECIDED
from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.kernel.ids import content_hash
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.risk import states
from springtide.operations.risk.gates import gates_now, standing_decisions, standing_flags
from springtide.operations.risk.models import Case, Decision, Flag, Party


@dataclass(frozen=True)
class NewFlag:
    """A restriction that holds at once. `begins_at` null: from now on; `ends_at` null: until it is lifted."""

    user_id: str
    kind: str
    source: str = "member"
    note: str = ""
    begins_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class NewCase:
    """A review that a gate asks for. A cluster's users stand together in one case; evidence is what was seen."""

    subject: str  # `user u17`, or `cluster 4`
    user_ids: tuple[str, ...]
    codes: tuple[str, ...]
    is_hold: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def raise_flags(flags: Sequence[NewFlag], *, acting: Member | None, now: datetime) -> int:
    """Put flags up; how many are new. A flag that the same source put up before is left as it is, unless its end or note differs.

    writes     flags; one audit row with their count and content
    refuses    not_allowed, unknown_flag, too_many_flags
               bad_flag    no user or source, an end before its begin
    """
    _refuse_unless(acting)
    if len(flags) > states.MOST_FLAGS:
        raise Refused(
            f"{len(flags):,} flags are too many for one go.", f"Send at most {states.MOST_FLAGS:,}.", code="too_many_flags"
        )
    for flag in flags:
        _check(flag, now)
    latest = {(flag.user_id, flag.kind, flag.source): flag for flag in flags}
    known: dict[tuple[str, str, str], Flag] = {}
    users = sorted({flag.user_id for flag in flags})
    for start in range(0, len(users), 500):
        for one in Flag.objects.filter(lifted_at=None, user_id__in=users[start : start + 500]):
            known[one.user_id, one.kind, one.source] = one
    new = []
    for key, flag in latest.items():
        standing = known.get(key)
        if standing and (standing.ends_at, standing.note) == (flag.ends_at, flag.note):
            continue
        if standing:
            Flag.objects.filter(pk=standing.pk, lifted_at=None).update(lifted_at=now, lifted_by=acting)
        new.append(
            Flag(
                user_id=flag.user_id,
                kind=flag.kind,
                source=flag.source,
                note=flag.note,
                begins_at=flag.begins_at or now,
                ends_at=flag.ends_at,
                raised_by=acting,
                raised_at=now,
            )
        )
    try:
        with transaction.atomic():
            Flag.objects.bulk_create(new, batch_size=500)
    except IntegrityError as twice:
        raise Refused("Somebody raised one of these flags at this moment.", "Send them again.", code="moved_already") from twice
    content = content_hash(sorted(map(list, latest)))
    audit(
        "raise_flags",
        subject="risk flags",
        acting=acting,
        now=now,
        details={"flags": len(flags), "new": len(new), "content": content},
    )
    return len(new)


@transaction.atomic
def lift_flag(number: int, *, note: str, acting: Member | None, now: datetime) -> None:
    """Take a flag down. What the user did to protect themselves, and sanctions, are lifted by their source.

    writes     flag.lifted_at; one audit row
    refuses    not_allowed, no_such_flag, no_reason, moved_already
    """
    _refuse_unless(acting)
    flag = Flag.objects.filter(pk=number).first()
    if flag is None:
        raise UnknownName(f"There is no flag {number}.", "Reload and look again.", code="no_such_flag")
    text = _text(note)
    if not Flag.objects.filter(pk=number, lifted_at=None).update(lifted_at=now, lifted_by=acting):
        raise Refused("It is lifted already.", "Reload and look again.", code="moved_already")
    details = {"flag": number, "kind": flag.kind, "note": text}
    audit("lift_flag", subject=f"user {flag.user_id}", acting=acting, now=now, was="up", becomes="lifted", details=details)


@transaction.atomic
def open_cases(found: Iterable[NewCase], *, origin: str, now: datetime, acting: Member | None = None) -> int:
    """Put reviews into the queue; how many are new. A user or cluster with an open review has no second one.

    writes     cases with their parties; one audit row
    """
    asked = {case.subject: case for case in found}
    subjects = sorted(asked)
    known: set[str] = set()
    for start in range(0, len(subjects), 500):
        standing = Case.objects.filter(kind="review", state="open", subject__in=subjects[start : start + 500])
        known |= set(standing.values_list("subject", flat=True))
    new = [asked[subject] for subject in subjects if subject not in known]
    if not new:
        return 0
    Case.objects.bulk_create(
        [
            Case(
                kind="review",
                subject=each.subject,
                codes=list(each.codes),
                is_hold=each.is_hold,
                origin=origin[:120],
                evidence=dict(each.evidence),
                opened_at=now,
                opened_by=acting,
            )
            for each in new
        ],
        batch_size=500,
        ignore_conflicts=True,  # two runs that meet the same cluster at once
    )
    opened: dict[str, Case] = {}
    for start in range(0, len(new), 500):
        some = [each.subject for each in new[start : start + 500]]
        opened |= {case.subject: case for case in Case.objects.filter(kind="review", state="open", subject__in=some)}
    parties = [
        Party(case=opened[each.subject], user_id=user)
        for each in new
        if each.subject in opened
        for user in each.user_ids[: states.MOST_IN_A_CASE]
    ]
    Party.objects.bulk_create(parties, batch_size=500, ignore_conflicts=True)
    details = {"cases": len(new), "content": content_hash(subjects)}
    audit("open_cases", subject=f"risk queue for {origin}"[:200], acting=acting, now=now, becomes="open", details=details)
    return len(new)


@transaction.atomic
def appeal(user_id: str, *, text: str, codes: Sequence[str] = (), acting: Member, now: datetime) -> int:
    """Write down that a user asks for another look; the number of the case. Whoever works with the user may; the reasons stay hidden.

    writes     one case; one audit row
    refuses    not_allowed      the member sees no flags of users
               no_reason        nothing was said
               open_already     an appeal of this user waits
    """
    if not acting.may(rights.SEE_RISK_FLAG):
        raise Refused("You may not appeal for this user.", "Ask a member of the team.", code="not_allowed")
    words = _text(text, states.LONGEST_TEXT)
    try:
        with transaction.atomic():
            case = Case.objects.create(
                kind="appeal", subject=f"user {user_id}", codes=list(codes), text=words, opened_at=now, opened_by=acting
            )
    except IntegrityError as twice:
        raise Refused("An appeal of this user waits already.", "Look at the queue.", code="open_already") from twice
    Party.objects.create(case=case, user_id=user_id)
    audit("file_appeal", subject=f"user {user_id}", acting=acting, now=now, becomes="open", details={"case": case.pk})
    return case.pk


@transaction.atomic
def withdraw_appeal(number: int, *, acting: Member, now: datetime) -> None:
    """Take back an appeal that one filed.

    refuses    unknown_case, move_not_open
    """
    case = Case.objects.filter(pk=number, kind="appeal", opened_by=acting).first()
    if case is None:
        raise _unknown(number)
    if not Case.objects.filter(pk=number, state="open").update(state="withdrawn", decided_at=now):
        raise Refused("It is not waiting any more.", "Reload and look again.", code="move_not_open")
    audit(
        "withdraw_appeal",
        subject=case.subject,
        acting=acting,
        now=now,
        was="open",
        becomes="withdrawn",
        details={"case": number},
    )


@transaction.atomic
def decide(
    number: int, says: str, *, note: str, acting: Member, now: datetime, stands_for: timedelta = states.STANDS_FOR
) -> None:
    """Clear the users of a case of its reasons, or deny them, for a while; afterwards the gates speak for themselves again.

    Cleared are only reasons of gates that let a person clear them. To clear on appeal ends a denial that a person spoke.

    writes     the case, decided; decisions for each user and reason; one audit row
    refuses    not_allowed, unknown_case, no_reason
               unknown_answer      it is neither `clear` nor `deny`
               bad_duration        it would stand for less than a day or more than a year
               four_eyes           an appeal is decided by somebody who neither filed it nor denied the user
               nothing_to_clear    no person may clear these reasons
               move_not_open, moved_already
    """
    _refuse_unless(acting)
    case = Case.objects.select_for_update().filter(pk=number).first()
    if case is None:
        raise _unknown(number)
    if says not in states.SAYS:
        raise UnknownName(f"'{says}' is no decision.", suggest(says, states.SAYS), code="unknown_answer")
    if not timedelta(days=1) <= stands_for <= states.LONGEST:
        raise Refused(
            "A decision stands for a day at least, and a year at most.", "Say for how many days.", code="bad_duration"
        )
    text = _text(note)
    if case.state != "open":
        raise Refused(f"It is {case.state} already.", "Reload and look again.", code="move_not_open")
    users = list(case.parties.values_list("user_id", flat=True))
    if case.kind == "appeal":
        _refuse_same_hand(case, users, acting, now)
    codes = [DECIDED] if says == "deny" else _clearable(case, users, now)
    if not Case.objects.filter(pk=number, state="open").update(
        state="decided", says=says, note=text, decided_by=acting, decided_at=now
    ):
        raise Refused("Somebody else decided it first.", "Reload and look again.", code="moved_already")
    _write_decisions(case, users, codes, says, acting, now, stands_for)
    details = {"case": number, "users": len(users), "codes": codes, "days": stands_for.days, "note": text}
    audit("decide_risk", subject=case.subject, acting=acting, now=now, was="open", becomes=says, details=details)


def _write_decisions(
    case: Case, users: Collection[str], codes: Sequence[str], says: str, acting: Member, now: datetime, stands_for: timedelta
) -> None:
    """Of one reason of one user the last decision stands. To clear ends a person's denial; to deny leaves what was cleared."""
    ended = [*codes, DECIDED] if says == "clear" else [DECIDED]
    Decision.objects.filter(user_id__in=users, code__in=ended, is_over=False).update(is_over=True)
    said = [
        Decision(user_id=user, code=code, case=case, decided_by=acting, decided_at=now, until=now + stands_for)
        for user in users
        for code in codes
        if code != DECIDED or says == "deny"
    ]
    try:
        with transaction.atomic():
            Decision.objects.bulk_create(said, batch_size=500)
    except IntegrityError as twice:
        raise Refused("Somebody decided about these users at this moment.", "Look again.", code="moved_already") from twice


def _clearable(case: Case, users: Collection[str], now: datetime) -> list[str]:
    may = {clause.code for gate in gates_now() if gate.is_cleared_by_decision for clause in gate.clauses}
    codes = [code for code in case.codes if code in may]
    if not codes and not standing_decisions(now).filter(user_id__in=users, code=DECIDED).exists():
        raise Refused(
            "None of its reasons may be cleared by a person.",
            "What the law or the user's protection asks stays; mend the data, or deny.",
            code="nothing_to_clear",
        )
    return codes


def _refuse_same_hand(case: Case, users: Collection[str], acting: Member, now: datetime) -> None:
    denied = standing_decisions(now).filter(user_id__in=users, code=DECIDED, decided_by=acting).exists()
    flagged = standing_flags(now).filter(user_id__in=users, raised_by=acting).exists()
    if case.opened_by_id == acting.pk or denied or flagged:
        raise Refused(
            "You filed this appeal, or spoke the denial it is about.",
            "Somebody else of risk control must look at it.",
            code="four_eyes",
        )


def _check(flag: NewFlag, now: datetime) -> None:
    if flag.kind not in states.FLAGS:
        raise UnknownName(f"There is no flag '{flag.kind}'.", suggest(flag.kind, states.FLAGS), code="unknown_flag")
    begins = flag.begins_at or now
    if not 0 < len(flag.user_id) <= 200 or not 0 < len(flag.source) <= 40 or len(flag.note) > 400:
        raise Refused(
            "A flag lacks its user or source, or says too much.", "Give user_id, source, and a short note.", code="bad_flag"
        )
    if flag.ends_at is not None and flag.ends_at <= begins:
        raise Refused(f"The flag of {flag.user_id} would end before it begins.", "Give an end after it.", code="bad_flag")


def _refuse_unless(acting: Member | None) -> None:
    if acting is not None and not acting.may(rights.DECIDE_RISK):
        raise Refused("You may not decide about risk.", "Ask risk control.", code="not_allowed")


def _text(text: str, longest: int = 400) -> str:
    text = " ".join(text.split())
    if not text or len(text) > longest:
        raise Refused(
            "There is no word why, or too many.", f"Write a sentence, of {longest} characters at most.", code="no_reason"
        )
    return text


def _unknown(number: int) -> UnknownName:
    return UnknownName(f"There is no case {number}.", "Reload the queue.", code="unknown_case")
