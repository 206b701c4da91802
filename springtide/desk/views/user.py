"""User: who is this, and why this treatment? One page, and what the team writes on it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from springtide.desk import words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import Strip, short_text
from springtide.desk.user_page import shown_user
from springtide.desk.words import told_error
from springtide.home import Selection
from springtide.home.user import TIMELINE_DAYS
from springtide.kernel import clock
from springtide.kernel.days import parse_day
from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members import states as rights
from springtide.operations.members.models import Member
from springtide.operations.risk.reads import flag_of
from springtide.operations.work import actions, reads, states
from springtide.operations.work.models import Note


@require_GET
@needs(rights.SEE_USER, some=True)
def page(request: MemberRequest) -> HttpResponse:
    """Everything about one user that this member may see."""
    shell, user_id = shell_of(request), short_text(request.GET, "user")
    ties = _ties(request.member, user_id)
    since = short_text(request.GET, "since")
    user = shell.home.user(user_id, as_of=Strip.read(request.GET).day, since=parse_day(since) if since else None)
    may_work = request.member.may(rights.WORK_USERS, *ties)
    may_see_flag = request.member.may(rights.SEE_RISK_FLAG)
    return render(
        request,
        "users/user.html",
        {
            "user_shown": shown_user(user, shell.labels, request.member, ties, back_office=shell.home.settings.back_office),
            "work": reads.work_on(user_id, reader=request.member),
            "earlier": user.timeline_since - timedelta(days=TIMELINE_DAYS),
            "may_work": may_work,
            "may_see_flag": may_see_flag,
            "is_flagged": may_see_flag and flag_of(user_id, request.member, now=clock.now()).is_flagged,
            "may_assign": request.member.may(rights.ASSIGN_TASKS),
            "workers": _workers() if request.member.may(rights.ASSIGN_TASKS) else (),
            "channels": {key: words.CONTACT_CHANNELS[key] for key in states.CHANNELS},
            "outcomes": {key: words.OUTCOMES[key] for key in states.OUTCOMES},
            "tags": reads.tags() if may_work else {},
        },
    )


@require_POST
@needs(rights.WORK_USERS, some=True)
def write(request: MemberRequest, what: str) -> HttpResponseRedirect:
    """A note, a contact, a tag or an assignment; then back to the page."""
    user_id, sent, now = short_text(request.POST, "user"), request.POST, clock.now()
    _ties(request.member, user_id)
    if not shell_of(request).home.count(Selection(user_id=user_id, everyone=True)).users:
        raise _unknown(user_id)
    try:
        if what == "note":
            actions.write_note(user_id, sent.get("text", ""), acting=request.member, now=now)
        elif what == "withdraw":
            note = get_object_or_404(Note, pk=sent.get("note", "0") if sent.get("note", "").isdecimal() else 0, user_id=user_id)
            actions.withdraw_note(note, acting=request.member, now=now)
        elif what == "contact":
            channel, outcome = sent.get("channel", ""), sent.get("outcome", "")
            actions.log_contact(
                user_id, channel=channel, outcome=outcome, text=sent.get("text", ""), acting=request.member, now=now
            )
        elif what == "tag":
            actions.tag_users([user_id], sent.get("tag", "").strip().lower(), acting=request.member, now=now)
        elif what == "untag":
            actions.untag_users([user_id], sent.get("tag", ""), acting=request.member, now=now)
        elif what == "assign":
            to = get_object_or_404(Member, username=sent["to"], is_active=True) if sent.get("to") else None
            actions.assign_users([user_id], to, acting=request.member, now=now)
        else:
            raise UnknownName(
                f"There is nothing called '{what}' to write.", "Go back to the user's page.", code="unknown_action"
            )
    except Refused as refused:
        messages.error(request, str(told_error(refused)))
    return HttpResponseRedirect(f"{reverse('user')}?{urlencode({'user': user_id})}")


def _ties(member: Member, user_id: str) -> tuple[str, ...]:
    """The member's ties to a user they may see; of others they do not learn whether they exist."""
    ties = reads.ties_to(member, user_id)
    if not member.may(rights.SEE_USER, *ties):
        raise _unknown(user_id)
    return ties


def _unknown(user_id: str) -> UnknownName:
    return UnknownName(
        f"No user has the id '{user_id}'.",
        "Ids are compared letter by letter. Sub-accounts stand under their master.",
        code="unknown_user",
    )


def _workers() -> list[tuple[str, str]]:
    """Members into whose care a user can be given."""
    active = Member.objects.filter(is_active=True).order_by("display_name", "username")
    return [(each.username, each.display_name) for each in active if each.may_some(rights.WORK_USERS)]
