"""Rewards: where is the money? Budgets, what is owed, payouts, grants by hand, and the exchange's own books beside ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from springtide.cycle.rewarding import grant_by_hand, make_payout_file, reconciliation
from springtide.desk import rewards as words
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, SpringtideError
from springtide.kernel.money import typed, usdt
from springtide.operations.members import states as rights
from springtide.operations.rewards import actions, budgets, files, granting, limits, payouts, reads, states
from springtide.operations.work.states import users_named

TO_SETTLE: Final = ("unknown", "failed", "held")


@require_GET
@needs(rights.SEE_BUDGETS, some=True)
def page(request: MemberRequest) -> HttpResponse:
    """The budgets as nested bars, what is owed and what ends soon, payouts that need somebody, and the forms that grant and adjust."""
    member = request.member
    sees_all, approves = member.may(rights.SEE_BUDGETS), member.may(rights.APPROVE_REWARDS, "within_limit", "above_limit")
    seen = reads.budgets()
    shown = {
        "money": reads.money(now=clock.now()) if sees_all else None,
        "budgets": seen,
        "open_budgets": [each for each in seen if each.is_open],
        "offers": reads.offers(),
        "grants": [(each, _reasons(each.refused)) for each in reads.grants(member, count=20)],
        "payouts": reads.payouts(TO_SETTLE, count=50) if sees_all else (),
        "files": reads.files() if sees_all else (),
        "limits": [(key, words.LIMITS[key], usdt(value)) for key, value in limits.limits().items()],
        "granted_today": usdt(granting.granted_today(member, clock.now())),
        "may_grant": member.may(rights.GRANT_REWARDS, "within_limit"),
        "may_part": approves or member.may(rights.EDIT_CAMPAIGNS, "drafts"),
        "may_fund": approves,
        "may_settle": approves,
        "may_offer": member.may(rights.EDIT_CAMPAIGNS, "drafts"),
        "may_limit": member.may(rights.APPROVE_REWARDS, "above_limit"),
        **_words(),
    }
    return render(request, "rewards/rewards.html", shown)


@require_GET
@needs(rights.SEE_BUDGETS)
def reward(request: MemberRequest, key: str) -> HttpResponse:
    """One reward and its whole story."""
    seen, user, story = reads.reward(key)
    shown = {"reward": seen, "user": user if _may_name(request) else "", "story": story, **_words()}
    return render(request, "rewards/reward.html", shown)


@require_GET
@needs(rights.SEE_BUDGETS)
def compared(request: MemberRequest) -> HttpResponse:
    """Our rewards against the exchange's entries."""
    found = reconciliation(shell_of(request).home)
    shown = {
        "found": found,
        "counts": [
            (words.DIFFERENCES[what], count) for what, count in Counter(each.what for each in found.differences).items()
        ],
        "rows": [(each, words.DIFFERENCES[each.what]) for each in found.differences[:500]],
        "may_see_user": _may_name(request),
    }
    return render(request, "rewards/compared.html", shown)


@require_POST
@needs(rights.GRANT_REWARDS, some=True)
def grant(request: MemberRequest) -> HttpResponse:
    """Give a reward to one user or a pasted list, or ask who must agree."""
    form = request.POST

    def act() -> str:
        given = grant_by_hand(
            shell_of(request).home,
            users_named(form.get("users", "").replace(",", "\n").splitlines()),
            offer=form.get("offer", ""),
            budget=form.get("budget", ""),
            amount_usdt=typed(form.get("amount", "")),
            reason=form.get("reason", ""),
            acting=request.member,
            now=clock.now(),
        )
        if given.refused:
            messages.warning(request, "; ".join(f"{count} × {reason}" for reason, count in _reasons(given.refused)))
        if given.state == "waiting":
            return _("It waits for somebody who must agree.")
        return ngettext("%(count)s reward is granted.", "%(count)s rewards are granted.", given.given) % {"count": given.given}

    return _done(request, act)


@require_POST
@needs(rights.GRANT_REWARDS, some=True)
def withdraw(request: MemberRequest, number: int) -> HttpResponse:
    """Take back a grant that waits."""

    def act() -> str:
        granting.withdraw_grant(number, acting=request.member, now=clock.now())
        return _("Withdrawn.")

    return _done(request, act)


@require_POST
@needs(rights.SEE_BUDGETS, some=True)
def budget(request: MemberRequest) -> HttpResponse:
    """Open a budget, give one another amount, or close one."""
    form, what, acting, now = request.POST, request.POST.get("what", ""), request.member, clock.now()

    def act() -> str:
        key, reason = form.get("key", "").strip(), form.get("reason", "")
        if what == "close":
            budgets.close_budget(key, acting=acting, now=now, reason=reason)
            return _("The budget is closed. What was promised goes on.")
        if what not in ("open", "change"):
            raise BadInput(f"'{what}' is no way to change a budget.", "Go back to the page.", code="bad_filter")
        amount = typed(form.get("amount", ""))
        if what == "open":
            made = budgets.open_budget(
                key,
                title=form.get("title", ""),
                kind=form.get("kind", ""),
                parent=form.get("parent") or None,
                amount_usdt=amount,
                acting=acting,
                now=now,
                reason=reason,
            )
        else:
            made = budgets.change_budget(key, amount_usdt=amount, acting=acting, now=now, reason=reason)
        return _("It waits for somebody who must agree.") if made.asked_usdt is not None else _("The budget is as you say.")

    return _done(request, act)


