"""Every write of a campaign as a thing that people draft, approve, launch and stop.

`seen` is the content hash as the member saw it: who edited it meanwhile is not overwritten, and what was not seen is not approved.
What a running campaign does to users is written by `deciding.py`, `sending.py` and `journeys.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from springtide.kernel.errors import Refused
from springtide.operations.campaigns import checks, states
from springtide.operations.campaigns.definition import Definition, hash_of, read_definition, templates_named
from springtide.operations.campaigns.given import KEY, BadCampaign
from springtide.operations.campaigns.models import Campaign, Traveller, Version
from springtide.operations.campaigns.offers import bring_into_ledger
from springtide.operations.campaigns.policy import policy_content_in_force, policy_in_force
from springtide.operations.campaigns.reach import reach
from springtide.operations.campaigns.runs import JOB, ask_run, begin_stream
from springtide.operations.delivery import templates
from springtide.operations.delivery.actions import cancel
from springtide.operations.jobs.models import Schedule
from springtide.operations.jobs.schedules import plan_schedule, switch_schedule
from springtide.operations.members import approvals
from springtide.operations.members import states as rights
from springtide.operations.members.actions import audit
from springtide.operations.members.fields import refuse_closed
from springtide.operations.members.models import Approval, Member


@transaction.atomic
def draft_campaign(key: str, *, title: str, body: Mapping[str, Any], acting: Member, now: datetime) -> Campaign:
    """Begin a campaign.

    writes     one campaign, a draft; one audit row
    refuses    not_allowed      the member may not draft campaigns
               key_taken        there is one of this key
               bad_campaign, unknown_key, and whatever `checks.check` refuses
               column_not_open  it picks users by a column that the member may not see
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, states.ties(is_own=True, state="draft"))
    content = _pinned(title, body)
    _checked(key, title, content, acting, now)
    campaign = Campaign(
        key=key,
        title=" ".join(title.split()),
        body=content,
        content_hash=hash_of(key, title, content),
        drafted_by=acting,
        drafted_at=now,
        edited_by=acting,
        edited_at=now,
    )
    try:
        with transaction.atomic():
            campaign.save(force_insert=True)
    except IntegrityError as taken:
        raise Refused(
            f"There is a campaign '{key}' already.", "Choose another key, or edit that one.", code="key_taken"
        ) from taken
    _audited(campaign, "draft_campaign", acting, now, was="")
    return campaign


@transaction.atomic
def edit_campaign(campaign: Campaign, *, title: str, body: Mapping[str, Any], seen: str, acting: Member, now: datetime) -> None:
    """Write a draft anew. What waited for approval is a draft again; saved as it was, it is no edit.

    writes     the campaign; approvals of other content, void; audit rows
    refuses    not_allowed      the member may not edit it
               move_not_open    it is neither a draft nor in review: what was approved is reopened, what runs is paused and revised
               moved_already    somebody changed it since it was `seen`
               arms_stay        users were assigned by it, and it says other arms than they were assigned to
               and what `draft_campaign` refuses
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    if campaign.state not in states.EDITABLE:
        raise Refused(
            f"It is {_said(campaign.state)}: its content stands.",
            "Reopen what was approved; pause and revise what runs.",
            code="move_not_open",
        )
    content = _pinned(title, body)
    _checked(campaign.key, title, content, acting, now)
    _refuse_other_arms(campaign, content)
    named = hash_of(campaign.key, title, content)
    if named == campaign.content_hash == seen:
        return
    was = campaign.state
    changes = {"title": " ".join(title.split()), "body": content, "content_hash": named, "note": ""}
    _set(campaign, seen, state="draft", edited_by=acting, edited_at=now, **changes)
    approvals.void_changed(states.KIND, campaign.pk, named, acting=acting, now=now)
    _audited(campaign, "edit_campaign", acting, now, was=was)


def submit_campaign(campaign: Campaign, *, seen: str, acting: Member, now: datetime) -> tuple[int, ...]:
    """Ask for the approvals that the campaign needs; their ids. A large budget or audience needs two people, a large reward risk control.

    writes     the campaign, in review; the approvals; audit rows
    refuses    not_allowed, move_not_open, moved_already
               no_approver    too few are left who may approve it and had no hand in it
               and whatever `checks.check` refuses: what it names may have gone since it was drafted
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    definition, policy = read_definition(campaign.title, campaign.body), policy_in_force(checks.home().path)
    checks.check(campaign.key, definition, now=now)
    needed = states.approvals_needed(
        policy.limits,
        budget_usdt=definition.budget_usdt,
        users=reach(checks.home(), definition),
        largest_reward_usdt=definition.largest_reward(),
    )
    gaining = Member.objects.filter(username__in=definition.beneficiaries)
    with transaction.atomic():
        _move(campaign, "submit", seen)
        asked = tuple(
            approvals.ask_approval(
                states.KIND,
                campaign.pk,
                campaign.content_hash,
                title=f"{campaign.title}: {one.why}" if one.why else campaign.title,
                right=one.right,
                quorum=one.quorum,
                acting=acting,
                excluded=[campaign.drafted_by, campaign.edited_by, *gaining],
                now=now,
            )
            for one in needed
        )
        wanted = [f"{one.quorum} × {one.right}" for one in needed]
        _audited(campaign, "submit_campaign", acting, now, was="draft", approvals=wanted)
    return asked


