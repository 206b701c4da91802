"""Schedules: does what should happen by itself happen? Each schedule's health, the queue, and what was given up."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.cycle import scheduling
from springtide.desk import words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.strip import short_text
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import SpringtideError
from springtide.operations.jobs import reads
from springtide.operations.jobs.schedules import schedules
from springtide.operations.members import states


@require_GET
@needs(states.SEE_SCHEDULES)
def page(request: MemberRequest) -> HttpResponse:
    """Every schedule, the queue, and dead letters."""
    now = clock.now()
    shown = {
        "schedules": [(each, words.HEALTHS[each.health]) for each in schedules(now=now)],
        "queue": reads.queue(now=now),
        "may_change": request.member.may(states.EDIT_SCHEDULES),
    }
    return render(request, "admin/schedules.html", shown)


@require_POST
@needs(states.EDIT_SCHEDULES)
def change(request: MemberRequest) -> HttpResponseRedirect:
    """Turns a schedule on or off, or gives it another hour."""
    key = short_text(request.POST, "key")
    try:
        if turn := short_text(request.POST, "turn"):
            scheduling.turn_schedule(request.member, key, is_on=turn == "on", now=clock.now())
        else:
            scheduling.move_schedule(request.member, key, cron=short_text(request.POST, "cron"), now=clock.now())
        messages.success(request, _("The schedule is changed."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("schedules")


@require_POST
@needs(states.EDIT_SCHEDULES)
def again(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Gives work that was given up its tries back."""
    try:
        scheduling.try_again(request.member, number, now=clock.now())
        messages.success(request, _("It will be tried again."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("schedules")
