"""Risk queue: who must not get this? Cases by age with their evidence, flags, what the gates meet, and the gates themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from springtide.analytics.foresight.gates import shipped_body
from springtide.analytics.foresight.matrix import shipped_matrix_body
from springtide.desk import risk
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import Shell, shell_of
from springtide.desk.strip import page_number, short_text
from springtide.desk.words import told_error
from springtide.home import Selection
from springtide.kernel import clock
from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput, SpringtideError, UnknownName
from springtide.operations.definitions import actions as definitions
from springtide.operations.definitions import reads as drafts
from springtide.operations.members import approvals
from springtide.operations.members import states as rights
from springtide.operations.members.models import Member
from springtide.operations.risk import actions, gates, reads, reviews, states
from springtide.operations.work.reads import ties_to

LARGEST = 100_000


@require_GET
@needs(rights.SEE_RISK)
def page(request: MemberRequest) -> HttpResponse:
    """What waits, holds first, then the oldest; flags; and what the gates meet."""
    shell, now, member = shell_of(request), clock.now(), request.member
    number, state = page_number(request.GET), "decided" if request.GET.get("state") == "decided" else "open"
    kind = request.GET.get("kind", "") if request.GET.get("kind") in states.CASE_KINDS else ""
    user = short_text(request.GET, "user")
    found = reads.queue(member, kind=kind, state=state, user_id=user, offset=reads.PAGE * (number - 1))
    shown = {
        "found": found,
        "cases": [risk.shown_case(each, gates.gates_now(), shell.language) for each in found.cases],
        "flags": reads.flags(member, now=now, user_id=user),
        "flag_words": risk.FLAGS,
        "state": state,
        "kind": kind,
        "kinds": risk.KINDS,
        "user": user,
        "page": number,
        "pages": max(1, -(-found.total // reads.PAGE)),
        "oldest_days": (now - found.oldest_at).days if found.oldest_at else None,
        "may_decide": member.may(rights.DECIDE_RISK),
        **_asked(request),
    }
    return render(request, "risk/queue.html", shown)


@require_GET
@needs(rights.SEE_RISK)
def hits(request: MemberRequest) -> HttpResponse:
    """What the gates would say of everybody, counted by reason: a fragment, since it looks at every user."""
    shell, now = shell_of(request), clock.now()
    benefit = risk.benefit_of(request.GET.dict())
    with shell.home.reading() as (engine, snapshot):
        found = gates.dry_run(engine, snapshot, benefit=benefit, as_of=now.date(), now=now)
    shown = risk.shown_hits(found, gates.gates_now(), shell.language)
    return render(request, "risk/hits.html", {**shown, "may_decide": request.member.may(rights.DECIDE_RISK), **_asked(request)})


@require_POST
@needs(rights.DECIDE_RISK)
def sweep(request: MemberRequest) -> HttpResponseRedirect:
    """Puts into the queue what the gates would want looked at before anybody gets this."""
    shell, now = shell_of(request), clock.now()
    try:
        benefit = risk.benefit_of(request.POST.dict())
        with shell.home.reading() as (engine, snapshot):
            gates.dry_run(engine, snapshot, benefit=benefit, as_of=now.date(), now=now)
            found = reviews.reviews(engine, snapshot, "judged")
        opened = actions.open_cases(found, origin=str(risk.REWARDS[benefit.kind]), now=now, acting=request.member)
        said = ngettext("%(cases)s new case waits.", "%(cases)s new cases wait.", opened) % {"cases": opened}
        messages.success(request, said)
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("risk")


@require_GET
@needs()
def case(request: MemberRequest, number: int) -> HttpResponse:
    """One case with its evidence; an appeal of one's own without."""
    seen = reads.case(number, request.member)
    shown = {
        "case": risk.shown_case(seen, gates.gates_now(), shell_of(request).language),
        "may_decide": request.member.may(rights.DECIDE_RISK) and seen.state == "open",
        "may_withdraw": seen.kind == "appeal" and seen.state == "open" and seen.opened_by == request.member.display_name,
        "days": states.STANDS_FOR.days,
        "may_see": reads.may_see_reasons(request.member),
    }
    return render(request, "risk/case.html", shown)


