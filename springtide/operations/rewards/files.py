"""Payouts by file, where the exchange takes no calls: made by one, approved by another, handed over, and answered by a result file."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from springtide.kernel.errors import BadInput, NothingYet, Refused, UnknownName
from springtide.kernel.money import usdt
from springtide.operations.members import approvals
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.rewards.limits import refuse_above
from springtide.operations.rewards.models import Payout, PayoutFile
from springtide.operations.rewards.naming import among
from springtide.operations.rewards.payouts import LOOKED_AT_AGAIN, Gate, follow, orders, why_held

KIND: Final = "payout_file"
CONNECTOR: Final = "file"
MOST_ROWS: Final = 50_000
COLUMNS: Final = (
    *("key", "way", "user_id", "kind", "amount_usdt", "campaign"),
    *("is_withdrawable", "earns_commission", "wagering_usdt", "use_by"),
)
RESULTS: Final = ("paid", "failed")
ANSWERED_IN: Final = timedelta(days=365)


@dataclass(frozen=True)
class Results:
    """What a result file came to. `unknown`: keys of which this file of payouts knows nothing, or whose end was known already."""

    paid: int
    failed: int
    unknown: tuple[str, ...]


@transaction.atomic
def make_file(*, gate: Gate, acting: Member, now: datetime) -> int:
    """Put what is due into a file, after asking the gates again, and ask somebody else to approve it; its number.

    writes     one file; its payouts, being sent, and those that a gate holds; one approval; audit rows
    refuses    not_allowed    `acting` may not see to payouts
               nothing_due    no payout waits
               no_approver
    """
    _refuse_stranger(acting)
    due = Payout.objects.filter(state__in=("waiting", "held"), due_at__lte=now).order_by("due_at", "pk")[:MOST_ROWS]
    asked = orders(Payout.objects.filter(pk__in=[each.pk for each in due]))
    verdicts = gate([each for each in asked if each.way == "pay"])
    held: dict[str, list[int]] = {}
    for each in asked:
        if each.way == "pay" and (code := why_held(verdicts.get(each.user_id))):
            held.setdefault(code, []).append(each.payout_id)
    for code, ids in held.items():
        Payout.objects.filter(pk__in=ids).update(state="held", code=code, due_at=now + LOOKED_AT_AGAIN)
    left_out = {payout_id for ids in held.values() for payout_id in ids}
    going = [each for each in asked if each.payout_id not in left_out]
    if not going:
        raise NothingYet("No payout is due.", "Those that are held are looked at again tomorrow.", code="nothing_due")
    file = PayoutFile.objects.create(
        rows=len(going), amount_usdt=sum(each.amount_usdt for each in going), made_by=acting, made_at=now
    )
    Payout.objects.filter(pk__in=[each.payout_id for each in going]).update(
        state="sending", file=file, connector=CONNECTOR, tries=F("tries") + 1, due_at=now + ANSWERED_IN
    )
    file.content_hash = _hash(_text(file))
    file.save(update_fields=["content_hash"])
    details = {"rows": file.rows, "amount_usdt": file.amount_usdt, "content": file.content_hash, "held": len(left_out)}
    audit("make_payout_file", subject=f"payout file {file.pk}", acting=acting, now=now, becomes="made", details=details)
    approvals.ask_approval(
        KIND,
        file.pk,
        file.content_hash,
        title=f"{file.rows:,} payouts, {usdt(file.amount_usdt):,} USDT",
        right=rights.APPROVE_REWARDS,
        acting=acting,
        now=now,
    )
    return file.pk


@transaction.atomic
def approve_file(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Agree to a file of payouts.

    refuses    what `approvals.approve` refuses, and above_limit
    """
    found = approvals.approval(approval_id, acting, now=now)
    refuse_above(_file(found.number).amount_usdt, "one_approver", acting)
    return approvals.approve(approval_id, seen=seen, acting=acting, now=now, note=note)


