"""`springtide campaign …`: drafting, approving, launching and stopping campaigns, and why a user did or did not get something.

Whoever writes says who they are by --as. What only somebody in person may do, approving and stopping for good, asks for their password.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TextIO, TypeVar

import click
import yaml

from springtide.cli.options import as_json, said, say, show
from springtide.cli.people import with_desk
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, Refused, UnknownName, suggest

if TYPE_CHECKING:  # Django is not every command's business
    from springtide.operations.campaigns.models import Campaign
    from springtide.operations.members.models import Member

P = ParamSpec("P")
R = TypeVar("R")

FUNNEL = ("check", "asks", "reason", "arm", "verdict", "users")


def with_member(function: Callable[Concatenate[Member, P], R]) -> Callable[..., R]:
    """Give a command the member who acts."""

    @click.option("--as", "username", required=True, help="The member who does it.")
    @with_desk
    @wraps(function)
    def command(path: Path, /, username: str, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(_member(username), *args, **kwargs)

    return command


password = click.option(
    "--password", envvar="SPRINGTIDE_PASSWORD", prompt=True, hide_input=True, help="Theirs; asked for where it is left out."
)


@click.group()
def campaign() -> None:
    """Campaigns and journeys: who is addressed, with what, and what became of everybody."""


@campaign.command(name="list")
@as_json
@with_desk
def list_(path: Path, wants_json: bool) -> None:
    """Every campaign, the newest first."""
    from springtide.operations.campaigns import reads

    found = reads.campaigns()
    if wants_json:
        say([each.as_dict() for each in found])
    else:
        rows = [(each.key, each.title, each.state, each.version, each.drafted_by, each.note) for each in found]
        show("Campaigns", ("campaign", "title", "state", "version", "drafted by", "note"), rows)


@campaign.command(name="show")
@click.argument("key")
@as_json
@with_desk
def show_(path: Path, key: str, wants_json: bool) -> None:
    """One campaign: how it stands, what it waits for, its runs."""
    from springtide.operations.campaigns import reads

    found, runs = reads.campaign(key), reads.runs(key)
    if wants_json:
        say({**found.as_dict(), "runs": [each.as_dict() for each in runs], "travellers": reads.travellers(key)})
        return
    click.echo(f"{found.title} ({found.key}) is {found.state.replace('_', ' ')}. {found.note}".strip())
    for each in found.approvals:
        click.echo(f"Approval {each.id}: {each.given} of {each.quorum} with {each.right}, {each.state}.")
    rows = [(each.slot, each.version, each.state, each.as_of, each.audience, each.due) for each in runs]
    show("Runs", ("run", "version", "state", "as of", "audience", "due"), rows)


@campaign.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@with_member
def draft(member: Member, file: Path, wants_json: bool) -> None:
    """Draft the campaign that a YAML FILE says, or write a draft anew: key, title, and what docs/reference/campaigns.md lists."""
    from springtide.operations.campaigns import actions
    from springtide.operations.campaigns.models import Campaign

    key, title, body = _read(file)
    there = Campaign.objects.filter(key=key).first()
    if there is None:
        there = actions.draft_campaign(key, title=title, body=body, acting=member, now=clock.now())
    else:
        actions.edit_campaign(there, title=title, body=body, seen=there.content_hash, acting=member, now=clock.now())
    _told(there, wants_json)


@campaign.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@with_desk
def check(path: Path, file: Path, wants_json: bool) -> None:
    """Say whether the campaign that a YAML FILE says can be: how many users it reaches, and who must approve it."""
    from springtide.operations.campaigns import states
    from springtide.operations.campaigns.checks import check as checked
    from springtide.operations.campaigns.definition import read_definition
    from springtide.operations.campaigns.policy import policy_in_force
    from springtide.operations.campaigns.reach import reach

    key, title, body = _read(file)
    definition = read_definition(title, body)
    checked(key, definition, now=clock.now())
    users = reach(Home(path), definition)
    needed = states.approvals_needed(
        policy_in_force(path).limits,
        budget_usdt=definition.budget_usdt,
        users=users,
        largest_reward_usdt=definition.largest_reward(),
    )
    if wants_json:
        say({"key": key, "users": users, "approvals": [vars(each) for each in needed]})
        return
    click.echo(f"{key} can be. It reaches {said(users)} users.")
    for each in needed:
        click.echo(f"{each.quorum} with {each.right} must approve it{f': {each.why}' if each.why else ''}.")


@campaign.command(name="dry-run")
@click.argument("key")
@as_json
@with_desk
def dry_run(path: Path, key: str, wants_json: bool) -> None:
    """The whole funnel of checks of a campaign, without sending anything."""
    from springtide.analytics.decisions.deciding import CHECKS
    from springtide.operations.campaigns import reads, runs

    found = reads.handle(key)
    told = runs.dry_run(Home(path), found.title, found.body, found, now=clock.now())
    rows = [(each.check_no, CHECKS[each.check_no], each.reason, each.arm, each.verdict, each.users) for each in told.funnel]
    if wants_json:
        counts = {"as_of": str(told.as_of), "audience": told.audience, "sent": told.sent, "without_budget": told.without_budget}
        say({**counts, "funnel": [dict(zip(FUNNEL, row, strict=True)) for row in rows]})
        return
    show(f"Of {told.audience:,} users as of {told.as_of}", FUNNEL, rows)
    lacking = f" The budget ends before {told.without_budget:,}." if told.without_budget else ""
    click.echo(f"{told.sent:,} would be sent it.{lacking}")


@campaign.command()
@click.argument("key")
@as_json
@with_member
def submit(member: Member, key: str, wants_json: bool) -> None:
    """Ask for the approvals that a draft needs."""
    from springtide.operations.campaigns import actions, reads

    found = reads.handle(key, member)
    actions.submit_campaign(found, seen=found.content_hash, acting=member, now=clock.now())
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@click.option("--note", default="", help="A word to it.")
@password
@as_json
@with_member
def approve(member: Member, key: str, note: str, password: str, wants_json: bool) -> None:
    """Say yes to a campaign as it stands: to each of its approvals that the member may give."""
    from springtide.operations.campaigns import actions, reads
    from springtide.operations.members.models import Approval

    _confirmed(member, password)
    found = reads.handle(key, member)
    waiting = Approval.objects.filter(kind="campaign", number=found.pk, state="open", content_hash=found.content_hash)
    mine = [each for each in waiting if member.may_some(each.right)]
    if not mine:
        raise Refused("Nothing of this campaign waits for this member.", f"It is {found.state}.", code="move_not_open")
    for each in mine:
        actions.approve_campaign(each.pk, seen=found.content_hash, acting=member, now=clock.now(), note=note)
    found.refresh_from_db()
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@as_json
@with_member
def launch(member: Member, key: str, wants_json: bool) -> None:
    """Begin an approved campaign; the worker lets its users in."""
    from springtide.operations.campaigns import actions, reads

    found = reads.handle(key, member)
    actions.launch_campaign(found, seen=found.content_hash, acting=member, now=clock.now())
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@click.option("--note", default="", help="Why.")
@as_json
@with_member
def pause(member: Member, key: str, note: str, wants_json: bool) -> None:
    """Hold a campaign back: nobody enters, nothing is sent, nothing is called back."""
    from springtide.operations.campaigns import actions, reads

    found = reads.handle(key, member)
    actions.pause_campaign(found, note=note, acting=member, now=clock.now())
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@as_json
@with_member
def resume(member: Member, key: str, wants_json: bool) -> None:
    """Let a paused campaign go on."""
    from springtide.operations.campaigns import actions, reads

    found = reads.handle(key, member)
    actions.resume_campaign(found, acting=member, now=clock.now())
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@as_json
@with_member
def finish(member: Member, key: str, wants_json: bool) -> None:
    """Let nobody enter any more; what was decided is still sent, and then it is measured."""
    from springtide.operations.campaigns import actions, reads

    found = reads.handle(key, member)
    actions.finish_campaign(found, acting=member, now=clock.now())
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@click.option("--reason", required=True, help="Why, for those who come to look.")
@password
@as_json
@with_member
def kill(member: Member, key: str, reason: str, password: str, wants_json: bool) -> None:
    """Stop a campaign for good, at once, and call back what has not gone out."""
    from springtide.operations.campaigns import actions, reads

    _confirmed(member, password)
    found, now = reads.handle(key, member), clock.now()
    actions.kill_campaign(found, reason=reason, confirmed_at=now, acting=member, now=now)
    _told(found, wants_json)


@campaign.command()
@click.argument("key")
@as_json
@with_desk
def funnel(path: Path, key: str, wants_json: bool) -> None:
    """What became of everybody whom a campaign asked about, check by check."""
    from springtide.operations.campaigns import reads

    found = reads.funnel(key)
    if wants_json:
        say([vars(row) for row in found])
    else:
        rows = [(row.check_no, row.check, row.reason, row.arm, row.verdict, row.users) for row in found]
        show(f"Of {sum(row.users for row in found):,} users", FUNNEL, rows)


@campaign.command()
@click.argument("user_id")
@click.option("--campaign", "key", help="Of one campaign alone.")
@as_json
@with_desk
def why(path: Path, user_id: str, key: str | None, wants_json: bool) -> None:
    """Why a user did or did not get something: every decision about them, the newest first."""
    from springtide.operations.campaigns import reads

    found = reads.why(user_id, key=key)
    if wants_json:
        say([each.as_dict() for each in found])
        return
    rows = [
        (f"{each.decided_at:%Y-%m-%d %H:%M}", each.campaign, each.step, each.arm, each.verdict, each.check, each.reason,
         each.message, each.reward)
        for each in found
    ]  # fmt: skip
    columns = ("decided", "campaign", "step", "arm", "verdict", "check", "reason", "message", "reward")
    show(f"Decisions about {user_id}", columns, rows)


@campaign.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--source", default="file", show_default=True, help="Who tells them: an event is one by source and id.")
@as_json
@with_desk
def events(path: Path, file: TextIO, source: str, wants_json: bool) -> None:
    """Tell the events in FILE (- reads the pipe), one JSON object a line: event_id, user_id, name, at, properties."""
    from springtide.operations.campaigns.events import MOST_TAKEN, read_lines, take_events

    lines = read_lines(file.read())
    taken = [
        take_events(source, lines[start : start + MOST_TAKEN], now=clock.now()) for start in range(0, len(lines), MOST_TAKEN)
    ]
    refused = [(number * MOST_TAKEN + place, says) for number, part in enumerate(taken) for place, says in part.refused.items()]
    counts = {"taken": sum(part.taken for part in taken), "known": sum(part.known for part in taken)}
    if wants_json:
        say({**counts, "refused": [{"at": place, "says": says} for place, says in refused]})
        return
    click.echo(f"Taken {counts['taken']:,}, known already {counts['known']:,}, refused {len(refused):,}.")
    for place, says in refused[:20]:
        click.echo(f"Line {place}: {says}")


def _read(file: Path) -> tuple[str, str, dict[str, Any]]:
    """refuses    bad_campaign    no file there, no YAML, no key or title"""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as bad:
        message = f"{file} cannot be read: {' '.join(str(bad).split())}"
        raise BadInput(message, "Write YAML: key, title, objective …", code="bad_campaign") from bad
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in ("key", "title")):
        raise BadInput(
            f"{file} names no key or no title.", "Write 'key: win_back' and 'title: Win back' first.", code="bad_campaign"
        )
    return content.pop("key"), content.pop("title"), content


def _member(username: str) -> Member:
    from springtide.operations.members.models import Member

    found = Member.objects.filter(username=username).first()
    if found is None:
        names = Member.objects.values_list("username", flat=True)
        raise UnknownName(f"There is no member '{username}'.", suggest(username, names), code="unknown_member")
    return found


def _confirmed(member: Member, password: str) -> None:
    if not member.check_password(password):
        raise Refused(f"That is not the password of {member.username}.", "Type it again.", code="wrong_password")


def _told(found: Campaign, wants_json: bool) -> None:
    if wants_json:
        say({"key": found.key, "state": found.state, "content_hash": found.content_hash})
    else:
        click.echo(f"{found.key} is {found.state.replace('_', ' ')}.")


COMMANDS = (campaign,)