@require_POST
@needs()
def answer(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Clears, denies, or takes an appeal back."""
    sent, now = request.POST, clock.now()
    reads.case(number, request.member)
    try:
        if sent.get("answer") == "withdraw":
            actions.withdraw_appeal(number, acting=request.member, now=now)
            messages.success(request, _("The appeal is taken back."))
            return redirect("risk_case", number=number)
        days = sent.get("days", "")
        lasts = timedelta(days=int(days)) if days.isascii() and days.isdigit() and len(days) < 5 else timedelta()
        note = short_text(sent, "note")
        actions.decide(number, sent.get("answer", ""), note=note, acting=request.member, now=now, stands_for=lasts)
        messages.success(request, _("Your decision is written down."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("risk_case", number=number)
    return redirect("risk")


@require_POST
@needs(rights.DECIDE_RISK)
def raise_flag(request: MemberRequest) -> HttpResponseRedirect:
    """Puts a flag up."""
    sent, now = request.POST, clock.now()
    try:
        user, until = short_text(sent, "user"), short_text(sent, "until")
        flag = actions.NewFlag(
            user,
            sent.get("kind", ""),
            "member",
            short_text(sent, "note"),
            ends_at=_midnight(parse_day(until)) if until else None,
        )
        _refuse_unknown(shell_of(request), user)
        actions.raise_flags([flag], acting=request.member, now=now)
        messages.success(request, _("The flag is up. It holds at once."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return _back(request)


@require_POST
@needs(rights.DECIDE_RISK)
def lift_flag(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Takes a flag down."""
    try:
        actions.lift_flag(number, note=short_text(request.POST, "note"), acting=request.member, now=clock.now())
        messages.success(request, _("The flag is lifted."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return _back(request)


@require_GET
@needs(rights.SEE_RISK_FLAG)
def user(request: MemberRequest) -> HttpResponse:
    """One user: flagged or not for everybody of the team; for those who may see reasons, every gate and what it saw."""
    shell, now, user_id = shell_of(request), clock.now(), short_text(request.GET, "user")
    _refuse_stranger(shell, request.member, user_id)
    shown: dict[str, Any] = {
        "user_id": user_id,
        "flagged": reads.flag_of(user_id, request.member, now=now),
        "flag_words": risk.FLAGS,
        "may_see": reads.may_see_reasons(request.member),
        "may_decide": request.member.may(rights.DECIDE_RISK),
        **_asked(request),
    }
    if shown["may_see"]:
        with shell.home.reading() as (engine, snapshot):
            told = gates.explained(
                engine, snapshot, user_id, benefit=risk.benefit_of(request.GET.dict()), as_of=now.date(), now=now
            )
        shown |= {
            "gates": risk.shown_gates(reads.gates_seen(told.gates, request.member), shell.language),
            "verdict": risk.VERDICTS[told.verdict.says],
            "flags": reads.flags(request.member, now=now, user_id=user_id),
            "cases": reads.queue(request.member, user_id=user_id).cases,
        }
    return render(request, "risk/user.html", shown)


@require_POST
@needs(rights.SEE_RISK_FLAG)
def appeal(request: MemberRequest) -> HttpResponseRedirect:
    """Writes down that a user asks for another look."""
    user_id = short_text(request.POST, "user")
    _refuse_stranger(shell_of(request), request.member, user_id)
    try:
        number = actions.appeal(user_id, text=request.POST.get("text", ""), acting=request.member, now=clock.now())
        messages.success(request, _("The appeal waits for risk control."))
        return redirect("risk_case", number=number)
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return _to_user(user_id)


@require_GET
@needs(rights.SEE_RISK_FLAG)
def gate_list(request: MemberRequest) -> HttpResponse:
    """The gates and the matrix in force."""
    shell = shell_of(request)
    waiting = {
        each.key: each for kind in ("gate", "risk_matrix") for each in drafts.definitions(kind, among=("draft", "in_review"))
    }
    shown = {
        "gates": risk.definitions_of(gates.gates_now(), shell.language),
        "matrix": gates.matrix_now(),
        "rows": risk.matrix_rows(gates.matrix_now()),
        "waiting": waiting,
        "may_edit": request.member.may(rights.EDIT_GATES),
    }
    return render(request, "risk/gates.html", shown)


@require_GET
@needs(rights.EDIT_GATES)
def edit(request: MemberRequest, kind: str, key: str) -> HttpResponse:
    """A gate, or the matrix, as text: the open draft, else what is in force."""
    draft = drafts.draft(kind, key, request.member)
    return (
        _edit(request, kind, key, _text(kind, key, request.member))
        if draft is None
        else _edit(request, kind, key, _yaml(draft.body))
    )


@require_POST
@needs(rights.EDIT_GATES)
def change(request: MemberRequest, kind: str, key: str) -> HttpResponse:
    """Save, submit or drop a draft."""
    sent, now, what, seen = request.POST, clock.now(), request.POST.get("what", ""), request.POST.get("seen", "")
    text = sent.get("text", "")
    try:
        if what == "drop":
            definitions.drop_draft(kind, key, seen=seen, acting=request.member, now=now)
            messages.success(request, _("The draft is thrown away."))
            return redirect("risk_gates")
        if what not in ("save", "submit"):
            raise BadInput(f"'{what}' is no way to change a gate.", "Go back to the page.", code="bad_filter")
        body = _read(text)
        title = body.get("title")
        words = title.get("en", key) if isinstance(title, dict) else key
        draft = definitions.save_draft(kind, key, title=str(words), body=body, seen=seen, acting=request.member, now=now)
        if what == "submit":
            definitions.submit_definition(kind, key, seen=draft.content_hash, acting=request.member, now=now)
    except SpringtideError as refused:
        return _edit(request, kind, key, text, error=refused)
    messages.success(request, _("The draft is saved.") if what == "save" else _("It waits for risk control."))
    return redirect("risk_gates")


def _edit(request: MemberRequest, kind: str, key: str, text: str, *, error: SpringtideError | None = None) -> HttpResponse:
    draft = drafts.draft(kind, key, request.member)
    shown = {
        "kind": kind,
        "key": key,
        "text": text,
        "draft": draft,
        "approval": approvals.question_about(kind, draft.number) if draft else None,
        "seen": draft.content_hash if draft else drafts.hash_in_force(kind, key),
        "error": error and told_error(error),
    }
    return render(request, "risk/edit.html", shown, status=400 if error else 200)


def _text(kind: str, key: str, member: Member) -> str:
    """What is in force as text.

    refuses    unknown_gate, unknown_kind
    """
    shipped = shipped_matrix_body() if kind == "risk_matrix" else shipped_body(key)
    own = drafts.in_force(kind, key, member)
    return _yaml(own.body if own else shipped)


def _yaml(body: Any) -> str:
    return yaml.safe_dump(dict(body), allow_unicode=True, sort_keys=False, width=140)


def _read(text: str) -> dict[str, Any]:
    """refuses    bad_gate    it is no YAML, or no mapping"""
    try:
        body = yaml.safe_load(text) if len(text) <= LARGEST else None
    except yaml.YAMLError as bad:
        raise BadInput(f"This is no YAML: {bad}.", "Mend the line it names.", code="bad_gate") from bad
    if not isinstance(body, dict):
        raise BadInput("This is no definition.", "Begin with the text that the page showed.", code="bad_gate")
    return {str(name): _plain(value) for name, value in body.items() if name not in ("key", "version")}


def _plain(value: Any) -> Any:
    """As JSON keeps it: days are texts."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def _asked(request: MemberRequest) -> dict[str, Any]:
    """The benefit that the page asks about, for its form."""
    asked = risk.benefit_of(request.GET.dict())
    query = {"reward": asked.kind, "instrument": asked.instrument, "amount": f"{asked.amount_usdt:f}", "moment": asked.moment}
    return {"asked": query, "query": urlencode(query), "rewards": risk.REWARDS, "instruments": risk.INSTRUMENTS}


def _refuse_stranger(shell: Shell, member: Member, user_id: str) -> None:
    """Of users whom the member may not see they do not learn whether they exist."""
    if not (member.may(rights.SEE_USER, *ties_to(member, user_id)) or reads.may_see_reasons(member)):
        raise _unknown(user_id)
    _refuse_unknown(shell, user_id)


def _refuse_unknown(shell: Shell, user_id: str) -> None:
    if not user_id or not shell.home.count(Selection(user_id=user_id, everyone=True)).users:
        raise _unknown(user_id)


def _unknown(user_id: str) -> UnknownName:
    return UnknownName(f"No user has the id '{user_id}'.", "Ids are compared letter by letter.", code="unknown_user")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _back(request: MemberRequest) -> HttpResponseRedirect:
    back = request.POST.get("back", "")
    return _to_user(short_text(request.POST, "user")) if back == "user" else redirect("risk")


def _to_user(user_id: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('risk_user')}?{urlencode({'user': user_id})}")