@transaction.atomic
def approve_campaign(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str = "") -> bool:
    """Say yes to one of the approvals that a campaign waits for. True once all are given: then it may be launched.

    writes     what `approvals.approve` writes; with the last one the campaign, approved, and an audit row
    refuses    what `approvals.approve` refuses
    """
    approvals.approve(approval_id, seen=seen, acting=acting, now=now, note=note)
    campaign = Campaign.objects.select_for_update().get(pk=Approval.objects.get(pk=approval_id).number)
    if not _is_approved(campaign, now):
        return False
    _move(campaign, "approve", seen)
    _audited(campaign, "approve_campaign", acting, now, was="in_review")
    return True


@transaction.atomic
def return_campaign(approval_id: int, *, seen: str, acting: Member, now: datetime, note: str) -> None:
    """Say no: back to its drafter with a word why; the other approvals are void.

    writes     what `approvals.return_` writes; the campaign, a draft with the note; audit rows
    refuses    what `approvals.return_` refuses
    """
    approvals.return_(approval_id, seen=seen, acting=acting, now=now, note=note)
    campaign = Campaign.objects.select_for_update().get(pk=Approval.objects.get(pk=approval_id).number)
    _move(campaign, "return", seen, note=note.strip()[:400])
    approvals.void_changed(states.KIND, campaign.pk, "", acting=acting, now=now)
    _audited(campaign, "return_campaign", acting, now, was="in_review", note=campaign.note)


@transaction.atomic
def take_back_campaign(approval_id: int, *, acting: Member, now: datetime) -> None:
    """Take what waits for approval back, by who submitted it.

    writes     what `approvals.withdraw_approval` writes; the campaign, a draft; its other approvals, void; audit rows
    refuses    what `approvals.withdraw_approval` refuses
    """
    approvals.withdraw_approval(approval_id, acting=acting, now=now)
    campaign = Campaign.objects.select_for_update().get(pk=Approval.objects.get(pk=approval_id).number)
    _move(campaign, "edit", campaign.content_hash)
    approvals.void_changed(states.KIND, campaign.pk, "", acting=acting, now=now)
    _audited(campaign, "take_back_campaign", acting, now, was="in_review")


