"""Admin: who may do what? Members and proposals, the way in for the invited, approvals, and the audit chain."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from springtide.cycle import approving
from springtide.desk import words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.definitions import Effect, stratification_of
from springtide.desk.shell import shell_of
from springtide.desk.strip import page_number, short_text
from springtide.desk.views.strata import effect_of
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, Refused, SpringtideError
from springtide.operations.definitions.reads import numbered
from springtide.operations.members import approvals, proposals, reads, states
from springtide.operations.members.actions import confirm_password
from springtide.operations.members.addresses import address_of
from springtide.operations.members.approvals import ApprovalSeen

PAGE = 50


@require_GET
@needs(states.SEE_MEMBERS)
def members(request: MemberRequest) -> HttpResponse:
    """Every member, and what is proposed."""
    named = sorted(set().union(*map(states.named_for, states.ROLES)))
    shown = {
        "members": reads.members(),
        "proposals": proposals.open_proposals(now=clock.now()),
        "may_propose": request.member.may(states.PROPOSE_MEMBERS),
        "may_switch_off": request.member.may(states.SWITCH_OFF_MEMBERS),
        "roles": words.ROLES,
        "departments": words.DEPARTMENTS,
        "rights": {right: words.RIGHTS[right] for right in named},
        "chain": reads.audit_chain() if request.member.may(states.SEE_AUDIT) else None,
    }
    return render(request, "admin/members.html", shown)


@require_POST
@needs(states.PROPOSE_MEMBERS)
def invite(request: MemberRequest) -> HttpResponse:
    """Proposes somebody new and shows the link, once."""
    form = request.POST

    try:
        proposed = proposals.invite(
            username=form.get("username", "").strip(),
            display_name=form.get("display_name", ""),
            role=form.get("role", ""),
            department=_department(request),
            granted_rights=form.getlist("right"),
            language=form.get("language", "en"),
            acting=request.member,
            now=clock.now(),
        )
    except Refused as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("members")
    address = request.build_absolute_uri(reverse("join", args=[proposed.secret]))
    return render(request, "admin/invited.html", {"address": address, "username": form.get("username", "")})


@require_POST
@needs(states.PROPOSE_MEMBERS)
def change_role(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Proposes another role for a member."""
    form = request.POST
    try:
        proposals.propose_role(
            reads.member(number),
            role=form.get("role", ""),
            department=_department(request),
            granted_rights=form.getlist("right"),
            acting=request.member,
            now=clock.now(),
        )
        messages.success(request, _("Proposed. It happens once somebody else has approved it."))
    except Refused as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("members")


def _department(request: MemberRequest) -> str:
    """The department that was chosen; of other roles than a collaborator's the form's choice says nothing."""
    return request.POST.get("department", "") if request.POST.get("role") == "collaborator" else ""


@require_POST
@needs(states.SWITCH_OFF_MEMBERS)
def switch_off(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Lets a member in no more."""
    try:
        proposals.switch_off_member(reads.member(number), acting=request.member, now=clock.now())
        messages.success(request, _("This member is switched off. Sessions and tokens have ended."))
    except Refused as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("members")


@require_POST
@needs(states.SEE_MEMBERS)
def withdraw(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Takes a proposal back."""
    proposals.withdraw_proposal(number, acting=request.member, now=clock.now())
    messages.success(request, _("The proposal is withdrawn."))
    return redirect("members")


@sensitive_post_parameters("new", "again")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """The way in for somebody invited: choose a password, and sign in with it."""
    error, status, invitation = "", 200, None
    now, address = clock.now(), address_of(request)
    try:
        invitation = proposals.invitation(secret, address=address, now=now)
        if request.method == "POST":
            if request.POST.get("new", "") != request.POST.get("again", ""):
                raise Refused(_("The two new passwords differ."), _("Type the same one twice."), code="passwords_differ")
            proposals.accept_invitation(secret, password=request.POST.get("new", ""), address=address, now=now)
            messages.success(request, _("Welcome. Sign in with your name and the password you chose."))
            return redirect("sign_in")
    except Refused as refused:
        error, status = str(told_error(refused)), {"bad_invitation": 404, "too_many_tries": 429}.get(refused.code, 400)
    return render(request, "admin/join.html", {"invitation": invitation, "error": error}, status=status)


@require_GET
@needs()
def inbox(request: MemberRequest) -> HttpResponse:
    """What waits for one's own yes, and what one has asked for."""
    now = clock.now()
    shown = {
        "waiting": approvals.waiting_for(request.member, now=now),
        "asked": approvals.asked_by(request.member, now=now),
    }
    return render(request, "admin/approvals.html", shown)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@needs()
def approval(request: MemberRequest, number: int) -> HttpResponse:
    """One approval with what would change; a yes and a no need the password again."""
    now, error, status = clock.now(), "", 200
    seen = approvals.approval(number, request.member, now=now)
    if request.method == "POST":
        try:
            _answer(request, number)
            messages.success(request, _("Your answer is written down."))
            return redirect("approvals")
        except SpringtideError as refused:
            error = str(told_error(refused))
            status = 429 if refused.code == "too_many_tries" else 400
    lines = approving.lines_of(seen.kind, seen.number, shell_of(request).language)
    shown = {"approval": seen, "lines": lines, "effect": _effect(request, seen), "error": error}
    return render(request, "admin/approval.html", shown, status=status)


def _effect(request: MemberRequest, seen: ApprovalSeen) -> Effect | None:
    """Who would move if changed edges of strata came into force; null where nobody can tell, and for anything else."""
    if seen.kind != "strata" or seen.state != "open":
        return None
    shell, draft = shell_of(request), numbered(seen.number)
    try:
        return effect_of(shell, stratification_of(draft.key, shell.home.stratifications()), dict(draft.body))
    except SpringtideError:
        return None


def _answer(request: MemberRequest, number: int) -> None:
    form, member, now = request.POST, request.member, clock.now()
    confirm_password(member, form.get("password", ""), address_of(request), now=now)
    seen, note = form.get("seen", ""), form.get("note", "")
    match form.get("answer", ""):
        case "approve":
            approving.approve(number, seen=seen, acting=member, now=now, note=note)
        case "return":
            approving.return_(number, seen=seen, acting=member, now=now, note=note)
        case other:
            raise BadInput(f"'{other}' is no answer.", _("Approve it, or send it back."), code="unknown_answer")


@require_POST
@needs()
def take_back(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Takes one's own question back."""
    try:
        approving.take_back(number, acting=request.member, now=clock.now())
        messages.success(request, _("Your question is taken back."))
    except Refused as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("approvals")


@require_GET
@needs(states.SEE_AUDIT, some=True)
def audit(request: MemberRequest) -> HttpResponse:
    """What was done, by whom, when: the newest first."""
    page, search = page_number(request.GET), short_text(request.GET, "search")
    found = reads.audit_page(request.member, search=search, count=PAGE, offset=PAGE * (page - 1))
    shown = {
        "found": found,
        "page": page,
        "pages": max(1, -(-found.total // PAGE)),
        "search": search,
        "chain": reads.audit_chain() if found.is_all and page == 1 and not search else None,
    }
    return render(request, "admin/audit.html", shown)