@require_POST
@needs(rights.EDIT_CAMPAIGNS, some=True)
def offer(request: MemberRequest) -> HttpResponse:
    """Publish an offer, or its next version."""
    form = request.POST

    def act() -> str:
        made = actions.publish_offer(
            form.get("key", "").strip(),
            title=form.get("title", ""),
            kind=form.get("kind", ""),
            amount_usdt=typed(form.get("amount", "")),
            terms=words.terms(form.get("terms", "")),
            acting=request.member,
            now=clock.now(),
        )
        return _("The offer %(offer)s, version %(version)s, can be given.") % {"offer": made.key, "version": made.version}

    return _done(request, act)


@require_POST
@needs(rights.APPROVE_REWARDS, some=True)
def settle(request: MemberRequest, number: int) -> HttpResponse:
    """Say how a payout ended, send it again, or give it up."""
    form, acting, now = request.POST, request.member, clock.now()

    def act() -> str:
        what, reason = form.get("what", ""), form.get("reason", "")
        if what in ("paid", "failed"):
            payouts.resolve(number, is_paid=what == "paid", reason=reason, acting=acting, now=now)
        elif what == "retry":
            payouts.retry(number, reason=reason, acting=acting, now=now)
        elif what == "give_up":
            payouts.give_up(number, reason=reason, acting=acting, now=now)
        else:
            raise BadInput(f"'{what}' is no way to settle a payout.", "Go back to the page.", code="bad_filter")
        return _("Settled.")

    return _done(request, act)


@require_POST
@needs(rights.SEE_BUDGETS, some=True)
def file(request: MemberRequest) -> HttpResponse:
    """Make a file of payouts, hand it over, take its results in, or withdraw it."""
    form, acting, now = request.POST, request.member, clock.now()
    what, number = form.get("what", ""), form.get("number", "")
    if what == "hand_over" and number.isdecimal():
        try:
            text = files.hand_over(int(number), acting=acting, now=now)
        except SpringtideError as refused:
            messages.error(request, str(told_error(refused)))
            return redirect("rewards")
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="payouts-{number}.csv"'
        return response

    def act() -> str:
        if what == "make":
            made = make_payout_file(shell_of(request).home, acting=acting, now=now)
            return _("File %(number)s waits for somebody who must agree.") % {"number": made}
        if what == "withdraw" and number.isdecimal():
            files.withdraw_file(int(number), acting=acting, now=now)
            return _("Withdrawn. Its payouts wait again.")
        if what == "results" and number.isdecimal():
            told = files.read_results(int(number), form.get("results", ""), acting=acting, now=now)
            said = {"paid": told.paid, "failed": told.failed, "unknown": len(told.unknown)}
            return _("%(paid)s paid, %(failed)s refused, %(unknown)s not of this file.") % said
        raise BadInput(f"'{what}' is nothing to do with a file.", "Go back to the page.", code="bad_filter")

    return _done(request, act)


@require_POST
@needs(rights.APPROVE_REWARDS, some=True)
def limit(request: MemberRequest) -> HttpResponse:
    """Let another limit hold."""
    form = request.POST

    def act() -> str:
        amount = typed(form.get("amount", ""))
        limits.set_limit(form.get("key", ""), amount, acting=request.member, now=clock.now())
        return _("The limit holds from now on.")

    return _done(request, act)


def _may_name(request: MemberRequest) -> bool:
    """Is the user of an amount named? Only to those who may see the money of single users."""
    return request.member.may(rights.SEE_USER) and request.member.may(rights.SEE_MONEY)


def _done(request: MemberRequest, act: Callable[[], str]) -> HttpResponse:
    """Do one thing, say what came of it, and go back to the page."""
    try:
        messages.success(request, act())
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("rewards")


def _reasons(refused: dict[str, str] | Any) -> list[tuple[str, int]]:
    return [(str(words.REFUSALS.get(code, code)), count) for code, count in Counter(refused.values()).most_common()]


def _words() -> dict[str, Any]:
    return {
        "kinds": words.KINDS,
        "budget_kinds": {key: words.BUDGET_KINDS[key] for key in states.BUDGET_KINDS},
        "reward_states": words.STATES,
        "moves": words.MOVES,
        "accounts": words.ACCOUNTS,
        "payout_states": words.PAYOUTS,
        "grant_states": words.GRANTS,
        "file_states": words.FILES,
    }