@transaction.atomic
def reopen_campaign(campaign: Campaign, *, seen: str, acting: Member, now: datetime) -> None:
    """Make a draft of what was approved; it needs its approvals anew.

    writes     the campaign, a draft; its approvals, void; audit rows
    refuses    not_allowed, move_not_open, moved_already
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    _move(campaign, "reopen", seen)
    approvals.void_changed(states.KIND, campaign.pk, "", acting=acting, now=now)
    _audited(campaign, "reopen_campaign", acting, now, was="approved")


@transaction.atomic
def launch_campaign(campaign: Campaign, *, seen: str, acting: Member, now: datetime) -> Version:
    """Begin, with exactly the content that was approved. Who enters is asked of the worker, which does not wait for the next close.

    writes     the campaign, running; one version, which never changes; its offers and its budget; one audit row. Then what takes users
               in: a job, a schedule, or the stream of its events
    refuses    not_allowed, move_not_open, moved_already
               not_approved    its approvals are of other content, or ran out
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    _move(campaign, "launch", seen)
    if not _is_approved(campaign, now):
        raise Refused("Its approvals ran out, or are of other content.", "Reopen it and submit it anew.", code="not_approved")
    version = Version.objects.create(
        campaign=campaign,
        number=campaign.versions.count() + 1,
        title=campaign.title,
        body=campaign.body,
        content_hash=campaign.content_hash,
        policy=policy_content_in_force(checks.home().path),
        launched_by=acting,
        launched_at=now,
    )
    definition = read_definition(campaign.title, campaign.body)
    bring_into_ledger(campaign, definition, acting=acting, now=now)
    _take_in(campaign, definition, version, now)
    _audited(campaign, "launch_campaign", acting, now, was="approved", version=version.number)
    return version


@transaction.atomic
def pause_campaign(campaign: Campaign, *, acting: Member, now: datetime, note: str = "") -> None:
    """Hold everything back: nobody enters, nothing is sent, nothing is called back.

    writes     the campaign, paused; one audit row
    refuses    not_allowed, move_not_open
    """
    _refuse_unless(acting, rights.STOP_CAMPAIGNS, _ties(campaign, acting))
    _move(campaign, "pause", campaign.content_hash, note=note.strip()[:400])
    _audited(campaign, "pause_campaign", acting, now, was="running", note=campaign.note)


@transaction.atomic
def resume_campaign(campaign: Campaign, *, acting: Member, now: datetime) -> None:
    """Go on where it was paused.

    writes     the campaign, running; one audit row
    refuses    not_allowed, move_not_open
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    _move(campaign, "resume", campaign.content_hash, note="")
    for run in campaign.runs.filter(state__in=states.UNDER_WAY):
        if not run.is_stream:
            ask_run(campaign, run.slot, now=now, as_of=run.as_of)
    _audited(campaign, "resume_campaign", acting, now, was="paused")


@transaction.atomic
def revise_campaign(campaign: Campaign, *, acting: Member, now: datetime) -> None:
    """Draft the next version of what is paused. Who is under way keeps the version they began with.

    writes     the campaign, a draft; its approvals, void; audit rows
    refuses    not_allowed, move_not_open
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    _move(campaign, "revise", campaign.content_hash, edited_by=acting, edited_at=now)
    approvals.void_changed(states.KIND, campaign.pk, "", acting=acting, now=now)
    _audited(campaign, "revise_campaign", acting, now, was="paused")


@transaction.atomic
def finish_campaign(campaign: Campaign, *, acting: Member | None, now: datetime) -> None:
    """Let nobody enter any more; what was decided is still sent, and then it is measured. Null `acting`: its time was over.

    writes     the campaign, measuring; one audit row
    refuses    not_allowed, move_not_open
    """
    if acting is not None:
        _refuse_unless(acting, rights.STOP_CAMPAIGNS, _ties(campaign, acting))
    was = campaign.state
    _move(campaign, "finish", campaign.content_hash, ended_at=now)
    _take_in_no_more(campaign, now)
    _audited(campaign, "finish_campaign", acting, now, was=was)