@transaction.atomic
def hand_over(number: int, *, acting: Member, now: datetime) -> str:
    """The text of an approved file: CSV, one payout a line. Handed over twice, it is the same to the last byte.

    writes     the file, handed over; one audit row each time
    refuses    not_allowed, unknown_file
               not_approved     nobody else has agreed to what it says
               move_not_open    it was withdrawn
    """
    _refuse_stranger(acting)
    file, text = _file(number), ""
    if file.state == "made" and not approvals.is_approved(KIND, number, file.content_hash, now=now):
        raise Refused("This file waits for its approval.", "Ask an approver.", code="not_approved")
    if file.state == "withdrawn":
        raise Refused("This file was withdrawn.", "Make another.", code="move_not_open")
    text = _text(file)
    if _hash(text) != file.content_hash:
        raise Refused("It is not what was approved.", "Withdraw it, and make another.", code="not_approved")
    PayoutFile.objects.filter(pk=number, state="made").update(state="handed_over")
    audit("hand_over_payouts", subject=f"payout file {number}", acting=acting, now=now, was=file.state, becomes="handed_over")
    return text


@transaction.atomic
def read_results(number: int, text: str, *, acting: Member, now: datetime) -> Results:
    """Take in what the exchange did: CSV with the columns key and result (paid or failed), and reason where it failed.

    writes     payouts, paid or failed, and what follows for their rewards; the file; one audit row
    refuses    not_allowed, unknown_file
               bad_results      it lacks a column, or has another result
               move_not_open    the file was never handed over
    """
    _refuse_stranger(acting)
    file = _file(number)
    if file.state not in ("handed_over", "answered"):
        raise Refused("This file was not handed over.", "Hand it over first.", code="move_not_open")
    told = _results(text)
    open_now = Payout.objects.filter(among("key", told), file=file, state="sending")
    known = dict(open_now.values_list("key", "pk"))
    by_result: dict[str, list[int]] = {result: [] for result in RESULTS}
    for key, payout_id in known.items():
        result, reason = told[key]
        by_result[result].append(payout_id)
        says = {"code": "exchange_refused", "says": reason[:200]} if result == "failed" else {}
        Payout.objects.filter(pk=payout_id).update(state=result, ended_at=now, **says)
    follow(by_result["paid"], now=now, acting=acting)
    PayoutFile.objects.filter(pk=number).update(state="answered")
    counts = {result: len(ids) for result, ids in by_result.items()}
    details = {**counts, "unknown": len(told) - len(known), "content": _hash(text)}
    audit("read_payout_results", subject=f"payout file {number}", acting=acting, now=now, becomes="answered", details=details)
    return Results(**counts, unknown=tuple(sorted(told.keys() - known.keys())))


@transaction.atomic
def withdraw_file(number: int, *, acting: Member, now: datetime) -> None:
    """Take a file back that was not handed over; its payouts wait again.

    refuses    not_allowed, unknown_file, move_not_open
    """
    _refuse_stranger(acting)
    _file(number)
    if not PayoutFile.objects.filter(pk=number, state="made").update(state="withdrawn"):
        raise Refused("It is in the exchange's hands.", "Read its results instead.", code="move_not_open")
    Payout.objects.filter(file=number, state="sending").update(state="waiting", file=None, due_at=now)
    approvals.void_changed(KIND, number, "", acting=acting, now=now)
    audit("withdraw_payout_file", subject=f"payout file {number}", acting=acting, now=now, was="made", becomes="withdrawn")


def _text(file: PayoutFile) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in orders(Payout.objects.filter(file=file)):
        writer.writerow({**each.as_dict(), "use_by": each.use_by.isoformat() if each.use_by else ""})
    return out.getvalue()


def _results(text: str) -> dict[str, tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if not {"key", "result"} <= set(rows.fieldnames or ()):
        raise BadInput("The file has no columns key and result.", "Its first line is: key,result,reason", code="bad_results")
    told = {}
    for line, row in enumerate(rows, 2):
        result = (row["result"] or "").strip().lower()
        if result not in RESULTS or not row["key"]:
            raise BadInput(f"Line {line} has the result '{result}'.", "It is paid or failed.", code="bad_results")
        told[row["key"].strip()] = (result, (row.get("reason") or "").strip())
    return told


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _file(number: int) -> PayoutFile:
    found = PayoutFile.objects.filter(pk=number).first()
    if found is None:
        raise UnknownName(f"There is no payout file {number}.", "Reload the page and look again.", code="unknown_file")
    return found


def _refuse_stranger(acting: Member) -> None:
    if not (
        acting.may(rights.GRANT_REWARDS, "within_limit") or acting.may(rights.APPROVE_REWARDS, "within_limit", "above_limit")
    ):
        raise Refused("You may not see to payouts.", "Ask an operator or a manager.", code="not_allowed")