@transaction.atomic
def kill_campaign(campaign: Campaign, *, reason: str, confirmed_at: datetime | None, acting: Member, now: datetime) -> None:
    """Stop it for good, at once: the next batch is not sent. `confirmed_at`: when the member typed their password anew.

    writes     the campaign, measuring; messages that have not gone out, cancelled; who is under way, left; one audit row
    refuses    not_allowed, move_not_open
               no_reason       not a word why
               confirm_again   the password was not typed anew, or too long ago
    """
    _refuse_unless(acting, rights.STOP_CAMPAIGNS, _ties(campaign, acting))
    if confirmed_at is None or not now - states.CONFIRMED_FOR <= confirmed_at <= now:
        raise Refused("This cannot be undone.", "Type your password once more.", code="confirm_again")
    if not reason.strip():
        raise Refused("It is stopped without a word.", "Say why, for those who come to look.", code="no_reason")
    was = campaign.state
    _move(campaign, "kill", campaign.content_hash, note=reason.strip()[:400], ended_at=now, killed_at=now)
    _take_in_no_more(campaign, now)
    called_back = cancel(campaign=campaign.key, reason="campaign_killed", now=now)
    waiting = Traveller.objects.filter(run__campaign=campaign, state="waiting")
    left = waiting.update(state="left", ended_at=now)
    told = {"called_back": called_back, "travellers": left}
    _audited(campaign, "kill_campaign", acting, now, was=was, note=campaign.note, **told)


@transaction.atomic
def close_campaign(campaign: Campaign, *, acting: Member | None, now: datetime) -> None:
    """End the measuring: its outcome stands. Null `acting`: its window is over.

    writes     the campaign, closed; one audit row
    refuses    not_allowed, move_not_open
    """
    if acting is not None:
        _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    _move(campaign, "close", campaign.content_hash)
    _audited(campaign, "close_campaign", acting, now, was="measuring")


@transaction.atomic
def cancel_campaign(campaign: Campaign, *, reason: str, acting: Member, now: datetime) -> None:
    """Give up what never began.

    writes     the campaign, cancelled; its approvals, void; audit rows
    refuses    not_allowed, move_not_open
               no_reason       not a word why
               began_already   an earlier version ran: finish it, or submit the next
    """
    _refuse_unless(acting, rights.EDIT_CAMPAIGNS, _ties(campaign, acting))
    if not reason.strip():
        raise Refused("It is cancelled without a word.", "Say why.", code="no_reason")
    if campaign.versions.exists():
        raise Refused("A version of it ran.", "Submit the next one, or launch and finish it.", code="began_already")
    was = campaign.state
    _move(campaign, "cancel", campaign.content_hash, note=reason.strip()[:400])
    approvals.void_changed(states.KIND, campaign.pk, "", acting=acting, now=now)
    _audited(campaign, "cancel_campaign", acting, now, was=was, note=campaign.note)


# --- how


def _checked(key: str, title: str, body: Mapping[str, Any], acting: Member, now: datetime) -> Definition:
    if not KEY.fullmatch(key):
        raise BadCampaign(
            f"'{key}' cannot be a key.",
            "Use 1 to 64 of a-z, 0-9, underscore and dash, beginning with a letter or a digit.",
            code="bad_key",
        )
    if not title.strip() or len(title) > 200:
        raise BadCampaign("It has no title, or one of more than 200 characters.", "Give it a short title.", code="bad_title")
    if (length := len(json.dumps(body, default=str))) > states.LARGEST_BODY:
        raise BadCampaign(f"It has {length:,} characters.", f"At most {states.LARGEST_BODY:,}; long texts stand in templates.")
    definition = read_definition(title, body)
    if definition.message_class == "service" and not acting.may(rights.SEND_SERVICE):
        raise Refused(
            "You may not draft service messages: they pass over consent, caps and quiet hours.",
            "Make it lifecycle, or ask for the right.",
            code="not_allowed",
        )
    refuse_closed(acting, checks.check(key, definition, now=now))
    return definition


def _take_in(campaign: Campaign, definition: Definition, version: Version, now: datetime) -> None:
    """Ask for what takes users in. Days that are closed are asked for by the close itself."""
    match definition.entry.kind:
        case "once":
            ask_run(campaign, f"launch {version.number}", now=now)
        case "schedule":
            entry = definition.entry
            plan_schedule(
                _schedule(campaign), kind=JOB, cron=entry.cron, zone=entry.zone, now=now, payload={"campaign": campaign.key}
            )
        case "event":
            begin_stream(campaign, version, now=now)


def _take_in_no_more(campaign: Campaign, now: datetime) -> None:
    if Schedule.objects.filter(key=_schedule(campaign), is_on=True).exists():
        switch_schedule(_schedule(campaign), is_on=False, now=now)


def _schedule(campaign: Campaign) -> str:
    return f"campaign {campaign.pk}"


def _pinned(title: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """As it is stored: days, which YAML reads as such, are texts, and templates are pinned to the version in force."""
    plain: dict[str, Any] = json.loads(json.dumps(body, default=str))
    plain.pop("template_versions", None)
    named = templates_named(read_definition(title, plain))
    return plain | ({"template_versions": {key: templates.read(key).version for key in named}} if named else {})


def _refuse_other_arms(campaign: Campaign, body: Mapping[str, Any]) -> None:
    first = campaign.versions.order_by("number").first()
    if first is None:
        return
    was, becomes = read_definition(first.title, first.body), read_definition(campaign.title, body)
    changed = [name for name in states.FIXED if getattr(was, name) != getattr(becomes, name)]
    if changed:
        raise Refused(
            f"Users were assigned by version {first.number}: {', '.join(changed)} must stay.",
            "Finish this campaign and draft another.",
            code="arms_stay",
        )


def _is_approved(campaign: Campaign, now: datetime) -> bool:
    """Every approval that was asked for this content was given, and one was asked."""
    asked = Approval.objects.filter(kind=states.KIND, number=campaign.pk, content_hash=campaign.content_hash)
    standing = asked.filter(state__in=("open", "approved"))
    return standing.exists() and not standing.exclude(state="approved", expires_at__gt=now).exists()


def _move(campaign: Campaign, move: str, seen: str, **changes: Any) -> None:
    """Compare and set: the campaign is as it was seen, and the move is open to it, or nothing happens."""
    becomes = states.after(campaign.state, move)
    if becomes is None:
        raise Refused(f"It is {_said(campaign.state)}.", "Reload and look again.", code="move_not_open")
    _set(campaign, seen, state=becomes, **changes)


def _set(campaign: Campaign, seen: str, **changes: Any) -> None:
    as_seen = Campaign.objects.filter(pk=campaign.pk, state=campaign.state, content_hash=seen)
    if campaign.content_hash != seen or not as_seen.update(**changes):
        raise Refused("Somebody changed this campaign meanwhile.", "Reload it and look again.", code="moved_already")
    for name, value in changes.items():
        setattr(campaign, name, value)


def _ties(campaign: Campaign, acting: Member) -> tuple[str, ...]:
    return states.ties(is_own=campaign.drafted_by_id == acting.pk, state=campaign.state)


def _refuse_unless(acting: Member, right: str, ties: tuple[str, ...]) -> None:
    if not acting.may(right, *ties):
        raise Refused("You may not do this to this campaign.", "Ask a manager.", code="not_allowed")


def _said(state: str) -> str:
    return state.replace("_", " ")


def _audited(campaign: Campaign, action: str, acting: Member | None, now: datetime, *, was: str, **more: Any) -> None:
    details = {"content": campaign.content_hash, **{name: value for name, value in more.items() if value}}
    audit(action, subject=f"campaign {campaign.key}", acting=acting, now=now, was=was, becomes=campaign.state, details=details)
